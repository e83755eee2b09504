"""Spans explained: what each of them makes a month, from its record, by which rules and at which rate."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import ibis

from rollforward.book.explaining.amounts import steps_of, uncounted_discounts
from rollforward.book.explaining.explanation import Explanation
from rollforward.book.explaining.ground import NUMBERS, origin
from rollforward.calendar import FOREVER
from rollforward.ledger.build import BASIS
from rollforward.ledger.invoices import rated_lines
from rollforward.ledger.months import month_start
from rollforward.money import monthly
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import ibis.expr.types as ir

    from rollforward.book.explaining.ground import Asking, Row


def in_order(spans: ir.Table) -> ir.Table:
    """Spans, the largest first."""
    return spans.order_by(ibis.desc("amount"), "subscription", "item", "starts", "record")


def explained_spans(
    asking: Asking, found: list[Row], known: dict[int, Row] | None = None
) -> list[tuple[Row, Explanation]]:
    """Each of some valued spans with its explanation. `known` are records by their number, if they are at hand."""
    numbers = {span["record"] for span in found}
    records = known or {row["record"]: row for row in asking.of_records(BASIS[asking.policy.basis], numbers)}
    rated = _rated(asking, {number: records[number] for number in numbers})
    rates = {
        key: _rates_used(asking, *key)
        for key in {(span["currency"], span["rate_day"]) for span in found if span["foreign"]}
    }
    for span in found:
        span["rated"] = rated.get(span["record"])
    return [
        (span, _explained(asking, span, records[span["record"]], rates.get((span["currency"], span["rate_day"]), ())))
        for span in found
    ]


def _explained(asking: Asking, span: Row, record: Row, rates: tuple[Explanation, ...]) -> Explanation:
    return Explanation(
        item_said(span) + days_said(span["starts"], span["ends"]),
        monthly(span["amount"]),
        "money",
        note=_terms_said(asking, span, record),
        way="steps",
        parts=steps_of(asking, span, record, rates),
        beside=uncounted_discounts(asking, span, record),
        source=origin(BASIS[asking.policy.basis], record),
    )


def _terms_said(asking: Asking, span: Row, record: Row) -> str:
    """The days of a span's record, where they are not its own."""
    if asking.policy.basis == "snapshots":
        return ""
    names = ("period_start", "period_end") if asking.policy.basis == "invoices" else ("starts", "ends")
    starts, ends = (record[name] for name in names)
    own = (span["starts"], span["ends"])
    return "" if own == (starts, ends or FOREVER) else f"The record's own days are{days_said(starts, ends)[1:]}."


def item_said(row: Row) -> str:
    """A subscription item in words."""
    plan = f", plan {row['plan']}" if row.get("plan") else ""
    return f"subscription {row['subscription']}, item {row['item']}{plan}"


def days_said(starts: date | None, ends: date | None) -> str:
    """A range of days in words, after what runs on them."""
    until = f" until before {ends}" if ends and ends != FOREVER else ""
    return f", from {starts}{until}"


def _rated(asking: Asking, records: dict[int, Row]) -> dict[int, Row]:
    """How the lines of an invoice were made annual, by record."""
    if asking.policy.basis != "invoices" or not records:
        return {}
    lines = asking.table("invoice_lines")

    def rated(customers: Sequence[str]) -> ir.Table:
        found = rated_lines(lines.filter(lines.customer.isin(customers)), asking.ground)
        found = found.select("record", "numerator", "denominator", "full_start", "full_end")
        return found.filter(found.record.isin(NUMBERS))

    customers = sorted({row["customer"] for row in records.values()})
    found = asking.found("rated lines", rated, numbers=sorted(records), customers=customers)
    return {row["record"]: row for row in found}


def _rates_used(asking: Asking, currency: str, day: date) -> tuple[Explanation, ...]:
    """The records of the exchange rate of a currency that holds on a day."""
    rates, own = asking.table("exchange_rates"), asking.ground.currency

    def known(currency: str, last: str) -> ir.Table:
        of_pair = ((rates["from"] == currency) & (rates.to == own)) | ((rates["from"] == own) & (rates.to == currency))
        return rates.filter(of_pair, rates.date <= ibis.literal(last).cast("date"))

    def of_month(month: str, **of: str) -> ir.Table:
        by_then = known(**of)
        return by_then.filter(month_start(by_then.date) == ibis.literal(month).cast("date")).order_by("date")

    def latest(**of: str) -> ir.Table:
        by_then = known(**of)
        direct = (by_then["from"] == of["currency"]).ifelse(0, 1)
        return by_then.mutate(direct=direct).order_by(ibis.desc("date"), "direct", "rate").limit(1)

    last = str(min(_last_day(asking, day), asking.ground.last_rate_day))
    found: list[Row] = []
    if asking.policy.exchange_rule == "month_average":
        found = asking.found("rates of a month", of_month, month=str(day), currency=currency, last=last)
    return tuple(map(_rate_said, found or asking.found("latest rate", latest, currency=currency, last=last)))


def _last_day(asking: Asking, day: date) -> date:
    from rollforward.calendar import period_of

    return period_of(day, "month").last_day if asking.policy.exchange_rule == "month_average" else day


def _rate_said(row: Row) -> Explanation:
    about = f"exchange rate of {row['date']}: {plain(row['rate'].normalize())} {row['to']} for one {row['from']}"
    return Explanation(about, Fraction(row["rate"]), "number", source=origin("exchange_rates", row))
