"""Problems as they stand: those of the last import of each file, and the records that a build set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

LISTED = """
WITH read AS (SELECT source, unnest(files) AS file, import FROM imports),
last_import AS (SELECT source, file, max(import) AS import FROM read GROUP BY source, file)
SELECT p.source, p."table", p.file, p."row", p.field, p.value, p.reason, p.remedy, p.severity
FROM problems p LEFT JOIN last_import USING (source, file)
WHERE ($severity IS NULL OR p.severity = $severity) AND (p.file = '' OR p.import = last_import.import)
ORDER BY p.import, p.file, p."row", p.field
"""
"""The problems of imports. A file imported again speaks with its last import: what was mended there is gone."""

_SET_ASIDE = """
SELECT DISTINCT r.source, a."table", r.file, r."row", a.field, a.value, a.reason, a.remedy, 'set aside'
FROM {ledger}.set_aside a JOIN {table} r ON r.record = a.record WHERE a."table" = '{table}' ORDER BY ALL
"""


def quarantined(connection: duckdb.DuckDBPyConnection) -> int:
    """How many rows are in quarantine."""
    row = connection.execute(f"SELECT count(*) FROM ({LISTED})", {"severity": "quarantined"}).fetchone()
    return int(row[0]) if row else 0


def listed(connection: duckdb.DuckDBPyConnection, ledger: str, severity: str | None) -> list[tuple[Any, ...]]:
    """Problems of imports, then records that the build of a ledger set aside, in the order of their rows."""
    found = connection.execute(LISTED, {"severity": severity}).fetchall()
    if severity not in {None, "set aside"}:
        return found
    tables = connection.execute(f'SELECT DISTINCT "table" FROM {ledger}.set_aside ORDER BY ALL').fetchall()
    for (table,) in tables:
        found += connection.execute(_SET_ASIDE.format(ledger=ledger, table=table)).fetchall()
    return found
