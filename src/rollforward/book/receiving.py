"""Receiving: rows in canonical columns that somebody sends, booked like those of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.book.taking_in import KEPT_APART, Reach
from rollforward.errors import UnknownNameError, UsageError
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.sources.sent import TooManyRowsError, sent_rows

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.errors import Problem
    from rollforward.records.batch import Batch
    from rollforward.store.intake import ImportReport

RECEIVED = {name: table for name, table in TABLES.items() if table not in ENTRIES}
"""The tables whose rows can be sent, by name. What people enter has commands of its own."""


class FaultyRowsError(UsageError):
    """Rows that cannot be read, where none is to be kept then."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        rows = "1 row cannot be read" if len(problems) == 1 else f"{len(problems):,} rows cannot be read"
        super().__init__(f"{rows}, and nothing was booked.")


@dataclass(frozen=True)
class Delivered:
    """Rows as they are sent: of which source, under which name, in which form, and how far they reach.

    With `refuse` a row that cannot be read keeps all out, else it waits in quarantine.
    """

    source: str
    data: bytes
    form: str
    file: str = ""
    reach: Reach = Reach()
    refuse: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Received:
    """What became of rows that were sent: the import's counts, and every problem of its rows."""

    report: ImportReport
    problems: list[Problem]


def receive(book: Book, table: str, sent: Delivered) -> Received:
    """Book rows of a table, all or nothing. UnknownNameError for a table that is none or is not to be sent.

    UsageError for a body that cannot be read or a source that is kept for others; FaultyRowsError as `refuse` says.
    """
    from rollforward.sources.canonical import translate_records

    if table not in RECEIVED:
        raise UnknownNameError("table", table, list(RECEIVED))
    if sent.source in KEPT_APART:
        raise UsageError(f"the source {sent.source!r} is kept for rollforward itself. Name another.")
    rows = sent_rows(sent.data, sent.form)
    batch = translate_records(table, rows, source=sent.source, timezone=book.settings.timezone, file=sent.file, first=1)
    if sent.refuse and (faulty := _quarantined(batch)):
        raise FaultyRowsError(faulty)
    report = book.take_in(
        [batch],
        source=sent.source,
        files=[sent.file] if sent.file else [],
        reach=sent.reach,
        dry_run=sent.dry_run,
    )
    # The import finds further faults, such as a key that comes twice; it names the first of all it found.
    known = set(batch.problems)
    return Received(report, [*batch.problems, *(one for one in report.first_problems if one not in known)])


def _quarantined(batch: Batch) -> list[Problem]:
    return [problem for problem in batch.problems if problem.severity == "quarantined"]


__all__ = ["RECEIVED", "Delivered", "FaultyRowsError", "Reach", "Received", "TooManyRowsError", "receive"]
