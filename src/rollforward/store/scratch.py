"""Scratch: stages of a ledger made beside the book, for a question about several policies, and then forgotten.

The book stays open for reading only: everything is made in a database in memory that is attached under a name of its
own. A table is named by the text of its query, so that what two policies have in common is made once.
"""

from __future__ import annotations

import functools
import hashlib
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.store.plans import PLACE, Step, compiled, current_records, ibis_table, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    import duckdb
    from ibis import Schema

    from rollforward.ledger.ground import Ground

CATALOG = "rollforward_scratch"
DAYS = "sampled_days"
LEVELS, UNRATED = "levels", "unrated"
_REFERENCE = re.compile(rf'"{PLACE}"\."(\w+)"')


_APART = ("plain_items", "discounted_items")
"""Items that a build treats apart because that runs faster; as one, their query is written faster."""

_READS: dict[str, tuple[str, ...]] = {
    "suspects": ("basis",),
    "overlaps": ("basis",),
    "rates": ("exchange_rate",),
    UNRATED: ("basis", "exchange_rate"),
    "valued": ("exchange_rate", "round"),
}
"""The keys that a stage reads, so that its query is written once for all policies that agree in them."""

Plan = dict[str, Step]
"""Queries by stage."""


@functools.lru_cache(maxsize=64)
def level_plan(ground: Ground, known_at: datetime | None) -> Plan:
    """The queries that lead to the level of each account on a day, by stage; none of what is made of levels."""
    from rollforward.ledger.build import stages
    from rollforward.ledger.levels import levels_on

    plan: Plan = {}
    schemas: dict[str, Schema] = {}
    for name in (stage.name for stage in stages(ground, [])):
        if name == "spans" or name in _READS:
            plan[name], schemas[name] = _written(name, _as_read_by(name, ground), known_at, tuple(schemas.items()))
    days = ibis_table({"at": "date"}, DAYS)
    levels = levels_on(days, ibis_table(dict(schemas["valued"].items()), "valued"), ground, ["account"])
    return {**plan, LEVELS: Step(LEVELS, "levels of the day", compiled(levels.select("account", "level")))}


def _as_read_by(name: str, ground: Ground) -> Ground:
    """The ground as a stage sees it: under a policy without a name, and at its defaults in what the stage reads not."""
    from rollforward.policy.policy import DEFAULT

    keys = _READS.get(name, tuple(ground.policy.settings))
    return replace(ground, policy=DEFAULT.switched(ground.policy, keys))


@functools.lru_cache(maxsize=256)
def _written(
    name: str, ground: Ground, known_at: datetime | None, before: tuple[tuple[str, Schema], ...]
) -> tuple[Step, Schema]:
    """The query of a stage over the stages before it, and the columns that it makes."""
    from rollforward.ledger.build import stages

    stage = next(stage for stage in stages(ground, []) if stage.name == name)
    records = {one: table for one, table in current_records(known_at).items() if one not in _APART}
    made = {**records, **{one: ibis_table(dict(columns.items()), one) for one, columns in before}}
    expression = stage.make(made)
    return Step(name, stage.about, compiled(expression), stage.is_view), expression.schema()


@contextmanager
def scratch(connection: duckdb.DuckDBPyConnection, day: date) -> Iterator[Scratch]:
    """A scratch for the levels of a day on a connection, gone at the end."""
    connection.execute(f"ATTACH ':memory:' AS {CATALOG} (READ_WRITE)")
    try:
        connection.execute(f'CREATE TABLE {CATALOG}.{DAYS} AS SELECT ?::DATE AS "at"', [day])
        yield Scratch(connection)
    finally:
        connection.execute(f"DETACH {CATALOG}")


class Scratch:
    """Tables that are made as far as a question needs them, each once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._made: set[str] = set()

    def table(self, plan: Plan, name: str) -> str:
        """The table of a stage of a plan, made if it is not there, as a query names it."""
        placed = _REFERENCE.sub(lambda found: self._placed(plan, found[1]), plan[name].sql)
        made = f"{CATALOG}.{name}_{hashlib.sha256(placed.encode()).hexdigest()[:16]}"
        if made not in self._made:
            make(self._connection, plan[name].created_as(made, placed), plan[name].about)
            self._made.add(made)
        return made

    def _placed(self, plan: Plan, name: str) -> str:
        return f"{CATALOG}.{name}" if name == DAYS else self.table(plan, name)
