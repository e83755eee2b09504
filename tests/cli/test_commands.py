"""What commands do beyond what they print."""

import csv
import io
import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from cli.desk import TERMS, count_in_spite_of_quarantine, run
from rollforward.surfaces.cli.listings import SHOWN


def rows_of(ran):
    return list(csv.DictReader(io.StringIO(ran.out)))


@pytest.mark.usefixtures("demo")
def test_quiet_says_the_data_alone():
    loud, quiet = run("mrr", "--book", "demo"), run("mrr", "--book", "demo", "--quiet")
    assert quiet.out == loud.out
    assert quiet.err == ""
    assert loud.err.startswith("policy default@1 (")


@pytest.mark.usefixtures("demo")
def test_the_book_can_be_named_by_the_environment(monkeypatch):
    named = run("mrr", "--book", "demo")
    monkeypatch.setenv("ROLLFORWARD_BOOK", "demo")
    assert run("mrr") == named
    monkeypatch.delenv("ROLLFORWARD_BOOK")
    monkeypatch.chdir("demo")
    assert run("mrr") == named


@pytest.mark.usefixtures("demo")
def test_one_field_twice_means_either_and_the_parts_add_up():
    def closing(*where):
        options = [part for value in where for part in ("--where", f"currency={value}")]
        said = json.loads(run("mrr", "--book", "demo", "--from", "2026-06", "--format", "json", *options).out)
        return Decimal(said["rows"][-1]["closing"])

    assert closing("USD", "EUR") == closing("USD") + closing("EUR")
    assert abs(closing() - sum(closing(code) for code in ("USD", "EUR", "GBP", "JPY"))) < Decimal("1e-8")


@pytest.mark.usefixtures("demo")
def test_a_table_shows_some_lines_and_a_program_gets_every_one():
    shown = run("movements", "--book", "demo")
    every = run("movements", "--book", "demo", "--all")
    assert len(shown.out.splitlines()) == SHOWN + 2
    assert shown.out.splitlines()[2:] == [line for line in shown.out.splitlines() if line.startswith("20")]
    assert [line.split() for line in shown.out.splitlines()[2:]] == [
        line.split() for line in every.out.splitlines()[-SHOWN:]
    ]
    assert f"the latest {SHOWN} of {len(every.out.splitlines()) - 2:,} lines" in shown.err
    assert len(rows_of(run("movements", "--book", "demo", "--format", "csv"))) == len(every.out.splitlines()) - 2
    assert len(rows_of(run("movements", "--book", "demo", "--format", "csv", "--limit", "3"))) == 3


@pytest.mark.usefixtures("demo")
def test_months_and_years_name_their_first_and_last_day():
    days = [
        row["day"]
        for row in rows_of(run("movements", "--book", "demo", "--from", "2025", "--to", "2025-02", "--format", "csv"))
    ]
    assert min(days) >= "2025-01-01"
    assert "2025-02-01" <= max(days) <= "2025-02-28"


def test_known_at_shows_what_was_known_then(desk, monkeypatch):
    run("init", "book", "--currency", "EUR", "--timezone", "Europe/Berlin")
    count_in_spite_of_quarantine("book")
    (desk / "terms.csv").write_text(TERMS, "utf-8")
    monkeypatch.setenv("ROLLFORWARD_NOW", "2026-06-10T21:59:00")
    assert run("import", "terms.csv", "--book", "book", "--yes").status == 0
    (desk / "terms.csv").write_text(TERMS.replace("120.00", "130.00"), "utf-8")
    monkeypatch.setenv("ROLLFORWARD_NOW", "2026-06-10T22:00:00")
    assert "1 change what was known" in run("import", "terms.csv", "--book", "book", "--yes").out

    def closing(*options):
        return rows_of(run("mrr", "--book", "book", "--to", "2026-06", "--format", "csv", "--allow-stale", *options))[
            -1
        ]["closing"]

    monkeypatch.setenv("ROLLFORWARD_NOW", "2026-06-30T12:00:00")
    assert closing() == "180.00"
    # In Berlin the tenth of June ended at 22:00 UTC, and the change came with the eleventh.
    assert closing("--as-of", "2026-06-10") == "170.00"
    assert closing("--as-of", "2026-06-11T00:00") == "180.00"
    assert closing("--as-of", "2026-06-10T21:59:30Z") == "170.00"
    assert closing("--as-of", "2026-06-30") == "180.00"
    assert "is still to come" in run("mrr", "--book", "book", "--as-of", "2026-07-01").err
    assert run("mrr", "--book", "book", "--as-of", "2026-06-01").status == 3


def test_init_writes_what_it_was_told(desk):
    ran = run(
        "init",
        "acme",
        "--currency",
        "eur",
        "--timezone",
        "Europe/Berlin",
        "--fiscal-year-start",
        "4",
        "--today",
        "2026-03",
    )
    assert ran.status == 0
    text = (desk / "acme" / "book.toml").read_text("utf-8")
    for line in ('currency = "EUR"', 'timezone = "Europe/Berlin"', "fiscal_year_start = 4", "today = 2026-03-31"):
        assert line in text.splitlines()


@pytest.mark.usefixtures("desk")
def test_demo_replaces_a_book_only_when_told():
    assert run("demo", "demo", "--customers", "5", "--quiet").status == 0
    assert run("demo", "demo", "--customers", "6").status == 2
    assert run("demo", "demo", "--customers", "6", "--yes", "--quiet").status == 0


@pytest.mark.usefixtures("demo")
def test_export_writes_files_that_add_up(tmp_path):
    ran = run("export", tmp_path, "--book", "demo")
    assert ran.status == 0
    read = {name: list(csv.DictReader((tmp_path / f"{name}.csv").open(encoding="utf-8"))) for name in EXPORTED}
    closing = Decimal(read["rollforward"][-1]["closing"])
    moved = sum(Decimal(row["mrr"]) for row in read["movements"])
    last = sum(Decimal(row["mrr"]) for row in read["customer_months"] if row["month_end"] == "2026-06-30")
    held = sum(Decimal(row["mrr"]) for row in read["accounts"])
    # Each row is rounded to ten decimals when it is written.
    assert all(abs(total - closing) < Decimal("1e-6") for total in (moved, last, held))
    assert run("export", tmp_path, "--book", "demo").status == 2
    assert run("export", tmp_path, "--book", "demo", "--yes").status == 0


EXPORTED = ("rollforward", "movements", "customer_months", "accounts")


@pytest.mark.parametrize("chosen", ["parquet", "xlsx"])
@pytest.mark.usefixtures("demo")
def test_export_has_other_formats(tmp_path, chosen):
    assert run("export", tmp_path / "out", "--book", "demo", "--format", chosen).status == 0
    names = {f"{name}.parquet" for name in EXPORTED} if chosen == "parquet" else {"rollforward.xlsx"}
    assert {file.name for file in (tmp_path / "out").iterdir()} == names
    if chosen == "parquet":
        assert pq.read_table(tmp_path / "out" / "movements.parquet").num_rows > 0


@pytest.mark.usefixtures("demo")
def test_dry_runs_write_nothing(tmp_path):
    assert run("export", tmp_path / "out", "--book", "demo", "--dry-run").status == 0
    assert not (tmp_path / "out").exists()
    ran = run("import", "demo/files/customers.csv", "--book", "demo", "--source", "again", "--dry-run")
    assert "dry run: 60 rows in = 60 booked" in ran.out
    assert "in the 1 import" in run("doctor", "--book", "demo").out


def test_questions_can_be_answered_by_option(desk):
    run("init", "book", "--currency", "EUR")
    count_in_spite_of_quarantine("book")
    without = "\n".join(",".join(line.split(",")[:4] + line.split(",")[5:]) for line in TERMS.splitlines()[:4])
    (desk / "terms.csv").write_text(without + "\n", "utf-8")
    asked = run("import", "terms.csv", "--book", "book", "--yes")
    assert asked.status == 2
    assert "? interval: For which interval are the amounts?" in asked.out
    assert "--set 'interval=...'" in asked.err
    told = run("import", "terms.csv", "--book", "book", "--yes", "--set", "interval=month")
    assert told.status == 0
    assert "3 rows in = 3 booked" in told.out


def test_plans_can_be_priced_word_by_word(desk):
    run("init", "book", "--currency", "EUR", "--today", "2026-06-30")
    count_in_spite_of_quarantine("book")
    (desk / "plans.csv").write_text(
        "customer,plan,start,end\na,Pro,2026-01-01,2027-01-01\nb,Lite,2026-01-01,2027-01-01\n", "utf-8"
    )
    answers = ["--set", "amount.Pro=20", "--set", "amount.Lite=5", "--set", "interval=month", "--set", "currency=EUR"]
    ran = run("import", "plans.csv", "--book", "book", "--yes", *answers, "--set", "status=active")
    assert ran.status == 0, ran
    assert rows_of(run("mrr", "--book", "book", "--format", "csv"))[-1]["closing"] == "25.00"
