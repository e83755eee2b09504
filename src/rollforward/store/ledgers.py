"""Ledgers of the book: one for each policy and currency asked for, built stage by stage, kept only if it foots.

The database gives each a place of its name, which tells in its table `about_ledger` what it was built of.
"""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from rollforward.errors import ReconciliationError, TooLargeError
from rollforward.ledger import STAGES_VERSION
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.store.schema import quoted, record_expression, superseded_expression

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb
    import ibis.expr.types as ir

    from rollforward.ledger.ground import Ground, Traits

Progress = Callable[[str], None]


@dataclass(frozen=True)
class LedgerKey:
    """What tells one ledger of a book from another."""

    policy_hash: str
    currency: str
    known_at: datetime | None

    @property
    def name(self) -> str:
        """The ledger's name in the database."""
        text = f"{self.policy_hash} {self.currency} {self.known_at or ''}"
        return "ledger_" + hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class AsideKey(LedgerKey):
    """The key of a ledger that is built to be compared with a kept one."""

    @property
    def name(self) -> str:
        """The ledger's name, which no kept one has."""
        return "ledger_aside"


@dataclass(frozen=True)
class KeptLedger:
    """A ledger in the database."""

    name: str
    policy: str
    policy_hash: str
    currency: str
    dimensions: list[str]
    today: date
    depends_on_today: bool
    known_at: datetime | None
    records: str
    recorded_to: datetime | None
    """When the last import that it was built of was recorded; None for a book without any."""
    ledger_hash: str
    traits: str
    proofs: list[str]
    schemas: str


def find(connection: duckdb.DuckDBPyConnection, key: LedgerKey, today: date) -> KeptLedger | None:
    """The ledger of a key whose place the connection sees, if it is up to date with the records and the day."""
    kept = current(connection, key.name)
    return kept if kept and (kept.today == today or not kept.depends_on_today) else None


def current(connection: duckdb.DuckDBPyConnection, ledger: str) -> KeptLedger | None:
    """The ledger of a name whose place the connection sees, if it was built of the records as they are."""
    kept = _kept(connection, ledger)
    return kept if kept and kept.records == fingerprint(connection, kept.known_at) else None


def behind(connection: duckdb.DuckDBPyConnection, ledger: str) -> KeptLedger | None:
    """The ledger of a name, if it is one of now and the book only learned more since it was built."""
    kept = _kept(connection, ledger)
    if kept is None or kept.known_at or kept.recorded_to is None:
        return None
    return kept if kept.records == fingerprint(connection, kept.recorded_to) else None


def _kept(connection: duckdb.DuckDBPyConnection, ledger: str) -> KeptLedger | None:
    import duckdb

    columns = ", ".join(field.name for field in fields(KeptLedger))
    try:
        row = connection.execute(
            f"SELECT {columns} FROM {ledger}.about_ledger WHERE stages = ?", [STAGES_VERSION]
        ).fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    return KeptLedger(*row) if row else None


def key_in(connection: duckdb.DuckDBPyConnection, ledger: str) -> LedgerKey | None:
    """The key that a ledger says it was built for; None if it says none."""
    import duckdb

    try:
        row = connection.execute(f"SELECT policy_hash, currency, known_at FROM {ledger}.about_ledger").fetchone()
    except duckdb.Error:
        return None
    return LedgerKey(*row) if row else None


COMPARED = {
    "spans": "account, item, starts, ends",
    "movements": "account, day, kind",
    "cube": "dimension, value, day, kind",
}
"""The tables of a ledger that figures come from, and what names a row of each."""


def first_difference(connection: duckdb.DuckDBPyConnection, ledger: str, other: str) -> str | None:
    """The first row that two ledgers do not share, in words; None if they share all."""
    for table, naming in COMPARED.items():
        one, two = (f"SELECT * FROM {name}.{table}" for name in (ledger, other))
        row = connection.execute(
            f"SELECT {naming} FROM (({one} EXCEPT ALL {two}) UNION ALL ({two} EXCEPT ALL {one})) ORDER BY ALL LIMIT 1"
        ).fetchone()
        if row:
            said = ", ".join(f"{name} {value}" for name, value in zip(naming.split(", "), row, strict=True) if value)
            return f"{table}: {said}"
    return None


def fingerprint(connection: duckdb.DuckDBPyConnection, known_at: datetime | None) -> str:
    """Thirty-two hexadecimal digits that stand for the records as known at a time (None: now): those of its imports."""
    told = "import, source, files, map, recorded_at, rows_in, booked, unchanged, quarantined"
    rows = connection.execute(
        f"SELECT md5(coalesce(string_agg(row({told})::VARCHAR, '\n' ORDER BY import), '')) FROM imports "
        "WHERE $known_at IS NULL OR recorded_at <= $known_at::TIMESTAMP",
        {"known_at": known_at},
    ).fetchall()
    return str(rows[0][0])


@functools.lru_cache(maxsize=8)
def current_records(known_at: datetime | None, *, told_once: bool = False) -> Mapping[str, ir.Table]:
    """The records as known at a time (None: now), each by its latest version.

    Subscription items stand there as a whole, and apart with and without discounts. With `told_once` it is known that
    no two sources tell of one customer.
    """
    import ibis

    superseded = superseded_expression()
    if known_at is not None:
        superseded = superseded.filter(superseded.superseded_at <= known_at)
    current = {}
    for name, table in TABLES.items():
        records = record_expression(table)
        if known_at is not None:
            records = records.filter(records.recorded_at <= known_at)
        current[name] = records.anti_join(superseded, "record")
        if name == "customers" and not told_once:
            current[name] = _last_told(current[name])
        if name == "subscription_items":
            discounted = ibis.coalesce(records.discounts.length(), 0) > 0
            current["discounted_items"] = records.filter(discounted).anti_join(superseded, "record")
            current["plain_items"] = records.filter(~discounted).anti_join(superseded, "record")
    return current


def _last_told(customers: ir.Table) -> ir.Table:
    """One row a customer, whatever source told of it last: an account has one country."""
    last = customers.group_by("customer").agg(record=customers.record.max())
    return customers.semi_join(last, "record")


def traits_of(
    connection: duckdb.DuckDBPyConnection, table: str, segments: Sequence[str] = (), since: datetime | None = None
) -> Traits:
    """What the records of a table contain, or those recorded since a time: all versions, so that it only ever grows.

    Attributes are looked for only if a segment may be one: they are many.
    """
    from rollforward.ledger.ground import Traits

    recorded = {"since": since}
    lately = "WHERE $since IS NULL OR recorded_at > $since::TIMESTAMP"
    names: list[tuple[str]] = []
    if not set(segments) <= {"plan", "product", "currency", "country"}:
        names = connection.execute(
            f"SELECT DISTINCT unnest(map_keys(attributes)) FROM customers {lately}", recorded
        ).fetchall()
    items = table == "subscription_items"
    of_items = "max(len(discounts)), bool_or(until_next), bool_or(status <> 'trialing' AND trial_end > starts)"
    found = connection.execute(
        f"SELECT list(DISTINCT currency), {of_items if items else '0, false, false'} FROM {table} {lately}", recorded
    ).fetchall()
    currencies, deepest, change_log, within = found[0]
    attributes = frozenset(name for (name,) in names)
    flags = (int(deepest or 0), bool(change_log), bool(within))
    return Traits(frozenset(currencies or []), *flags, attributes, _entries(connection))


def _entries(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The kinds of entries by people that the book has any of."""
    names = [table.name for table in ENTRIES]
    found = connection.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names))
    return frozenset(name for (name,) in found.fetchall())


def build(
    connection: duckdb.DuckDBPyConnection,
    key: LedgerKey,
    ground: Ground,
    dimensions: list[str],
    built_at: datetime,
    progress: Progress,
) -> KeptLedger:
    """Build a ledger in its empty place; ReconciliationError, and nothing to be kept, if a proof fails."""
    plan = plan_of(ground.timeless(), tuple(dimensions), key.known_at)
    for step in plan.steps:
        progress(step.about)
        make(connection, step.creation(key.name), step.about)
    progress("proofs")
    sample_days(connection, key.name, ground.today)
    for proof in plan.proofs:
        require(connection, proof, key.name)
    return _register(connection, key, ground, dimensions, built_at, plan)


def make(connection: duckdb.DuckDBPyConnection, creation: str, about: str) -> None:
    """Make the table or view of a step; TooLargeError for an amount that does not fit."""
    import duckdb

    try:
        connection.execute(creation)
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        raise TooLargeError(about, str(error).splitlines()[0]) from error


LAID_BY_ACCOUNT = {"movements"}
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


@functools.lru_cache(maxsize=64)
def plan_of(ground: Ground, dimensions: tuple[str, ...], known_at: datetime | None) -> Plan:
    """The plan of a build. It depends on the rules alone, so that many books can be built from one."""
    from rollforward.ledger.build import ledger, set_aside, stages
    from rollforward.ledger.proofs import proofs

    made = dict(current_records(known_at))
    steps = []
    for stage in stages(ground, list(dimensions)):
        expression = stage.make(made)
        steps.append(Step(stage.name, stage.about, compiled(expression), stage.is_view))
        made[stage.name] = _placed_table(stage.name, expression)
    steps.append(Step("set_aside", "faults", compiled(set_aside(made, ground))))
    days = ibis_table({"at": "date"}, "sampled_days")
    proved = proofs(ledger(made, ground), made["cube"], days)
    schemas = {step.name: {name: str(kind) for name, kind in made[step.name].schema().items()} for step in steps[:-1]}
    refuting = [Step(proof.name, proof.about, compiled(proof.breaches.limit(1))) for proof in proved]
    return Plan(steps, refuting, json.dumps(schemas))


def ibis_table(columns: dict[str, str], name: str) -> ir.Table:
    """A table of a ledger as an expression."""
    import ibis

    return ibis.table(columns, name=name, database=PLACE)


def _placed_table(name: str, expression: ir.Table) -> ir.Table:
    import ibis

    return ibis.table(expression.schema(), name=name, database=PLACE)


def compiled(expression: ir.Table) -> str:
    """The SQL of an expression. Each step stays a query of its own, so that no expression is written out twice."""
    return _compiled(expression.op())


_COMPILING = threading.Lock()
"""Held while an option of Ibis, which is one for all threads, is set."""


@functools.lru_cache(maxsize=256)
def _compiled(operation: Any) -> str:  # noqa: ANN401  an Ibis operation, which compares by what it says
    import ibis

    expression = operation.to_expr()
    with _COMPILING:
        fused = ibis.options.sql.fuse_selects
        ibis.options.sql.fuse_selects = False
        try:
            return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
        finally:
            ibis.options.sql.fuse_selects = fused


def told_once(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether one source at most tells of customers, so that each has one current record."""
    return len(connection.execute("SELECT DISTINCT source FROM customers LIMIT 2").fetchall()) <= 1


def made_tables(known_at: datetime | None, schemas: str, *, told_once: bool) -> dict[str, ir.Table]:
    """The tables of a kept ledger as expressions. `PLACE` stands for its schema, so that queries can be reused."""
    made = dict(current_records(known_at, told_once=told_once))
    for name, columns in json.loads(schemas).items():
        made[name] = ibis_table(columns, name)
    return made


def require(connection: duckdb.DuckDBPyConnection, proof: Step, schema: str) -> None:
    """Run a proof; ReconciliationError with the first breach if it is refuted."""
    breach = connection.execute(proof.placed(schema)).fetchone()
    if breach is not None:
        raise ReconciliationError(
            f"the ledger does not hold: {proof.about}. First breach: {breach}. Nothing was kept; please report this."
        )


def sample_days(connection: duckdb.DuckDBPyConnection, schema: str, today: date) -> None:
    """The days on which every level is compared: today, and the middle of the ledger."""
    row = connection.execute(
        f"SELECT min(day) FROM {schema}.cube WHERE dimension = 'total' AND kind NOT IN ('trial', 'usage', 'presence')"
    ).fetchone()
    first = row[0] if row and row[0] else today
    days = sorted({first + (today - first) / 2, today})
    connection.execute(f'CREATE OR REPLACE TABLE {schema}.sampled_days AS SELECT unnest($days) AS "at"', {"days": days})


def _register(
    connection: duckdb.DuckDBPyConnection,
    key: LedgerKey,
    ground: Ground,
    dimensions: list[str],
    built_at: datetime,
    plan: Plan,
) -> KeptLedger:
    kept = KeptLedger(
        key.name,
        ground.policy.name,
        ground.policy.hash,
        ground.currency,
        dimensions,
        ground.today,
        ground.depends_on_today,
        key.known_at,
        fingerprint(connection, key.known_at),
        last_recorded(connection, key.known_at),
        ledger_hash(connection, key.name, ground.policy.hash),
        traits_text(ground.traits),
        [proof.name for proof in plan.proofs],
        plan.schemas,
    )
    write_about(connection, kept, built_at, secrets.token_hex(8))
    _keep_plan(connection, key.name, plan)
    return kept


def write_about(connection: duckdb.DuckDBPyConnection, kept: KeptLedger, built_at: datetime, token: str) -> None:
    """Write down in a ledger what it is. The token tells its file from every other one that has the same rows."""
    # Types are said where the engine cannot see them in a value: a time may be null, a list empty.
    typed = {"known_at": "::TIMESTAMP", "recorded_to": "::TIMESTAMP", "dimensions": "::VARCHAR[]"}
    told = {"stages": STAGES_VERSION, "built_at": built_at, "token": token} | asdict(kept)
    values = ", ".join(f"${name}{typed.get(name, '')} AS {name}" for name in told)
    connection.execute(f"CREATE OR REPLACE TABLE {kept.name}.about_ledger AS SELECT {values}", told)


def token_of(connection: duckdb.DuckDBPyConnection, ledger: str) -> str:
    """What tells the file of a ledger from every other one."""
    return str(connection.execute(f"SELECT token FROM {ledger}.about_ledger").fetchall()[0][0])


def _keep_plan(connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan) -> None:
    """Write down in a ledger by which queries it was made, so that they can run again over a part of the records."""
    connection.execute(
        f"CREATE TABLE {schema}.plan_ledger "
        "(place INTEGER, proves BOOLEAN, name VARCHAR, about VARCHAR, query VARCHAR, is_view BOOLEAN)"
    )
    listed = [(False, step) for step in plan.steps] + [(True, proof) for proof in plan.proofs]
    connection.executemany(
        f"INSERT INTO {schema}.plan_ledger VALUES (?, ?, ?, ?, ?, ?)",
        [(place, proves, step.name, step.about, step.sql, step.is_view) for place, (proves, step) in enumerate(listed)],
    )


def kept_plan(connection: duckdb.DuckDBPyConnection, kept: KeptLedger) -> Plan:
    """The queries by which a kept ledger was made."""
    rows = connection.execute(
        f"SELECT proves, name, about, query, is_view FROM {kept.name}.plan_ledger ORDER BY place"
    ).fetchall()
    made = [(proves, Step(*parts)) for proves, *parts in rows]
    return Plan([step for proves, step in made if not proves], [step for proves, step in made if proves], kept.schemas)


def last_recorded(connection: duckdb.DuckDBPyConnection, known_at: datetime | None) -> datetime | None:
    """When the last import as known at a time (None: now) was recorded; None without one."""
    row = connection.execute(
        "SELECT max(recorded_at) FROM imports WHERE $known_at IS NULL OR recorded_at <= $known_at::TIMESTAMP",
        {"known_at": known_at},
    ).fetchone()
    return row[0] if row else None


def ledger_hash(connection: duckdb.DuckDBPyConnection, schema: str, policy_hash: str) -> str:
    """Twelve hexadecimal digits over the policy and the cube, whatever the order of its rows."""
    digest = hashlib.sha256(policy_hash.encode())
    rows = connection.execute(
        f"SELECT value, day, kind, amount::VARCHAR, moves, presence FROM {schema}.cube "
        "WHERE dimension = 'total' ORDER BY ALL"
    )
    while batch := rows.fetchmany(10_000):
        digest.update(repr(batch).encode())
    return digest.hexdigest()[:12]


def traits_text(traits: Traits) -> str:
    """Traits as a kept ledger says them."""
    return json.dumps(
        {
            "currencies": sorted(traits.currencies),
            "discount_depth": traits.discount_depth,
            "change_log": traits.change_log,
            "trials_within_rows": traits.trials_within_rows,
            "attributes": sorted(traits.attributes),
            "entries": sorted(traits.entries),
        }
    )


def traits_from(text: str) -> Traits:
    """The traits that a kept ledger was built on."""
    from rollforward.ledger.ground import Traits

    stored = json.loads(text)
    sets = {name: frozenset(stored[name]) for name in ("currencies", "attributes", "entries")}
    return Traits(**{**stored, **sets})
