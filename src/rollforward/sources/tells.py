"""Columns that tell what a file is about, beside those that play a role: payments, discounts, other objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollforward.sources.evidence import distinct
from rollforward.sources.names import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.sources.raw import RawRows

FEWEST = 2
"""Columns of a subject that make a file one about it: one alone may stand in any export."""

PAYING = frozenset({
    "amount_captured", "amount_received", "captured", "card_id", "charge_attempts", "charge_id", "collected_at",
    "failure_code", "failure_message", "gateway", "gateway_reference", "gateway_response", "gateway_state",
    "last_charge_attempt_date", "payment_date", "payment_gateway", "payment_gateway_id", "payment_id", "payment_intent",
    "payment_intent_id", "payment_method", "payment_method_id", "payment_method_object", "payment_number",
    "payment_processor", "payout_id", "receipt_number", "refunded", "settled_on", "transaction_id",
})  # fmt: skip
"""Columns of money on its way: what payments, charges and transactions have."""

DISCOUNTING = frozenset({
    "amount_off", "coupon", "coupon_code", "coupon_id", "coupon_redemption_id", "discount_code", "discount_id",
    "discounted", "duration_in_months", "max_redemptions", "percent_off", "promotion_code", "promotion_code_id",
    "redeem_by", "times_redeemed",
})  # fmt: skip
"""Columns of price cuts."""

REFUSED_OBJECTS = {
    "balance_transaction": "movements of a balance, which are neither prices nor payments of customers",
    "coupon": "coupons: a price cut is no revenue by itself. Put it beside the subscription that has it",
    "credit_note": "credit notes as wholes. Export their lines, with the period of service of each",
    "discount": "discounts: a price cut is no revenue by itself. Put it beside the subscription that has it",
    "invoiceitem": "items that stand on invoices as lines, once they are charged. Export the lines of the invoices",
    "payment_intent": "intended payments, each of which shows as a charge once it is paid. Export the charges",
    "refund": "refunds without the payment's own facts. Export the charges, with their status",
}
"""What a file holds that says of its rows, in a column `object`, that they are one of these."""

_DETAILS = re.compile(r"^\s*\[\s*\{")
_DETAILED = ("items", "line_items", "lines", "phases", "subscription_items", "invoice_lines")


def told(columns: Sequence[str], subject: frozenset[str]) -> list[str]:
    """The columns that tell of a subject."""
    return [column for column in columns if plain(column) in subject]


def refused_object(raw: RawRows) -> str | None:
    """What the rows call themselves, where that is nothing to read revenue from."""
    names = {plain(column): column for column in raw.columns}
    if "amount_capturable" in names and "captured" not in names:
        return REFUSED_OBJECTS["payment_intent"]
    objects = distinct(raw, names["object"]) if "object" in names else []
    return REFUSED_OBJECTS.get(objects[0]) if len(objects) == 1 else None


def nested_details(raw: RawRows) -> str | None:
    """The column that holds the rows proper, as a list within each row; None if there is none."""
    for column, values in zip(raw.columns, raw.values, strict=True):
        if plain(column).removesuffix("_data") in _DETAILED and any(_DETAILS.match(value or "") for value in values):
            return column
    return None


def own_id(columns: Sequence[str], customer: str) -> str | None:
    """The rows' own id in a table that only refers to customers: cards, contacts and tax lines are no customers."""
    own = next((column for column in columns if plain(column) == "id"), None)
    return own if own and own != customer and plain(customer).endswith("_id") else None
