"""Entries by people in the book: what each is about, which records it made, and what undoes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollforward.errors import NotFoundError
from rollforward.records.tables import TABLES
from rollforward.store.schema import SQL_TYPES, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

TEXTS = {
    name: {"source", "file", *(column.name for column in table.columns if SQL_TYPES[column.type] == "VARCHAR")}
    for name, table in TABLES.items()
}
"""The columns of each table that hold text."""

SOURCE = "people"
"""The source of records that people enter."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry by a person. `undone_by` is the entry that undid it, None while it holds."""

    entry: int
    kind: str
    about: str
    reason: str
    entered_by: str
    recorded_at: datetime
    records: tuple[int, ...]
    undoes: int | None
    undone_by: int | None


_LISTED = (
    "SELECT entries.entry, kind, about, reason, entered_by, recorded_at, records, undoes, undo.entry AS undone_by "
    "FROM entries LEFT JOIN (SELECT entry, undoes AS undone FROM entries) undo ON undo.undone = entries.entry "
)


def listed(connection: duckdb.DuckDBPyConnection) -> list[Entry]:
    """Every entry, in order."""
    return [_entry(row) for row in connection.execute(_LISTED + "ORDER BY entries.entry").fetchall()]


def find(connection: duckdb.DuckDBPyConnection, number: int) -> Entry:
    """The entry of a number; NotFoundError if there is none."""
    row = connection.execute(_LISTED + "WHERE entries.entry = ?", [number]).fetchone()
    if row is None:
        raise NotFoundError(f"there is no entry {number}. See `rollforward entry list`.")
    return _entry(row)


def _entry(row: tuple[Any, ...]) -> Entry:
    entry, kind, about, reason, by, at, records, undoes, undone_by = row
    return Entry(entry, kind, about, reason, by, at, tuple(records), undoes, undone_by)


def add(  # noqa: PLR0913  the parts of an entry
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    about: str,
    *,
    reason: str,
    by: str,
    at: datetime,
    number: int,
    records: list[int],
    undoes: int | None = None,
) -> Entry:
    """Write an entry down. `number` is its import, by which every ledger knows that it is out of date."""
    row = connection.execute("SELECT coalesce(max(entry), 0) + 1 FROM entries").fetchone()
    entry = int(row[0]) if row else 1
    connection.execute(
        "INSERT INTO entries BY NAME SELECT $entry AS entry, $import AS import, $kind AS kind, $about AS about, "
        "$reason AS reason, $by AS entered_by, $at::TIMESTAMP AS recorded_at, $records::BIGINT[] AS records, "
        "$undoes::BIGINT AS undoes",
        {
            "entry": entry,
            "import": number,
            "kind": kind,
            "about": about,
            "reason": reason,
            "by": by,
            "at": at,
            "records": records,
            "undoes": undoes,
        },
    )
    return find(connection, entry)


def made_by(connection: duckdb.DuckDBPyConnection, table: str, number: int) -> list[int]:
    """The records of a table that an import made."""
    rows = connection.execute(f"SELECT record FROM {table} WHERE import = ? ORDER BY record", [number]).fetchall()
    return [record for (record,) in rows]


def current(connection: duckdb.DuckDBPyConnection, table: str, key: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The current records of a table that have the values of `key`, each by column; values compare as text."""
    matching = " AND ".join(_is_value(table, name, value) for name, value in key.items()) or "true"
    found = connection.execute(
        f"SELECT * FROM (SELECT * FROM {table} WHERE {matching}) ANTI JOIN superseded USING (record) ORDER BY record",
        [str(value) for value in key.values() if value is not None],
    )
    names = [part[0] for part in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _is_value(table: str, name: str, value: Any) -> str:  # noqa: ANN401  whatever a key holds
    """The condition that a column has a value. Text is compared as it lies, so that the engine skips other rows."""
    if value is None:
        return f"{quoted(name)} IS NULL"
    column = quoted(name) if name in TEXTS[table] else f"{quoted(name)}::VARCHAR"
    return f"{column} = ?"


def supersede(connection: duckdb.DuckDBPyConnection, record: int, at: datetime, replaced_by: int | None = None) -> None:
    """Mark a record as replaced by another, or as gone."""
    connection.execute("INSERT INTO superseded VALUES (?, ?, ?)", [record, at, replaced_by])


def corrected(connection: duckdb.DuckDBPyConnection, record: int) -> int:
    """The source's own version of a record that may be a correction."""
    row = connection.execute("SELECT corrects FROM corrections WHERE record = ?", [record]).fetchone()
    return int(row[0]) if row else record


def correct(connection: duckdb.DuckDBPyConnection, record: int, corrects: int) -> None:
    """Write down that a record corrects the source's version of it."""
    connection.execute("INSERT INTO corrections VALUES (?, ?)", [record, corrects])


def reinstate(connection: duckdb.DuckDBPyConnection, table: str, record: int, at: datetime, number: int) -> int:
    """A copy of a former version as a new one: its record."""
    columns = ", ".join(quoted(name) for name in _columns(connection, table))
    connection.execute(
        f"INSERT INTO {table} BY NAME SELECT {columns}, nextval('record_numbers') AS record, $number AS import, "
        f"$at::TIMESTAMP AS recorded_at FROM {table} WHERE record = $record",
        {"number": number, "at": at, "record": record},
    )
    return made_by(connection, table, number)[-1]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = connection.execute(f"SELECT * FROM {table} LIMIT 0").description or []
    return [part[0] for part in found if part[0] not in {"record", "import", "recorded_at"}]


def table_of(connection: duckdb.DuckDBPyConnection, record: int) -> str:
    """The table in which a record stands."""
    for table in TABLES:
        if connection.execute(f"SELECT 1 FROM {table} WHERE record = ?", [record]).fetchone():
            return table
    raise NotFoundError(f"there is no record {record}")


def is_current(connection: duckdb.DuckDBPyConnection, record: int) -> bool:
    """Whether nothing has replaced a record."""
    return connection.execute("SELECT 1 FROM superseded WHERE record = ?", [record]).fetchone() is None


_NAMED_IN = ("customers", "subscription_items", "invoice_lines", "mrr_snapshots")


def is_customer(connection: duckdb.DuckDBPyConnection, customer: str) -> bool:
    """Whether any record names a customer."""
    named = " UNION ALL ".join(f"(SELECT 1 FROM {table} WHERE customer = $id LIMIT 1)" for table in _NAMED_IN)
    return connection.execute(named, {"id": customer}).fetchone() is not None


def customers_like(connection: duckdb.DuckDBPyConnection, customer: str, number: int = 3) -> list[str]:
    """Customers whose id or name is near a text, the nearest first."""
    named = " UNION ".join(f"SELECT customer FROM {table}" for table in _NAMED_IN[1:])
    rows = connection.execute(
        f"SELECT ids.customer FROM (SELECT customer FROM customers UNION {named}) ids "
        "LEFT JOIN (SELECT customer, any_value(name) AS name FROM customers GROUP BY ALL) names USING (customer) "
        "ORDER BY greatest(jaro_winkler_similarity(lower(customer), lower($id)), "
        "jaro_winkler_similarity(lower(coalesce(name, '')), lower($id))) DESC, customer LIMIT $number",
        {"id": customer, "number": number},
    ).fetchall()
    return [one for (one,) in rows]


def first_day(connection: duckdb.DuckDBPyConnection, table: str, customer: str) -> Any:  # noqa: ANN401  a date or None
    """The first day on which a customer's records of a table begin."""
    starts = {"subscription_items": "starts", "invoice_lines": "period_start", "mrr_snapshots": "date"}[table]
    row = connection.execute(
        f'SELECT min("{starts}") FROM {table} WHERE customer = ? AND record NOT IN (SELECT record FROM superseded)',
        [customer],
    ).fetchone()
    return row[0] if row else None
