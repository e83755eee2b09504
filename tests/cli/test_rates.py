"""Exchange rates at the command line: the ECB's are booked, one day's are held, what cannot be is said."""

import csv
import io
from decimal import Decimal

import pytest

from cli.desk import run

TERMS = """Customer,Plan,Price,Currency,Interval,Start,End
acme,Pro,120.00,EUR,month,2025-01-15,
bolt,Pro,100.00,GBP,month,2025-02-01,2026-05-01
core,Basic,60000,JPY,year,2025-03-15,
dune,Basic,50,USD,month,2025-04-01,
"""


@pytest.fixture
def sold(desk):
    run("init", "book", "--currency", "USD", "--today", "2026-06-30")
    (desk / "terms.csv").write_text(TERMS, "utf-8")
    assert run("import", "terms.csv", "--book", "book", "--yes").status == 0
    return desk


@pytest.mark.usefixtures("sold")
def test_a_user_meets_the_missing_rates_and_books_them():
    problems = run("problems", "--book", "book").out
    assert problems.count("`rollforward import --ecb --currency USD` (with --from DATE for earlier days)") == 3
    dry = run("import", "--ecb", "--book", "book", "--dry-run")
    booked = run("import", "--ecb", "--book", "book")
    assert (dry.status, booked.status) == (0, 0)
    assert dry.out.splitlines()[1] == f"dry run: {booked.out.splitlines()[1]}"
    assert booked.out.startswith("EUR to USD, GBP to USD, JPY to USD, from 2024-12-25 to ")
    assert "set aside" not in run("mrr", "--book", "book").err
    assert " 0 booked + " in run("import", "--ecb", "--book", "book").out
    found = list(csv.DictReader(io.StringIO(run("mrr", "--book", "book", "--every", "year", "--format", "csv").out)))
    assert all(Decimal(row["exchange"]) != 0 for row in found)


@pytest.mark.usefixtures("sold")
def test_constant_currency_is_read_beside_the_reported():
    run("import", "--ecb", "--book", "book")
    ran = run("mrr", "--book", "book", "--every", "year", "--constant", "2025-12-31")
    head, _, *lines = ran.out.splitlines()
    assert head.split()[-5:] == [
        "closing_constant",
        "exchange_in_closing",
        "growth_rate",
        "growth_rate_constant",
        "rates_of",
    ]
    for line in lines:
        closing, constant, effect = (Decimal(line.split()[place]) for place in (3, 4, 5))
        assert constant + effect == closing
        assert line.endswith("2025-12-31")
    assert "warning" not in ran.err
    early = run("mrr", "--book", "book", "--every", "year", "--constant", "2024-06-28")
    assert "3 rows are set aside that the reported figures hold: no rate of EUR and GBP and JPY is known" in early.err
    assert "`rollforward import --ecb --from 2024-06-28 --book book`" in early.err


@pytest.mark.usefixtures("sold")
def test_the_doctor_says_to_which_day_rates_reach():
    run("import", "--ecb", "--book", "book")
    assert "no rows without an exchange rate; rates reach 2026-06-30" in run("doctor", "--book", "book").out


@pytest.mark.usefixtures("sold")
def test_what_the_ecb_does_not_quote_is_said(sold):
    (sold / "more.csv").write_text(
        "Customer,Plan,Price,Currency,Interval,Start,End\ne,P,12,KWD,month,2025-01-01,\n", "utf-8"
    )
    run("import", "more.csv", "--book", "book", "--yes")
    said = run("import", "--ecb", "--book", "book").out
    assert "not quoted by the ECB from 2024-12-25 on: KWD to USD. Records that need these rates stay set aside" in said


@pytest.mark.usefixtures("sold")
def test_a_currency_that_the_ecb_stopped_quoting_is_said(sold):
    (sold / "more.csv").write_text(
        "Customer,Plan,Price,Currency,Interval,Start,End\ne,P,12,RUB,month,2022-02-01,\n", "utf-8"
    )
    run("import", "more.csv", "--book", "book", "--yes")
    said = run("import", "--ecb", "--book", "book").out
    assert "not quoted after 2022-03-01 since: RUB to USD; that day's rate holds meanwhile" in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "import --book book",
            "nothing to import is named. Name files or folders, or the ECB's exchange rates with --ecb.",
        ),
        ("import terms.csv --ecb --book book", "--ecb reads no files: leave out the files, or --ecb."),
        ("import --ecb --set a=b --book book", "--ecb reads no files: leave out --map, --save-map and --set."),
        ("import terms.csv --currency EUR --book book", "--currency goes with --ecb. Leave it out, or add --ecb."),
        ("import terms.csv --source ecb --yes --book book", "the source 'ecb' is kept for the European Central Bank"),
        ("import terms.csv --source people --yes --book book", "the source 'people' is kept for what people enter"),
        ("mrr --constant 2025 --book book", "--constant '2025' is not a day. Write one such as 2026-01-31."),
        ("mrr --constant 2025-01-01 --by plan --book book", "leave out --by"),
        ("mrr --constant 2026-07-01 --book book", "the book looks up to 2026-06-30"),
    ],
)
@pytest.mark.usefixtures("sold")
def test_what_cannot_be_asked_of_rates_says_why(command, said):
    ran = run(*command.split())
    assert (ran.status, said in ran.err) == (2, True), ran


def test_a_book_in_one_currency_has_nothing_to_do(desk):
    run("init", "book", "--currency", "USD", "--today", "2026-06-30")
    (desk / "terms.csv").write_text(TERMS.replace("EUR", "USD").replace("GBP", "USD").replace("JPY", "USD"), "utf-8")
    run("import", "terms.csv", "--book", "book", "--yes")
    ran = run("import", "--ecb", "--book", "book")
    assert (ran.status, ran.out) == (0, "nothing to do: no record is in another currency than USD\n")
