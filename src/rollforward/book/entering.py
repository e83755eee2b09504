"""Entering: what people put into a book themselves. Every entry is a record with a reason, and can be undone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rollforward.book.kept import Kept
from rollforward.book.view import View
from rollforward.errors import EntryError
from rollforward.records.tables import TABLES
from rollforward.results import Cell, Result, ResultColumn, column
from rollforward.store import entries
from rollforward.store.entries import SOURCE, Entry
from rollforward.store.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import duckdb


Row = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Why something is entered, and by whom."""

    reason: str
    by: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise EntryError("an entry needs a reason: say why, so that others can follow it later (--reason TEXT).")
        if not self.by.strip():
            raise EntryError("an entry needs to say who makes it (--by NAME).")


@dataclass(frozen=True)
class Desk:
    """Where entries are made: the book's connection for writing, and the moment."""

    connection: duckdb.DuckDBPyConnection
    at: datetime
    timezone: str
    table: str
    """The table that the book's policy counts."""
    today: date
    """The last day that the book looks at."""

    def enter(self, kind: str, about: str, said: Said, table: str, rows: Sequence[Row]) -> Entry:
        """Book rows as records of people, and write down what they are about."""
        rows = [{**row, **_signed(table, said)} for row in rows]
        number, records = self.book(table, rows, SOURCE)
        return self.write(kind, about, said, number, records)

    def write(
        self, kind: str, about: str, said: Said, number: int, records: list[int], undoes: int | None = None
    ) -> Entry:
        """Write an entry down."""
        return entries.add(
            self.connection,
            kind,
            about,
            reason=said.reason.strip(),
            by=said.by.strip(),
            at=self.at,
            number=number,
            records=records,
            undoes=undoes,
        )

    def book(self, table: str, rows: Sequence[Row], source: str, file: str = "(entered)") -> tuple[int, list[int]]:
        """Book rows of a source that a person enters: the import's number, and the records.

        `file` says in the list of imports what stands in the place of a file.
        """
        from rollforward.sources.canonical import translate_records

        given = [{name: as_given(value) for name, value in row.items()} for row in rows]
        batch = translate_records(table, given, source=source, timezone=self.timezone, file=file)
        if refused := [problem for problem in batch.problems if problem.severity == "quarantined"]:
            first = refused[0]
            raise EntryError(f"{first.field} {first.value!r}: {first.reason}. {_without_map(first.remedy)}")
        intake = Intake(self.connection, source, self.at, by_people=True)
        intake.add(batch)
        number = intake.finish([file], "").number
        return number, entries.made_by(self.connection, table, number)

    def require_customer(self, customer: str) -> None:
        """EntryError for a customer that no record names."""
        if not entries.is_customer(self.connection, customer):
            near = entries.customers_like(self.connection, customer)
            hint = f"Did you mean {' or '.join(near)}?" if near else "The book has no customers yet."
            raise EntryError(f"no record names a customer {customer!r}. {hint}")

    def links(self, **key: str) -> list[Row]:
        """The links that hold, of a customer or to an account."""
        return entries.current(self.connection, "account_links", key)

    def former(self, customer: str) -> str | None:
        """The customer that a transfer says it carries on."""
        found = entries.current(self.connection, "transfers", {"customer": customer})
        return found[0]["from_customer"] if found else None


def _without_map(remedy: str) -> str:
    """What to do about a value that a person enters: entries have no map that could say how to read it."""
    kept = [part for part in re.split(r"; |, or ", remedy) if "the map" not in part]
    said = ", or ".join(kept) or "write it in its plain form, such as 1234.56, 2026-06-30 or USD"
    return f"{said[0].upper()}{said[1:]}."


def as_given(value: Any) -> Any:  # noqa: ANN401  a cell of any table
    """A stored cell as a canonical record says it."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return [{name: as_given(part) for name, part in one.items() if part is not None} for one in value] or None
    return value


def _signed(table: str, said: Said) -> Row:
    names = TABLES[table].names
    return {name: value for name, value in (("reason", said.reason), ("entered_by", said.by)) if name in names}


class Entering(Kept):
    """The side of a book on which people enter facts."""

    def entries(self) -> list[Entry]:
        """What people entered, in order, with what was undone."""
        with self._sharing() as connection:
            return list(self._database.memory_of(connection).recall("entries", lambda: entries.listed(connection)))

    def merge(
        self,
        *customers: str,
        into: str,
        start: date | None = None,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> Entry:
        """Let customers count for one account: from a day on, or from the beginning.

        From a day on, their MRR of that day is a `transfer` to the account. Customers that already count for one of
        them come along. EntryError for a customer that no record names, or one that would count in a circle.
        """
        from rollforward.book.merging import merged

        return self._enter(lambda desk: merged(desk, customers, into, start, Said(reason, by)), dry_run=dry_run)

    def transfer(
        self,
        customer: str,
        *,
        from_customer: str,
        day: date | None = None,
        drop_earlier: bool = False,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> Entry:
        """Say that a customer carries another one on, such as one that was moved to another billing system.

        From `day` (the first day of its records) only its records count, before only the former ones; a gap between
        is filled, so that nothing churns and nothing is new. EntryError for a day after the book's today, and for one
        after the first day of its records, unless `drop_earlier` says that what it had before counts nowhere.
        """
        from rollforward.book.merging import transferred

        return self._enter(
            lambda desk: transferred(desk, customer, from_customer, day, Said(reason, by), drop_earlier=drop_earlier),
            dry_run=dry_run,
        )

    def exclude(self, *customers: str, reason: str, by: str, dry_run: bool = False) -> Entry:
        """Take customers out of every figure, such as test accounts."""
        from rollforward.book.merging import excluded

        return self._enter(lambda desk: excluded(desk, customers, Said(reason, by)), dry_run=dry_run)

    def add_contract(self, terms: Mapping[str, Any], *, reason: str, by: str, dry_run: bool = False) -> Entry:
        """Book the terms of a subscription item that no source has, in the columns of subscription_items."""
        from rollforward.book.correcting import contracted

        return self._enter(lambda desk: contracted(desk, dict(terms), Said(reason, by)), dry_run=dry_run)

    def correct(
        self,
        table: str,
        key: Mapping[str, Any],
        changes: Mapping[str, Any],
        *,
        reason: str,
        by: str,
        dry_run: bool = False,
    ) -> Entry:
        """Correct a wrong fact: the one record of a table that has the values of `key` gets those of `changes`.

        The correction holds until the source says something else than it did.
        """
        from rollforward.book.correcting import corrected

        return self._enter(
            lambda desk: corrected(desk, table, dict(key), dict(changes), Said(reason, by)), dry_run=dry_run
        )

    def undo(self, entry: int, *, reason: str, by: str, dry_run: bool = False) -> Entry:
        """Undo an entry, by another one; EntryError if it is undone already or later ones rest on it."""
        from rollforward.book.correcting import undone

        return self._enter(lambda desk: undone(desk, entry, Said(reason, by)), dry_run=dry_run)

    def _enter(self, make: Callable[[Desk], Entry], *, dry_run: bool) -> Entry:
        with self._database.writing(kept=not dry_run) as connection:
            now = self._clock()
            return make(Desk(connection, now, self.settings.timezone, self._counted_table(), self.today()))

    def entry_list(self) -> Result:
        """What people entered, as a table: entry, kind, about, reason, by, at (UTC), undone by."""
        kept = self.entries()
        with self._sharing() as connection:
            stamp = self._stamp_of(connection, self.policy(), View(), "", self.today())
        rows: list[tuple[Cell, ...]] = [
            (
                one.entry,
                one.kind,
                one.about,
                one.reason,
                one.entered_by,
                f"{one.recorded_at:%Y-%m-%d %H:%M}",
                one.undone_by,
            )
            for one in kept
        ]
        kinds = {"entry": "count", "undone_by": "count"}
        names = ("entry", "kind", "about", "reason", "by", "at", "undone_by")
        columns = tuple(ResultColumn(name, kinds.get(name, "text")) for name in names)  # type: ignore[arg-type]
        return Result("entries", columns, stamp, "", lambda: rows)

    def likely(self, *, view: View = View()) -> Result:
        """Customers that may be one, or may have moved: kind, customer, other, evidence, and the command for it."""
        from rollforward.book.likely import likely, people_of

        with self._ready(view) as (connection, kept):
            found = likely(people_of(connection, kept.name))
            stamp = self._stamp(connection, kept, view)
        rows: list[tuple[Cell, ...]] = [(one.kind, one.customer, one.other, one.evidence, one.command) for one in found]
        columns = tuple(column(name, "text") for name in ("kind", "customer", "other", "evidence", "command"))
        return Result("likely", columns, stamp, "", lambda: rows)

    def has_names(self, *, view: View = View()) -> bool:
        """Whether any customer has a name or an e-mail address of its own, by which `likely` compares."""
        from rollforward.book.likely import people_of

        with self._ready(view) as (connection, kept):
            return any(person.name or person.domain for person in people_of(connection, kept.name))
