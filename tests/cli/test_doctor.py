"""The doctor's checks, each on the smallest book that it has something to say about."""

from datetime import date, datetime

import pytest

from rollforward.book import Book, View
from rollforward.doctor import CHECKS
from rollforward.policy.policy import preset
from rollforward.sources.canonical import translate_records

ITEM = {"currency": "EUR", "interval": "month", "plan": "Pro", "starts": "2026-01-01"}


def item(customer, **said):
    return {**ITEM, "customer": customer, "subscription": customer, "item": customer, "amount": "10", **said}


def snapshot(customer, day):
    return {"date": day, "customer": customer, "item": customer, "mrr": "10", "currency": "EUR"}


def findings(tables, today=date(2026, 6, 30), now=datetime(2026, 6, 30, 12), **rules):  # noqa: DTZ001
    book = Book.in_memory(clock=lambda: now, currency="EUR", today=today)
    view = View(policy=preset("default").with_settings("test", rules)) if rules else View()
    for table, rows in tables.items():
        book.take_in([translate_records(table, rows, source="test", timezone="UTC")], source="test")
    return {row["check"]: (row["state"], row["found"]) for row in book.doctor(view=view).to_dicts()}


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
            "1 gap of a month at most within an item: a 2026-03-01 to 2026-03-10",
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


RENEWALS = [
    item(customer, starts=f"2026-0{month}-01", ends=f"2026-0{month + 1}-01") for month in (1, 2, 3) for customer in "ab"
]


def test_terms_that_are_not_renewed_because_the_data_ends_are_seen():
    said = "no record starts after 2026-03-01, 121 days before the book's today; MRR lost since is 20.00 EUR"
    assert findings({"subscription_items": RENEWALS})["end of data"] == ("look", said)


def test_a_mass_churn_just_after_the_last_record_is_seen():
    found = findings({"subscription_items": RENEWALS}, today=date(2026, 4, 2))["end of data"]
    assert found[0] == "look"
    assert findings({"subscription_items": RENEWALS}, today=date(2026, 3, 31))["end of data"][0] == "ok"


def test_snapshots_that_end_with_nobody_left_are_seen():
    rows = [snapshot("a", "2026-01-31"), snapshot("a", "2026-02-28"), {**snapshot("a", "2026-03-31"), "mrr": "0"}]
    found = findings({"mrr_snapshots": rows}, basis="snapshots")["end of data"]
    said = "no record is snapped with MRR after 2026-02-28, 122 days before the book's today"
    assert found == ("look", f"{said}; MRR lost since is 10.00 EUR")


def test_invoices_that_end_are_seen():
    line = {"invoice": "1", "line": "1", "customer": "a", "subscription": "a", "amount": "10", "currency": "EUR"}
    rows = [{**line, "period_start": "2026-01-01", "period_end": "2026-02-01"}]
    found = findings({"invoice_lines": rows}, basis="invoices")["end of data"]
    said = "no record is issued after 2026-01-01, 180 days before the book's today"
    assert found == ("look", f"{said}; MRR lost since is 10.00 EUR")


def test_a_loss_beside_newer_records_or_none_at_all_is_ok():
    ends_early = [item("a", ends="2026-02-01"), item("b"), item("c", starts="2026-06-01")]
    assert findings({"subscription_items": ends_early})["end of data"] == (
        "ok",
        "the last of subscription_items starts on 2026-06-01",
    )


def test_of_many_gaps_the_first_are_named():
    rows = [
        item(customer, starts=starts, ends=ends)
        for customer in "abcde"
        for starts, ends in (("2026-01-01", "2026-02-01"), ("2026-02-05", None))
    ]
    named = "a 2026-02-01 to 2026-02-05; b 2026-02-01 to 2026-02-05; c 2026-02-01 to 2026-02-05; and 2 more"
    assert findings({"subscription_items": rows})["gaps"] == (
        "look",
        f"5 gaps of a month at most within an item: {named}",
    )
