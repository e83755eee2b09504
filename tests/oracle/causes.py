"""Causes: why the MRR of a subscription item changed on a day, told from the rows before and after it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from oracle.arithmetic import ONE_DAY, half_away, month_end, toward_zero
from oracle.charge import months_per
from oracle.levels import total
from oracle.movements import exchange_part
from oracle.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from oracle.answers import Oracle
    from oracle.case import Case, Json
    from oracle.levels import Part, State

Caused = dict[tuple["date", str, str], Fraction]
"""Annual amounts by day, customer and cause."""


class Side(NamedTuple):
    """An item's row on one side of a change, with the day it is looked at."""

    part: Part
    terms: Terms
    day: date


def causes(oracle: Oracle) -> Caused:
    """What each cause moved of each customer, by the day on which it is booked. Only for the basis `subscriptions`."""
    found: Caused = defaultdict(Fraction)
    today = oracle.case.today
    for unit, timeline in oracle.timelines.items():
        before: State = ()
        for day, after in timeline:
            booked = min(month_end(day), today) if oracle.case.policy["netting"] == "month" else day
            for cause, amount in _of_a_day(oracle, before, after, day):
                found[booked, unit[0], cause] += amount
            before = after
    return {key: amount for key, amount in found.items() if amount}


def _of_a_day(oracle: Oracle, before: State, after: State, day: date) -> Iterator[tuple[str, Fraction]]:
    for item in {part.item for part in (*before, *after)}:
        old = tuple(part for part in before if part.item == item)
        new = tuple(part for part in after if part.item == item)
        yield from _of_an_item(oracle, old, new, day)


def _of_an_item(oracle: Oracle, old: State, new: State, day: date) -> Iterator[tuple[str, Fraction]]:
    rule = oracle.case.policy["round"]
    delta = total(new, rule) - total(old, rule)
    if not old or not new:
        yield "start" if new else "end", delta
        return
    rate = _by_rate(old, new, oracle.case)
    yield "exchange", rate
    if delta != rate:
        sides = (_side(oracle, old[0], day - ONE_DAY), _side(oracle, new[0], day))
        yield from _by_terms(oracle.case, *sides, delta - rate)


def _by_rate(old: State, new: State, case: Case) -> Fraction:
    """What the rate alone moved; an item at amount 0 is there all the same."""
    if not sum(part.native for part in old) or not sum(part.native for part in new):
        return Fraction(0)
    counting = {**case.policy, "free": "count"}
    return exchange_part(old, new, replace(case, policy=counting))


def _side(oracle: Oracle, part: Part, day: date) -> Side:
    """A row with the last day up to this one on which it counted; a filled gap repeats it."""
    terms = next(
        charge
        for charge in oracle.levels_of.charges
        if isinstance(charge, Terms) and charge.row.position == part.position
    )
    while not terms.counts(day):
        day -= ONE_DAY
    return Side(part, terms, day)


def _by_terms(case: Case, old: Side, new: Side, rest: Fraction) -> Iterator[tuple[str, Fraction]]:
    before, after = old.terms.row, new.terms.row
    if old.part.currency != new.part.currency:
        yield ("price" if _plan(old) == _plan(new) else "plan"), rest
        return
    level = _worth(old.part.native, new.part, case)
    discounts, previous = _applying(new), _applying(old)
    if discounts != previous:
        moved = _worth(_at(case, old, new, before["quantity"]), new.part, case) - level
        yield ("discount ended" if len(discounts) < len(previous) and moved > 0 else "discount"), moved
        level, rest = level + moved, rest - moved
    if before["quantity"] != after["quantity"]:
        moved = _worth(_at(case, old, new, after["quantity"]), new.part, case) - level
        yield "quantity", moved
        rest -= moved
    yield _of_the_rest(old, new, case), rest


def _of_the_rest(old: Side, new: Side, case: Case) -> str:
    before, after = old.terms.row, new.terms.row
    if _plan(old) != _plan(new):
        return "plan"
    if (before["interval"], before["interval_count"]) != (after["interval"], after["interval_count"]):
        return "interval"
    if _unit_price(before, case) != _unit_price(after, case):
        return "price"
    if before["quantity"] != after["quantity"]:
        return "quantity"
    return "discount" if _applying(old) != _applying(new) else "interval"


def _plan(side: Side) -> object:
    return side.terms.row.fields.get("plan")


def _unit_price(row: Json, case: Case) -> Fraction:
    return row["amount"] - (row["tax_included"] if case.policy["tax"] == "exclude" else 0)


def _applying(side: Side) -> list[tuple[object, object]]:
    return [(one["percent"], one["amount"]) for one in side.terms.row["discounts"] if side.terms.applies(one, side.day)]


def _at(case: Case, old: Side, new: Side, quantity: Fraction) -> Fraction:
    """What the old price and interval make in a year, at a quantity and under the new discounts."""
    price = _unit_price(old.terms.row, case) * quantity
    for percent, amount in _applying(new):
        less = price * Fraction(str(percent)) / 100 if percent is not None else Fraction(str(amount))
        price = max(price - less, Fraction(0))
    row = old.terms.row
    factor = 12 * months_per(case, row["interval"], new.day) / row["interval_count"]
    return half_away(price * factor, case.annual_places)


def _worth(native: Fraction, part: Part, case: Case) -> Fraction:
    """An annual amount at the rate of a row, rounded as the policy rounds a row."""
    amount = half_away(native * part.rate, case.annual_places)
    level, *places = case.policy["round"].split(":")
    if level != "line":
        return amount
    rounded = toward_zero if places[1:] == ["down"] else half_away
    return 12 * rounded(amount / 12, int(places[0]))
