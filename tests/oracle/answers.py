"""What can be asked of a case: levels, movements, roll-forwards, metrics and problems."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from oracle.arithmetic import ONE_DAY, first_of_month, month_end
from oracle.case import Case, Json, read_case
from oracle.levels import Levels, is_there, total
from oracle.metrics import METRICS
from oracle.movements import Change, changes, state_on
from oracle.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oracle.levels import State, Timeline, Unit

COLUMNS = ("new", "expansion", "reactivation", "contraction", "churn", "exchange")
LOSSES = ("contraction", "churn")


class Movement(NamedTuple):
    """One dated change of one customer's MRR, in a month's money; losses are negative."""

    date: date
    customer: str
    kind: str
    amount: Fraction


class Oracle:
    """The answers to one case.

    `every_day` looks at each single day instead of those on which something can change. `annual_places` is how many
    decimals an annual amount is kept at.
    """

    def __init__(self, case: Json, *, every_day: bool = False, annual_places: int = 8) -> None:
        self.case: Case = read_case(case, annual_places)
        self.rates = Rates(self.case)
        self.levels_of = Levels(self.case, self.rates)
        self._every_day = every_day

    @cached_property
    def timelines(self) -> dict[Unit, Timeline]:
        """The timeline of every unit up to today."""
        return self.levels_of.timelines(self.case.today, every_day=self._every_day)

    @cached_property
    def customer_timelines(self) -> dict[Unit, Timeline]:
        """The timeline of every customer: that of all of its units together."""
        units: dict[Unit, list[Timeline]] = {}
        for unit, timeline in self.timelines.items():
            units.setdefault(unit[:1], []).append(timeline)
        return {customer: _together(timelines) for customer, timelines in units.items()}

    def levels(self) -> dict[Unit, dict[date, Fraction]]:
        """The annual amount of every unit on each day from its first to today."""
        return {
            unit: {day: self.amount(state_on(timeline, day)) for day in _days(timeline[0][0], self.case.today)}
            for unit, timeline in self.timelines.items()
            if timeline
        }

    def amount(self, state: State) -> Fraction:
        """The annual amount of a state."""
        return total(state, self.case.policy["round"])

    def mrr(self, day: date) -> Fraction:
        """MRR at the end of a day; of a later day than today, that of today."""
        return sum((self.amount(state_on(timeline, day)) for timeline in self.timelines.values()), Fraction(0)) / 12

    def states(self, day: date) -> dict[str, State]:
        """The customers that are there at the end of a day, each with its state."""
        states = {unit[0]: state_on(timeline, day) for unit, timeline in self.customer_timelines.items()}
        return {customer: state for customer, state in states.items() if is_there(state, self.case.policy)}

    def customers(self, day: date) -> int:
        """How many customers are there at the end of a day."""
        return len(self.states(day))

    def running_subscriptions(self, day: date) -> dict[tuple[str, str], State]:
        """The subscriptions that are there at the end of a day, each with its state."""
        parts: dict[tuple[str, str], State] = {}
        for timeline in self.timelines.values():
            for part in state_on(timeline, day):
                parts[part.item[:2]] = (*parts.get(part.item[:2], ()), part)
        return {key: state for key, state in parts.items() if is_there(state, self.case.policy)}

    @cached_property
    def changes(self) -> list[Change]:
        """Every change of every unit up to today."""
        return self._changes(self.timelines, self.case.policy["netting"])

    @cached_property
    def customer_changes(self) -> list[Change]:
        """Every change of every customer up to today, whatever the level."""
        return self._changes(self.customer_timelines, self.case.policy["netting"])

    @cached_property
    def daily_customer_changes(self) -> list[Change]:
        """Every change of every customer up to today by day, whatever the level and the netting."""
        return self._changes(self.customer_timelines, "day")

    def _changes(self, timelines: dict[Unit, Timeline], netting: str) -> list[Change]:
        return [
            change for unit, timeline in timelines.items() for change in changes(unit, timeline, self.case, netting)
        ]

    def movements(self) -> list[Movement]:
        """Every movement up to today; changes of 0 are none."""
        found = []
        for change in self.changes:
            if change.exchange:
                found.append(Movement(change.day, change.unit[0], "exchange", change.exchange / 12))
            if change.kind and change.amount:
                found.append(Movement(change.day, change.unit[0], change.kind, change.amount / 12))
        return found

    def rollforward(self, month: str) -> dict[str, Fraction]:
        """Opening, movements and closing of a month; losses are positive."""
        first = date.fromisoformat(f"{month}-01")
        row = {"opening": self.mrr(first - ONE_DAY), **dict.fromkeys(COLUMNS, Fraction(0))}
        for movement in self.movements_by_month.get(first, []):
            row[movement.kind] += movement.amount
        for loss in LOSSES:
            row[loss] = -row[loss]
        return {**row, "closing": self.mrr(month_end(first))}

    @cached_property
    def movements_by_month(self) -> dict[date, list[Movement]]:
        """The movements by the first day of their month."""
        months: dict[date, list[Movement]] = {}
        for movement in self.movements():
            months.setdefault(first_of_month(movement.date), []).append(movement)
        return months

    def metric(self, name: str, month: str, start: str | None = None) -> Fraction | None:
        """A metric of a month; None without a base. `start` is the month that `cmgr` begins with."""
        return METRICS[name](self, month, start)

    def problems(self) -> list[tuple[str, int]]:
        """Every record that must be reported: its table and its position."""
        return sorted((row.table, row.position) for row in self.levels_of.problems)

    def committed(self) -> Fraction:
        """MRR once everything known has taken effect."""
        timelines = self.levels_of.timelines(self.horizon())
        return sum((self.amount(timeline[-1][1]) for timeline in timelines.values() if timeline), Fraction(0)) / 12

    def horizon(self) -> date:
        """A day after which nothing known changes any more."""
        rows = self.case.items + self.case.lines
        known = [value for row in rows for value in row.fields.values() if isinstance(value, date)]
        known += [day for row in self.case.items for discount in row["discounts"] for day in _bounds(discount)]
        known += [rate["date"] for rate in self.case.rates]
        last = max([self.case.today, *known])
        return last + timedelta(days=self._slowest_days())

    def _slowest_days(self) -> int:
        """How long after the last known date something may still change: a limit of days, or a rate at a renewal."""
        policy = self.case.policy
        limits = (policy["past_due_days"], policy["invoice_expiry_days"], policy["gap_days"])
        lengths = [row["interval_count"] * 366 for row in self.case.items]
        return int(max([31, *lengths, *(limit or 0 for limit in limits)]))


def _days(first: date, last: date) -> Iterable[date]:
    return (first + number * ONE_DAY for number in range((last - first).days + 1))


def _bounds(discount: Json) -> list[date]:
    return [day for day in (discount["starts"], discount["ends"]) if day]


def _together(timelines: list[Timeline]) -> Timeline:
    """Several units' timelines as one: on each day, the rows of all of them."""
    if len(timelines) == 1:
        return timelines[0]
    days = sorted({day for timeline in timelines for day, _ in timeline})
    return [(day, tuple(part for timeline in timelines for part in state_on(timeline, day))) for day in days]
