"""A policy in words: every value of every key has its sentence, and no two values share one."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from rollforward.book import View
from rollforward.book.cases import book_of, differences
from rollforward.policy.keys import KEYS
from rollforward.policy.policy import DEFAULT, preset, preset_names
from rollforward.policy.words import SENTENCES, in_words, sentence_of, statuses
from rollforward.records.tables import STATUSES

EXAMPLES = {
    "months_per": [
        {"day": "365/12", "week": "52/12", "month": "1", "year": "1/12"},
        {"day": "days_in_month", "week": "4", "month": "1", "year": "1/12"},
    ],
    "past_due_days": [None, 0, 1, 31],
    "returning_days": [None, 1, 90],
    "gap_days": [0, 1, 30],
    "exchange_rate": ["service_start", "purchase", "period_end", "month_average", "none", "fixed:2024-01-31"],
    "round": ["none", "subscription:2", "subscription:2:down", "line:0", "line:1", "line:4:down"],
    "invoice_expiry_days": [None, 1, 45],
    "ltv_churn": ["period", "trailing:1", "trailing:6"],
}
"""Values of the keys that take more than a few words: each kind of value once."""


def values_of(key):
    """Every value that a key takes, or one of each kind."""
    if key in EXAMPLES:
        return EXAMPLES[key]
    told = KEYS[key].check(object())
    assert told.startswith("one of "), f"{key} needs examples"
    return told.removeprefix("one of ").split(", ")


def under(**settings):
    return DEFAULT.with_settings("test", settings)


def words_of(policy):
    return dict(in_words(policy))


def standing_of(policy):
    return {standing.status: standing[1:] for standing in statuses(policy)}


def test_no_key_is_without_words_and_no_words_without_a_key():
    assert set(SENTENCES) == set(KEYS)


def test_no_word_of_a_key_is_one_that_it_refuses():
    for key, sentences in SENTENCES.items():
        if isinstance(sentences, dict):
            assert set(sentences) == set(values_of(key)), key


@pytest.mark.parametrize("key", KEYS)
def test_every_value_has_a_sentence_of_its_own(key):
    values = values_of(key)
    assert KEYS[key].default in values
    assert [KEYS[key].check(value) for value in values] == [None] * len(values)
    sentences = [sentence_of(key, value) for value in values]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "_" not in sentence


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_can_be_said(name):
    assert [key for key, sentence in in_words(preset(name)) if sentence] == list(KEYS)
    assert [standing.status for standing in statuses(preset(name))] == list(STATUSES)


def test_numbers_and_days_are_in_the_words():
    said = words_of(
        under(past_due_days=31, gap_days=1, returning_days=90, exchange_rate="fixed:2024-01-31", round="line:1:down")
    )
    assert said["past_due_days"] == "The first 31 days of an unbroken past-due run count; the loss is on day 32."
    assert said["gap_days"] == "A gap of at most 1 day with MRR on both sides is filled with the amount before it."
    assert said["returning_days"] == "A customer who was away for more than 90 days is new."
    assert said["exchange_rate"] == "Amounts are converted at the rate of 2024-01-31, always."
    assert said["round"] == "The MRR of each item is cut to 1 decimal before adding."


def test_months_that_follow_the_calendar_are_told():
    assert words_of(under(months_per={"day": "days_in_month", "week": "4"}))["months_per"] == (
        "Monthly amounts that an interval's amount makes: one week is 4, one month is 1, one year is 1/12. "
        "A daily price counts the days of each calendar month."
    )


def test_the_default_in_words():
    said = words_of(DEFAULT)
    assert said["trials"] == "Trials do not count; they are shown on a line of their own."
    assert said["churn_at"] == "A cancelled item counts until its service ends."
    assert said["proration"].endswith(" This has no effect while subscription items count.")


def test_a_key_that_is_not_read_says_so():
    said = words_of(under(basis="invoices"))
    assert said["trials"].endswith(" This has no effect while invoice lines count.")
    assert "no effect" not in said["proration"]
    assert "no effect" in words_of(under(basis="snapshots"))["months_per"]


def test_discounts_on_invoices_are_as_invoiced_or_added_back():
    as_invoiced = {words_of(under(basis="invoices", discounts=value))["discounts"] for value in ("all", "forever")}
    assert as_invoiced == {"A line counts as it was invoiced, less its discounts of whatever duration."}
    assert "added back" in words_of(under(basis="invoices", discounts="none"))["discounts"]


def test_the_standing_of_each_status_by_default():
    assert standing_of(DEFAULT) == {
        "active": ("yes", "with MRR above 0", "no"),
        "trialing": ("no", "no", "no"),
        "past_due": ("yes", "with MRR above 0", "no"),
        "unpaid": ("no", "no", "no"),
        "paused": ("no", "no", "no"),
        "incomplete": ("no", "no", "no"),
        "canceled": ("no", "no", "no"),
    }


def test_the_standing_follows_the_policy():
    policy = under(trials="include", paused="include", past_due_days=31, free="count")
    standing = standing_of(policy)
    assert standing["trialing"] == standing["paused"] == ("yes", "yes", "no")
    assert standing["past_due"] == ("the first 31 days", "the first 31 days", "yes")
    assert standing_of(under(past_due_days=1))["past_due"] == (
        "the first day",
        "the first day, with MRR above 0",
        "yes",
    )
    assert standing_of(under(past_due_days=0))["past_due"] == ("no", "no", "no")


@pytest.mark.parametrize(
    "settings", [{}, {"trials": "include", "paused": "include"}, {"past_due_days": 0}, {"past_due_days": 5}]
)
def test_the_words_hold_in_the_ledger(settings):
    """One item a status for six days: those that count at first are those that the words say count."""
    rows = [
        {"customer": status, "amount": "10", "currency": "USD", "interval": "month", "status": status}
        | {"starts": "2024-01-01", "ends": "2024-01-07"}
        for status in STATUSES
    ]
    counting = sum(standing.in_mrr != "no" for standing in statuses(under(**settings)))
    to_the_end = counting - (settings.get("past_due_days", 0) > 0)
    case = {
        "id": "statuses",
        "policy": {"set": settings},
        "currency": "USD",
        "today": "2024-01-31",
        "records": {"subscription_items": rows},
        "expect": {
            "mrr": {"2024-01-01": f"{counting * 10}", "2024-01-06": f"{to_the_end * 10}"},
            "customers": {"2024-01-01": counting},
        },
    }
    assert list(map(str, differences(case))) == []


def test_statuses_are_not_read_from_invoices():
    assert set(standing_of(under(basis="invoices")).values()) == {
        ("not read while invoice lines count", "not read while invoice lines count", "no")
    }


OTHER = {
    "months_per": {"month": "2"},
    "discounts": "none",
    "tax": "include",
    "trials": "include",
    "usage": "include",
    "past_due_days": 0,
    "paused": "include",
    "churn_at": "request",
    "proration": "as_is",
    "invoice_expiry_days": 300,
    "trial_window": "ended",
    "one_time_in_contract_value": "include",
}
"""Another value of each key that is not read on every basis."""

TERMS = {
    "amount": "120",
    "currency": "USD",
    "interval": "month",
    "tax_included": "20",
    "discounts": [{"percent": "50"}],
}
ROW = {**TERMS, "starts": "2024-01-01", "ends": "2024-04-01"}
RECORDS = {
    "subscription_items": [
        {**ROW, "customer": "a", "subscription": "s", "item": "plan", "cancel_requested": "2024-02-10"},
        {**ROW, "customer": "b", "status": "past_due"},
        {**ROW, "customer": "c", "status": "paused"},
        {**ROW, "customer": "d", "trial_end": "2024-02-05"},
        {**ROW, "customer": "e", "kind": "usage"},
        {**ROW, "customer": "a", "subscription": "s", "item": "fee", "kind": "one_time", "interval": None},
    ],
    "invoice_lines": [
        {"invoice": kind, "line": "1", "customer": kind, "kind": kind, "amount": "60", "tax": "10", "discount": "60"}
        | {"currency": "USD", "period_start": "2024-02-16", "period_end": "2024-03-01"}
        for kind in ("recurring", "usage", "proration", "one_time")
    ],
    "mrr_snapshots": [{"date": "2024-02-01", "customer": "a", "mrr": "100", "currency": "USD"}],
}


@cache
def the_book():
    book, refused = book_of({"currency": "USD", "today": "2024-03-20", "records": RECORDS})
    assert refused == []
    return book


@cache
def numbers_under(basis, key=None):
    """The movements and the metrics that a key could move, with the key at its default or at its other value."""
    view = View(policy=under(basis=basis, **({key: OTHER[key]} if key else {})))
    moved = the_book().movements(start=date(2024, 1, 1), view=view).rows
    asked = ("mrr", "committed_mrr", "tcv", "trials", "trial_mrr")
    return moved, the_book().metrics(*asked, start=date(2024, 1, 1), end=date(2024, 3, 20), view=view).rows


@pytest.mark.parametrize("basis", ["subscriptions", "invoices", "snapshots"])
def test_a_key_has_an_effect_unless_its_words_say_none(basis):
    said = words_of(under(basis=basis))
    silent = {key for key in OTHER if numbers_under(basis, key) == numbers_under(basis)}
    assert silent == {key for key, sentence in said.items() if "no effect" in sentence}
