"""Record tables: what a folder of them has to hold, and what is said of one that lacks it."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.desk import DUCKDB, built, differences, exported, tables_of
from rollforward.book import View
from rollforward.errors import RecordTablesError, UsageError
from test_engine_against_oracle import laid_together, shelf_under

COLUMNS = {
    "record": pa.array([1, 2], pa.int64()),
    "customer": pa.array(["a", "b"]),
    "amount": pa.array([Decimal("10.50"), Decimal(20)], pa.decimal128(10, 2)),
    "currency": pa.array(["USD", "USD"]),
    "interval": pa.array(["month", "year"]),
    "starts": pa.array([date(2024, 1, 1), date(2024, 2, 1)]),
}


def folder_of(tmp_path, table="subscription_items", **changes):
    """A folder with one table, of current records."""
    columns = {name: column for name, column in (COLUMNS | changes).items() if column is not None}
    folder = tmp_path / "records"
    (folder / table).mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / table / "a.parquet")
    return folder


def test_current_records_with_nothing_but_what_is_required_make_a_ledger(engine, tmp_path):
    records = folder_of(tmp_path)
    book = built(records, tmp_path / "out", engine, currency="USD", today=date(2024, 6, 30))
    assert [row[1:] for row in book.annual_movements()] == [("a", "new", 126_000_000), ("b", "new", 20_000_000)]


@pytest.mark.parametrize("name", ["record", "customer", "amount", "currency", "starts"])
def test_a_column_that_is_missing_is_named(name, engine, tmp_path):
    records = folder_of(tmp_path, **{name: None})
    with pytest.raises(RecordTablesError, match=f"the table subscription_items lacks the column {name}: "):
        built(records, tmp_path / "out", engine, currency="USD")
    assert not (tmp_path / "out").exists()


def test_a_table_that_the_policy_counts_is_named_where_it_is_missing(engine, tmp_path):
    records = folder_of(tmp_path)
    (records / "subscription_items").rename(records / "customers")
    with pytest.raises(
        RecordTablesError, match=r"the table subscription_items is missing, which policy default counts"
    ):
        built(records, tmp_path / "out", engine, currency="USD")


def test_a_folder_without_tables_says_what_is_looked_for(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(RecordTablesError, match=r"no record table is there. A folder each is looked for: customers, "):
        built(tmp_path / "records", tmp_path / "out", DUCKDB, currency="USD")


def test_an_amount_that_is_not_exact_is_refused(engine, tmp_path):
    records = folder_of(tmp_path, amount=pa.array([10.5, 20.0]))
    with pytest.raises(RecordTablesError, match="has the column amount as float64, and it has to be decimal"):
        built(records, tmp_path / "out", engine, currency="USD")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interval": pa.array(["month", "fortnight"])}, "record 2 .* cannot count: interval is none of its words"),
        ({"interval": pa.array([None, "year"])}, "record 1 .* interval is missing"),
        ({"customer": pa.array(["a", None])}, "record 2 .* customer is missing"),
        ({"currency": pa.array(["USD", "dollars"])}, "record 2 .* currency is no currency's code"),
        ({"ends": pa.array([date(2023, 1, 1), None])}, "record 1 .* ends is not after starts"),
        ({"record": pa.array([7, 7], pa.int64())}, "record 7 stands 2 times"),
    ],
)
def test_a_row_that_no_ledger_can_be_made_of_is_named(changes, said, engine, tmp_path):
    with pytest.raises(RecordTablesError, match=said):
        built(folder_of(tmp_path, **changes), tmp_path / "out", engine, currency="USD")
    assert not (tmp_path / "out").exists()


def test_records_without_settings_need_a_currency(tmp_path):
    with pytest.raises(UsageError, match=r"no records.toml .* Add --currency CODE"):
        built(folder_of(tmp_path), tmp_path / "out", DUCKDB)


@pytest.mark.parametrize("content", ["a file", "another folder"])
def test_nothing_but_a_former_result_is_replaced(content, tmp_path):
    out = tmp_path / "out"
    if content == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine").write_text("mine")
    with pytest.raises(UsageError, match="no build from record tables wrote it"):
        built(folder_of(tmp_path), out, DUCKDB, currency="USD", replace=True)
    assert out.exists()


def test_a_former_result_is_replaced_when_that_is_asked_for(tmp_path):
    records = folder_of(tmp_path)
    built(records, tmp_path / "out", DUCKDB, currency="USD")
    with pytest.raises(UsageError, match=r"holds the result of a build. Add --replace"):
        built(records, tmp_path / "out", DUCKDB, currency="USD")
    assert built(records, tmp_path / "out", DUCKDB, currency="USD", replace=True).annual_movements()


def test_delta_tables_are_read_as_their_logs_say(engine, tmp_path):
    from deltalake import write_deltalake

    case = laid_together(shelf_under({}, 9))
    book, policy, records = exported(case, tmp_path)
    delta = tmp_path / "delta"
    shutil.copytree(records, delta)
    rows = pq.read_table(records / "subscription_items")
    shutil.rmtree(delta / "subscription_items")
    half = rows.num_rows // 2
    write_deltalake(str(delta / "subscription_items"), _for_delta(rows))
    write_deltalake(str(delta / "subscription_items"), _for_delta(rows.slice(0, half)), mode="overwrite")
    write_deltalake(str(delta / "subscription_items"), _for_delta(rows.slice(half)), mode="append")
    view = View(policy=policy)
    out = built(delta, tmp_path / "out", engine, policy)
    assert differences(tables_of(book, view), tables_of(out, view)) == []


def _for_delta(rows):
    """Rows with their times in UTC, as every Delta table has them."""
    place = rows.schema.get_field_index("recorded_at")
    return rows.set_column(place, "recorded_at", rows["recorded_at"].cast(pa.timestamp("us", "UTC")))


def test_the_export_holds_every_version_and_says_what_was_replaced(tmp_path):
    from rollforward.book import Book
    from rollforward.sources.canonical import translate_records

    book = Book.create(tmp_path / "book", currency="EUR", timezone="Europe/Berlin")
    item = {"customer": "a", "currency": "EUR", "interval": "month", "starts": "2024-01-01"}
    for month, amount in ((1, "10"), (2, "20")):
        batch = translate_records("subscription_items", [{**item, "amount": amount}], source="s", timezone="UTC")
        book.take_in([batch], source="s", recorded_at=datetime(2024, month, 1))  # noqa: DTZ001
    rows = book.write_records(tmp_path / "records")
    assert (rows["subscription_items"], rows["superseded"], rows["imports"]) == (2, 1, 2)
    assert 'currency = "EUR"' in (tmp_path / "records" / "records.toml").read_text("utf-8")
    with pytest.raises(UsageError, match="would be replaced"):
        book.write_records(tmp_path / "records")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(UsageError, match=r"no record tables are in it"):
        book.write_records(tmp_path / "mine", replace=True)
