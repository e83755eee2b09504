"""Integrity: a row changed by hand is found, and named."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from cli.desk import run
from rollforward.book import Book, View
from rollforward.sources.canonical import translate_records

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = {"now": datetime.fromisoformat("2026-05-02T09:00:00")}


def learn(book: Book, *amounts: str):
    rows = [
        {"customer": f"c{n}", "subscription": "s", "item": "i", "amount": amount, "currency": "USD"}
        | {"interval": "month", "starts": "2026-02-01"}
        for n, amount in enumerate(amounts)
    ]
    CLOCK["now"] = CLOCK["now"].replace(minute=CLOCK["now"].minute + 1)
    book.take_in([translate_records("subscription_items", rows, source="billing", timezone="UTC")], source="billing")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Three imports, of which the second replaces the versions of two records, and two closed months."""
    CLOCK["now"] = datetime.fromisoformat("2026-05-02T09:00:00")
    made = Book.create(tmp_path / "book", clock=lambda: CLOCK["now"], currency="USD")
    learn(made, "10", "20", "30")
    learn(made, "10", "25", "35", "no number")
    for month in ("2026-03", "2026-04"):
        made.close(month, by="Ada", view=View(allow_stale=True))
    learn(made, "10", "25", "35", "45")
    made.build()
    return made


def by_hand(book: Book, statement: str, file: str = "book.duckdb"):
    book.let_go()
    with duckdb.connect(str(book.path / file)) as connection:
        connection.execute(statement)


def faults(book: Book) -> list[tuple[str, str]]:
    return [(one.check, one.found) for one in book.audit() if not one.is_whole]


def test_a_book_that_nobody_touched_is_whole(book: Book):
    found = book.audit()
    assert all(one.is_whole for one in found)
    assert [one.check for one in found] == [
        "imports",
        "closes",
        "movements of 2026-03 (close 1)",
        "movements of 2026-04 (close 2)",
        "ledger of default, USD",
    ]
    assert found[0].found.startswith("3 chained, the last ")


COPIED = "INSERT INTO subscription_items BY NAME SELECT * REPLACE ({}) FROM subscription_items WHERE record = 1"

CHANGES: dict[str, tuple[str, str]] = {
    "a price": (
        "UPDATE subscription_items SET amount = 99 WHERE record = 3",
        "import 1, subscription_items: record 3 was changed",
    ),
    "a price as it is read": (
        "UPDATE subscription_items SET whole_charge = whole_charge + 1 WHERE record = 1",
        "import 1, subscription_items: record 1 was changed",
    ),
    "the text a record comes from": (
        "UPDATE subscription_items SET raw = 'other' WHERE record = 5",
        "import 2, subscription_items: record 5 was changed",
    ),
    "a record taken away": (
        "DELETE FROM subscription_items WHERE record = 2",
        "import 1, subscription_items: record 2 is missing",
    ),
    "a record added": (
        COPIED.format("99 AS record, 'cx' AS customer"),
        "import 1, subscription_items: record 99 was added",
    ),
    "a record of no import": (
        COPIED.format("99 AS record, 77 AS import"),
        "subscription_items: record 99 belongs to no import",
    ),
    "a record moved to another import": (
        "UPDATE subscription_items SET import = 3 WHERE record = 1",
        "import 1, subscription_items: record 1 is missing",
    ),
    "several records": (
        "UPDATE subscription_items SET plan = 'pro' WHERE record IN (1, 2)",
        "import 1, subscription_items: rows were changed: 3 were booked, 3 are there",
    ),
    "a version brought back": (
        "DELETE FROM superseded WHERE record = 2",
        "import 2, superseded: record 2 is missing",
    ),
    "a version ended": (
        "INSERT INTO superseded VALUES (1, TIMESTAMP '2026-05-02 09:01:00', NULL)",
        "import 1, superseded: record 1 was added",
    ),
    "a version ended at no import's time": (
        "INSERT INTO superseded VALUES (1, TIMESTAMP '2026-05-02 10:01:00', NULL)",
        "superseded: record 1 belongs to no import",
    ),
    "a time at which a version ended": (
        "UPDATE superseded SET superseded_at = TIMESTAMP '2026-05-02 09:09:00' WHERE record = 3",
        "import 2, superseded: record 3 was changed",
    ),
    "a problem hidden": (
        "DELETE FROM problems",
        "import 2, problems: rows were changed: 1 were booked, 0 are there",
    ),
    "the count of an import": (
        "UPDATE imports SET quarantined = 0 WHERE import = 2",
        "import 2: its row in imports was changed, or one before it was taken away",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_row_of_the_records_changed_by_hand_is_named(book: Book, name: str):
    statement, named = CHANGES[name]
    by_hand(book, statement)
    assert ("imports", named) in faults(book)


def test_an_import_that_was_taken_away_is_missed_by_the_next_one(book: Book):
    by_hand(book, "DELETE FROM subscription_items WHERE import = 1; DELETE FROM imports WHERE import = 1")
    assert ("imports", "import 2: its row in imports was changed, or one before it was taken away") in faults(book)


def test_a_change_is_not_hidden_by_the_next_import(book: Book):
    by_hand(book, "UPDATE subscription_items SET amount = 99 WHERE record = 3")
    learn(book, "10")
    assert ("imports", "import 1, subscription_items: record 3 was changed") in faults(book)


@pytest.mark.parametrize(
    "change", ["figures = replace(figures, '0', '1')", "closed_by = 'Bob'", "known_at = known_at + INTERVAL 1 DAY"]
)
def test_a_close_changed_by_hand_is_named(book: Book, change: str):
    by_hand(book, f"UPDATE closes SET {change} WHERE period = '2026-03'")
    assert ("closes", "close 1 (2026-03): its row was changed") in faults(book)


def test_a_close_that_was_taken_away_is_missed(book: Book):
    by_hand(book, "DELETE FROM closes WHERE close = 1")
    assert ("closes", "close 2 (2026-04): a close before it is missing") in faults(book)


def test_what_was_known_at_a_close_makes_its_movements_again(book: Book):
    by_hand(book, "UPDATE subscription_items SET starts = DATE '2026-03-02' WHERE record = 1")
    checks = [check for check, _ in faults(book)]
    assert "movements of 2026-03 (close 1)" in checks
    assert "movements of 2026-04 (close 2)" not in checks


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            "UPDATE packed_movements SET amount = amount + 1 WHERE account = 'c1'",
            "movements: account c1, day 2026-02-01",
        ),
        ("DELETE FROM packed_movements WHERE account = 'c2'", "movements: account c2, day 2026-02-01"),
        ("UPDATE cube SET amount = amount + 1 WHERE dimension = 'total'", "cube: dimension total, day 2026-02-01"),
        ("UPDATE packed_spans SET annual = annual + 1 WHERE account = 'c3'", "spans: account c3"),
    ],
)
def test_a_ledger_changed_by_hand_differs_from_one_built_anew(book: Book, change: str, named: str):
    (file,) = (book.path / "ledgers").glob("*.duckdb")
    by_hand(book, change, f"ledgers/{file.name}")
    ((check, found),) = faults(book)
    assert check == "ledger of default, USD"
    assert found.startswith(named)


def test_verifying_leaves_the_book_as_it_is(book: Book):
    before = {file.name: file.read_bytes() for file in book.path.rglob("*.duckdb")}
    book.audit()
    assert {file.name: file.read_bytes() for file in book.path.rglob("*.duckdb")} == before


def test_a_book_of_an_older_format_is_chained_when_it_is_migrated(book: Book):
    for table in ("account_links", "transfers", "exclusions", "entries", "corrections", "closes"):
        by_hand(book, f"DROP TABLE {table}")
    for column in ("removed", "complete", "good_to", "carried", "chain"):
        by_hand(book, f"ALTER TABLE imports DROP COLUMN {column}")
    by_hand(book, "UPDATE about SET format_version = 2")
    opened = Book.open(book.path, clock=lambda: CLOCK["now"])
    assert faults(opened) == []
    by_hand(book, "UPDATE subscription_items SET amount = 99 WHERE record = 3")
    assert ("imports", "import 1, subscription_items: record 3 was changed") in faults(opened)


def test_the_command_ends_with_4_where_something_was_changed(book: Book, monkeypatch: Any):
    monkeypatch.setenv("ROLLFORWARD_NOW", "2026-05-03T09:00:00")
    assert run("verify", "--integrity", "--book", book.path).status == 0
    by_hand(book, "UPDATE subscription_items SET amount = 99 WHERE record = 3")
    ran = run("verify", "--integrity", "--book", book.path)
    assert ran.status == 4
    assert "import 1, subscription_items: record 3 was changed" in ran.out


def test_cases_and_integrity_are_verified_apart(book: Book):
    assert run("verify").status == 2
    assert run("verify", "case.json", "--integrity", "--book", book.path).status == 2


def test_what_people_enter_and_undo_is_chained_too(book: Book):
    entry = book.merge("c1", into="c0", reason="one company", by="Ada")
    assert faults(book) == []
    book.undo(entry.entry, reason="it was not", by="Ada")
    assert faults(book) == []
    by_hand(book, "UPDATE entries SET entered_by = 'Bob' WHERE entry = 1")
    assert ("imports", "import 4, entries: record 1 was changed") in faults(book)
