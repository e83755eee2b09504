"""Rows: the accounts and movements that a figure is the sum of.

Every family has the columns account, subscription, day and kind, null where they say nothing, and amount, in the sign
of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.calendar import add_months
from rollforward.ledger.segments import chosen, customer_moves, levels, moves, subscription_moves
from rollforward.metrics import facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from rollforward.ledger.segments import Ledger
    from rollforward.metrics.answers import Question, Source
    from rollforward.metrics.openings import Rows

_TOTAL = "decimal(38, 0)"


@dataclass(frozen=True)
class _Place:
    """Where rows are looked for: the ledger, what is asked, and the days from `start` until before `end`."""

    ledger: Ledger
    question: Question
    start: date
    end: date
    rows: Rows

    @property
    def at(self) -> ir.DateValue:
        """The first day after the moment of a level."""
        return ibis.literal(self.start if self.rows.at == "opening" else self.end)

    @property
    def periods(self) -> ir.Table:
        """The one period as a table."""
        return ibis.table(facts.PERIODS, name=_PERIOD)


def rows_of(source: Source, question: Question, rows: Rows, start: date, end: date) -> ir.Table:
    """The rows of a figure of the period from `start` until before `end`: account, subscription, day, kind, amount."""
    source.hand_in(_PERIOD, facts.PERIODS, [(0, start, end)])
    if rows.family == "retained":
        opening = cohort_opening(rows, start, end)
        source.hand_in(_COHORT, facts.COHORTS, [(0, rows.window, opening, end)])
    found = _FAMILIES[rows.family](_Place(source.ledger, question, start, end, rows))
    told = {name: found[name] if name in found.columns else ibis.null(kind) for name, kind in _TEXTS.items()}
    return found.select("account", **told, amount=found.amount.cast(_TOTAL))


def cohort_opening(rows: Rows, start: date, end: date) -> date:
    """The first day of the window of a closed cohort."""
    return add_months(end, -rows.window) if rows.window else start


_PERIOD, _COHORT = "explained_period", "explained_cohort"
_TEXTS = {"subscription": "string", "day": "date", "kind": "string"}


def _movements(place: _Place) -> ir.Table:
    found = moves(place.ledger, place.question.segment)
    found = found.filter(found.day >= ibis.literal(place.start), found.day < ibis.literal(place.end))
    if place.rows.of:
        found = found.filter(found.kind.isin(place.rows.of))
    return found.mutate(amount=ibis.literal(1)) if place.rows.scale == "one" else found


def _levels(place: _Place) -> ir.Table:
    there = levels(place.ledger, place.question.segment)
    there = there.filter(there.day < place.at, there.until >= place.at, there.after != 0)
    return there.select("account", amount=there.after)


def _customers(place: _Place) -> ir.Table:
    found = customer_moves(place.ledger, place.question.segment)
    found = found.filter(found.day < place.at).group_by("account").agg(amount=lambda row: row.presence.sum())
    return found.filter(found.amount != 0)


def _subscriptions(place: _Place) -> ir.Table:
    found = subscription_moves(place.ledger, place.question.segment)
    found = found.filter(found.day < place.at).group_by("account", "subscription")
    there = found.agg(amount=lambda row: row.presence.sum())
    return there.filter(there.amount != 0)


def _churners(place: _Place) -> ir.Table:
    found = facts.churners(place.ledger, place.question.segment, place.periods)
    if place.rows.of:
        found = found.filter(found.joined)
    return found.select("account", amount=ibis.literal(1))


def _retained(place: _Place) -> ir.Table:
    cohort = ibis.table(facts.COHORTS, name=_COHORT)
    found = facts.retained_accounts(place.ledger, place.question.segment, cohort)
    amount = {
        "opening": found.before,
        "closing": found.after,
        "kept": ibis.least(found.before, found.after),
        "customers": ibis.literal(1),
        "stayed": (found.after != 0).ifelse(1, 0),
    }[place.rows.of[0]]
    counted = found.select("account", amount=amount)
    return counted.filter(counted.amount != 0)


def _served(place: _Place) -> ir.Table:
    found = facts.served_spans(place.ledger, place.question.segment, place.periods)
    return found.group_by("account").agg(amount=found.amount.sum())


def _committed(place: _Place) -> ir.Table:
    found = chosen(place.ledger, place.ledger.events(), place.question.segment)
    there = found.group_by("account").agg(amount=found.delta.sum())
    return there.filter(there.amount != 0)


def _contracts(place: _Place) -> ir.Table:
    found = facts.contracts(place.ledger, place.question.segment, place.periods)
    amount = found[place.rows.of[0]]
    if place.ledger.ground.policy.one_time_in_contract_value == "include":
        amount = amount + ibis.coalesce(found.once, 0)
    return found.select("account", "subscription", amount=amount)


def _trials(place: _Place) -> ir.Table:
    window = place.ledger.ground.policy.trial_window
    found = facts.tried(place.ledger, place.question.segment, place.periods, window, place.question.known_to)
    if place.rows.of:
        found = found.filter(found.converted == 1)
    return found.select("account", "subscription", "day", amount=ibis.literal(1))


def _beside(place: _Place) -> ir.Table:
    found = chosen(place.ledger, place.ledger.events_beside(), place.question.segment)
    found = found.filter(found.line == place.rows.of[0], found.day < place.at)
    there = found.group_by("account").agg(amount=found.delta.sum())
    return there.filter(there.amount != 0)


_FAMILIES: dict[str, Callable[[_Place], ir.Table]] = {
    "movements": _movements,
    "levels": _levels,
    "customers": _customers,
    "subscriptions": _subscriptions,
    "churners": _churners,
    "retained": _retained,
    "served": _served,
    "committed": _committed,
    "contracts": _contracts,
    "trials": _trials,
    "beside": _beside,
}
