"""The result of a build from record tables opens as a book: every question has the same answer, and nothing writes."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime

import pytest

import rollforward
from cli.desk import run, sitting_in
from engines.desk import DUCKDB, built
from rollforward.book import Book, View
from rollforward.errors import DamagedError, ReadOnlyError

NOW = datetime(2026, 7, 1)  # noqa: DTZ001


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo company's book, and its records as record tables."""
    folder = tmp_path_factory.mktemp("demo")
    made = Book.demo(folder / "book", customers=60, clock=lambda: NOW)
    made.make(lambda _, __: None)
    book = Book.open(folder / "book", clock=lambda: NOW)
    book.write_records(folder / "records")
    return book, folder / "records"


@pytest.fixture
def result(demo, tmp_path):
    """The book of the result, on the embedded engine."""
    return built(demo[1], tmp_path / "out", DUCKDB)


@pytest.fixture
def desk(tmp_path):
    """A folder to run commands in, with the clock of the demo company."""
    with sitting_in(tmp_path):
        yield


def answers(book):
    start = date(2026, 1, 1)
    return [
        book.rollforward(start=start).rows,
        book.metrics("mrr", "nrr", "grr", "quick_ratio", by="plan", start=start).rows,
        book.metrics("customers", where={"country": ["DE", "US"]}, start=start).rows,
        book.movements(start=start).rows,
        book.accounts().rows,
        book.cohorts(every="quarter").rows,
        book.problems().rows,
        book.sources().rows,
    ]


def test_every_question_has_the_answer_of_the_book(demo, engine, tmp_path):
    book, records = demo
    built(records, tmp_path / "out", engine)
    assert answers(rollforward.open(tmp_path / "out")) == answers(book)


def test_a_cube_by_an_attribute_of_customers_is_the_same(demo, engine, tmp_path):
    records = shutil.copytree(demo[1], tmp_path / "records")
    settings = (records / "records.toml").read_text("utf-8")
    (records / "records.toml").write_text(re.sub("segments = .*", 'segments = ["plan", "industry"]', settings))
    found = built(records, tmp_path / "out", engine)
    assert found.ledger().dimensions == ["plan", "industry", "cohort"]
    told = found.metrics("mrr", "customers", by="industry", start=date(2026, 1, 1)).rows
    assert told == demo[0].metrics("mrr", "customers", by="industry", start=date(2026, 1, 1)).rows


def test_a_number_of_a_result_opens_down_to_its_records(demo, result):
    account = demo[0].movements().to_dicts()[-1]["account"]
    told, expected = (book.explain(account=account, on=date(2026, 6, 30)) for book in (result, demo[0]))
    assert (told.value, told.parts, told.beside) == (expected.value, expected.parts, expected.beside)


@pytest.mark.parametrize(
    "write",
    [
        lambda book: book.take_in([], source="s"),
        lambda book: book.exclude("c0000001", reason="a test", by="me"),
        lambda book: book.close("2026-05", by="me"),
    ],
)
def test_what_would_change_a_result_is_refused(write, result):
    before = sorted(str(path) for path in result.path.rglob("*"))
    with pytest.raises(ReadOnlyError, match="is only read: nothing can be imported into it, entered or closed"):
        write(result)
    assert sorted(str(path) for path in result.path.rglob("*")) == before


def test_a_result_is_copied_and_not_backed_up(result, tmp_path):
    with pytest.raises(
        ReadOnlyError, match=r"a backup is of the records of a book. Copy the folder, and the records in"
    ):
        result.backup(tmp_path / "backup.zip")
    moved = shutil.copytree(result.path, tmp_path / "elsewhere")
    assert rollforward.open(moved).rollforward().rows == result.rollforward().rows


def test_another_ledger_than_the_one_in_it_is_refused_with_what_is_there(result):
    with pytest.raises(
        ReadOnlyError, match=r"the ledger in it is under policy default \(\w+\) in USD.*build --records"
    ):
        result.rollforward(view=View(policy="stripe"))
    with pytest.raises(ReadOnlyError, match="another one is asked for"):
        result.rollforward(view=View(currency="EUR"))


def test_records_that_are_gone_are_named(demo, tmp_path):
    records = shutil.copytree(demo[1], tmp_path / "records")
    book = built(records, tmp_path / "out", DUCKDB)
    shutil.rmtree(records / "customers")
    with pytest.raises(DamagedError, match=r"records/customers is damaged: the table customers, which .* was built of"):
        book.rollforward()


@pytest.mark.parametrize("text", ["SELECT 1; COPY (SELECT 1) TO 'stolen.csv'", "DROP TABLE imports", ""])
def test_an_about_file_can_name_queries_and_nothing_else(text, result):
    about = json.loads((result.path / "result.json").read_text("utf-8"))
    about["stages"]["events"]["query"] = text
    (result.path / "result.json").write_text(json.dumps(about))
    with pytest.raises(DamagedError, match="is not a query"):
        rollforward.open(result.path).rollforward()


def test_an_about_file_that_is_broken_is_told(result):
    (result.path / "result.json").write_text("{")
    with pytest.raises(DamagedError, match="cannot be read as JSON"):
        rollforward.open(result.path)


@pytest.mark.usefixtures("desk")
def test_the_commands_lead_from_a_book_to_a_result_and_its_answers(demo, tmp_path):
    records, out = tmp_path / "records", tmp_path / "out"
    said = run("export", records, "--records", "--book", demo[0].path)
    assert f"wrote {records}/customers: 60 rows" in said.out
    assert run("build", "--records", records, "--out", out, "--dry-run").out.startswith("would build a ledger of the")
    assert not out.exists()
    said = run("build", "--records", records, "--out", out, "--buckets", "2")
    assert said.out.startswith("ledger ")
    assert "proved: foots, kinds, days, cube, levels" in said.out
    assert sorted(path.name for path in (out / "ledger" / "movements").iterdir()) == ["bucket=0", "bucket=1"]
    assert run("mrr", "--book", out).out == run("mrr", "--book", demo[0].path).out
    refused = run("build", "--records", records, "--out", out)
    assert (refused.status, "Add --replace" in refused.err) == (2, True)
    assert run("build", "--records", records, "--out", out, "--replace").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "x"), "go with --records DIR"),
        (("--engine", "sc://localhost:1"), "go with --records DIR"),
        (("--records", "x"), "--records needs --out DIR"),
        (("--records", "x", "--out", "y"), "x is not a folder of record tables"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_options_that_need_others_say_which(arguments, said):
    refused = run("build", *arguments)
    assert (refused.status, said in refused.err) == (2, True), refused.err
