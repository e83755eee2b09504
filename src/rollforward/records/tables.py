"""The canonical tables: what a fact looks like, whichever source it came from. One list, read by everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "day", "decimal", "count", "currency", "word", "flag", "discounts", "attributes"]
"""What a column holds.

text: a string · day: a date · decimal: an exact number with at most 10 decimals · count: a whole number of at least 1 ·
currency: an ISO 4217 code · word: one of the column's `words` · flag: true or false · discounts: a list of
{percent, amount, duration, starts, ends} · attributes: any further text, by name.
"""

INTERVALS = ("day", "week", "month", "year")
ITEM_KINDS = ("recurring", "one_time", "usage")
STATUSES = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled")
DURATIONS = ("forever", "repeating", "once")
LINE_KINDS = ("recurring", "one_time", "usage", "proration", "credit")
LINE_STATUSES = ("paid", "open", "void", "uncollectible")
PAYMENT_STATUSES = ("succeeded", "failed", "refunded")

ECB = "ecb"
"""The source of the rates of the European Central Bank, to which a book's own rates are preferred."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table."""

    name: str
    type: ColumnType
    about: str
    required: bool = False
    default: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of record. `key` names the columns that tell one fact from another within a source."""

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


CUSTOMERS = Table(
    "customers",
    "Who pays. A customer needs no row here to have MRR.",
    ("customer",),
    (
        Column("customer", "text", "the customer's id", required=True),
        Column("name", "text", "the name people know"),
        Column("country", "text", "a country, by code or name"),
        Column("created", "day", "the day the customer was created"),
        Column("attributes", "attributes", "any further columns, to filter and group by"),
    ),
)

SUBSCRIPTION_ITEMS = Table(
    "subscription_items",
    "The terms of one subscription item from `starts` until before `ends`. Changed terms are another row of the item.",
    ("customer", "subscription", "item", "starts"),
    (
        Column("customer", "text", "the customer's id", required=True),
        Column("subscription", "text", "the subscription's id; without one, one subscription per customer and plan"),
        Column(
            "item", "text", "the item's id within the subscription; without one, one item per subscription and plan"
        ),
        Column("plan", "text", "the plan"),
        Column("product", "text", "the product"),
        Column("amount", "decimal", "the price of one unit for one interval, in major units", required=True),
        Column("quantity", "decimal", "units", default="1"),
        Column("currency", "currency", "the currency of the amount", required=True),
        Column("interval", "word", "the billing interval; empty only for one-time items", words=INTERVALS),
        Column("interval_count", "count", "intervals in a billing period", default="1"),
        Column("kind", "word", "what the item is", default="recurring", words=ITEM_KINDS),
        Column("status", "word", "the status on the row's days", default="active", words=STATUSES),
        Column("starts", "day", "the first day with these terms", required=True),
        Column("ends", "day", "the first day without them; empty while they run"),
        Column("cancel_requested", "day", "the day the cancellation was asked for"),
        Column("trial_end", "day", "the first day after the trial"),
        Column("tax_included", "decimal", "tax inside the amount, per unit and interval", default="0"),
        Column("discounts", "discounts", "the discounts, in the order in which they apply"),
        Column(
            "until_next", "flag", "the row ends where the next row of its item starts (a change log)", default="false"
        ),
    ),
)

INVOICE_LINES = Table(
    "invoice_lines",
    "One line of an invoice, with its service period.",
    ("invoice", "line"),
    (
        Column("invoice", "text", "the invoice's id", required=True),
        Column("line", "text", "the line's id within the invoice", required=True),
        Column("customer", "text", "the customer's id", required=True),
        Column("subscription", "text", "the subscription's id; without one, one subscription per customer and plan"),
        Column(
            "item", "text", "the item's id within the subscription; without one, one item per subscription and plan"
        ),
        Column("plan", "text", "the plan"),
        Column("product", "text", "the product"),
        Column("amount", "decimal", "what was charged, after the discount, with the tax in it", required=True),
        Column("tax", "decimal", "tax inside the amount", default="0"),
        Column("discount", "decimal", "discount already taken off the amount", default="0"),
        Column("currency", "currency", "the currency of the amount", required=True),
        Column("kind", "word", "what the line is", default="recurring", words=LINE_KINDS),
        Column("quantity", "decimal", "units", default="1"),
        Column("period_start", "day", "the first day of service"),
        Column("period_end", "day", "the first day after the service"),
        Column("issued", "day", "the day the invoice was issued"),
        Column("status", "word", "the status of the invoice", default="paid", words=LINE_STATUSES),
    ),
)

EXCHANGE_RATES = Table(
    "exchange_rates",
    "The rate of one currency in another from a day on, until a later rate.",
    ("date", "from", "to"),
    (
        Column("date", "day", "the first day of the rate", required=True),
        Column("from", "currency", "the currency that is converted", required=True),
        Column("to", "currency", "the currency it is converted to", required=True),
        Column("rate", "decimal", "units of `to` for one unit of `from`", required=True),
    ),
)

PAYMENTS = Table(
    "payments",
    "Money that came in or went back. Payments carry no MRR; they are kept for reconciliation.",
    ("payment",),
    (
        Column("payment", "text", "the payment's id", required=True),
        Column("customer", "text", "the customer's id", required=True),
        Column("invoice", "text", "the invoice's id"),
        Column("amount", "decimal", "the amount in major units", required=True),
        Column("currency", "currency", "the currency of the amount", required=True),
        Column("paid", "day", "the day of the payment", required=True),
        Column("status", "word", "what became of it", default="succeeded", words=PAYMENT_STATUSES),
    ),
)

MRR_SNAPSHOTS = Table(
    "mrr_snapshots",
    "The MRR of one customer, or of one of its lines, on a day: the month-end table that many companies keep.",
    ("date", "customer", "item"),
    (
        Column("date", "day", "the day of the snapshot", required=True),
        Column("customer", "text", "the customer's id", required=True),
        Column("subscription", "text", "the subscription's id; without one, one subscription per customer and plan"),
        Column("item", "text", "what tells the customer's lines apart; without one, one line per customer and plan"),
        Column("plan", "text", "the plan"),
        Column("product", "text", "the product"),
        Column("mrr", "decimal", "the MRR in major units", required=True),
        Column("currency", "currency", "the currency of the MRR", required=True),
    ),
)

_REASON = Column("reason", "text", "why", required=True)
_ENTERED_BY = Column("entered_by", "text", "who entered it")

ACCOUNT_LINKS = Table(
    "account_links",
    "A customer whose MRR counts for another account: two customers merged into one account.",
    ("customer", "starts"),
    (
        Column("customer", "text", "the customer's id", required=True),
        Column("account", "text", "the account it counts for; its own id takes it out again", required=True),
        Column("starts", "day", "the first day on which it does; empty: from the beginning"),
        _REASON,
        _ENTERED_BY,
    ),
)

TRANSFERS = Table(
    "transfers",
    "A customer that carries another one on, such as one that was moved to another billing system.",
    ("customer",),
    (
        Column("customer", "text", "the id it has now", required=True),
        Column("from_customer", "text", "the id it had before, under which its account goes on", required=True),
        Column("day", "day", "the first day on which its records count, and no longer the former ones", required=True),
        _REASON,
        _ENTERED_BY,
    ),
)

EXCLUSIONS = Table(
    "exclusions",
    "A customer that does not count at all, such as a test account.",
    ("customer",),
    (Column("customer", "text", "the customer's id", required=True), _REASON, _ENTERED_BY),
)

ENTRIES = (ACCOUNT_LINKS, TRANSFERS, EXCLUSIONS)
"""What only people enter."""

TABLES: dict[str, Table] = {
    table.name: table
    for table in (CUSTOMERS, SUBSCRIPTION_ITEMS, INVOICE_LINES, EXCHANGE_RATES, PAYMENTS, MRR_SNAPSHOTS, *ENTRIES)
}
"""Every kind of record, by name."""
