"""Problems as they stand: those of the last import of each file, and the records that a build set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

STANDING = """
known AS (SELECT * FROM imports WHERE $known_at::TIMESTAMP IS NULL OR recorded_at <= $known_at::TIMESTAMP),
read AS (SELECT source, unnest(files) AS file, import FROM known),
last_import AS (SELECT source, file, max(import) AS import FROM read GROUP BY source, file),
complete_ones AS (SELECT source, unnest(carried) AS "table", import, recorded_at FROM known WHERE complete),
latest_complete AS (
    SELECT * FROM complete_ones QUALIFY rank() OVER (PARTITION BY source, "table" ORDER BY recorded_at DESC) = 1
),
whole AS (SELECT source, "table", min(import) AS since FROM latest_complete GROUP BY source, "table"),
standing AS (
    SELECT p.* FROM problems p JOIN known ON known.import = p.import
    LEFT JOIN last_import ON last_import.source = p.source AND last_import.file = p.file
    LEFT JOIN whole ON whole.source = p.source AND whole."table" = p."table"
    WHERE (p.file = '' OR p.import = last_import.import) AND (whole.since IS NULL OR p.import >= whole.since)
)
"""
"""The problems of imports that stand, as known at a time (null: now). A file imported again speaks with its last
import, a complete delivery for all before it: what was mended there is gone."""

LISTED = f"""
WITH {STANDING}
SELECT source, "table", file, "row", field, value, reason, remedy, severity FROM standing
WHERE $severity IS NULL OR severity = $severity ORDER BY import, file, "row", field
"""

_COUNTED = f"WITH {STANDING} SELECT count(*) FROM standing WHERE severity = $severity"

_SET_ASIDE = """
SELECT DISTINCT r.source, a."table", r.file, r."row", a.field, a.value, a.reason, a.remedy, 'set aside'
FROM {ledger}.set_aside a JOIN {table} r ON r.record = a.record WHERE a."table" = '{table}' ORDER BY ALL
"""


def listed(
    connection: duckdb.DuckDBPyConnection, ledger: str, severity: str | None, known_at: datetime | None = None
) -> list[tuple[Any, ...]]:
    """Problems of imports, then records that the build of a ledger set aside, in the order of their rows."""
    found = connection.execute(LISTED, {"severity": severity, "known_at": known_at}).fetchall()
    if severity not in {None, "set aside"}:
        return found
    tables = connection.execute(f'SELECT DISTINCT "table" FROM {ledger}.set_aside ORDER BY ALL').fetchall()
    for (table,) in tables:
        found += connection.execute(_SET_ASIDE.format(ledger=ledger, table=table)).fetchall()
    return found


def counted(connection: duckdb.DuckDBPyConnection, severity: str, known_at: datetime | None = None) -> int:
    """How many problems of imports stand."""
    rows = connection.execute(_COUNTED, {"severity": severity, "known_at": known_at}).fetchall()
    return int(rows[0][0])
