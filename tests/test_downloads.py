"""Downloads: what a person opens in a spreadsheet runs nothing, and a number stays a number."""

import csv
import io
import tempfile
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from rollforward.formats import DOWNLOADS, Answer, csv_text
from rollforward.listing import Listing
from rollforward.results import FORMULA, ResultColumn, Stamp, harmless

STAMP = Stamp("default", "0" * 12, "USD", "UTC", date(2026, 6, 30), None, None, "0" * 12)
COLUMNS = (ResultColumn("name", "text"), ResultColumn("mrr", "money"), ResultColumn("day", "day"))
HOSTILE = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1", '="a"&"b"', "x\r=1"]

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.builds(str.__add__, st.sampled_from([*FORMULA]), st.text()),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
).filter(lambda text: "\x00" not in text)


def rows_of(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def listing_of(names):
    """A listing with an account of each name."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE kept (name VARCHAR, mrr DECIMAL(38, 10), day DATE)")
    for name in names:
        connection.execute("INSERT INTO kept VALUES (?, -12.5, '2026-06-30')", [name])
    sql = "SELECT * FROM kept ORDER BY rowid"
    return Listing("movements", COLUMNS, STAMP, sql, list, None, lambda said: connection.execute(said).fetchall())


@given(texts)
def test_no_text_of_a_download_can_be_a_formula(name):
    _, (read, mrr, day) = rows_of(DOWNLOADS["csv"](Answer("x", COLUMNS, [(name, Decimal("-12.5"), None)], STAMP)))
    assert not read.lstrip(" ").startswith(tuple(FORMULA))
    assert read.removeprefix("'") == name.removeprefix("'")
    assert (mrr, day) == ("-12.50", "")


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_download_has_the_rows_it_had_whatever_the_texts_hold(names):
    answer = Answer("x", COLUMNS, [(name, Decimal(1), None) for name in names], STAMP)
    assert [row[0] for row in rows_of(csv_text(answer))[1:]] == names
    assert len(rows_of(DOWNLOADS["csv"](answer))) == len(names) + 1


@settings(max_examples=20, deadline=None)
@given(st.lists(texts, min_size=1, max_size=5))
def test_a_listing_makes_its_texts_as_harmless_as_an_answer_does(names):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "movements.csv"
        assert listing_of(names).copy(file, for_spreadsheets=True) == len(names)
        assert rows_of(file.read_bytes())[1:] == [[harmless(name), "-12.5000000000", "2026-06-30"] for name in names]


def test_the_command_line_writes_texts_as_they_are(tmp_path):
    answer = Answer("x", COLUMNS, [("=1+1", Decimal(1), None)], STAMP)
    assert rows_of(csv_text(answer))[1][0] == "=1+1"
    listing_of(["=1+1"]).copy(tmp_path / "m.csv")
    assert rows_of((tmp_path / "m.csv").read_bytes())[1][0] == "=1+1"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_holds_texts_and_no_formula(name):
    columns = (ResultColumn(name, "text"), ResultColumn("mrr", "money"))
    data = DOWNLOADS["xlsx"](Answer("x", columns, [(name, Decimal(-1))], STAMP))
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("x").to_python()
    assert b"<f>" not in b"".join(sheets_of(data))
    assert rows[1][1] == -1


def sheets_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist() if "worksheets" in name]


def test_a_column_called_after_a_customers_own_field_is_harmless_too():
    columns = (ResultColumn("=1+1", "text"), ResultColumn("mrr", "money"))
    assert rows_of(DOWNLOADS["csv"](Answer("x", columns, [], STAMP)))[0] == ["'=1+1", "mrr"]


def test_the_largest_rows_of_a_listing_are_gains_and_losses_alike():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE kept AS FROM (VALUES ('a', 5.0), ('b', -7.0), ('c', 1.0)) kept(name, mrr)")
    listing = Listing(
        "movements", COLUMNS[:2], STAMP, "FROM kept", list, None, lambda said: connection.execute(said).fetchall()
    )
    assert [name for name, _ in listing.largest("mrr", 2)] == ["b", "a"]
