"""Sources as they stand: what came from each, what became of it, and the day it is good to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.store.problems import STANDING

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb


@dataclass(frozen=True)
class Counts:
    """What became of rows: rows in = booked + unchanged + quarantined. `removed` is what the source no longer has."""

    rows_in: int
    booked: int
    unchanged: int
    quarantined: int
    removed: int

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows_in == self.booked + self.unchanged + self.quarantined


@dataclass(frozen=True)
class Standing:
    """One source, as known at a time, beside one table that a policy counts.

    feeds: whether any of its rows were of that table · good_to: the last day that these rows tell of, or any of its
    rows where none is of the table; None for what only people entered · waiting: its rows of the table that are in
    quarantine and were not mended since · read: the rows of the imports that hold them.
    """

    source: str
    imports: int
    counts: Counts
    last_import: datetime
    feeds: bool
    good_to: date | None
    waiting: int
    read: int

    @property
    def waiting_share(self) -> Fraction:
        """The share of the source's rows that are in quarantine."""
        return Fraction(self.waiting, self.read) if self.read else Fraction(0)


_SOURCES = f"""
WITH {STANDING},
speaking AS (
    SELECT DISTINCT import FROM read JOIN last_import USING (source, file, import)
    UNION SELECT import FROM known WHERE len(files) = 0 OR list_contains(files, '')
),
amounts AS (
    SELECT known.source, sum(known.rows_in) AS rows FROM known JOIN speaking USING (import)
    LEFT JOIN whole ON whole.source = known.source AND whole."table" = $table
    WHERE list_contains(known.carried, $table) AND (whole.since IS NULL OR known.import >= whole.since)
    GROUP BY known.source
),
waiting AS (
    SELECT source, count(*) AS rows FROM standing WHERE severity = 'quarantined' AND "table" = $table GROUP BY source
)
SELECT
    known.source, count(*), sum(rows_in), sum(booked), sum(unchanged), sum(quarantined), sum(removed),
    max(recorded_at), bool_or(list_contains(carried, $table)),
    coalesce(max(good_to) FILTER (list_contains(carried, $table)), max(good_to)),
    coalesce(any_value(waiting.rows), 0), coalesce(any_value(amounts.rows), 0)
FROM known LEFT JOIN waiting USING (source) LEFT JOIN amounts USING (source)
GROUP BY known.source ORDER BY known.source
"""

_IMPORTS = f"""
WITH {STANDING}
SELECT import, source, files, carried, recorded_at, good_to, complete, rows_in, booked, unchanged, quarantined, removed
FROM known ORDER BY import
"""


def sources(connection: duckdb.DuckDBPyConnection, table: str, known_at: datetime | None = None) -> list[Standing]:
    """Every source as known at a time (None: now), beside a table that a policy counts."""
    rows = connection.execute(_SOURCES, {"table": table, "known_at": known_at}).fetchall()
    return [
        Standing(source, imports, Counts(*map(int, counts)), last, feeds, good_to, waiting, int(read))
        for source, imports, *counts, last, feeds, good_to, waiting, read in rows
    ]


_OLDEST = """
SELECT coalesce(max(quarantined), 0), min(good_to) FROM (
    SELECT sum(quarantined) AS quarantined, max(good_to) AS good_to FROM imports
    WHERE list_contains(carried, $table) AND ($known_at::TIMESTAMP IS NULL OR recorded_at <= $known_at::TIMESTAMP)
    GROUP BY source HAVING max(good_to) IS NOT NULL
)
"""


def glance(
    connection: duckdb.DuckDBPyConnection, table: str, known_at: datetime | None = None
) -> tuple[int, date | None]:
    """At a glance: the most rows that were ever in quarantine, and the earliest day, of sources of a table."""
    quarantined, good_to = connection.execute(_OLDEST, {"table": table, "known_at": known_at}).fetchall()[0]
    return int(quarantined), good_to


@dataclass(frozen=True)
class Import:
    """One import as it went. `good_to` is None for what people entered."""

    number: int
    source: str
    files: tuple[str, ...]
    carried: tuple[str, ...]
    recorded_at: datetime
    good_to: date | None
    complete: bool
    counts: Counts


def imports(connection: duckdb.DuckDBPyConnection, known_at: datetime | None = None) -> list[Import]:
    """Every import known at a time (None: now), in order."""
    rows = connection.execute(_IMPORTS, {"known_at": known_at}).fetchall()
    return [
        Import(number, source, tuple(files), tuple(carried), at, good_to, complete, Counts(*counts))
        for number, source, files, carried, at, good_to, complete, *counts in rows
    ]


def first_learned(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the book learned its first fact; None if it has none."""
    moment: datetime | None = connection.execute("SELECT min(recorded_at) FROM imports").fetchall()[0][0]
    return moment
