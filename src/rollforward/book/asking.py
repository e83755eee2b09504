"""Asking: from what a caller says (fields, periods, filters) to a question on a kept ledger."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Every, Period, period_of, periods
from rollforward.errors import IncompleteError, UnknownNameError, UsageError
from rollforward.store import ledgers, plans
from rollforward.store.readers import Memory

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir

    from rollforward.ledger.ground import Ground
    from rollforward.ledger.segments import Ledger, Segment
    from rollforward.metrics.answers import Given, Question, Source
    from rollforward.metrics.registry import Metric
    from rollforward.policy.policy import Policy
    from rollforward.results import Stamp
    from rollforward.store.ledgers import KeptLedger
    from rollforward.store.settings import Settings

FEW_ROWS = 2_000
"""The rows of the longest answer that is remembered."""

Where = Mapping[str, str | Sequence[str]]
"""Filters: rows whose field has the value, or one of the values."""


@dataclass(frozen=True)
class Asked:
    """A question ready to be answered."""

    source: Source
    question: Question
    stamp: Stamp
    kept: KeptLedger

    def run(self, expression: ir.Table) -> list[tuple[Any, ...]]:
        """The rows of an expression over the kept ledger and the periods asked for, found once in a state of the book.

        Only a few rows are remembered.
        """
        from rollforward.metrics.facts import PERIODS

        self.source.hand_in("asked_periods", PERIODS, self.question.period_rows())
        return self.source.rows(plans.compiled(expression))

    def sql(self, expression: ir.Table) -> str:
        """The SQL of an expression over the kept ledger."""
        return self.placed(plans.compiled(expression))

    def placed(self, sql: str) -> str:
        """A query over the kept ledger, under its name."""
        return sql.replace(plans.PLACE, self.kept.name)

    def made(
        self,
        about: str,
        make: Callable[..., ir.Table],
        texts: Mapping[str, str | Sequence[str] | None],
        more: Hashable = None,
        *,
        fused: bool = True,
    ) -> tuple[str, tuple[str, ...]]:
        """The SQL and the columns of what `make` makes of texts, or lists of them, by name. It is made once for all.

        `about` and `more` tell it from what others make of the same question; `fused` as in `plans.compiled`.
        """
        from rollforward.metrics.forms import filled, mark, marks

        given = {name: (said,) if isinstance(said, str) else said for name, said in texts.items() if said is not None}
        question = self.question
        where = tuple(question.segment.where.items())
        asked = (where, question.segment.by, question.periods, question.today)

        def find() -> tuple[str, tuple[str, ...]]:
            marked = {
                name: said if said is None else mark(name) if isinstance(said, str) else marks(name, len(said))
                for name, said in texts.items()
            }
            expression = make(**marked)
            return plans.compiled(expression, fused=fused), tuple(expression.columns)

        shape = tuple((name, len(said) > 1) for name, said in given.items())
        sql, columns = _MADE.recall((about, more, shape, self.source.key, asked), find)
        return self.placed(filled(sql, given)), columns

    def flow_sql(self) -> str:
        """The SQL of the flows that the question is about."""
        from rollforward.metrics.answers import flow_sql

        return self.placed(flow_sql(self.source, self.question))


_MADE = Memory()
"""Queries that were made of the questions of this process."""


@dataclass(frozen=True)
class Asking:
    """Turns what a caller asks into a question on a kept ledger."""

    connection: duckdb.DuckDBPyConnection
    kept: KeptLedger
    settings: Settings
    policy: Policy
    today: date
    memory: Memory = field(default_factory=Memory)

    def segment(self, where: Where, by: str | None) -> Segment:
        """The part of the book that filters and a group name; UnknownNameError for a field that it does not have."""
        from rollforward.ledger.segments import OWN_FIELDS, Segment

        for name in (*where, *([by] if by else [])):
            if name not in OWN_FIELDS and name not in self._fields():
                raise UnknownNameError("field", name, self._fields())
        chosen = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in where.items()}
        return Segment(chosen, by)

    def _fields(self) -> list[str]:
        return self.memory.recall("fields", self._every_field)

    def _every_field(self) -> list[str]:
        return fields_of(self.connection)

    def question(
        self,
        segment: Segment,
        every: Every,
        start: date | None,
        end: date | None,
        metrics: Sequence[Metric],
        *,
        whole_ledger: bool,
    ) -> Question:
        """The question: periods from `start`, or the first movement, to `end` or today, and what the metrics need."""
        from rollforward.metrics.answers import Question, needs_of

        last = min(end, self.today) if end else self.today
        basis = self.policy.basis
        self.memory.recall(("records", basis), lambda: require_records(self.connection, self.policy))
        first = start or self._first_day(last)
        if first > last:
            raise UsageError(self._why_empty(first, last))
        needs, windows = needs_of(metrics)
        look_back = (self.policy.ltv_months or 0) if "history" in needs else 0
        asked = (Period(first, last, ""),) if whole_ledger else self._periods(first, last, every, look_back)
        return Question(segment, asked, last, self.today, look_back, windows or (0,), needs)

    def _why_empty(self, first: date, last: date) -> str:
        """Why there is no day from `first` to `last`."""
        if first > self.today:
            return f"{first} is after the book's last day, {self.today}. Name an earlier day."
        return f"{first} is after {last}, the last day asked for. Name an earlier first day, or a later last one."

    def _periods(self, first: date, last: date, every: Every, look_back: int) -> tuple[Period, ...]:
        fiscal = self.settings.fiscal_year_start
        asked = list(periods(first, last, every, fiscal))
        for _ in range(look_back):
            asked.insert(0, period_of(asked[0].start - timedelta(days=1), every, fiscal))
        return tuple(asked)

    def _first_day(self, last: date) -> date:
        """The day of the first movement; IncompleteError where there is none yet."""
        first = self.memory.recall(("first day", self.kept.name), self._first_of_all)
        if first is None:
            raise IncompleteError(
                f"the book has no MRR up to {last} under policy {self.kept.policy}. "
                "Import records with `rollforward import FILE`, or see `rollforward problems`."
            )
        return min(first, last)

    def _first_of_all(self) -> date | None:
        first: date | None = self.connection.execute(f"SELECT min(day) FROM {self.kept.name}.cube").fetchall()[0][0]
        return first

    def source(self) -> Source:
        """The kept ledger as expressions, and the connection to run them on."""
        from rollforward.metrics.answers import Source

        kept = self.kept
        ground = _ground(self.policy, kept.currency, kept.today, kept.traits)
        told = self.memory.recall("told", lambda: plans.told(self.connection))
        key = (ground, tuple(kept.dimensions), kept.known_at, kept.schemas, told)
        made, tables = _tables(*key)
        running = Running(self.connection, kept.name, self.memory)
        return Source(
            tables,
            made,
            made["cube"],
            kept.dimensions,
            running.run,
            running.hand_in,
            key,
            plans.compiled,
            running.rows,
            running.by_row,
            running.kept if self.memory.keeps_tables else None,
        )


@functools.lru_cache(maxsize=64)
def _ground(policy: Policy, currency: str, today: date, traits: str) -> Ground:
    from rollforward.ledger.ground import Ground

    return Ground(policy, currency, today, ledgers.traits_from(traits)).timeless()


@functools.lru_cache(maxsize=64)
def _tables(
    ground: Ground, _: tuple[str, ...], known_at: datetime | None, schemas: str, told: plans.Told
) -> tuple[Mapping[str, ir.Table], Ledger]:
    """The tables of a ledger as expressions: all by name, and those that questions are answered from."""
    from rollforward.ledger.build import ledger

    made = plans.made_tables(known_at, schemas, told)
    return made, ledger(made, ground)


@dataclass(frozen=True)
class Running:
    """Runs queries on a kept ledger, with small tables that are handed in, and remembers short answers."""

    connection: duckdb.DuckDBPyConnection
    ledger: str
    memory: Memory
    given: dict[str, str] = field(default_factory=dict)

    def run(self, expression: ir.Table) -> list[tuple[Any, ...]]:
        """The rows of an expression."""
        return self.connection.execute(self._whole(plans.compiled(expression))).fetchall()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as they were found before in the same state of the book if they are few."""
        return remembered(self.memory, self.connection, self._whole(sql))

    def by_row(self, sql: str, given: Given) -> list[tuple[Any, ...]]:
        """The rows of a query that answers each row of a table on its own. Rows that were asked before are not again.

        A row is known again by what it asks, whatever its number.
        """
        placed = sql.replace(plans.PLACE, self.ledger)
        keys = [("by row", placed, row[1:]) for row in given.rows]
        known = {key: self.memory.known(key) for key in keys}
        missing = [row for row, key in zip(given.rows, keys, strict=True) if known[key] is None]
        if missing:
            self.hand_in(given.name, given.columns, missing)
            answered = self._answered(self._whole(sql), given.keys)
            self.hand_in(given.name, given.columns, given.rows)
            for row, key in zip(given.rows, keys, strict=True):
                if known[key] is None:
                    known[key] = answered.get(row[: given.keys], [])
                    self.memory.keep(key, known[key])
        return [(row[0], *left) for row, key in zip(given.rows, keys, strict=True) for left in known[key] or []]

    def _answered(self, sql: str, keys: int) -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
        """The rows of a query without their number, by the columns that tell what they answer."""
        found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in self.connection.execute(sql).fetchall():
            found.setdefault(row[:keys], []).append(row[1:])
        return found

    def hand_in(self, name: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]) -> None:
        """A small table for the queries to come."""
        self.given[name] = f"{name}({_listed(columns)}) AS ({_values(columns, rows)})"

    def kept(self, sql: str) -> str | None:
        """The name of a table that holds the rows of a query as long as this state of the book is held open.

        None where there is no room for another one.
        """
        placed = sql.replace(plans.PLACE, self.ledger)
        return self.memory.recall_table(placed, self.connection)

    def _whole(self, sql: str) -> str:
        placed = sql.replace(plans.PLACE, self.ledger)
        used = [table for name, table in self.given.items() if name in placed]
        return f"WITH {', '.join(used)} SELECT * FROM ({placed})" if used else placed


def remembered(memory: Memory, connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, as they were found before in the same state of the book if they are few."""
    return memory.recall(("rows", sql), lambda: connection.execute(sql).fetchall(), lambda rows: len(rows) <= FEW_ROWS)


def fields_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The fields that figures can be filtered and grouped by."""
    from rollforward.ledger.segments import OWN_FIELDS

    names = connection.execute("SELECT DISTINCT unnest(map_keys(attributes)) FROM customers").fetchall()
    return [*OWN_FIELDS, *sorted(name for (name,) in names)]


def require_records(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """IncompleteError where the book has no records of the kind that a policy counts: unknown is not 0."""
    from rollforward.ledger.build import BASIS

    table = BASIS[policy.basis]
    if not connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
        raise IncompleteError(
            f"policy {policy.name} counts {table}, and the book has none. Import some with "
            "`rollforward import FILE`, or take a policy of another basis (--policy, or `policy` in book.toml)."
        )


def hand_in(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """A small table for all further queries of this connection."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM ({_values(columns, rows)}) AS t({_listed(columns)})"
    )


_TYPES = {"int64": "BIGINT", "date": "DATE"}


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _values(columns: Mapping[str, str], rows: list[tuple[Any, ...]]) -> str:
    """Rows of numbers and days as SQL: a list for each column, which is planned at once, where each value is not."""
    if not rows:
        return f"SELECT {', '.join(f'NULL::{_TYPES[kind]}' for kind in columns.values())} WHERE false"
    held = (", ".join(map(str, values)) for values in zip(*rows, strict=True))
    return "SELECT " + ", ".join(
        f"unnest('[{one}]'::{_TYPES[kind]}[])" for kind, one in zip(columns.values(), held, strict=True)
    )
