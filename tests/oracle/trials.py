"""Trials: when a subscription was tried, and whether it was taken."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from oracle.arithmetic import ONE_DAY, first_of_month
from oracle.levels import total
from oracle.terms import NEVER_COUNT, Terms

if TYPE_CHECKING:
    from datetime import date

    from oracle.answers import Oracle
    from oracle.levels import State


class Trial(NamedTuple):
    """An unbroken run of trial days of one subscription."""

    customer: str
    subscription: str
    starts: date
    ends: date


def conversion_rate(oracle: Oracle, month: date) -> Fraction | None:
    """The share of the trials that began (or, by policy, ended) in a month that were taken by today."""
    ended = oracle.case.policy["trial_window"] == "ended"
    found = [
        trial
        for trial in trials(oracle)
        if first_of_month(trial.ends if ended else trial.starts) == month
        and (trial.ends if ended else trial.starts) <= oracle.case.today
    ]
    won = sum(was_taken(trial, oracle) for trial in found)
    return Fraction(won, len(found)) if found else None


def trials(oracle: Oracle) -> list[Trial]:
    """Every trial: the ranges of trial days of each subscription, joined where one follows or covers another."""
    ranges: dict[tuple[str, str], list[tuple[date, date]]] = {}
    for charge in oracle.levels_of.charges:
        bounds = _trial_days(charge) if isinstance(charge, Terms) else None
        if bounds:
            ranges.setdefault(charge.row.item_key[:2], []).append(bounds)
    return [Trial(*key, *run) for key, found in ranges.items() for run in _joined(sorted(found))]


def _trial_days(terms: Terms) -> tuple[date, date] | None:
    """The first trial day of a row and the first day after its trial days."""
    row = terms.row
    if row["kind"] == "one_time" or row["status"] in NEVER_COUNT or not terms.on_trial(terms.first):
        return None
    end = terms.end if row["status"] == "trialing" else min(terms.end, row["trial_end"])
    return (terms.first, end) if terms.first < end else None


def _joined(ranges: list[tuple[date, date]]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for starts, ends in ranges:
        if runs and starts <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], ends))
        else:
            runs.append((starts, ends))
    return runs


def was_taken(trial: Trial, oracle: Oracle) -> bool:
    """Whether the subscription had MRR on a day after its trial that is no trial day."""
    unit = (trial.customer, trial.subscription)
    timeline = oracle.timelines.get(unit) or oracle.timelines.get(unit[:1]) or []
    for number, (day, state) in enumerate(timeline):
        last = timeline[number + 1][0] - ONE_DAY if number + 1 < len(timeline) else oracle.case.today
        if max(day, trial.ends) <= last and _pays(state, trial, max(day, trial.ends), oracle):
            return True
    return False


def _pays(state: State, trial: Trial, day: date, oracle: Oracle) -> bool:
    own = tuple(part for part in state if part.item[:2] == (trial.customer, trial.subscription))
    positions = {part.position for part in own}
    tried = {
        charge.row.position
        for charge in oracle.levels_of.charges
        if charge.row.position in positions and isinstance(charge, Terms) and charge.on_trial(day)
    }
    paid = tuple(part for part in own if part.position not in tried)
    return total(paid, oracle.case.policy["round"]) > 0
