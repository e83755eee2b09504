"""What the tests of engines share: books as record tables, results opened, and ledgers side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollforward.book import Book, View
from rollforward.book.cases import book_of, policy_of

if TYPE_CHECKING:
    from pathlib import Path

    from rollforward.policy.policy import Policy

Case = dict[str, Any]
Tables = dict[str, tuple[list[Any], list[Any]]]
"""For each table of a ledger its columns with their types, and its rows in order."""

DUCKDB = "duckdb"
LAYOUT = {"about_ledger"}
BUCKETS = 3


def exported(case: Case, folder: Path) -> tuple[Book, Policy, Path]:
    """A case's book, its policy, and its records as record tables."""
    book, _ = book_of(case)
    records = folder / "records"
    book.write_records(records)
    return book, policy_of(case), records


def built(records: Path, out: Path, engine: str, policy: Any = None, **options: Any) -> Book:
    """The book of a result, built from record tables."""
    view = View(policy=policy, **{name: options.pop(name) for name in ("as_of", "currency") if name in options})
    Book.build_from_records(records, out, engine=engine, view=view, **{"buckets": BUCKETS, **options})
    return Book.open(out)


def tables_of(book: Book, view: View) -> Tables:
    """Every table of a book's ledger, as it stands."""
    found = {}
    with book._ready(view) as (connection, kept):  # noqa: SLF001  every table, which no method gives
        names = [*json.loads(kept.schemas), "set_aside", "sampled_days"]
        for name in names:
            query = f"SELECT * FROM {kept.name}.{name}"
            described = [row[:2] for row in connection.execute(f"DESCRIBE {query}").fetchall()]
            found[name] = (described, connection.execute(f"{query} ORDER BY ALL").fetchall())
        found["hash"] = ([], [(kept.ledger_hash, kept.proofs, kept.dimensions, kept.today, kept.policy_hash)])
    return found


def differences(one: Tables, other: Tables) -> list[str]:
    """Where two ledgers are not the same, bit by bit: in their tables, columns, types or rows."""
    if one.keys() != other.keys():
        return [f"tables: {sorted(one)} and {sorted(other)}"]
    return [
        f"{name}: {[row for row in rows if row not in other[name][1]][:3]} and "
        f"{[row for row in other[name][1] if row not in rows][:3]}"
        for name, (columns, rows) in one.items()
        if (columns, rows) != other[name]
    ]
