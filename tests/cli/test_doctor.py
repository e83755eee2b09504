"""The doctor's checks, each on the smallest book that it has something to say about."""

from datetime import date, datetime

import pytest

from rollforward.book import Book, View
from rollforward.book.doctor import CHECKS
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
    return {row["check"]: (row["state"], row["found"]) for row in examined(book, view)}


def examined(book, view):
    return book.doctor(view=view).to_dicts()


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
            {"subscription_items": [*map(item, "abcde"), item("f", amount="120"), item("g", amount="130")]},
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
    rows = [*map(item, "abcde"), item("f", amount="109.99"), item("g", amount="120", interval="year")]
    assert findings({"subscription_items": rows})["annual"][0] == "ok"


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


def book_with(tables, now=datetime(2026, 6, 30, 12), source="test", **settings):  # noqa: DTZ001
    book = Book.in_memory(clock=lambda: now, currency="EUR", **settings)
    for table, rows in tables.items():
        book.take_in([translate_records(table, rows, source=source, timezone="UTC")], source=source)
    return book


def row_of(book, check, **view):
    return next(row for row in examined(book, View(**view)) if row["check"] == check)


def line(number, starts, ends, **said):
    period = {"period_start": starts, "period_end": ends, "issued": starts}
    return {"invoice": number, "line": "1", "customer": "a", "subscription": "a", "amount": "10", **period} | {
        "currency": "EUR",
        **said,
    }


MONTHS = [line("1", "2026-01-01", "2026-02-01"), line("2", "2026-02-01", "2026-03-01")]
WITH_GAP = [*MONTHS, line("4", "2026-04-01", "2026-05-01")]
RATES_OLD = [
    {"date": day, "from": "USD", "to": "EUR", "rate": "0.9"} for day in ("2026-01-01", "2026-01-31", "2026-06-01")
]
RATES_NEW = [
    {"date": day, "from": "USD", "to": "EUR", "rate": "0.9"}
    for day in ("2026-01-01", "2026-02-15", "2026-04-01", "2026-05-16")
]
DOLLARS = [item("a", currency="USD")]

TRIPPED = [
    (
        "orphans",
        ("1 customer that no row of customers names", "b"),
        {"customers": [{"customer": "a"}], **HEALTHY},
        {"customers": [{"customer": "a"}, {"customer": "b"}], **HEALTHY},
    ),
    (
        "duplicates",
        ("1 customer with the same terms twice at a time", "a Pro"),
        {"subscription_items": [item("a"), item("a", subscription="s2", starts="2026-02-01")]},
        {"subscription_items": [item("a", ends="2026-02-01"), item("a", subscription="s2", starts="2026-02-01")]},
    ),
    (
        "invoices",
        ("1 gap of one or two months within a subscription's invoices", "a 2026-03-01 to 2026-04-01"),
        {"invoice_lines": WITH_GAP},
        {"invoice_lines": [*WITH_GAP, line("3", "2026-03-01", "2026-04-01")]},
    ),
    (
        "annual",
        ("1 monthly amount as large as annual ones", "a 110 EUR"),
        {"subscription_items": [item("a", plan=name, item=name) for name in "xyz"] + [item("a", amount="110")]},
        {"subscription_items": [item("a", plan=name, item=name) for name in "xyz"] + [item("a", amount="109")]},
    ),
    (
        "rate gaps",
        ("1 currency without a rate for more than 45 days", "USD 2026-01-31 to 2026-06-01"),
        {"exchange_rates": RATES_OLD, "subscription_items": DOLLARS},
        {"exchange_rates": RATES_NEW, "subscription_items": DOLLARS},
    ),
    (
        "handovers",
        ("1 gap of a week at most between two subscriptions", "a 2026-03-01 to 2026-03-08"),
        {"subscription_items": [item("a", ends="2026-03-01"), item("a", subscription="s2", starts="2026-03-08")]},
        {"subscription_items": [item("a", ends="2026-03-01"), item("a", subscription="s2", starts="2026-03-09")]},
    ),
    (
        "past due",
        ("1 item past due for more than 90 days", "a since 2026-03-31"),
        {"subscription_items": [item("a", status="past_due", starts="2026-03-31")]},
        {"subscription_items": [item("a", status="past_due", starts="2026-04-01")]},
    ),
    (
        "future",
        ("1 record dated after their import", "1 on 2026-12-06"),
        {"invoice_lines": [line("1", "2026-06-12", "2026-07-12", issued="2026-12-06")]},
        {"invoice_lines": [line("1", "2026-06-12", "2026-07-12", issued="2026-07-01")]},
    ),
    (
        "negative",
        ("1 recurring line below zero", "2 / 1"),
        {"invoice_lines": [MONTHS[0], line("2", "2026-02-01", "2026-03-01", amount="-10")]},
        {"invoice_lines": [MONTHS[0], line("2", "2026-02-01", "2026-03-01", amount="-10", kind="credit")]},
    ),
]


@pytest.mark.parametrize(("check", "said", "tables", "_mended"), TRIPPED, ids=[case[0] for case in TRIPPED])
def test_a_check_trips_and_names_examples(check, said, tables, _mended):
    row = row_of(book_with(tables), check)
    assert (row["state"], row["found"], row["examples"]) == ("look", *said)
    assert row["remedy"]


@pytest.mark.parametrize(("check", "_said", "_tables", "mended"), TRIPPED, ids=[case[0] for case in TRIPPED])
def test_a_check_is_quiet_once_that_is_mended(check, _said, _tables, mended):
    assert row_of(book_with(mended), check)["state"] == "ok"


def test_the_same_terms_from_two_sources_are_duplicates():
    book = book_with(HEALTHY)
    book.take_in([translate_records("subscription_items", [item("b")], source="crm", timezone="UTC")], source="crm")
    assert row_of(book, "duplicates")["examples"] == "b Pro"


def test_a_living_book_that_learned_nothing_for_long_has_a_stale_source():
    book = Book.in_memory(clock=lambda: datetime(2026, 6, 30), currency="EUR")  # noqa: DTZ001
    batch = translate_records("subscription_items", [item("a")], source="test", timezone="UTC")
    book.take_in([batch], source="test", recorded_at=datetime(2026, 3, 1))  # noqa: DTZ001
    row = row_of(book, "sources")
    assert (row["state"], row["found"], row["examples"]) == ("look", "source test good to 2026-03-01", "test")


def test_of_many_gaps_the_first_are_named():
    rows = [
        item(customer, starts=starts, ends=ends)
        for customer in "abcde"
        for starts, ends in (("2026-01-01", "2026-02-01"), ("2026-02-05", None))
    ]
    row = row_of(book_with({"subscription_items": rows}), "gaps")
    assert row["found"] == "5 gaps of a month at most within an item"
    assert row["examples"] == "; ".join(f"{customer} 2026-02-01 to 2026-02-05" for customer in "abc")


def test_the_doctor_sees_what_was_known_then():
    moments = iter((datetime(2026, 6, 1), datetime(2026, 6, 20)))  # noqa: DTZ001
    book = book_with({})
    for rows in ([item("a", ends="2026-03-01"), item("a", starts="2026-03-10")], [item("a", ends="2026-03-10")]):
        batch = translate_records("subscription_items", rows, source="test", timezone="UTC")
        book.take_in([batch], source="test", recorded_at=next(moments))
    assert row_of(book, "gaps")["state"] == "ok"
    assert row_of(book, "gaps", as_of=datetime(2026, 6, 2))["state"] == "look"  # noqa: DTZ001
