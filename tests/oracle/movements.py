"""Movements: how a unit's MRR got from one level to the next, and what each change is called."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from oracle.arithmetic import first_of_month, half_away, month_end, months_between
from oracle.levels import Part, is_there, total

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from oracle.case import Case, Json
    from oracle.levels import State, Timeline, Unit


@dataclass(frozen=True)
class Change:
    """One step of one unit: what the rates moved, and what the rest is. All amounts are annual."""

    day: date
    unit: Unit
    kind: str | None
    amount: Fraction
    exchange: Fraction
    came: bool
    went: bool


def state_on(timeline: Timeline, day: date) -> State:
    """The state at the end of a day."""
    number = bisect_right(timeline, day, key=lambda entry: entry[0])
    return timeline[number - 1][1] if number else ()


def changes(unit: Unit, timeline: Timeline, case: Case, netting: str) -> Iterator[Change]:
    """The changes of one unit, in order. Units that come, go or change at amount 0 are told too."""
    steps = _monthly(timeline, case) if netting == "month" else _daily(timeline, case)
    gone_since: date | None = None
    been_there = False
    for day, before, after, exchange in steps:
        came, went = _came(before, after, case.policy), _came(after, before, case.policy)
        moved = total(after, case.policy["round"]) - total(before, case.policy["round"])
        rest = moved if came or went else moved - exchange
        if came:
            kind: str | None = _kind_of_coming(day, gone_since, case.policy) if been_there else "new"
        elif went:
            kind = "churn"
        else:
            kind = {1: "expansion", -1: "contraction", 0: None}[(rest > 0) - (rest < 0)]
        yield Change(day, unit, kind, rest, moved - rest, came, went)
        gone_since = day if went else gone_since
        been_there = been_there or came


def _came(before: State, after: State, policy: Json) -> bool:
    return is_there(after, policy) and not is_there(before, policy)


def _kind_of_coming(day: date, gone_since: date | None, policy: Json) -> str:
    """What the return of a unit is called."""
    limit = policy["returning_days"]
    if gone_since and limit is not None and (day - gone_since).days > limit:
        return "new"
    returning: str = policy["returning"]
    return "churn" if returning == "less_churn" else returning


Step = tuple["date", "State", "State", Fraction]


def _daily(timeline: Timeline, case: Case) -> Iterator[Step]:
    """Each day with the states before and after it, and what its rates moved."""
    first: Timeline = [(case.today, ())]
    for (_, before), (day, after) in pairwise(first + timeline):
        yield day, before, after, exchange_part(before, after, case)


def _monthly(timeline: Timeline, case: Case) -> Iterator[Step]:
    """Each month's last day (or today) with the states at the two month ends, and what the month's rates moved."""
    if not timeline:
        return
    before: State = ()
    daily = list(_daily(timeline, case))
    for month in months_between(timeline[0][0], case.today):
        last = min(month_end(month), case.today)
        after = state_on(timeline, last)
        exchange = sum((part for day, _, _, part in daily if first_of_month(day) == month), Fraction(0))
        yield last, before, after, exchange
        before = after


def exchange_part(before: State, after: State, case: Case) -> Fraction:
    """What new rates make of the amounts there were. Nothing when the unit comes or goes."""
    if before == after or not (is_there(before, case.policy) and is_there(after, case.policy)):
        return Fraction(0)
    rule = case.policy["round"]
    return total(tuple(_revalued(part, before, after, case) for part in before), rule) - total(before, rule)


def _revalued(part: Part, before: State, after: State, case: Case) -> Part:
    """A row as it was, at the rate its item has now. Unchanged when the item has begun or ended."""
    old = [other for other in before if _same_item(other, part)]
    new = [other for other in after if _same_item(other, part)]
    if not sum(other.native for other in old) or not sum(other.native for other in new):
        return part
    rates = {other.rate for other in new}
    if len(rates) > 1:
        rates = {other.rate for other in new if other.position == part.position} or {part.rate}
    rate = rates.pop()
    return part._replace(rate=rate, converted=half_away(part.native * rate, case.annual_places))


def _same_item(one: Part, other: Part) -> bool:
    return (one.item, one.currency) == (other.item, other.currency)
