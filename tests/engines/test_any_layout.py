"""A ledger depends on facts alone: not on the order of rows, on files and partitions, on threads, or on buckets."""

from __future__ import annotations

import json
import random
import shutil
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.conftest import sail_server
from engines.desk import DUCKDB, built, differences, exported, tables_of
from rollforward.book import Book, View
from rollforward.records.tables import TABLES
from test_engine_against_oracle import laid_together, shelf_under

if TYPE_CHECKING:
    from pathlib import Path

POLICIES = [
    {"exchange_rate": "service_start"},
    {"basis": "invoices", "exchange_rate": "month_average", "level": "subscription"},
]


def shuffled(records: Path, to: Path, order: random.Random) -> Path:
    """The same record tables with their rows in another order, in several files, some in folders of their own."""
    shutil.copytree(records, to)
    for name in (*TABLES, "superseded"):
        (given,) = (to / name).glob("*.parquet")
        rows = pq.read_table(given)
        given.unlink()
        places = list(range(rows.num_rows))
        order.shuffle(places)
        cuts = sorted({0, rows.num_rows, *(order.randrange(rows.num_rows + 1) for _ in range(4))})
        pieces = [places[first:last] for first, last in pairwise(cuts)] or [[]]
        for number, piece in enumerate(pieces):
            pq.write_table(rows.take(pa.array(piece, pa.int64())), to / name / f"piece-{number}.parquet")
    return to


@pytest.mark.parametrize("number", range(len(POLICIES)))
def test_rows_in_another_order_and_in_other_files_make_the_same_ledger(number, engine, tmp_path):
    case = laid_together(shelf_under(POLICIES[number], 3))
    _, policy, records = exported(case, tmp_path)
    view = View(policy=policy)
    first = tables_of(built(records, tmp_path / "first", engine, policy, buckets=1), view)
    again = shuffled(records, tmp_path / "again", random.Random(number))
    assert differences(first, tables_of(built(again, tmp_path / "second", engine, policy, buckets=5), view)) == []


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_make_no_difference(threads, tmp_path):
    case = laid_together(shelf_under(POLICIES[0], 4))
    book, policy, records = exported(case, tmp_path)
    view = View(policy=policy)
    told = tables_of(book, view)
    out = built(records, tmp_path / "out", DUCKDB, policy, threads=threads)
    assert differences(told, tables_of(out, view)) == []
    with sail_server(threads) as server:
        out = built(records, tmp_path / "spark", server.url, policy)
    assert differences(told, tables_of(out, view)) == []


def test_every_account_lies_in_the_bucket_of_its_name_on_every_engine(engine, tmp_path):
    _, policy, records = exported(laid_together(shelf_under(POLICIES[0], 5)), tmp_path)
    built(records, tmp_path / "out", engine, policy, buckets=4)
    files = str(tmp_path / "out" / "ledger" / "movements" / "**" / "*.parquet")
    found = duckdb.execute(
        "SELECT count(*), count(DISTINCT bucket), bool_and(bucket = CAST('0x' || md5(account)[:4] AS INTEGER) % 4) "
        "FROM read_parquet(?, hive_partitioning = true)",
        [files],
    ).fetchall()[0]
    assert found[0] > 50
    assert found[1:] == (4, True)


def test_what_was_known_then_is_built_from_record_versions(engine, tmp_path):
    book = Book.create(tmp_path / "book", currency="USD")
    item = {"customer": "a", "subscription": "a", "item": "a", "currency": "USD", "interval": "month"}
    item |= {"starts": "2024-01-01", "interval_count": "1"}
    from rollforward.sources.canonical import translate_records

    for year, amount in ((2024, "10"), (2025, "20")):
        batch = translate_records("subscription_items", [{**item, "amount": amount}], source="s", timezone="UTC")
        book.take_in([batch], source="s", recorded_at=datetime(year, 6, 1))  # noqa: DTZ001
    book.write_records(tmp_path / "records")
    then = View(as_of=datetime(2024, 7, 1))  # noqa: DTZ001
    Book.build_from_records(tmp_path / "records", tmp_path / "out", engine=engine, view=then)
    Book.build_from_records(tmp_path / "records", tmp_path / "now", engine=engine)
    assert [row[-1] for row in Book.open(tmp_path / "out").annual_movements(view=then)] == [120_000_000]
    assert [row[-1] for row in Book.open(tmp_path / "now").annual_movements()] == [240_000_000]
    assert differences(tables_of(book, then), tables_of(Book.open(tmp_path / "out"), then)) == []


def test_the_about_file_says_what_it_is(tmp_path):
    book, policy, records = exported(laid_together(shelf_under(POLICIES[0], 6)), tmp_path)
    built(records, tmp_path / "out", DUCKDB, policy)
    about = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    kept = book.ledger(View(policy=policy))
    told = (about["policy_hash"], about["currency"], about["ledger_hash"], list(about["proofs"]), about["engine"])
    assert told == (kept.policy_hash, kept.currency, kept.ledger_hash, kept.proofs, DUCKDB)
