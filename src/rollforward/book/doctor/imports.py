"""Checks of what came in: imports that add up, sources that are new and whole, rows in quarantine, notes."""

from __future__ import annotations

from rollforward.book.doctor.finding import Examined, Finding, counted
from rollforward.book.doctor.uncounted import uncounted
from rollforward.records.tables import TABLES
from rollforward.store import problems

_KNOWN = "($known_at::TIMESTAMP IS NULL OR recorded_at <= $known_at::TIMESTAMP)"
_IMPORTS = f"(SELECT * FROM imports WHERE {_KNOWN})"


def imports(book: Examined) -> Finding:
    """Whether every import's rows are all accounted for, and every booked row is there."""
    known = {"known_at": book.kept.known_at}
    wrong = book.count(f"SELECT count(*) FROM {_IMPORTS} WHERE rows_in <> booked + unchanged + quarantined", **known)
    tables = " UNION ALL ".join(f"SELECT recorded_at FROM {table}" for table in TABLES)
    booked = book.count(f"SELECT sum(booked) FROM {_IMPORTS}", **known)
    there = book.count(f"SELECT count(*) FROM ({tables}) WHERE {_KNOWN}", **known)
    remedy = "Restore the folder from a backup, or make the book anew from its files."
    if wrong or booked != there:
        return Finding("imports", "fails", f"{wrong:,} do not add up; {booked:,} rows booked, {there:,} there", remedy)
    number = book.count(f"SELECT count(*) FROM {_IMPORTS}", **known)
    if not number:
        return Finding("imports", "look", "nothing was imported yet", "Run `rollforward import FILE`.")
    each = "the 1 import" if number == 1 else f"each of {number:,} imports"
    return Finding("imports", "ok", f"rows in = booked + unchanged + quarantined, in {each}")


def sources(book: Examined) -> Finding:
    """Whether the sources that the policy counts are new and whole enough for figures of today."""
    lacks = book.sources.lacks(book.today)
    if not lacks:
        return Finding("sources", "ok", "no source stale or incomplete")
    names = tuple(dict.fromkeys(lack.source.source for lack in lacks))
    return Finding("sources", "look", "; ".join(map(str, lacks)), "See `rollforward sources`.", names)


def quarantine(book: Examined) -> Finding:
    """Rows that were not booked."""
    number = uncounted(book.connection, book.kept.name, book.kept.known_at).quarantined
    return counted("quarantine", number, "rows in quarantine", "See `rollforward problems --severity quarantined`.")


def notes(book: Examined) -> Finding:
    """Rows that were booked and that someone should look at."""
    number = problems.counted(book.connection, "note", book.kept.known_at)
    return counted("notes", number, "rows booked with a note", "See `rollforward problems --severity note`.")
