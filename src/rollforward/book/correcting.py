"""Facts that people enter: a contract that no source has, a correction of a wrong one, and how an entry is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.book.entering import as_given
from rollforward.errors import EntryError, UnknownNameError
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.store import entries

if TYPE_CHECKING:
    from rollforward.book.entering import Desk, Row, Said
    from rollforward.store.entries import Entry

_FACTS = [name for name in TABLES if name not in {table.name for table in ENTRIES}]


def contracted(desk: Desk, terms: Row, said: Said) -> Entry:
    """The terms of an item that no source has."""
    if not str(terms.get("customer") or "").strip():
        raise EntryError("a contract needs a customer (customer=ID).")
    about = " ".join(f"{name}={value}" for name, value in terms.items())
    return desk.enter("contract", about, said, "subscription_items", [terms])


def corrected(desk: Desk, table: str, key: Row, changes: Row, said: Said) -> Entry:
    """A new version of the one record that has the values of a key."""
    if table not in _FACTS:
        raise UnknownNameError("table", table, _FACTS)
    for name in (*key, *changes):
        if name not in (*TABLES[table].names, *(["record"] if name in key else [])):
            raise UnknownNameError("column", name, list(TABLES[table].names))
    if not changes:
        raise EntryError("say what is right instead (COLUMN=VALUE).")
    record = _the_one(desk, table, key)
    former = {name: as_given(record[name]) for name in TABLES[table].names}
    wanted = {**former, **{name: value or None for name, value in changes.items()}}
    if wanted == former:
        raise EntryError("the record says so already.")
    number, made = desk.book(table, [wanted], record["source"])
    if not made:
        raise EntryError("the record says so already.")
    if entries.is_current(desk.connection, record["record"]):
        # The key itself was corrected, so that the new version did not find the former one by it.
        entries.supersede(desk.connection, record["record"], desk.at, made[0])
    entries.correct(desk.connection, made[0], entries.corrected(desk.connection, record["record"]))
    said_of = " ".join(f"{name}={value}" for name, value in key.items())
    told = ", ".join(f"{name} {former[name]} -> {wanted[name]}" for name in changes)
    return desk.write("correct", f"{table} {said_of}: {told}", said, number, made)


def _the_one(desk: Desk, table: str, key: Row) -> Row:
    found = entries.current(desk.connection, table, key)
    said = " ".join(f"{name}={value}" for name, value in key.items()) or "nothing"
    if not found:
        raise EntryError(f"no record of {table} has {said}. Values compare letter by letter; dates are YYYY-MM-DD.")
    if len(found) > 1:
        telling = TABLES[table].key
        shown = "; ".join(" ".join(f"{name}={row[name]}" for name in telling) for row in found[:5])
        raise EntryError(f"{len(found)} records of {table} have {said}. Name more of them: {shown}")
    return found[0]


def undone(desk: Desk, number: int, said: Said) -> Entry:
    """The records of an entry taken back: a correction gives way to what it corrected, the others go."""
    entry = entries.find(desk.connection, number)
    if entry.undone_by:
        raise EntryError(f"entry {number} was undone by entry {entry.undone_by} already.")
    if entry.undoes:
        raise EntryError(f"entry {number} is an undo itself. Make the entry that it undid again instead.")
    if not all(entries.is_current(desk.connection, record) for record in entry.records):
        raise EntryError(f"what entry {number} made was replaced since. Undo the later entries first.")
    tables = [entries.table_of(desk.connection, record) for record in entry.records[:1]]
    undo_import, _ = desk.book((*tables, "exclusions")[0], [], entries.SOURCE, f"(undo of entry {number})")
    made = []
    for record in entry.records:
        made += _taken_back(desk, record, undo_import)
    return desk.write("undo", f"entry {number}: {entry.kind} {entry.about}", said, undo_import, made, number)


def _taken_back(desk: Desk, record: int, number: int) -> list[int]:
    connection = desk.connection
    original = entries.corrected(connection, record)
    if original == record:
        entries.supersede(connection, record, desk.at)
        return []
    again = entries.reinstate(connection, entries.table_of(connection, record), original, desk.at, number)
    entries.supersede(connection, record, desk.at, again)
    return [again]
