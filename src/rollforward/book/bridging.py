"""Bridging: the way from one policy to another on a book's records, rule by rule, and MRR worked out after each.

The rules are switched in the order of the keys. What the other policy makes is worked out from its own rules, so that
the residual is a proof and no definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rollforward.book.asking import require_records
from rollforward.book.bridge import PolicyBridge, Switch, as_bridge
from rollforward.money import exact, monthly
from rollforward.policy.bearing import BEARS_ON, moves_mrr
from rollforward.policy.words import has_effect
from rollforward.store import ledgers, plans
from rollforward.store.scratch import LEVELS, UNRATED, level_plan, scratch

if TYPE_CHECKING:
    from datetime import date, datetime
    from fractions import Fraction

    import duckdb

    from rollforward.ledger.ground import Traits
    from rollforward.policy.policy import Policy
    from rollforward.results import Cell, Stamp
    from rollforward.store.scratch import Scratch


@dataclass(frozen=True)
class Standpoint:
    """From where policies are compared: the book's connection, the currency, the day, and what was known when."""

    connection: duckdb.DuckDBPyConnection
    currency: str
    today: date
    known_at: datetime | None
    on: date


def bridge(at: Standpoint, first: Policy, other: Policy, stamp: Stamp, *, accounts: bool) -> PolicyBridge:
    """The bridge between two policies; IncompleteError if the book has no records of the basis of one of them."""
    for policy in (first, other):
        require_records(at.connection, policy)
    with scratch(at.connection, at.on) as made:
        return _Way(at, made, first, other).bridge(stamp, accounts=accounts)


@dataclass(frozen=True)
class _Levels:
    """The levels of all accounts under one policy: their table, their sum, and how many records lack a rate."""

    table: str
    mrr: Fraction
    unrated: int


@dataclass(frozen=True)
class _Stretch:
    """The levels before and after one rule is switched."""

    rule: str
    before: _Levels
    after: _Levels


class _Way:
    """The way from one policy to the other."""

    def __init__(self, at: Standpoint, made: Scratch, first: Policy, other: Policy) -> None:
        self._at, self._made, self._first, self._other = at, made, first, other
        self._traits: dict[str, Traits] = {}

    def bridge(self, stamp: Stamp, *, accounts: bool) -> PolicyBridge:
        start = before = self._levels(self._first)
        keys = self._first.differing(self._other)
        switches, stretches = [], []
        for number, key in enumerate(keys, start=1):
            policy = self._first.switched(self._other, keys[:number])
            if not moves_mrr(key, policy):
                switches.append(Switch(key, *self._values(key), note=_bearing(key, policy)))
                continue
            stretch = _Stretch(key, before, self._levels(policy))
            switches.append(self._switch(stretch))
            stretches.append(stretch)
            before = stretch.after
        figures = start.mrr, self._levels(self._other).mrr
        changed = [row for stretch in stretches for row in self._changed(stretch)] if accounts else None
        return as_bridge((self._first.label, self._other.label), figures, switches, stamp, changed)

    def _levels(self, policy: Policy) -> _Levels:
        from rollforward.ledger.ground import Ground
        from rollforward.policy.policy import Policy

        nameless = Policy("", policy.settings)
        ground = Ground(nameless, self._at.currency, self._at.today, self._traits_on(policy.basis)).timeless()
        plan = level_plan(ground, self._at.known_at)
        table = self._made.table(plan, LEVELS)
        unrated = self._one(f"SELECT count(*) FROM {self._made.table(plan, UNRATED)}") if UNRATED in plan else 0
        return _Levels(table, monthly(self._one(f"SELECT coalesce(sum(level), 0) FROM {table}")), unrated)

    def _traits_on(self, basis: str) -> Traits:
        from rollforward.ledger.build import BASIS

        if basis not in self._traits:
            self._traits[basis] = ledgers.traits_of(self._at.connection, BASIS[basis])
        return self._traits[basis]

    def _switch(self, stretch: _Stretch) -> Switch:
        before, after = stretch.before, stretch.after
        accounts = self._one(f"SELECT count(*) FROM ({_changes(stretch)})")
        note = _rate_note(after.unrated - before.unrated)
        values = self._values(stretch.rule)
        return Switch(stretch.rule, *values, after.mrr - before.mrr, after.mrr, accounts, note)

    def _values(self, key: str) -> tuple[object, object]:
        return self._first.settings[key], self._other.settings[key]

    def _changed(self, stretch: _Stretch) -> list[tuple[Cell, ...]]:
        """The accounts that a rule changes, the largest change first."""
        rows = self._at.connection.execute(
            f"SELECT changes.account, any_value(named.name), before, after FROM ({_changes(stretch)}) AS changes "
            f"LEFT JOIN ({self._names}) AS named ON named.customer = changes.account "
            "GROUP BY changes.account, before, after ORDER BY abs(after - before) DESC, changes.account"
        ).fetchall()
        return [
            (stretch.rule, account, name, *(exact(monthly(amount)) for amount in (before, after, after - before)))
            for account, name, before, after in rows
        ]

    @cached_property
    def _names(self) -> str:
        return plans.compiled(plans.current_records(self._at.known_at)["customers"])

    def _one(self, sql: str) -> int:
        row = self._at.connection.execute(sql).fetchone()
        return int(row[0]) if row else 0


def _changes(stretch: _Stretch) -> str:
    """The query for the accounts that a rule changes: account, before, after, as stored."""
    return (
        f"SELECT coalesce(a.account, b.account) AS account, coalesce(a.level, 0) AS before, "
        f"coalesce(b.level, 0) AS after FROM {stretch.before.table} AS a FULL JOIN {stretch.after.table} AS b "
        "ON a.account = b.account WHERE coalesce(a.level, 0) <> coalesce(b.level, 0)"
    )


def _bearing(key: str, policy: Policy) -> str:
    if not has_effect(key, policy):
        return f"no effect on basis {policy.basis}"
    return f"moves no MRR; bears on {', '.join(BEARS_ON[key])}"


def _rate_note(more: int) -> str:
    """What a rule does to the records that lack an exchange rate and are left out for that."""
    if not more:
        return ""
    rows = "1 row" if abs(more) == 1 else f"{abs(more):,} rows"
    return f"{rows} {'more' if more > 0 else 'fewer'} without an exchange rate, left out"
