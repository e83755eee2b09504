"""What an import that touches some accounts of a large book costs until its ledger is up to date."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

from book import benchmark_book
from measures import Figure, paired, seconds
from places import FOLDER
from rollforward.book import Book
from rollforward.sources.canonical import translate_records
from rollforward.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

TOUCHED = 1_000
RUNS = 3
_COLUMNS = (
    "customer, subscription, item, plan, product, amount, quantity, currency, interval, interval_count, kind, "
    "status, starts, ends"
)
_LAST_TERMS = f"""
SELECT {_COLUMNS} FROM subscription_items WHERE record IN (
    SELECT max(record) FROM subscription_items
    WHERE kind = 'recurring' AND record NOT IN (SELECT record FROM superseded)
    GROUP BY customer ORDER BY hash(customer || $run) LIMIT $touched)
"""
"""The last terms of customers who are spread over the whole book, others in each run."""


def catching_up_rows(customers: int) -> Iterator[Figure]:
    """An import of new prices of 1,000 customers into a copy of a built book: its ledger changed, to one built anew."""
    book, folder = benchmark_book(FOLDER, customers), FOLDER / "catching-up"
    book.ledger()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(book.path, folder)
    copy = Book.open(folder)
    copy.build()
    runs = iter(range(RUNS + 1))
    _touch(copy, next(runs))
    copy.ledger()

    def changed() -> float:
        _touch(copy, next(runs))
        return seconds(lambda: copy.build(force=False))

    # The first of a pair changes the ledger, the second builds the same one anew: the next change rests on that.
    ours, theirs, ratio = paired(changed, lambda: seconds(copy.build), RUNS)
    yield Figure(
        f"an import that touches {TOUCHED:,} accounts: ledger, cube and proofs up to date, to building anew",
        f"{ours:.2f} s to {theirs:.2f} s, {ratio:.3f} x",
        "within 1 s",
        ours <= 1,
    )
    shutil.rmtree(folder)


def _touch(book: Book, run: int) -> None:
    with Database(book.path).reading() as connection:
        found = connection.execute(_LAST_TERMS, {"run": str(run), "touched": TOUCHED}).fetchall()
    names = _COLUMNS.split(", ")
    rows = [
        {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in found
    ]
    dearer = [{**row, "amount": str(Decimal(str(row["amount"])) + 1)} for row in rows]
    book.take_in([translate_records("subscription_items", dearer, source="demo", timezone="UTC")], source="demo")
