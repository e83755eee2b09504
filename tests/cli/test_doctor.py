"""The doctor's checks, each on the smallest book that it has something to say about."""

from datetime import date, datetime

import pytest

from rollforward.book import Book
from rollforward.doctor import CHECKS
from rollforward.sources.canonical import translate_records

ITEM = {"currency": "EUR", "interval": "month", "plan": "Pro", "starts": "2026-01-01"}


def item(customer, **said):
    return {**ITEM, "customer": customer, "subscription": customer, "item": customer, "amount": "10", **said}


def snapshot(customer, day):
    return {"date": day, "customer": customer, "item": customer, "mrr": "10", "currency": "EUR"}


def findings(tables, today=date(2026, 6, 30), now=datetime(2026, 6, 30, 12)):  # noqa: DTZ001
    book = Book.in_memory(clock=lambda: now, currency="EUR", today=today)
    for table, rows in tables.items():
        book.take_in([translate_records(table, rows, source="test", timezone="UTC")], source="test")
    return {row["check"]: (row["state"], row["found"]) for row in book.doctor().to_dicts()}


HEALTHY = {"subscription_items": [item("a"), item("b")]}


def test_a_healthy_book_is_ok():
    found = findings(HEALTHY)
    assert len(found) == len(CHECKS)
    assert {state for state, _ in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("check", "said", "tables"),
    [
        ("imports", "nothing was imported yet", {}),
        ("quarantine", "1 row in quarantine", {"subscription_items": [item("a"), item("b", amount="ten")]}),
        (
            "overlaps",
            "1 overlapping row set aside",
            {"subscription_items": [item("a", ends="2026-03-01"), item("a", starts="2026-02-01")]},
        ),
        ("rates", "1 row without an exchange rate", {"subscription_items": [item("a"), item("b", currency="USD")]}),
        (
            "bases",
            "1 customer with both items and snapshots",
            {"subscription_items": [item("a")], "mrr_snapshots": [snapshot("a", "2026-01-31")]},
        ),
        (
            "basis",
            "1 customer without subscription_items",
            {"subscription_items": [item("a")], "mrr_snapshots": [snapshot("b", "2026-01-31")]},
        ),
        (
            "annual",
            "2 monthly amounts as large as annual ones",
            {"subscription_items": [*map(item, "abcde"), item("f", amount="120"), item("g", amount="114")]},
        ),
        (
            "gaps",
            "1 gap of a month at most within an item",
            {"subscription_items": [item("a", ends="2026-03-01"), item("a", starts="2026-03-10")]},
        ),
        (
            "snapshots",
            "1 month without a snapshot",
            {"mrr_snapshots": [snapshot("b", "2026-01-31"), snapshot("b", "2026-03-31")]},
        ),
    ],
)
def test_what_is_worth_a_look(check, said, tables):
    assert findings(tables)[check] == ("look", said)


def test_what_only_comes_close_to_annual_is_ok():
    rows = [*map(item, "abcde"), item("f", amount="113.99"), item("g", amount="126.01", interval="year")]
    assert findings({"subscription_items": rows})["annual"][0] == "ok"


def test_a_living_book_that_learned_nothing_for_long_is_stale():
    book = Book.in_memory(clock=lambda: datetime(2026, 6, 30), currency="EUR")  # noqa: DTZ001
    batch = translate_records("subscription_items", [item("a")], source="test", timezone="UTC")
    book.take_in([batch], source="test", recorded_at=datetime(2026, 3, 1))  # noqa: DTZ001
    states = {row["check"]: (row["state"], row["found"]) for row in book.doctor().to_dicts()}
    assert states["freshness"] == ("look", "the last import is 121 days old")
