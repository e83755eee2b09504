"""Asking: from what a caller says (fields, periods, filters) to a question on a kept ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Every, Period, period_of, periods
from rollforward.errors import IncompleteError, UnknownNameError, UsageError
from rollforward.store import ledgers

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir

    from rollforward.ledger.segments import Segment
    from rollforward.metrics.answers import Question, Source
    from rollforward.metrics.registry import Metric
    from rollforward.policy.policy import Policy
    from rollforward.results import Stamp
    from rollforward.store.ledgers import KeptLedger
    from rollforward.store.settings import Settings

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
        """The rows of an expression over the kept ledger and the periods asked for."""
        from rollforward.metrics.facts import PERIODS

        self.source.hand_in("asked_periods", PERIODS, self.question.period_rows())
        return self.source.run(expression)

    def sql(self, expression: ir.Table) -> str:
        """The SQL of an expression over the kept ledger."""
        return ledgers.compiled(expression).replace(ledgers.PLACE, self.kept.name)

    def flow_sql(self) -> str:
        """The SQL of the flows that the question is about."""
        from rollforward.metrics.answers import flow_query

        return self.sql(flow_query(self.source, self.question))


@dataclass(frozen=True)
class Asking:
    """Turns what a caller asks into a question on a kept ledger."""

    connection: duckdb.DuckDBPyConnection
    kept: KeptLedger
    settings: Settings
    policy: Policy
    today: date

    def segment(self, where: Where, by: str | None) -> Segment:
        """The part of the book that filters and a group name; UnknownNameError for a field that it does not have."""
        from rollforward.ledger.segments import Segment

        for field in (*where, *([by] if by else [])):
            if field not in (known := fields_of(self.connection)):
                raise UnknownNameError("field", field, known)
        chosen = {field: (value,) if isinstance(value, str) else tuple(value) for field, value in where.items()}
        return Segment(chosen, by)

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
        require_records(self.connection, self.policy)
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
        row = self.connection.execute(f"SELECT min(day) FROM {self.kept.name}.cube").fetchone()
        if row is None or row[0] is None:
            raise IncompleteError(
                f"the book has no MRR up to {last} under policy {self.kept.policy}. "
                "Import records with `rollforward import FILE`, or see `rollforward problems`."
            )
        first: date = row[0]
        return min(first, last)

    def source(self) -> Source:
        """The kept ledger as expressions, and the connection to run them on."""
        from rollforward.ledger.build import ledger
        from rollforward.ledger.ground import Ground
        from rollforward.metrics.answers import Source

        ground = Ground(self.policy, self.kept.currency, self.kept.today, ledgers.traits_from(self.kept.traits))
        made = ledgers.made_tables(self.kept)

        def run(expression: ir.Table) -> list[tuple[Any, ...]]:
            sql = ledgers.compiled(expression).replace(ledgers.PLACE, self.kept.name)
            return self.connection.execute(sql).fetchall()

        def give(name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]) -> None:
            hand_in(self.connection, name, columns, rows)

        return Source(ledger(made, ground.timeless()), made, made["cube"], self.kept.dimensions, run, give)


def fields_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The fields that figures can be filtered and grouped by."""
    from rollforward.ledger.segments import ACCOUNT_FIELDS, ITEM_FIELDS

    names = connection.execute("SELECT DISTINCT unnest(map_keys(attributes)) FROM customers").fetchall()
    return [*ITEM_FIELDS, *ACCOUNT_FIELDS, *sorted(name for (name,) in names)]


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
    """A small table for the queries of this connection."""
    types = {"int64": "BIGINT", "date": "DATE"}
    listed = ", ".join(f'"{column}" {types[kind]}' for column, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({listed})")
    if rows:
        marks = ", ".join("(" + ", ".join("?" * len(columns)) + ")" for _ in rows)
        connection.execute(f"INSERT INTO {name} VALUES {marks}", [value for row in rows for value in row])
