"""What a careful reader is told: rows that are in no figure, filters that match nothing, what would be done."""

import csv
import io
import json

import pytest

from cli.desk import TERMS, count_in_spite_of_quarantine, run


@pytest.fixture
def book(desk):
    """A book with four subscriptions, one in quarantine."""
    run("init", "book", "--currency", "EUR", "--today", "2026-06-30")
    count_in_spite_of_quarantine("book")
    (desk / "terms.csv").write_text(TERMS, "utf-8")
    assert run("import", "terms.csv", "--book", "book", "--yes").status == 0
    return desk / "book"


FIGURES = ["mrr", "metrics", "metrics mrr", "movements", "cohorts", "accounts", "export out", "build"]


@pytest.mark.parametrize("command", FIGURES)
@pytest.mark.usefixtures("book")
def test_figures_warn_of_rows_that_are_in_none(command):
    warning = "warning: 1 row is in quarantine; see `rollforward problems --book book`\n"
    assert run(*command.split(), "--book", "book").err.endswith(warning)
    assert run(*command.split(), "--book", "book", "--quiet", *(["--yes"] if "export" in command else [])).err == ""


@pytest.mark.usefixtures("demo")
def test_figures_of_a_book_without_problems_do_not_warn():
    assert "warning" not in run("mrr", "--book", "demo").err


def test_a_mended_file_ends_the_warning(book):
    (book.parent / "terms.csv").write_text(TERMS.replace("fifty", "50"), "utf-8")
    assert run("import", "terms.csv", "--book", "book", "--yes").status == 0
    assert "warning" not in run("mrr", "--book", "book").err


def test_rows_set_aside_are_warned_of_in_the_view_that_sets_them_aside(book):
    (book.parent / "dollars.csv").write_text(TERMS.splitlines()[0] + "\nelba,Pro,9,USD,month,2026-01-01,\n", "utf-8")
    run("import", "dollars.csv", "--book", "book", "--yes")
    assert "1 row is in quarantine and 1 row is set aside; see" in run("mrr", "--book", "book").err
    other = run("mrr", "--book", "book", "--currency", "usd")
    assert "and 3 rows are set aside; see `rollforward problems --book book --currency usd`" in other.err
    nothing = run("mrr", "--book", "book", "--currency", "JPY")
    assert nothing.status == 3
    assert "In JPY, 4 rows are set aside" in nothing.err


@pytest.mark.usefixtures("book")
def test_a_filter_that_matches_nothing_is_told_from_a_zero():
    assert "nothing matches plan=pro;" in run("mrr", "--book", "book", "--where", "plan=pro").err
    assert "nothing matches" not in run("mrr", "--book", "book", "--where", "plan=Pro").err
    assert "no movements" in run("movements", "--book", "book", "--kind", "transfer").err
    assert "no accounts" in run("accounts", "--book", "book", "--search", "nobody").err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("init new --currency eur", "new would be a book in EUR, UTC, under policy default."),
        ("demo new --customers 7 --files", "would make new the book of a company of 7 customers from seed 1"),
        ("build --book book --policy default", "would build a ledger under policy default"),
        ("export new --book book", "would write new/movements.csv: 4 rows"),
        ("import terms.csv --book book", "dry run: 4 rows in = 0 booked + 3 unchanged + 1 quarantined"),
    ],
)
def test_a_dry_run_says_what_would_be_done_and_does_nothing(book, command, said):
    def state():
        return {file: file.read_bytes() for file in book.parent.rglob("*") if file.is_file()}

    run("mrr", "--book", "book")
    before = state()
    ran = run(*command.split(), "--dry-run")
    assert (ran.status, said in ran.out) == (0, True), ran
    assert state() == before
    assert not (book.parent / "new").exists()


@pytest.mark.parametrize(
    "command", ["init book --currency EUR", "init new --currency XXQ", "demo book", "build --policy x"]
)
@pytest.mark.usefixtures("book")
def test_a_dry_run_refuses_what_the_command_would(command):
    real, dry = run(*command.split()), run(*command.split(), "--dry-run")
    assert (dry.status, dry.err) == (real.status, real.err)
    assert real.status != 0


def test_a_demo_takes_the_place_of_no_book_but_a_demo(book):
    before = run("mrr", "--book", "book")
    ran = run("demo", "book", "--yes")
    assert (ran.status, "keeps them" in ran.err) == (2, True)
    assert run("mrr", "--book", book.name) == before


@pytest.mark.usefixtures("demo")
def test_verify_answers_programs_too():
    said = json.loads(run("verify", "holds.json", "--format", "json").out)
    assert (said["subject"], said["stamp"]) == ("verify", None)
    assert said["rows"] == [{"case": "one-customer", "file": "holds.json", "differences": None}]
    ran = run("verify", "holds.json", "differs.json", "--format", "csv")
    assert ran.status == 4
    assert ran.err == "2 cases, 1 differs\n"
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["differences"] for row in rows] == ["", "mrr of 2024-01-31: expected 90, found 100"]


@pytest.mark.usefixtures("demo")
def test_a_bare_year_is_the_fiscal_one_where_periods_are(desk):
    run("init", "book", "--currency", "EUR", "--today", "2026-06-30", "--fiscal-year-start", "4")
    count_in_spite_of_quarantine("book")
    (desk / "terms.csv").write_text(TERMS.replace("2026-01-01", "2024-01-01"), "utf-8")
    run("import", "terms.csv", "--book", "book", "--yes")

    def periods(*options):
        text = run("mrr", "--book", "book", "--format", "csv", *options).out
        return [row["period"] for row in csv.DictReader(io.StringIO(text))]

    assert periods("--every", "year", "--from", "2025", "--to", "2026") == ["FY2025", "FY2026"]
    assert periods("--every", "quarter", "--from", "2026", "--to", "2026") == [f"FY2026-Q{n}" for n in (1, 2, 3, 4)]
    assert periods("--every", "month", "--from", "2026", "--to", "2026")[0] == "2026-01"
    assert periods("--every", "year", "--from", "2025-01", "--to", "2025-12") == ["FY2025", "FY2026"]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("mrr --book terms.csv", 2, "terms.csv is a file, and a book is a folder."),
        ("init terms.csv --currency EUR", 2, "terms.csv is a file"),
        ("export terms.csv --book book", 2, "an export is a folder of files"),
        ("mrr --book book -o mrr.csv --format json", 2, "Leave one of them out."),
        ("mrr --book book --to 9999", 2, "--to '9999' is not a day."),
        ("mrr --book book --limit 0", 2, "See `rollforward mrr --help`."),
        ("problems --book book --severity bad", 2, "'bad' is not one of 'quarantined', 'set aside', 'note'."),
    ],
)
@pytest.mark.usefixtures("book")
def test_what_cannot_be_done_says_so_in_a_sentence(command, status, said):
    ran = run(*command.split())
    assert (ran.status, said in ran.err) == (status, True), ran


@pytest.mark.parametrize("command", [["init", "", "--currency", "EUR"], ["mrr", "--book", ""]])
@pytest.mark.usefixtures("desk")
def test_an_empty_name_is_no_folder(command):
    ran = run(*command)
    assert (ran.status, "the folder's name is empty" in ran.err) == (2, True)


def test_the_command_alone_shows_its_help(desk):
    assert run() == run("--help")
    assert list(desk.iterdir()) == []


def test_a_proposal_names_the_columns_that_it_does_not_read(book):
    first, *rows = TERMS.splitlines()
    more = "\n".join([f"{first},sales person", *(f"{row},Ada" for row in rows)])
    (book.parent / "more.csv").write_text(more + "\n", "utf-8")
    assert "  not read         sales person\n" in run("import", "more.csv", "--book", "book", "--dry-run", "--yes").out
    assert "not read" not in run("import", "terms.csv", "--book", "book", "--dry-run", "--yes").out
