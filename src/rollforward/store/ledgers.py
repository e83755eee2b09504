"""Ledgers of the book: one for each policy and currency asked for, built stage by stage, kept only if it foots.

The database gives each a place of its name, which tells in its table `about_ledger` what it was built of.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from rollforward.ledger import STAGES_VERSION
from rollforward.records.tables import ENTRIES
from rollforward.store.plans import Plan, Step, make, plan_of, require

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

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
    from rollforward.store.packing import packed

    plan = packed(plan_of(ground.timeless(), tuple(dimensions), key.known_at), ground)
    for step in plan.steps:
        if not step.is_view:
            progress(step.about)
        make(connection, step.creation(key.name), step.about)
    progress("proofs")
    sample_days(connection, key.name, ground.today)
    for proof in plan.proofs:
        require(connection, proof, key.name)
    return register(connection, key, ground, dimensions, built_at, plan)


def sample_days(connection: duckdb.DuckDBPyConnection, schema: str, today: date) -> None:
    """The days on which every level is compared: today, and the middle of the ledger."""
    row = connection.execute(
        f"SELECT min(day) FROM {schema}.cube WHERE dimension = 'total' AND kind NOT IN ('trial', 'usage', 'presence')"
    ).fetchone()
    days = days_to_sample(row[0] if row else None, today)
    connection.execute(f'CREATE OR REPLACE TABLE {schema}.sampled_days AS SELECT unnest($days) AS "at"', {"days": days})


def days_to_sample(first: date | None, today: date) -> list[date]:
    """Today, and the middle of the days since the first movement."""
    first = first or today
    return sorted({first + (today - first) / 2, today})


def register(
    connection: duckdb.DuckDBPyConnection,
    key: LedgerKey,
    ground: Ground,
    dimensions: list[str],
    built_at: datetime,
    plan: Plan,
) -> KeptLedger:
    """Note in a ledger's place what it was built of."""
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
