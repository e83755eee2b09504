"""Integrity: sums over what each import booked, chained from import to import, that show a row changed by hand.

The sums of a table are its rows, the sum of their hashes, and that sum with each hash times its row's number. A single
row that changed, went or came shifts the last two in the proportion of its number, so that it can be named.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rollforward.records.tables import TABLES
from rollforward.store.schema import column_names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

_TOLD = "import, source, files, map, recorded_at, rows_in, booked, unchanged, quarantined, removed, complete, good_to"
"""The columns of `imports` that its chain covers."""

_PROBLEM = "import, recorded_at, source, table, file, row, field, value, reason, remedy, severity, raw"
_ENTRY = "entry, import, kind, about, reason, entered_by, recorded_at, records, undoes"


class Sums(NamedTuple):
    """The rows of a table that belong to an import, the sum of their hashes, and the sum of hash times number."""

    rows: int
    hashes: int
    weighted: int


@dataclass(frozen=True)
class Fault:
    """What integrity found: where, and what is wrong there."""

    where: str
    found: str


def chain_imports(connection: duckdb.DuckDBPyConnection) -> None:
    """Chain the imports that are not chained yet, in their order, within the transaction that the caller holds."""
    chains = connection.execute("SELECT import, chain FROM imports ORDER BY import").fetchall()
    first = next((number for number, chain in chains if chain is None), None)
    if first is None:
        return
    sums, rows, former = _sums(connection, first), _rows(connection), ""
    for number, chain in chains:
        said = json.loads(chain) if chain else _chained(former, rows[number], sums[number])
        former = said["chain"]
        if not chain:
            connection.execute("UPDATE imports SET chain = ? WHERE import = ?", [json.dumps(said), number])


def import_faults(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """What was changed by hand in the records, in what stands beside them, or in the list of imports."""
    sums, rows = _sums(connection, 0), _rows(connection)
    faults: list[Fault] = []
    former = ""
    for number, chain in connection.execute("SELECT import, chain FROM imports ORDER BY import").fetchall():
        if chain is None:
            faults.append(Fault(f"import {number}", "it has no chain"))
            continue
        said = json.loads(chain)
        stored = {table: Sums(*parts) for table, parts in said["sums"].items()}
        changed = list(_compared(number, stored, sums[number]))
        if said["chain"] != _chained(former, rows[number], stored)["chain"]:
            faults.append(Fault(f"import {number}", "its row in imports was changed, or one before it was taken away"))
        faults += changed
        former = said["chain"]
    return faults + [Fault(table, _of_no_import(found)) for table, found in sums[None].items()]


def imports_chain(connection: duckdb.DuckDBPyConnection) -> str:
    """The chain of the last import, which stands for all of them; empty without one."""
    row = connection.execute("SELECT chain FROM imports ORDER BY import DESC LIMIT 1").fetchone()
    return str(json.loads(row[0])["chain"]) if row and row[0] else ""


def digest(former: str, *parts: object) -> str:
    """Sixty-four hexadecimal digits over the chain before and what follows it."""
    text = json.dumps([former, *parts], default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _chained(former: str, row: tuple[Any, ...], sums: Mapping[str, Sums]) -> dict[str, Any]:
    """What is kept of an import: the sums of each table, and the chain over them, its row and the import before."""
    listed = {table: list(found) for table, found in sorted(sums.items())}
    return {"chain": digest(former, row, listed), "sums": listed}


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row for row in connection.execute(f"SELECT {_TOLD} FROM imports").fetchall()}


def _compared(number: int, stored: Mapping[str, Sums], found: Mapping[str, Sums]) -> Iterator[Fault]:
    nothing = Sums(0, 0, 0)
    for table in sorted({*stored, *found}):
        before, now = stored.get(table, nothing), found.get(table, nothing)
        if before != now:
            yield Fault(f"import {number}, {table}", _difference(before, now))


def _difference(before: Sums, now: Sums) -> str:
    """What differs between two sums: the one row, where it is one, else how many there were and are."""
    shifted, weighted = now.hashes - before.hashes, now.weighted - before.weighted
    what = {0: "was changed", -1: "is missing", 1: "was added"}.get(now.rows - before.rows)
    if what and shifted and weighted and weighted % shifted == 0 and weighted // shifted > 0:
        return f"record {weighted // shifted} {what}"
    return f"rows were changed: {before.rows:,} were booked, {now.rows:,} are there"


def _of_no_import(found: Sums) -> str:
    if found.rows == 1:
        return f"record {found.weighted // found.hashes} belongs to no import"
    return f"{found.rows:,} rows belong to no import"


# -- sums ------------------------------------------------------------------------------------------------------------


def _sums(connection: duckdb.DuckDBPyConnection, first: int) -> dict[int | None, dict[str, Sums]]:
    """The sums by import from a number on and by table; under None what belongs to none, if all are asked for."""
    found: dict[int | None, dict[str, Sums]] = defaultdict(dict)
    for table, number, rows, hashes, weighted in connection.execute(_sums_sql(), {"first": first}).fetchall():
        if number is not None or first == 0:
            found[number][table] = Sums(int(rows), int(hashes), int(weighted))
    return found


def _sums_sql() -> str:
    parts = [_part(name, column_names(table), "record", _BY_OWN) for name, table in TABLES.items()]
    parts += [
        _part("problems", _PROBLEM.split(", "), "0", _BY_OWN),
        _part("entries", _ENTRY.split(", "), "entry", _BY_OWN),
        _part("corrections", ["record", "corrects"], "record", _BY_RECORD),
        _part("superseded", ["record", "superseded_at", "replaced_by"], "record", _BY_MOMENT),
    ]
    own = " UNION ALL ".join(f"SELECT record, import FROM {name} WHERE import >= $first" for name in TABLES)
    return f"WITH own AS ({own}) " + " UNION ALL ".join(parts)


def _part(table: str, columns: list[str], number: str, rows: str) -> str:
    """The query of one table's sums by import. `rows` says which import each row belongs to, as `of_import`.

    The import itself needs no hash: a row that names another one is missing there and too many here.
    """
    text = ", ".join(_text(table, name) for name in columns if name != "import")
    return (
        f"SELECT '{table}', of_import, count(*), sum(hash), sum(hash::HUGEINT * number) FROM ("
        f"SELECT of_import, md5_number_lower(concat_ws(chr(31), {text})) AS hash, {number} AS number "
        f"FROM ({rows.format(table=table)}) one) GROUP BY of_import"
    )


def _text(table: str, name: str) -> str:
    """A column as text. Most decimals are 1 or 0, whose text costs much less when it is not worked out."""
    value = f"one.{quoted(name)}"
    text = f"coalesce({value}::VARCHAR, chr(30))"
    if table not in TABLES or name not in TABLES[table].names or TABLES[table].column(name).type != "decimal":
        return text
    return f"CASE WHEN {value} = 1 THEN '1' WHEN {value} = 0 THEN '0' ELSE {text} END"


_BY_OWN = (
    "SELECT rows.*, imports.import AS of_import FROM {table} rows LEFT JOIN imports USING (import) "
    "WHERE rows.import IS NULL OR rows.import >= $first"
)
"""Rows that name their import."""

_BY_RECORD = "SELECT rows.*, own.import AS of_import FROM {table} rows LEFT JOIN own USING (record)"
"""Rows that belong to the import of their record."""

_BY_MOMENT = """
SELECT rows.*, CASE WHEN rows.replaced_by IS NULL THEN moments.import ELSE own.import END AS of_import
FROM {table} rows LEFT JOIN own ON own.record = rows.replaced_by
LEFT JOIN (SELECT recorded_at, max(import) AS import FROM imports GROUP BY recorded_at) moments
ON rows.replaced_by IS NULL AND moments.recorded_at = rows.superseded_at
WHERE rows.superseded_at >= coalesce((SELECT recorded_at FROM imports WHERE import = $first), rows.superseded_at)
"""
"""Versions that an import replaced, or ended: those go with the last import of their moment, which is one writing."""
