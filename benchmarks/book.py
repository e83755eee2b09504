"""The benchmark's book: the demo company at any size, in one currency so that plain SQL can make the same ledger."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from rollforward.book import Book
from rollforward.records.batch import Batch
from rollforward.sources.demo import DemoCompany

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 6, 30)


def benchmark_book(folder: Path, customers: int) -> Book:
    """The book of so many customers, made once and kept in `folder`."""
    path = folder / f"book-{customers}"
    if (path / "complete").exists():
        return Book.open(path)
    shutil.rmtree(path, ignore_errors=True)
    book = Book.create(path, currency="USD", today=TODAY, segments=("plan",))
    book.take_in(_in_dollars(DemoCompany(customers, today=TODAY).batches()), source="demo")
    (path / "complete").touch()
    return book


def _in_dollars(batches: Iterator[Batch]) -> Iterator[Batch]:
    for batch in batches:
        if batch.table == "exchange_rates":
            continue
        if batch.table != "subscription_items":
            yield batch
            continue
        place = batch.rows.schema.get_field_index("currency")
        dollars = pa.array(["USD"] * batch.rows.num_rows)
        yield Batch(batch.table, batch.rows.set_column(place, "currency", dollars), batch.rows_in, batch.problems)
