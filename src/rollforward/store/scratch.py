"""Scratch: stages of a ledger made beside the book, for a question about several policies, and then forgotten.

The book stays open for reading only: everything is made in a database in memory that is attached under a name of its
own. A table is named by the text of its query, so that what two policies have in common is made once.
"""

from __future__ import annotations

import functools
import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollforward.errors import TooLargeError
from rollforward.store.ledgers import PLACE, Step, compiled, current_records, ibis_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    import duckdb

    from rollforward.ledger.ground import Ground

CATALOG = "rollforward_scratch"
DAYS = "sampled_days"
LEVELS, UNRATED = "levels", "unrated"
_REFERENCE = re.compile(rf'"{PLACE}"\."(\w+)"')


@functools.lru_cache(maxsize=64)
def level_plan(ground: Ground, known_at: datetime | None) -> dict[str, Step]:
    """The queries that lead to the level of each account on a day, by stage; none of what is made of levels."""
    from rollforward.ledger.build import stages
    from rollforward.ledger.levels import levels_on

    made = dict(current_records(known_at))
    plan = {}
    for stage in stages(ground, []):
        if stage.name not in {"overlaps", "spans", "rates", UNRATED, "valued"}:
            continue
        expression = stage.make(made)
        plan[stage.name] = Step(stage.name, stage.about, compiled(expression), stage.is_view)
        made[stage.name] = ibis_table(dict(expression.schema().items()), stage.name)
    levels = levels_on(ibis_table({"at": "date"}, DAYS), made["valued"], ground, ["account"])
    plan[LEVELS] = Step(LEVELS, "levels of the day", compiled(levels.select("account", "level")))
    return plan


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

    def table(self, plan: dict[str, Step], name: str) -> str:
        """The table of a stage of a plan, made if it is not there, as a query names it."""
        placed = _REFERENCE.sub(lambda found: self._placed(plan, found[1]), plan[name].sql)
        made = f"{CATALOG}.{name}_{hashlib.sha256(placed.encode()).hexdigest()[:16]}"
        if made not in self._made:
            self._make(made, placed, plan[name])
            self._made.add(made)
        return made

    def _placed(self, plan: dict[str, Step], name: str) -> str:
        return f"{CATALOG}.{name}" if name == DAYS else self.table(plan, name)

    def _make(self, made: str, sql: str, step: Step) -> None:
        import duckdb

        try:
            self._connection.execute(f"CREATE {'VIEW' if step.is_view else 'TABLE'} {made} AS {sql}")
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise TooLargeError(step.about, str(error).splitlines()[0]) from error
