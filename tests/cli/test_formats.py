"""Formats: what people read foots, what programs read is exact, and every format reads back."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from cli.desk import run
from rollforward.formats import Answer, cells, csv_text, exact_text, footed, is_percent, json_text, markdown, table
from rollforward.results import ResultColumn, Stamp

amounts = st.decimals(min_value="-1e12", max_value="1e12", places=10)
losses = {"contraction", "churn", "left"}


@st.composite
def rows(draw):
    """A roll-forward row as the book gives it: exact, footing, with losses positive."""
    signs = draw(st.lists(st.sampled_from([1, -1]), min_size=1, max_size=8))
    moved = [draw(amounts) for _ in signs]
    opening = draw(amounts)
    closing = opening + sum(sign * amount for sign, amount in zip(signs, moved, strict=True))
    return [opening, *moved, closing], signs


@given(rows(), st.sampled_from([0, 2, 3]))
def test_a_rounded_row_foots_and_no_amount_moves_far(row, decimals):
    exact, signs = row
    opening, *moved, closing = footed(exact, signs, decimals)
    assert opening + sum(sign * amount for sign, amount in zip(signs, moved, strict=True)) == closing
    unit = Decimal(1).scaleb(-decimals)
    assert abs(opening - exact[0]) <= unit / 2
    assert abs(closing - exact[-1]) <= unit / 2
    shifted = [abs(shown - amount) for shown, amount in zip(moved, exact[1:-1], strict=True)]
    assert sum(shift > unit / 2 for shift in shifted) <= 1, "the residue is laid on one movement"
    assert max(shifted) <= unit * (len(signs) + 3) / 2
    assert all(amount == amount.quantize(unit) for amount in moved)


def test_the_residue_is_laid_on_the_largest_movement():
    thirds = [
        Decimal(0),
        Decimal("33.3333333333"),
        Decimal("66.6666666667"),
        Decimal("-0.0050000000"),
        Decimal("99.995"),
    ]
    assert footed(thirds, [1, 1, 1], 2) == [Decimal(text) for text in ("0.00", "33.33", "66.68", "-0.01", "100.00")]


@pytest.mark.usefixtures("demo")
def test_printed_rows_of_the_demo_foot():
    ran = run("mrr", "--book", "demo", "--by", "country", "--format", "md")
    names, _, *lines = [line.strip("|\n ").split(" | ") for line in ran.out.splitlines()]
    for line in lines:
        row = {name: Decimal(text.replace(",", "")) for name, text in zip(names[2:], line[2:], strict=True)}
        moved = sum(-amount if name in losses else amount for name, amount in row.items() if name not in ENDS)
        assert row["opening"] + moved == row["closing"]


ENDS = {"opening", "closing"}

STAMP = Stamp("default", "abc", "JPY", "UTC", date(2026, 1, 31), None, None, "def")
MIXED = Answer(
    "accounts",
    tuple(
        ResultColumn(name, kind)
        for name, kind in (
            ("name", "text"),
            ("mrr", "money"),
            ("nrr", "ratio"),
            ("quick_ratio", "ratio"),
            ("n", "count"),
        )
    ),
    [
        ("a|b\x1b[31m\nc", Decimal("1234.5000000000"), Decimal("1.0449"), Decimal("2.005"), 1234),
        ("日本", None, None, None, None),
        ("zero", Decimal("-0.4"), Decimal("-0.0001"), Decimal(0), 0),
    ],
    STAMP,
)


def test_people_read_rounded_figures_and_an_unknown_is_a_dash():
    assert cells(MIXED) == [
        ["a|b [31m c", "1,235", "104.5 %", "2.01", "1,234"],
        ["日本", "–", "–", "–", "–"],  # noqa: RUF001
        ["zero", "0", "0.0 %", "0.00", "0"],
    ]


def test_a_table_is_aligned_by_what_a_terminal_shows():
    lines = table(MIXED).decode().splitlines()
    assert lines[0] == "name          mrr      nrr  quick_ratio      n"
    assert lines[3] == "日本            –        –            –      –"  # noqa: RUF001


def test_markdown_keeps_its_cells():
    assert r"| a\|b [31m c | 1,235 |" in markdown(MIXED).decode()


def test_json_is_exact_and_unknown_is_null():
    said = json.loads(json_text(MIXED))
    assert said["subject"] == "accounts"
    assert said["stamp"]["currency"] == "JPY"
    assert said["rows"][0] == {
        "name": "a|b\x1b[31m\nc",
        "mrr": "1234.5",
        "nrr": "1.0449",
        "quick_ratio": "2.005",
        "n": 1234,
    }
    assert list(said["rows"][1].values()) == ["日本", None, None, None, None]


def test_csv_is_exact_and_unknown_is_empty():
    names, first, second, _ = csv.reader(io.StringIO(csv_text(MIXED).decode(), newline=""))
    assert names == MIXED.names
    assert first == ["a|b\x1b[31m\nc", "1234.5", "1.0449", "2.005", "1234"]
    assert second == ["日本", "", "", "", ""]


@given(st.decimals(min_value="-1e15", max_value="1e15", places=10), st.sampled_from([0, 2, 3]))
def test_exact_text_reads_back(value, least):
    text = exact_text(value, least)
    assert Decimal(text) == value
    assert len(text.partition(".")[2]) >= least
    assert "E" not in text


def test_rates_are_percentages_and_the_quick_ratio_is_not():
    percents = ["growth_rate", "customer_churn_rate", "nrr", "nrr_12m", "grr_6m", "cmgr", "month_3", "year_0"]
    assert all(is_percent(name) for name in percents)
    assert not any(is_percent(name) for name in ("quick_ratio", "mrr", "month", "rate"))


@pytest.fixture
def exact_rows(demo):  # noqa: ARG001  the folder to sit in
    said = json.loads(run("mrr", "--book", "demo", "--every", "quarter", "--format", "json").out)
    return [
        {name: value if name == "period" else Decimal(value) for name, value in row.items()} for row in said["rows"]
    ]


@pytest.mark.usefixtures("demo")
def test_csv_reads_back_as_json_does(exact_rows):
    text = run("mrr", "--book", "demo", "--every", "quarter", "--format", "csv").out
    assert [
        {n: v if n == "period" else Decimal(v) for n, v in row.items()} for row in csv.DictReader(io.StringIO(text))
    ] == exact_rows


@pytest.mark.usefixtures("demo")
def test_parquet_reads_back_with_its_stamp(exact_rows, tmp_path):
    piped = run("mrr", "--book", "demo", "--every", "quarter", "--format", "parquet").raw
    assert run("mrr", "--book", "demo", "--every", "quarter", "--output", tmp_path / "mrr.parquet").out == ""
    for read in (pq.read_table(io.BytesIO(piped)), pq.read_table(tmp_path / "mrr.parquet")):
        assert read.to_pylist() == exact_rows
        assert read.schema.metadata[b"rollforward.currency"] == b"USD"


@pytest.mark.usefixtures("demo")
def test_a_workbook_reads_back(exact_rows, tmp_path):
    assert run("mrr", "--book", "demo", "--every", "quarter", "--output", tmp_path / "mrr.xlsx").status == 0
    book = python_calamine.load_workbook(str(tmp_path / "mrr.xlsx"))
    names, *lines = book.get_sheet_by_name("rollforward").to_python()
    assert names == list(exact_rows[0])
    assert [line[0] for line in lines] == [row["period"] for row in exact_rows]
    # A worksheet holds binary fractions, so that it is compared at the currency's places.
    assert [round(Decimal(line[-1]), 2) for line in lines] == [round(row["closing"], 2) for row in exact_rows]
    assert ["currency", "USD"] in book.get_sheet_by_name("stamp").to_python()


@pytest.mark.parametrize("ending", ["json", "csv", "md", "txt"])
@pytest.mark.usefixtures("demo")
def test_a_file_holds_what_stdout_would(tmp_path, ending):
    chosen = {"txt": "table"}.get(ending, ending)
    printed = run("metrics", "--book", "demo", "--every", "year", "--format", chosen)
    written = run("metrics", "--book", "demo", "--every", "year", "--output", tmp_path / f"answer.{ending}")
    assert (written.status, written.out, written.err) == (0, "", printed.err)
    assert (tmp_path / f"answer.{ending}").read_bytes() == printed.raw


@pytest.mark.parametrize("command", ["mrr", "metrics", "movements", "cohorts", "accounts", "problems", "doctor"])
@pytest.mark.usefixtures("demo")
def test_every_answer_has_every_format(tmp_path, command):
    for ending in ("json", "csv", "md", "txt", "parquet", "xlsx"):
        ran = run(command, "--book", "demo", "--output", tmp_path / f"answer.{ending}")
        assert ran.status == 0, ran
    assert json.loads((tmp_path / "answer.json").read_bytes())["stamp"]["policy"] == "default"
