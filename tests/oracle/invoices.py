"""The basis `invoices`: what an invoice line makes in a year, and on which days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from oracle.arithmetic import ONE_DAY, half_away, intervals_later, months_later
from oracle.charge import Charge, monthly_turns, months_per
from oracle.problems import repeated, unreadable_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from fractions import Fraction

    from oracle.case import Case, Row
    from oracle.rates import Rates


class Shape(NamedTuple):
    """A length of service: so many of an interval."""

    interval: str
    number: int


class Full(NamedTuple):
    """The period a part is measured by, and its shape."""

    starts: date
    ends: date
    shape: Shape


def shape_of(starts: date, ends: date) -> Shape:
    """Whole years first, else whole months, else whole weeks, else days."""
    months = _whole_months(starts, ends)
    if months:
        return Shape("month", months) if months % 12 else Shape("year", months // 12)
    days = (ends - starts).days
    return Shape("day", days) if days % 7 else Shape("week", days // 7)


def _whole_months(starts: date, ends: date) -> int:
    """How many whole months a period has; 0 when it is no whole number of months."""
    months = (ends.year - starts.year) * 12 + ends.month - starts.month
    both_last = _is_last_of_month(starts) and _is_last_of_month(ends)
    return months if both_last or months_later(starts, months) == ends else 0


def _is_last_of_month(day: date) -> bool:
    return (day + ONE_DAY).day == 1


class Line(Charge):
    """One invoice line that counts."""

    def __init__(self, row: Row, lines: list[Row], case: Case, rates: Rates) -> None:
        self.row = row
        self.first: date = row["period_start"]
        self._period_end: date = row["period_end"]
        self._case, self._rates = case, rates
        self._amount, self._shape = self._measured(lines)
        counted = [line for line in lines if counts(line, case)]
        self.purchase = min(line["period_start"] for line in counted if line.item_key == row.item_key)
        self.end = self._end([line for line in counted if _same_subscription(line, row)])

    def _measured(self, lines: list[Row]) -> tuple[Fraction, Shape]:
        """The amount of a whole period, and that period's shape."""
        own, row = Full(self.first, self._period_end, shape_of(self.first, self._period_end)), self.row
        amount = net_amount(row, self._case)
        if row["kind"] not in ("proration", "credit"):
            return amount, own.shape
        full = full_period(row, lines)
        if row["kind"] == "credit" and _days(own) >= _days(full):
            return amount, own.shape
        if self._case.policy["proration"] == "as_is":
            return amount, full.shape
        return amount * _days(full) / _days(own), full.shape

    def _end(self, lines: list[Row]) -> date:
        """The end of the period; when invoices are late, the day the next line begins, within the days allowed."""
        end = self._period_end
        allowed = self._case.policy["invoice_expiry_days"]
        if allowed is None:
            return end
        latest = self.first + timedelta(days=allowed)
        following: list[date] = [line["period_start"] for line in lines if line["period_start"] >= end]
        return max(end, min([latest, *following]))

    def annual(self, day: date) -> Fraction | None:
        if not self.first <= day < self.end:
            return None
        factor = 12 * months_per(self._case, self._shape.interval, day) / self._shape.number
        return half_away(self._amount * factor, self._case.annual_places)

    def charged(self) -> Fraction:
        """What the line was charged, as the policy takes it."""
        return net_amount(self.row, self._case)

    def service_start(self, day: date) -> date:  # noqa: ARG002 - a line is one service period
        return self.first

    def turns(self, until: date) -> Iterator[date]:
        yield from (self.first, self.end)
        yield from monthly_turns(self, self._case, self._rates, self._shape.interval, until)

    def first_counted(self) -> date | None:
        return self.first


def _days(full: Full) -> int:
    return (full.ends - full.starts).days


def net_amount(row: Row, case: Case) -> Fraction:
    amount: Fraction = row["amount"]
    if case.policy["tax"] == "exclude":
        amount -= row["tax"]
    if case.policy["discounts"] == "none":
        amount += row["discount"]
    return amount


def full_period(part: Row, lines: list[Row]) -> Full:
    """The period that a prorated line is part of."""
    recurring = [
        line
        for line in lines
        if _same_subscription(line, part) and line["kind"] == "recurring" and line["status"] != "void"
    ]
    around = [line for line in recurring if _contains(line, part) and line["period_end"] == part["period_end"]]
    if around:
        longest = min(line["period_start"] for line in around)
        return Full(longest, part["period_end"], shape_of(longest, part["period_end"]))
    shape = _usual_shape(part, recurring)
    starts = intervals_later(part["period_end"], shape.interval, -shape.number)
    return Full(starts, part["period_end"], shape)


def _usual_shape(part: Row, recurring: list[Row]) -> Shape:
    """The interval at which the subscription was billed when the part began; a month when that is not known."""
    before = [line for line in recurring if line["period_start"] < part["period_start"]]
    if not before:
        return Shape("month", 1)
    latest = max(before, key=lambda line: (line["period_start"], line["period_end"]))
    return shape_of(latest["period_start"], latest["period_end"])


def _contains(line: Row, part: Row) -> bool:
    return bool(line["period_start"] <= part["period_start"] and part["period_end"] <= line["period_end"])


def _same_subscription(line: Row, other: Row) -> bool:
    return (line.customer, line.subscription) == (other.customer, other.subscription)


def counts(row: Row, case: Case) -> bool:
    """Whether a line counts on the days of its period."""
    if row["status"] not in ("paid", "open") or None in (row["period_start"], row["period_end"]):
        return False
    if row["period_start"] == row["period_end"]:
        return False
    return row["kind"] in ("recurring", "proration", "credit") or (
        row["kind"] == "usage" and bool(case.policy["usage"] == "include")
    )


def lines_of(case: Case, rates: Rates) -> list[Line]:
    """Every line that counts and is no problem by itself."""
    bad = line_problems(case)
    lines = [row for row in case.lines if row not in bad]
    return [Line(row, lines, case, rates) for row in lines if counts(row, case)]


def line_problems(case: Case) -> list[Row]:
    """The lines that cannot be read, or are there twice."""
    unreadable = [row for row in case.lines if unreadable_line(row)]
    return unreadable + [row for row in repeated(case.lines) if row not in unreadable]
