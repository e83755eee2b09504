"""Levels: which rows make up a unit's MRR on each day, at which rates."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from oracle.arithmetic import first_of_month, half_away, toward_zero
from oracle.invoices import line_problems, lines_of
from oracle.terms import item_problems, terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from oracle.case import Case, Json, Row
    from oracle.charge import Charge
    from oracle.rates import Rates

Unit = tuple[str, ...]


class Part(NamedTuple):
    """One row on one day: what it makes in a year, its rate, and that in the reporting currency."""

    position: int
    item: tuple[str, str, str]
    currency: str
    native: Fraction
    rate: Fraction
    converted: Fraction


State = tuple[Part, ...]
Timeline = list[tuple["date", State]]
"""The days on which a unit's state may change, in order, each with the state from then on."""


class Levels:
    """The timelines of all units of a case, and the rows that are problems."""

    def __init__(self, case: Case, rates: Rates) -> None:
        self._case, self._rates = case, rates
        found, bad = self._charges()
        self.charges = [charge for charge in found if self._has_rate(charge)]
        self.problems: list[Row] = bad + [charge.row for charge in found if not self._has_rate(charge)]

    def _charges(self) -> tuple[Sequence[Charge], list[Row]]:
        if self._case.policy["basis"] == "invoices":
            return lines_of(self._case, self._rates), line_problems(self._case)
        return terms_of(self._case, self._rates), item_problems(self._case)

    def _has_rate(self, charge: Charge) -> bool:
        day = charge.first_counted()
        if day is None or self._case.policy["exchange_rate"] == "none":
            return True
        return self.rate(charge, day) is not None

    def rate(self, charge: Charge, day: date) -> Fraction | None:
        """The rate of a row on a day."""
        if self._case.policy["exchange_rate"] == "none":
            return Fraction(1)
        if charge.row["currency"] == self._case.currency:
            return Fraction(1)
        return self._rates.on(
            charge.row["currency"], self._rates.day_for(day, charge.service_start(day), charge.purchase)
        )

    def unit(self, row: Row) -> Unit:
        """The unit a row belongs to."""
        by_subscription = self._case.policy["level"] == "subscription"
        return (row.customer, row.subscription) if by_subscription else (row.customer,)

    def timelines(self, until: date, *, every_day: bool = False) -> dict[Unit, Timeline]:
        """Every unit's timeline up to a day, gaps filled and ignored stints taken out."""
        charges: dict[Unit, list[Charge]] = {}
        for charge in self.charges:
            if self._case.policy["exchange_rate"] != "none" or charge.row["currency"] == self._case.currency:
                charges.setdefault(self.unit(charge.row), []).append(charge)
        return {unit: self._timeline(of_unit, until, every_day) for unit, of_unit in charges.items()}

    def _timeline(self, charges: list[Charge], until: date, every_day: bool) -> Timeline:
        turns = {day for charge in charges for day in charge.turns(until)}
        days = sorted(day for day in turns if day <= until)
        if every_day and days:
            days = [type(until).fromordinal(number) for number in range(days[0].toordinal(), until.toordinal() + 1)]
        timeline = [(day, self._state(charges, day)) for day in days]
        filled = _filled(timeline, self._case.policy)
        return _without_ignored(filled, self._case.policy)

    def _state(self, charges: list[Charge], day: date) -> State:
        parts = []
        for charge in charges:
            native = charge.annual(day)
            if native is not None:
                parts.append(self._part(charge, day, native))
        return tuple(parts)

    def _part(self, charge: Charge, day: date, native: Fraction) -> Part:
        rate = self.rate(charge, day)
        if rate is None:
            message = f"{charge.row.table} {charge.row.position} has lost its rate on {day}"
            raise AssertionError(message)
        converted = half_away(native * rate, self._case.annual_places)
        return Part(charge.row.position, charge.row.item_key, charge.row["currency"], native, rate, converted)


def total(state: State, rule: str) -> Fraction:
    """The annual amount of a state in the reporting currency, rounded as the policy's `round` says."""
    if rule == "none":
        return sum((part.converted for part in state), Fraction(0))
    what, places, *direction = rule.split(":")
    amounts: dict[object, Fraction] = {}
    for part in state:
        key: object = part.item[:2] if what == "subscription" else part.position
        amounts[key] = amounts.get(key, Fraction(0)) + part.converted
    rounded = toward_zero if direction == ["down"] else half_away
    return 12 * sum((rounded(amount / 12, int(places)) for amount in amounts.values()), Fraction(0))


def is_there(state: State, policy: Json) -> bool:
    """Whether a unit with this state is a customer (or a subscription) at all."""
    if policy["free"] == "count":
        return bool(state)
    return total(state, policy["round"]) != 0


def _filled(timeline: Timeline, policy: Json) -> Timeline:
    """The timeline with each short gap between two stints filled with the state before it."""
    filled = list(timeline)
    there = [number for number, (_, state) in enumerate(timeline) if is_there(state, policy)]
    for last, back in pairwise(there):
        days_away = (timeline[back][0] - timeline[last + 1][0]).days
        if days_away <= policy["gap_days"]:
            filled[last + 1 : back] = [(day, timeline[last][1]) for day, _ in timeline[last + 1 : back]]
    return filled


def _without_ignored(timeline: Timeline, policy: Json) -> Timeline:
    """The timeline without the leading stints that begin and are churned in one calendar month."""
    if policy["same_month_new_and_churn"] == "count":
        return timeline
    kept, number = list(timeline), 0
    while number < len(kept):
        came = next((n for n in range(number, len(kept)) if is_there(kept[n][1], policy)), len(kept))
        went = next((n for n in range(came, len(kept)) if not is_there(kept[n][1], policy)), len(kept))
        if went == len(kept) or first_of_month(kept[came][0]) != first_of_month(kept[went][0]):
            break
        kept[came:went] = [(day, ()) for day, _ in kept[came:went]]
        number = went
    return kept
