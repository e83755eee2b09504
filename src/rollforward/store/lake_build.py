"""A build from record tables, on any engine, to a folder of Parquet: the same stages as in a book, kept if it foots."""

from __future__ import annotations

import functools
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollforward.errors import EngineError, ReconciliationError, RecordTablesError
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.store import engine as embedded
from rollforward.store.embedded import duckdb_type
from rollforward.store.lake import ABOUT, LAYOUT, LEDGER, RECORDS, REGISTERED, Lake, copy_to
from rollforward.store.ledgers import days_to_sample, register
from rollforward.store.plans import compiled, plan_in, plan_of
from rollforward.store.record_tables import (
    BESIDE,
    VERSIONS,
    TableFolder,
    canonical,
    given_name,
    repeated,
    require_table,
    tables_in,
    unfit,
)
from rollforward.store.schema import create_statements, record_expression

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from pathlib import Path

    import ibis.expr.types as ir

    from rollforward.ledger.ground import Ground, Traits
    from rollforward.store.build_engine import BuildEngine
    from rollforward.store.ledgers import KeptLedger, LedgerKey, Progress
    from rollforward.store.plans import Plan, Step

SAMPLED = "sampled_days"


@dataclass
class Records:
    """Record tables as an engine sees them, in canonical columns. Those that the folder lacks are empty ones."""

    engine: BuildEngine
    folder: Path
    made: Path
    built_at: datetime
    release: str
    tables: dict[str, TableFolder] = field(default_factory=dict)
    expressions: dict[str, ir.Table] = field(default_factory=dict)

    def open(self, counted: str, why: str) -> None:
        """Give the tables their names. `counted` is the table whose rows make MRR, and `why` says so.

        RecordTablesError for a table or column that is missing, and for rows that no ledger can be made of.
        """
        self.tables = tables_in(self.folder)
        require_table(self.folder, self.tables, counted, why)
        self._require_shared()
        given = sorted(set(self.tables) & set(TABLES))
        missing = {*TABLES, *BESIDE} - set(self.tables)
        self.tables |= _blank(self.made / RECORDS, missing, given, self.built_at)
        for name in (*TABLES, VERSIONS):
            self._see(name)
        for name in given:
            self._check(name)

    def _require_shared(self) -> None:
        """EngineError if the engine and this process do not see the same files."""
        tried = self.made / "shared"
        self.engine.write("SELECT 1 AS seen", tried, None, "a first file")
        if not TableFolder(tried).is_there:
            raise EngineError(
                self.engine.name,
                f"it wrote a file in {self.made.parent.parent.parent} that is not seen from here",
                "Name an --out that the engine and this machine share.",
            )
        shutil.rmtree(tried)

    def _see(self, name: str) -> None:
        given = self.engine.see(given_name(name), self.tables[name])
        self.expressions[name] = canonical(name, given, self.folder)
        self.engine.call(name, self.engine.written(self.expressions[name]), name)

    def _check(self, name: str) -> None:
        about = f"the rows of {name}"
        cannot_count, stands_twice = _refuted_by(self.engine.written, name)
        if found := self.engine.rows(cannot_count, about):
            number, reason = found[0]
            raise RecordTablesError(self.folder, f"record {number} of the table {name} cannot count: {reason}")
        if found := self.engine.rows(stands_twice, about):
            number, times = found[0]
            raise RecordTablesError(self.folder, f"record {number} stands {times} times in the table {name}")

    def traits(self, counted: str, segments: tuple[str, ...]) -> Traits:
        """What the records contain, as far as it matters."""
        from rollforward.ledger.ground import Traits

        rows = _as_named(counted)
        currencies = self._column(rows.select("currency").distinct())
        depth, change_log, within = 0, False, False
        if counted == "subscription_items":
            (found,) = self._rows(
                rows.agg(
                    depth=rows.discounts.length().max(),
                    change_log=rows.until_next.max(),
                    within=((rows.status != "trialing") & (rows.trial_end > rows.starts)).max(),
                )
            )
            depth, change_log, within = int(found[0] or 0), bool(found[1]), bool(found[2])
        attributes: list[str] = []
        if not set(segments) <= {"plan", "product", "currency", "country"}:
            customers = _as_named("customers")
            attributes = self._column(customers.select(name=customers.attributes.keys().unnest()).distinct())
        entries = [table.name for table in ENTRIES if self._rows(_as_named(table.name).select("record").limit(1))]
        return Traits(frozenset(currencies), depth, change_log, within, frozenset(attributes), frozenset(entries))

    def _rows(self, expression: ir.Table) -> list[tuple[Any, ...]]:
        return self.engine.rows(self.engine.written(expression), "what the records contain")

    def _column(self, expression: ir.Table) -> list[str]:
        return [value for (value,) in self._rows(expression)]


def build_lake(
    records: Records,
    key: LedgerKey,
    ground: Ground,
    dimensions: list[str],
    buckets: int,
    progress: Progress,
) -> KeptLedger:
    """Build a ledger of record tables into the folder that is made for it.

    ReconciliationError if a proof fails. The folder is whole at the end, and nothing before.
    """
    plan = plan_in(records.engine.written, ground.timeless(), tuple(dimensions), key.known_at)
    schemas = json.loads(plan.schemas)
    for step in plan.steps:
        progress(step.about)
        _make(records, step, schemas.get(step.name, schemas["overlaps"]), buckets)
    progress("proofs")
    _sample_days(records, ground.today)
    for proof in plan.proofs:
        if breaches := records.engine.rows(proof.sql, proof.about):
            raise ReconciliationError(
                f"the ledger does not hold: {proof.about}. First breach: {breaches[0]}. Nothing was kept; please "
                "report this."
            )
    _write_about(records, key, ground, dimensions, buckets)
    return _registered(records.made, key, ground, dimensions, records.built_at)


def _make(records: Records, step: Step, columns: dict[str, str], buckets: int) -> None:
    """Make one stage, and let the engine see it."""
    if step.is_view:
        records.engine.call(step.name, step.sql, step.about)
        return
    folder = records.made / LEDGER / step.name
    records.engine.write(step.sql, folder, buckets if "account" in columns else None, step.about)
    table = TableFolder(folder)
    if not table.is_there:
        # An engine writes no file where there is no row.
        _write(folder, columns, [])
    records.engine.see(step.name, table)


def _sample_days(records: Records, today: date) -> None:
    """The days on which every level is compared: those that a book would take."""
    folder = records.made / LEDGER / SAMPLED
    (row,) = records.engine.rows("SELECT min(day) FROM movements", "the first movement")
    _write(folder, {"at": "date"}, [{"at": day} for day in days_to_sample(row[0], today)])
    records.engine.see(SAMPLED, TableFolder(folder))


def _write(folder: Path, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Write a few rows as a table."""
    import ibis
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=ibis.schema(columns).to_pyarrow()), folder / "part-0.parquet")


def _blank(folder: Path, names: set[str], given: list[str], built_at: datetime) -> dict[str, TableFolder]:
    """Empty tables for those that the records lack; of imports there is one, in which all of them came."""
    with embedded.opened(None, threads=1) as connection:
        for statement in create_statements():
            connection.execute(statement)
        connection.execute(
            "INSERT INTO imports (import, source, files, map, recorded_at, rows_in, booked, unchanged, quarantined, "
            "removed, complete, good_to, carried) "
            "VALUES (1, 'records', [], '', $at, 0, 0, 0, 0, 0, false, $at, $given)",
            {"at": built_at, "given": given},
        )
        for name in names:
            copy_to(connection, name, folder / name)
    return {name: TableFolder(folder / name) for name in names}


# -- what the folder says of itself -----------------------------------------------------------------------------------


def _write_about(records: Records, key: LedgerKey, ground: Ground, dimensions: list[str], buckets: int) -> None:
    """Write what a reader needs, in the embedded engine's language, whichever engine it was that built."""
    plan = plan_of(ground.timeless(), tuple(dimensions), key.known_at)
    policy = ground.policy
    about = {
        "layout": LAYOUT,
        "release": records.release,
        "ledger": key.name,
        "policy": policy.name,
        "policy_hash": policy.hash,
        "settings": dict(policy.settings),
        "currency": ground.currency,
        "today": ground.today.isoformat(),
        "known_at": key.known_at.isoformat(" ") if key.known_at else None,
        "built_at": records.built_at.isoformat(" "),
        "engine": records.engine.name,
        "buckets": buckets,
        "records": str(records.folder.resolve()),
        "proofs": {proof.name: proof.about for proof in plan.proofs},
        "stages": _stages(plan),
        "tables": _tables(records),
    }
    (records.made / ABOUT).write_text(json.dumps(about, indent=1, default=str), "utf-8")


def _stages(plan: Plan) -> dict[str, Any]:
    schemas = json.loads(plan.schemas)
    made = {
        step.name: {"query": step.sql}
        if step.is_view
        else {"columns": _typed(schemas.get(step.name, schemas["overlaps"]))}
        for step in plan.steps
    }
    return {**made, SAMPLED: {"columns": _typed({"at": "date"})}}


def _typed(columns: dict[str, str]) -> list[list[str]]:
    return [[name, duckdb_type(kind)] for name, kind in columns.items()]


def _tables(records: Records) -> dict[str, Any]:
    """Where each table lies, and for records the query that brings them to canonical columns."""
    found: dict[str, Any] = {}
    for name, table in records.tables.items():
        within = table.path.is_relative_to(records.made)
        place = table.path.relative_to(records.made) if within else table.path.resolve()
        found[name] = {"path": str(place)}
        if name in records.expressions:
            found[name]["query"] = compiled(records.expressions[name])
    return found


def _registered(made: Path, key: LedgerKey, ground: Ground, dimensions: list[str], built_at: datetime) -> KeptLedger:
    """Note the ledger as a book would, from the files that were written."""
    lake = Lake(made)
    plan = plan_of(ground.timeless(), tuple(dimensions), key.known_at)
    with lake.reading() as connection:
        lake.lay_out_ledger(connection)
        kept = register(connection, key, ground, dimensions, built_at, plan)
        copy_to(connection, f"{key.name}.{REGISTERED}", made / LEDGER / REGISTERED)
    about = lake.about | {"ledger_hash": kept.ledger_hash}
    (made / ABOUT).write_text(json.dumps(about, indent=1), "utf-8")
    return kept


@functools.lru_cache(maxsize=64)
def _refuted_by(written: Callable[[ir.Table], str], name: str) -> tuple[str, str]:
    """The queries for a row that cannot count, and for a number that stands twice, in an engine's language."""
    rows = _as_named(name)
    return written(unfit(TABLES[name], rows).limit(1)), written(repeated(rows).limit(1))


def _as_named(name: str) -> ir.Table:
    """A table of records as the engine names it."""
    return record_expression(TABLES[name])
