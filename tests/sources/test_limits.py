"""Amounts that no ledger can hold are problems as they come in, and those just below it can be built."""

from __future__ import annotations

from datetime import datetime

import pytest

from rollforward.book import Book, View
from rollforward.sources.canonical import translate_records

ITEM = {"customer": "c", "amount": "10", "currency": "USD", "interval": "month", "starts": "2024-01-01"}
LINE = {
    "invoice": "i", "line": "1", "customer": "c", "amount": "10", "currency": "USD",
    "period_start": "2024-01-01", "period_end": "2025-01-01",
}  # fmt: skip
SNAPSHOT = {"date": "2024-01-31", "customer": "c", "mrr": "10", "currency": "USD"}
PARTS = {"subscription_items": ITEM, "invoice_lines": LINE, "mrr_snapshots": SNAPSHOT}
NO_PERIOD = {"period_start": None, "period_end": None}


def translated(table, change):
    return translate_records(table, [{**PARTS[table], **change}], source="test", timezone="UTC")


def built(batches, basis):
    book = Book.in_memory(clock=lambda: datetime(2024, 6, 30), currency="USD")  # noqa: DTZ001 - it is in UTC
    book.take_in(batches, source="test")
    return book.build(View(policy=book.policy("default").with_settings("test", {"basis": basis})))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("subscription_items", {"amount": "41666666666.67"}),
        ("subscription_items", {"amount": "1", "quantity": "41666666667"}),
        ("subscription_items", {"amount": "500000000001", "interval": "year"}),
        ("subscription_items", {"amount": "1500000000", "interval": "day"}),
        ("subscription_items", {"amount": "999999999999999999", "quantity": "999999999999999999"}),
        ("subscription_items", {"amount": "500000000001", "interval": None, "kind": "one_time"}),
        ("subscription_items", {"tax_included": "41666666666.67"}),
        ("invoice_lines", {"amount": "500000000001"}),
        ("invoice_lines", {"amount": "-500000000001", "kind": "credit", **NO_PERIOD}),
        ("invoice_lines", {"amount": "1500000000", "period_end": "2024-01-02"}),
        ("invoice_lines", {"discount": "500000000000"}),
        ("mrr_snapshots", {"mrr": "41666666666.67"}),
    ],
)
def test_a_row_above_the_largest_rate_is_a_problem_with_a_way_out(table, change):
    batch = translated(table, change)
    (problem,) = batch.problems
    assert (batch.rows.num_rows, problem.severity) == (0, "quarantined")
    assert problem.field in {"amount", "mrr"}
    assert problem.reason == "comes to more than 500,000,000,000 units a year, which a ledger cannot hold"
    assert 'times = "0.01"' in problem.remedy


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("subscription_items", {"amount": "41666666666.66"}),
        ("subscription_items", {"amount": "41666666666", "interval_count": 1200}),
        ("subscription_items", {"amount": "500000000000", "interval": "year"}),
        ("subscription_items", {"amount": "500000000001", "interval": "year", "interval_count": 2}),
        ("subscription_items", {"amount": "500000000000", "interval": None, "kind": "one_time"}),
        ("subscription_items", {"amount": "0", "quantity": "999999999999999999"}),
        ("invoice_lines", {"amount": "500000000000"}),
        ("mrr_snapshots", {"mrr": "41666666666.66"}),
    ],
)
def test_the_largest_rate_can_be_built(table, change):
    batch = translated(table, change)
    assert batch.problems == []
    built([batch], "invoices" if table == "invoice_lines" else "subscriptions")


def test_a_file_is_held_to_it_too(imported):
    batch = imported("customer,amount,currency,interval,starts,ends\nc,1e15,USD,month,2024-01-01,\n")
    assert [problem.value for problem in batch.problems] == ["1e15"]


def test_a_billing_period_of_more_than_a_century_is_a_problem():
    (problem,) = translated("subscription_items", {"interval_count": 1300}).problems
    assert problem.reason == "makes a billing period of more than a century"
    assert translated("subscription_items", {"interval_count": 1200}).problems == []


def test_a_service_period_of_more_than_a_century_is_a_problem():
    (problem,) = translated("invoice_lines", {"period_start": "1900-01-01"}).problems
    assert problem.reason == "ends a service period of more than a century"


def test_a_service_period_of_ten_years_and_some_days_can_be_built():
    batch = translated("invoice_lines", {"amount": "3599.99", "period_end": "2034-02-03"})
    assert batch.problems == []
    built([batch], "invoices")
