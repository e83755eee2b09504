"""The demo company: its truth, held against its rows day by day, and the promises it makes about them."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pyarrow.parquet as pq
import pytest

from rollforward.book import Book, View
from rollforward.calendar import FOREVER
from rollforward.errors import UsageError
from rollforward.records.batch import arrow_schema
from rollforward.records.tables import TABLES
from rollforward.sources.demo import DemoCompany, events
from rollforward.sources.demo.account import Account, Discount
from rollforward.sources.demo.catalogue import Segment
from rollforward.sources.demo.rows import items_table
from rollforward.sources.demo.truth import Tally

NOW = datetime(2026, 7, 1)  # noqa: DTZ001 - a book's clock has no zone: it is in UTC
DAY = timedelta(days=1)
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")


def rows_of(company, table):
    return [row for batch in company.batches() if batch.table == table for row in batch.rows.to_pylist()]


@pytest.fixture(scope="module")
def company():
    return DemoCompany(customers=150)


@pytest.fixture(scope="module")
def items(company):
    return rows_of(company, "subscription_items")


# --- an oracle that shares no code with the simulation: each day, each row, each discount ---


def mrr_of_row(row, day):
    if row["kind"] != "recurring" or row["status"] not in {"active", "past_due"}:
        return Fraction(0)
    if not row["starts"] <= day < (row["ends"] or FOREVER):
        return Fraction(0)
    months = {"month": 1, "year": 12}[row["interval"]] * row["interval_count"]
    mrr = Fraction(row["amount"]) * Fraction(row["quantity"]) / months
    for discount in row["discounts"]:
        if discount["starts"] <= day < (discount["ends"] or FOREVER):
            mrr *= 1 - Fraction(discount["percent"]) / 100
    return mrr


def kind_of(before, after, paid_before):
    if before == 0:
        return "reactivation" if paid_before else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def movements_of_customer(rows, first, today):
    """The days, kinds and amounts of one customer, found by looking at every day."""
    before, paid_before, day = Fraction(0), False, first
    while day <= today:
        after = sum((mrr_of_row(row, day) for row in rows), Fraction(0))
        if after != before:
            yield day, kind_of(before, after, paid_before), abs(after - before)
            paid_before = True
        before = after
        day += DAY


def movements_at_changes(rows, today):
    """The same, looking only at the days on which some row or discount begins or ends: nothing moves on others."""
    ranges = [*rows, *(discount for row in rows for discount in row["discounts"])]
    days = {day for it in ranges for day in (it["starts"], it["ends"]) if day is not None and day <= today}
    before, paid_before = Fraction(0), False
    for day in sorted(days):
        after = sum((mrr_of_row(row, day) for row in rows), Fraction(0))
        if after != before:
            yield day, kind_of(before, after, paid_before), abs(after - before)
            paid_before = True
        before = after


def by_customer(items):
    groups = defaultdict(list)
    for row in items:
        groups[row["customer"]].append(row)
    return groups


def months_by_looking(items, movements_of):
    amounts, counts = defaultdict(Fraction), defaultdict(int)
    for rows in by_customer(items).values():
        for day, kind, amount in movements_of(rows):
            key = f"{day:%Y-%m}", rows[0]["currency"], kind
            amounts[key] += amount
            counts[key] += 1
    return amounts, counts


def closing_by_looking(items, month_end, currency):
    totals = [
        sum((mrr_of_row(row, month_end) for row in rows), Fraction(0))
        for rows in by_customer(items).values()
        if rows[0]["currency"] == currency
    ]
    return sum(totals, Fraction(0)), sum(total > 0 for total in totals)


def month_end(label):
    year, month = map(int, label.split("-"))
    return date(year + month // 12, month % 12 + 1, 1) - DAY


@pytest.mark.parametrize(
    "company",
    [
        DemoCompany(150),
        DemoCompany(60, seed=7, today=date(2024, 2, 29)),
        DemoCompany(60, seed=8, today=date(2025, 1, 1)),
    ],
    ids=["usual", "leap day", "first of a month"],
)
def test_the_truth_is_what_the_rows_say_when_every_day_is_looked_at(company):
    items, truth = rows_of(company, "subscription_items"), company.truth()
    same_movements(truth, items, lambda rows: movements_of_customer(rows, company.first, company.today))
    for line in truth.months:
        closing, customers = closing_by_looking(items, min(month_end(line.month), company.today), line.currency)
        assert (line.month, line.closing, line.customers) == (line.month, closing, customers)


def same_movements(truth, items, movements_of):
    amounts, counts = months_by_looking(items, movements_of)
    for line in truth.months:
        for kind in KINDS:
            key = line.month, line.currency, kind
            assert (key, getattr(line, kind), line.counts[kind]) == (key, amounts[key], counts[key])


@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_of_many_is_what_the_rows_say_when_every_change_is_looked_at(seed):
    company = DemoCompany(5000, seed=seed)
    items = rows_of(company, "subscription_items")
    same_movements(company.truth(), items, lambda rows: movements_at_changes(rows, company.today))


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: event.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_on_the_day_a_discount_ends_the_truth_has_both(event, seed):
    first, today = date(2024, 1, 1), date(2024, 12, 31)
    rows, tally = [], Tally(first, today)
    account = Account(1, Random(seed).random, Segment("Small", ("Team",), 0), "USD", rows, tally)
    begun = date(2024, 2, 1).toordinal()
    item = events.subscribe(account, "Team", begun)
    item.give(Discount(50, begun, begun + 60))
    account.book(begun)
    account.advance(begun + 60)
    event(account, begun + 60)
    if account.items:
        account.advance(today.toordinal() + 1)
        account.write_open()
    same_movements(
        tally.truth(), items_table(rows, 1).to_pylist(), lambda rows: movements_of_customer(rows, first, today)
    )


def test_committed_mrr_is_what_the_rows_say_of_a_far_day(company, items):
    for currency, committed in company.truth().committed.items():
        assert committed == closing_by_looking(items, date(2100, 1, 1), currency)[0]


def test_the_roll_forward_foots_and_chains():
    truth = DemoCompany(400, seed=3).truth()
    for line in truth.months:
        assert (
            line.opening + line.new + line.expansion + line.reactivation - line.contraction - line.churn == line.closing
        )
    for before, after in pairwise(truth.months):
        if before.currency == after.currency:
            assert before.closing == after.opening
        else:
            assert after.opening == 0


def test_it_tells_of_everything_that_can_happen():
    truth = DemoCompany(2000).truth()
    figures = truth.figures
    assert all(getattr(figures, name) > 0 for name in figures.__slots__)
    assert all(truth.count(kind) > 0 for kind in KINDS)
    assert 5 <= figures.rows / figures.customers <= 6
    assert truth.month("2026-06", "USD").customers > truth.month("2025-06", "USD").customers
    assert {line.currency for line in truth.last} == {"USD", "EUR", "GBP", "JPY"}


def test_it_describes_itself_with_its_figures():
    truth = DemoCompany(300).truth()
    text = truth.describe()
    assert "\n" not in text
    assert f"{truth.count('reactivation'):,} times" in text
    assert f"{truth.figures.rows:,} rows" in text


def test_truth_first_or_batches_first_is_the_same():
    one, other = DemoCompany(80), DemoCompany(80)
    before = one.truth()
    rows = rows_of(other, "subscription_items")
    assert other.truth() == before
    assert rows == rows_of(one, "subscription_items")
    assert before.figures.rows == len(rows)


def test_another_seed_is_another_company():
    assert rows_of(DemoCompany(40), "customers") != rows_of(DemoCompany(40, seed=2), "customers")


def test_a_customer_is_the_same_however_many_there_are(items):
    few = rows_of(DemoCompany(40), "subscription_items")
    assert few == items[: len(few)]


# --- the rows obey the canonical rules ---


def test_batches_have_the_schema_and_number_their_rows():
    seen = defaultdict(int)
    for batch in DemoCompany(4500).batches():
        assert batch.rows.schema.equals(arrow_schema(TABLES[batch.table]))
        assert batch.rows_in == len(batch.rows)
        assert not batch.problems
        batch.rows.validate(full=True)
        numbers = batch.rows["row"].to_pylist()
        assert numbers == list(range(seen[batch.table] + 1, seen[batch.table] + 1 + len(numbers)))
        seen[batch.table] += len(numbers)
        for column in TABLES[batch.table].columns:
            assert not (column.required and batch.rows[column.name].null_count)
    assert seen["customers"] == 4500


def test_rows_of_one_item_never_overlap(items):
    groups = defaultdict(list)
    for row in items:
        groups[row["item"]].append((row["starts"], row["ends"] or FOREVER))
    for ranges in groups.values():
        ranges.sort()
        assert all(start < end for start, end in ranges)
        assert all(end <= start for (_, end), (start, _) in pairwise(ranges))


def test_words_dates_and_discounts_are_canonical(items):
    columns = [column for column in TABLES["subscription_items"].columns if column.words]
    for row in items:
        for column in columns:
            assert row[column.name] in column.words or (column.name == "interval" and row["kind"] == "one_time")
        assert row["cancel_requested"] is None or row["starts"] <= row["cancel_requested"] <= row["ends"]
        assert (row["status"] == "trialing") == (row["trial_end"] is not None)
        for discount in row["discounts"]:
            assert discount["starts"] < (discount["ends"] or FOREVER)
            assert (discount["duration"] == "forever") == (discount["ends"] is None)


def test_amounts_have_the_decimals_of_their_currency():
    for row in rows_of(DemoCompany(500), "subscription_items"):
        step = Decimal(1) if row["currency"] == "JPY" else Decimal("0.01")
        assert row["amount"] % step == 0
        assert row["amount"] > 0
        assert row["quantity"] >= 1


def test_a_customer_pays_in_one_currency_that_its_country_has(company, items):
    countries = {row["customer"]: row["country"] for row in rows_of(company, "customers")}
    for customer, rows in by_customer(items).items():
        currencies = {row["currency"] for row in rows}
        assert len(currencies) == 1
        assert (currencies == {"JPY"}) == (countries[customer] == "JP")
        assert (currencies == {"GBP"}) == (countries[customer] == "GB")


def test_customers_have_attributes_and_are_created_before_they_have_items(company, items):
    groups = by_customer(items)
    for row in rows_of(company, "customers"):
        assert [name for name, _ in row["attributes"]] == ["segment", "industry", "channel"]
        assert company.first <= row["created"] <= company.today
        assert row["created"] <= min(item["starts"] for item in groups[row["customer"]])


@pytest.mark.parametrize("home", ["USD", "EUR"])
def test_rates_stand_at_each_start_of_a_month_from_a_month_before(home):
    rates = rows_of(DemoCompany(1, currency=home), "exchange_rates")
    assert {row["to"] for row in rates} == {home}
    assert {row["from"] for row in rates} == {"USD", "EUR", "GBP", "JPY"} - {home}
    days = sorted({row["date"] for row in rates})
    assert (days[0], days[-1], len(rates)) == (date(2023, 6, 1), date(2026, 6, 1), 3 * 37)
    assert all(row["rate"] > 0 for row in rates)


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"currency": "CHF"}])
def test_what_cannot_be_made_is_refused(wrong):
    with pytest.raises(UsageError):
        DemoCompany(**wrong)


# --- the files ---


def test_csv_files_hold_the_same_records_for_people(company, items, tmp_path):
    paths = company.write_files(tmp_path / "demo")
    assert [path.name for path in paths] == ["exchange_rates.csv", "customers.csv", "subscriptions.csv"]
    with paths[2].open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert len(written) == len(items)
    for line, row in zip(written, items, strict=True):
        assert Decimal(line["Unit price"]) == row["amount"]
        assert ("." in line["Unit price"]) == (row["currency"] != "JPY")
        assert line["Start date"] == row["starts"].isoformat()
        assert line["End date"] == (row["ends"].isoformat() if row["ends"] else "")
        discount = row["discounts"][0] if row["discounts"] else None
        assert line["Discount %"] == (f"{discount['percent']:.0f}" if discount else "")
        assert line["Discount end"] == (discount["ends"].isoformat() if discount and discount["ends"] else "")


def test_parquet_files_hold_as_many_rows(company, items, tmp_path):
    paths = company.write_files(tmp_path, format="parquet")
    assert pq.read_table(paths[1]).num_rows == 150
    assert pq.read_table(paths[2]).num_rows == len(items)
    assert pq.read_table(paths[2])["Billing"].drop_null().unique().to_pylist() != []


def test_a_book_imported_from_the_files_without_a_question_has_the_same_ledger(tmp_path):
    company = DemoCompany(400)
    made, imported = (Book.in_memory(clock=lambda: NOW, currency="USD", today=company.today) for _ in range(2))
    made.take_in(company.batches(), source="demo")
    for path in company.write_files(tmp_path):
        proposal = imported.propose([path])
        assert proposal.questions == ()
        report = imported.import_files([path], proposal.column_map, source="files")
        assert (report.booked, report.notes) == (report.rows_in, 0)
    assert imported.rollforward().to_dicts() == made.rollforward().to_dicts()
    assert imported.build().ledger_hash == made.build().ledger_hash
    only_forever = View(policy=made.policy("default").with_settings("only-forever", {"discounts": "forever"}))
    assert imported.annual_movements(view=only_forever) == made.annual_movements(view=only_forever)
