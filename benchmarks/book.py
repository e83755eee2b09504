"""The benchmark's book: the demo company at any size, in one currency so that plain SQL can make the same ledger."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from rollforward.book import Book
from rollforward.records.batch import Batch
from rollforward.sources.demo import DemoCompany

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 6, 30)
DRAWN = 1_000_000
"""How many customers are drawn. Of a larger book they are repeated, under ids of their own."""

_IDS = {"customers": ("customer",), "subscription_items": ("customer", "subscription", "item")}


def benchmark_book(folder: Path, customers: int) -> Book:
    """The book of so many customers, made once and kept in `folder`; above a million, a multiple of a million."""
    path = folder / f"book-{customers}"
    if (path / "complete").exists():
        return Book.open(path)
    shutil.rmtree(path, ignore_errors=True)
    if customers > DRAWN:
        _repeated(benchmark_book(folder, DRAWN), path, customers // DRAWN)
        book = Book.open(path)
    else:
        book = Book.create(path, currency="USD", today=TODAY, segments=("plan",))
        book.take_in(_in_dollars(DemoCompany(customers, today=TODAY).batches()), source="demo")
    (path / "complete").touch()
    return book


def _repeated(book: Book, path: Path, times: int) -> None:
    """The customers of a book so many times, with another digit after the first letter of their ids."""
    path.mkdir(parents=True)
    for name in ("book.toml", "book.duckdb"):
        shutil.copy(book.path / name, path / name)
    with duckdb.connect(str(path / "book.duckdb")) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for table, ids in _IDS.items():
            connection.execute(f"CREATE TEMP TABLE once AS SELECT * FROM {table}")
            connection.execute(f"DELETE FROM {table}")
            for number in range(times):
                other = ", ".join(f"{name}[1] || '{number}' || {name}[2:] AS {name}" for name in ids)
                numbered = f"record + {number * 10 * DRAWN} AS record"
                connection.execute(f"INSERT INTO {table} SELECT * REPLACE ({other}, {numbered}) FROM once")
            connection.execute("DROP TABLE once")


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
