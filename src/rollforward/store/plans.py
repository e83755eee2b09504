"""Plans: the queries that make a ledger and prove it, from the rules alone, and how one of them is run."""

from __future__ import annotations

import functools
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollforward.errors import ReconciliationError, TooLargeError
from rollforward.records.tables import TABLES
from rollforward.store.schema import quoted, record_expression, superseded_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import duckdb
    import ibis.expr.types as ir

    from rollforward.ledger.ground import Ground

PACKED = "packed_"
"""What the name of a table begins with that is kept in less room, behind a view; see `store/packing.py`."""

LAID_BY_ACCOUNT = {PACKED + "movements"}
"""The tables whose rows lie by account, so that what is asked of one account is found without reading all."""


@dataclass(frozen=True)
class Step:
    """One query of a plan, with its name and what it is about. `PLACE` stands for the ledger's schema."""

    name: str
    about: str
    sql: str
    is_view: bool = False

    def placed(self, schema: str) -> str:
        """The query in a ledger's schema."""
        return self.sql.replace(PLACE, schema)

    def creation(self, schema: str) -> str:
        """The statement that makes the step's table, or its view where there is nothing to work out."""
        sql = self.placed(schema)
        if self.name in LAID_BY_ACCOUNT:
            sql = f"SELECT * FROM ({sql}) ORDER BY account"
        return self.created_as(f"{schema}.{quoted(self.name)}", sql)

    def created_as(self, name: str, sql: str) -> str:
        """The statement that makes a table, or a view, of a name with a query."""
        return f"CREATE {'VIEW' if self.is_view else 'TABLE'} {name} AS {sql}"


@dataclass(frozen=True)
class Plan:
    """The queries that make a ledger, and those that would refute it."""

    steps: list[Step]
    proofs: list[Step]
    schemas: str


PLACE = "ledger_place"


def plan_of(ground: Ground, dimensions: tuple[str, ...], known_at: datetime | None) -> Plan:
    """The plan of a build. It depends on the rules alone, so that many books can be built from one."""
    return plan_in(compiled, ground, dimensions, known_at)


@functools.lru_cache(maxsize=64)
def plan_in(
    written: Callable[[ir.Table], str], ground: Ground, dimensions: tuple[str, ...], known_at: datetime | None
) -> Plan:
    """The plan of a build in the language of an engine, in which `written` writes an expression."""
    from rollforward.ledger.build import ledger, set_aside, stages
    from rollforward.ledger.proofs import proofs

    made = dict(current_records(known_at))
    steps = []
    for stage in stages(ground, list(dimensions)):
        expression = stage.make(made)
        steps.append(Step(stage.name, stage.about, written(expression), stage.is_view))
        made[stage.name] = _placed_table(stage.name, expression)
    steps.append(Step("set_aside", "faults", written(set_aside(made, ground))))
    days = ibis_table({"at": "date"}, "sampled_days")
    proved = proofs(ledger(made, ground), made["cube"], days)
    schemas = {step.name: {name: str(kind) for name, kind in made[step.name].schema().items()} for step in steps[:-1]}
    refuting = [Step(proof.name, proof.about, written(proof.breaches.limit(1))) for proof in proved]
    return Plan(steps, refuting, json.dumps(schemas))


def ibis_table(columns: dict[str, str], name: str) -> ir.Table:
    """A table of a ledger as an expression."""
    import ibis

    return ibis.table(columns, name=name, database=PLACE)


def _placed_table(name: str, expression: ir.Table) -> ir.Table:
    import ibis

    return ibis.table(expression.schema(), name=name, database=PLACE)


def compiled(expression: ir.Table, *, fused: bool = False) -> str:
    """The SQL of an expression. Each step stays a query of its own, so that no expression is written out twice.

    Where it is `fused`, steps are one query if they can be: shorter, and planned sooner where little is worked out.
    """
    return _compiled(expression.op(), fused)


_COMPILING = threading.Lock()
"""Held while an option of Ibis, which is one for all threads, is set."""


@functools.lru_cache(maxsize=256)
def _compiled(operation: Any, fused: bool) -> str:  # noqa: ANN401  an Ibis operation, which compares by what it says
    import ibis

    expression = operation.to_expr()
    with _COMPILING:
        usual = ibis.options.sql.fuse_selects
        ibis.options.sql.fuse_selects = fused
        try:
            return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
        finally:
            ibis.options.sql.fuse_selects = usual


@dataclass(frozen=True)
class Told:
    """What is known of the records of a state of a book, so that no query has to look for it.

    once: no two sources tell of one customer, so that each has one current record · as_came: no record has another
    version, so that all are current.
    """

    once: bool = False
    as_came: bool = False


def told(connection: duckdb.DuckDBPyConnection) -> Told:
    """What is known of the records that a connection sees."""
    sources = connection.execute("SELECT DISTINCT source FROM customers LIMIT 2").fetchall()
    return Told(len(sources) <= 1, not connection.execute("SELECT 1 FROM superseded LIMIT 1").fetchall())


def made_tables(known_at: datetime | None, schemas: str, known: Told) -> dict[str, ir.Table]:
    """The tables of a kept ledger as expressions. `PLACE` stands for its schema, so that queries can be reused."""
    made = dict(current_records(known_at, known))
    for name, columns in json.loads(schemas).items():
        made[name] = ibis_table(columns, name)
    return made


@functools.lru_cache(maxsize=8)
def current_records(known_at: datetime | None, known: Told = Told()) -> Mapping[str, ir.Table]:
    """The records as known at a time (None: now), each by its latest version.

    Subscription items stand there as a whole, and apart with and without discounts; customers once each, and under
    `told_customers` as each source tells of them. What is `known` of the records is not looked for.
    """
    import ibis

    superseded = superseded_expression()
    if known_at is not None:
        superseded = superseded.filter(superseded.superseded_at <= known_at)

    def latest(records: ir.Table) -> ir.Table:
        return records if known.as_came else records.anti_join(superseded, "record")

    current = {}
    for name, table in TABLES.items():
        records = record_expression(table)
        if known_at is not None:
            records = records.filter(records.recorded_at <= known_at)
        current[name] = latest(records)
        if name == "customers":
            current["told_customers"] = current[name]
            current[name] = current[name] if known.once else _last_told(current[name])
        if name == "subscription_items":
            discounted = ibis.coalesce(records.discounts.length(), 0) > 0
            current["discounted_items"] = latest(records.filter(discounted))
            current["plain_items"] = latest(records.filter(~discounted))
    return current


def _last_told(customers: ir.Table) -> ir.Table:
    """One row a customer, whatever source told of it last: an account has one country."""
    last = customers.group_by("customer").agg(record=customers.record.max())
    return customers.semi_join(last, "record")


def make(connection: duckdb.DuckDBPyConnection, creation: str, about: str) -> None:
    """Make the table or view of a step; TooLargeError for an amount that does not fit."""
    import duckdb

    try:
        connection.execute(creation)
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        raise TooLargeError(about, str(error).splitlines()[0]) from error


def require(connection: duckdb.DuckDBPyConnection, proof: Step, schema: str) -> None:
    """Run a proof; ReconciliationError with the first breach if it is refuted."""
    breach = connection.execute(proof.placed(schema)).fetchone()
    if breach is not None:
        raise ReconciliationError(
            f"the ledger does not hold: {proof.about}. First breach: {breach}. Nothing was kept; please report this."
        )
