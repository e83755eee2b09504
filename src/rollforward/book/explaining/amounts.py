"""Amounts: from what a record says to the MRR of a span, step by step, worked out anew and held against the ledger."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rollforward.book.explaining.explanation import Explanation
from rollforward.calendar import FOREVER, add_months
from rollforward.errors import ReconciliationError
from rollforward.money import UNIT, exact, monthly, round_half_up
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollforward.book.explaining.ground import Asking, Row

_DISCOUNTED, _PARTS, _PERCENT = 12, 12, 6
"""The decimals to which the ledger carries a charge between discounts, a divided charge, and a percentage."""

_COUNTED_DURATIONS = {
    "all": ("once", "repeating", "forever"),
    "recurring": ("repeating", "forever"),
    "forever": ("forever",),
    "none": (),
}


def steps_of(asking: Asking, span: Row, record: Row, rates: tuple[Explanation, ...]) -> tuple[Explanation, ...]:
    """The steps from a record to the MRR of its span, in the span's currency and then in the ledger's.

    ReconciliationError where the last of them is not what the ledger holds.
    """
    basis = asking.policy.basis
    steps = list(_BY_BASIS[basis](asking, span, record))
    stored = _stored(steps)
    if stored != span["annual"]:
        raise ReconciliationError(
            f"record {record['record']} makes an annual amount of {stored} stored units, and the ledger holds "
            f"{span['annual']}. Please report this."
        )
    return (*steps, *_in_ledger_currency(asking, span, rates))


def _stored(steps: list[Explanation]) -> int:
    """The stored annual amount of the last step."""
    value = (steps[-1].value or Fraction(0)) * 12 * UNIT
    return int(value)


def _money(about: str, value: Fraction, currency: str, *, rules: Any = (), note: str = "") -> Explanation:  # noqa: ANN401
    return Explanation(about, value, "money", currency, note, tuple(rules))


# -- subscription items -----------------------------------------------------------------------------------------------


def _from_item(asking: Asking, span: Row, item: Row) -> Iterator[Explanation]:
    currency, policy = item["currency"], asking.policy
    every = _every(item)
    charge = Fraction(item["amount"])
    yield _money(f"price of one unit {every}", charge, currency)
    if item["tax_included"]:
        if policy.tax == "exclude":
            charge -= Fraction(item["tax_included"])
            said = f"less the tax in it, {_number(item['tax_included'])}"
        else:
            said = f"with the tax in it, {_number(item['tax_included'])}"
        yield _money(said, charge, currency, rules=asking.rules("tax"))
    charge *= Fraction(item["quantity"])
    yield _money(f"times the quantity, {_number(item['quantity'])}", charge, currency)
    for discount in item["discounts"] or ():
        if _applies(discount, item, span, policy.discounts):
            charge = _less(charge, discount)
            yield _money(f"less {discount_said(discount)}", charge, currency, rules=asking.rules("discounts"))
    times, said = _times(asking, item, span)
    annual = annual_stored(charge, *times)
    yield _money(said, monthly(annual), currency, rules=asking.rules("months_per"))


def _every(item: Row) -> str:
    count, unit = item["interval_count"], item["interval"]
    if item["kind"] == "one_time" or unit is None:
        return "once"
    return f"a {unit}" if count == 1 else f"every {count} {unit}s"


def _applies(discount: dict[str, Any], item: Row, span: Row, counted: str) -> bool:
    begun = (discount["starts"] or item["starts"]) <= span["starts"]
    runs = (discount["ends"] or FOREVER) > span["starts"]
    return begun and runs and discount["duration"] in _COUNTED_DURATIONS[counted]


def _less(charge: Fraction, discount: dict[str, Any]) -> Fraction:
    """A charge less a discount, as the ledger carries it."""
    carried = Fraction(round_half_up(charge, _DISCOUNTED))
    if discount["percent"] is not None:
        return carried * (100 - Fraction(round_half_up(Fraction(discount["percent"]), _PERCENT))) / 100
    return max(carried - Fraction(discount["amount"] or 0), Fraction(0))


def discount_said(discount: dict[str, Any]) -> str:
    """A discount in words."""
    percent, amount = discount["percent"], discount["amount"]
    size = f"{_number(percent)} %" if percent is not None else _number(amount)
    until = f" until before {discount['ends']}" if discount["ends"] else ""
    since = f" from {discount['starts']}" if discount["starts"] else ""
    return f"the discount of {size} ({discount['duration']}{since}{until})"


def uncounted_discounts(asking: Asking, span: Row, item: Row) -> tuple[Explanation, ...]:
    """The discounts of an item that run on a span's days and that the policy does not count."""
    if asking.policy.basis != "subscriptions":
        return ()
    running = [one for one in item["discounts"] or () if _applies(one, item, span, "all")]
    left = [one for one in running if not _applies(one, item, span, asking.policy.discounts)]
    return tuple(Explanation(discount_said(one), rules=asking.rules("discounts")) for one in left)


def _times(asking: Asking, item: Row, span: Row) -> tuple[tuple[int, int], str]:
    """How many charges an item makes in a year, above and below the line, and what that says of a month."""
    unit, count = item["interval"], item["interval_count"]
    if unit == "day" and asking.policy.days_in_month:
        first = span["starts"].replace(day=1)
        days = (add_months(first, 1) - first).days
        return (12 * days, count), f"times the {days} days of the month" + (f", by {count} days" if count > 1 else "")
    factor = asking.policy.factors[unit]
    said = f"times the monthly amounts in one {_each(unit, count)}, {_fraction(factor / 12 / count)}"
    return (factor.numerator, factor.denominator * count), said


def _each(unit: str, count: int) -> str:
    return f"{unit}'s amount" if count == 1 else f"amount for {count} {unit}s"


# -- invoice lines ----------------------------------------------------------------------------------------------------


def _from_line(asking: Asking, span: Row, line: Row) -> Iterator[Explanation]:
    currency, policy = line["currency"], asking.policy
    charge = Fraction(line["amount"])
    served = f"{line['period_start']} until before {line['period_end']}"
    yield _money(f"charged for {served}", charge, currency)
    if line["discount"]:
        if policy.discounts == "none":
            charge += Fraction(line["discount"])
            said = f"with its discount of {_number(line['discount'])} added back"
        else:
            said = f"its discount of {_number(line['discount'])} is off already"
        yield _money(said, charge, currency, rules=asking.rules("discounts"))
    if line["tax"]:
        if policy.tax == "exclude":
            charge -= Fraction(line["tax"])
        said = "less" if policy.tax == "exclude" else "with"
        yield _money(f"{said} the tax in it, {_number(line['tax'])}", charge, currency, rules=asking.rules("tax"))
    rated = span["rated"]
    times = rated["numerator"], rated["denominator"]
    annual = annual_stored(charge, *times)
    said = f"times the monthly amounts in the period, {_fraction(Fraction(*times) / 12)}"
    rules, note = asking.rules("months_per"), ""
    if line["kind"] not in {"recurring", "usage"}:
        rules = (*rules, *asking.rules("proration"))
        note = f"The full period it is part of runs from {rated['full_start']} until before {rated['full_end']}."
    yield _money(said, monthly(annual), currency, rules=rules, note=note)


# -- snapshots --------------------------------------------------------------------------------------------------------


def _from_snapshot(_asking: Asking, _span: Row, snapshot: Row) -> Iterator[Explanation]:
    annual = annual_stored(Fraction(snapshot["mrr"]), 12, 1)
    yield _money(f"MRR as the snapshot of {snapshot['date']} says it", monthly(annual), snapshot["currency"])


_BY_BASIS = {"subscriptions": _from_item, "invoices": _from_line, "snapshots": _from_snapshot}


# -- annual amounts, exchange and rounding ----------------------------------------------------------------------------


def annual_stored(charge: Fraction, numerator: int, denominator: int) -> int:
    """The stored annual amount of a charge, rounded once and half away from zero, as the ledger works it out.

    A charge that does not go into a year a whole number of times is divided at twelve decimals.
    """
    if numerator % denominator:
        charge = Fraction(round_half_up(charge, _PARTS))
    return _rounded(charge * UNIT * numerator / denominator)


def _rounded(value: Fraction, step: int = 1, *, down: bool = False) -> int:
    """A value at a multiple of a step: half away from zero, or towards zero."""
    if down:
        return int(abs(value) // step) * step * (-1 if value < 0 else 1)
    return int(round_half_up(value / step, 0)) * step


def at_places(stored: int, asking: Asking, level: str) -> int:
    """A stored annual amount as the policy rounds amounts of a level: a line, or a subscription."""
    rounding = asking.policy.rounding
    if rounding is None or rounding.level != level:
        return stored
    return _rounded(Fraction(stored), 12 * UNIT // 10**rounding.places, down=rounding.down)


def _in_ledger_currency(asking: Asking, span: Row, rates: tuple[Explanation, ...]) -> Iterator[Explanation]:
    """The steps from the record's currency to the ledger's, and the rounding of a line."""
    amount = span["annual"]
    if span["rate"] is not None:
        rate = Fraction(span["rate"])
        amount = _rounded(amount * rate)
        about = f"at the rate of {span['rate_day']}, {_number(span['rate'])} {asking.ground.currency} for one "
        rules = asking.rules("exchange_rate")
        yield Explanation(about + span["currency"], monthly(amount), "money", rules=rules, beside=rates)
    lined = at_places(amount, asking, "line")
    if lined != amount:
        yield Explanation("rounded", monthly(lined), "money", rules=asking.rules("round"))


def _number(value: Any) -> str:  # noqa: ANN401  a decimal of a record
    return plain(exact(Fraction(value), _PARTS))


def _fraction(value: Fraction) -> str:
    """A factor as people write it: a whole number, or above / below."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator} / {value.denominator}"
