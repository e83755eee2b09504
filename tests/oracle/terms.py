"""The basis `subscriptions`: which items count on a day, and at what price."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.arithmetic import ONE_DAY, half_away, intervals_later, period_starts
from oracle.charge import Charge, monthly_turns, months_per
from oracle.problems import overlapping, unreadable_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oracle.case import Case, Json, Row
    from oracle.rates import Rates

NEVER_COUNT = ("unpaid", "incomplete", "canceled")
DISCOUNTS_THAT_APPLY = {
    "all": ("once", "repeating", "forever"),
    "recurring": ("repeating", "forever"),
    "forever": ("forever",),
    "none": (),
}


class Terms(Charge):
    """One row of terms."""

    def __init__(self, row: Row, end: date, item: Item, case: Case, rates: Rates) -> None:
        self.row = row
        self.first = row["starts"]
        self.end = end
        self.purchase = item.purchase
        self._item, self._case, self._rates = item, case, rates

    def annual(self, day: date) -> Fraction | None:
        if not self.counts(day):
            return None
        factor = 12 * months_per(self._case, self.row["interval"], day) / self.row["interval_count"]
        return half_away(self.price(day) * factor, self._case.annual_places)

    def counts(self, day: date) -> bool:
        """Whether the row counts on a day."""
        if not (self.first <= day < self.end) or not self._kind_counts() or not self._status_counts():
            return False
        if self.on_trial(day) and self._case.policy["trials"] == "exclude":
            return False
        return self.row["status"] != "past_due" or self._item.past_due_counts(day)

    def _kind_counts(self) -> bool:
        kind: str = self.row["kind"]
        return kind == "recurring" or (kind == "usage" and bool(self._case.policy["usage"] == "include"))

    def _status_counts(self) -> bool:
        status = self.row["status"]
        return status not in NEVER_COUNT and (status != "paused" or self._case.policy["paused"] == "include")

    def on_trial(self, day: date) -> bool:
        """Whether a day of the row is a trial day."""
        trial_end = self.row["trial_end"]
        return self.row["status"] == "trialing" or (trial_end is not None and day < trial_end)

    def price(self, day: date) -> Fraction:
        """What one interval costs on a day: without tax, less the discounts, each taken of what the former left."""
        tax = self.row["tax_included"] if self._case.policy["tax"] == "exclude" else Fraction(0)
        price: Fraction = (self.row["amount"] - tax) * self.row["quantity"]
        for discount in self.row["discounts"]:
            if self.applies(discount, day):
                price = max(_discounted(price, discount), Fraction(0))
        return price

    def applies(self, discount: Json, day: date) -> bool:
        """Whether a discount counts and runs on a day."""
        starts = discount["starts"] or self.row["starts"]
        in_time = starts <= day and (discount["ends"] is None or day < discount["ends"])
        return in_time and discount["duration"] in DISCOUNTS_THAT_APPLY[self._case.policy["discounts"]]

    def service_start(self, day: date) -> date:
        interval = self.row["interval"]
        if interval in ("day", "week"):
            length: int = self.row["interval_count"] * {"day": 1, "week": 7}[interval]
            return day - (day - self.first).days % length * ONE_DAY
        return self.first if interval is None else max(self.charge_days(day), default=self.first)

    def charge_days(self, until: date) -> Iterator[date]:
        """The first days of the row's service periods."""
        return period_starts(self.first, self.row["interval"], self.row["interval_count"], until)

    def turns(self, until: date) -> Iterator[date]:
        yield from (self.first, self.end, self.row["trial_end"] or self.first)
        for discount in self.row["discounts"]:
            yield from (discount["starts"] or self.first, discount["ends"] or self.first)
        if self.row["status"] == "past_due":
            yield from self._item.past_due_turns()
        if self._rated_by_period():
            yield from self.charge_days(min(until, self.end))
        yield from monthly_turns(self, self._case, self._rates, self.row["interval"], until)

    def _rated_by_period(self) -> bool:
        by_period = self._case.policy["exchange_rate"] == "service_start" and self.row["kind"] != "one_time"
        return by_period and bool(self.row["currency"] != self._case.currency)

    def first_counted(self) -> date | None:
        candidates = sorted({self.first, self.row["trial_end"] or self.first})
        return next((day for day in candidates if self.counts(day)), None)


def _discounted(price: Fraction, discount: Json) -> Fraction:
    if discount["percent"] is not None:
        return price * (100 - Fraction(discount["percent"])) / 100
    return price - Fraction(discount["amount"])


class Item:
    """What the rows of one item have to know of each other."""

    def __init__(self, rows: list[Row], case: Case) -> None:
        self.rows = sorted(rows, key=lambda row: (row["starts"], row.position))
        self.purchase: date = self.rows[0]["starts"]
        self.ends = {row.position: self._written_end(number) for number, row in enumerate(self.rows)}
        self.overlapping = overlapping(self.rows, self.ends)
        self.valid = [row for row in self.rows if row not in self.overlapping]
        self._limit: int | None = case.policy["past_due_days"]
        self._by_request = case.policy["churn_at"] == "request"

    def _written_end(self, number: int) -> date:
        """The end of a row as the records have it."""
        row = self.rows[number]
        end: date = row["ends"] or date.max
        if row["until_next"] and number + 1 < len(self.rows):
            end = min(end, self.rows[number + 1]["starts"])
        return end

    def end(self, row: Row) -> date:
        """The end of a row as the policy has it."""
        asked = row["cancel_requested"] if self._by_request else None
        return min(self.ends[row.position], asked or date.max)

    def past_due_counts(self, day: date) -> bool:
        """Whether a past-due day is among the first ones of its unbroken run."""
        if self._limit is None:
            return True
        run = 0
        while run <= self._limit and self._past_due(day - run * ONE_DAY):
            run += 1
        return run <= self._limit

    def _past_due(self, day: date) -> bool:
        return any(row["status"] == "past_due" and row["starts"] <= day < self.end(row) for row in self.valid)

    def past_due_turns(self) -> Iterator[date]:
        """The days on which a run may grow too long: so many days after any of its rows began."""
        if self._limit is not None:
            yield from (intervals_later(row["starts"], "day", self._limit) for row in self.rows)


def readable_items(case: Case) -> list[Item]:
    """The items, each with its rows that can be read."""
    rows: dict[tuple[str, str, str], list[Row]] = {}
    for row in case.items:
        if not unreadable_item(row):
            rows.setdefault(row.item_key, []).append(row)
    return [Item(of_item, case) for of_item in rows.values()]


def terms_of(case: Case, rates: Rates) -> list[Terms]:
    """Every row of terms that is no problem by itself or beside its neighbours."""
    return [Terms(row, item.end(row), item, case, rates) for item in readable_items(case) for row in item.valid]


def item_problems(case: Case) -> list[Row]:
    """The rows of terms that cannot be read or overlap."""
    overlaps = [row for item in readable_items(case) for row in item.overlapping]
    return [row for row in case.items if unreadable_item(row)] + overlaps
