"""A case that breaks the format: one message with the file, the case, the place in it, and what is allowed there."""

from __future__ import annotations

import copy
import json
import re

import pytest

from cli.desk import run
from rollforward.book.case_format import breach_of
from rollforward.book.cases import load
from rollforward.errors import CaseError

GOOD = {
    "id": "good",
    "about": "One of everything.",
    "source": "made for this test",
    "certainty": "derived",
    "policy": {"preset": "stripe", "set": {"discounts": "recurring", "past_due_days": 10, "months_per": {"day": "30"}}},
    "currency": "USD",
    "timezone": "Europe/Berlin",
    "today": "2024-12-31",
    "records": {
        "customers": [{"customer": "c", "attributes": {"segment": "SMB"}}],
        "subscription_items": [
            {
                "customer": "c",
                "amount": "100",
                "currency": "USD",
                "interval": "month",
                "interval_count": 1,
                "starts": "2024-01-01T23:30:00+01:00",
                "ends": None,
                "until_next": False,
                "discounts": [{"percent": "50", "duration": "repeating", "starts": "2024-01-01", "ends": None}],
            }
        ],
        "exchange_rates": [{"date": "2024-01-01", "from": "EUR", "to": "USD", "rate": "1.10"}],
    },
    "expect": {
        "mrr": {"2024-01-31": {"value": "50.00", "places": 2}},
        "arr": {"2024-01-31": "600"},
        "customers": {"2024-01-31": 1},
        "movements": [{"date": "2024-01-01", "customer": "c", "kind": "new", "amount": "50"}],
        "rollforward": [{"month": "2024-01", "opening": "0", "closing": "50"}],
        "metrics": [{"metric": "nrr_12m", "month": "2024-12", "value": None}],
        "problems": [],
    },
}

ITEM = "records.subscription_items.0"

BROKEN = {
    # a missing or an unknown key, at every level
    "id": (..., "the key 'id' is missing. The keys of a case: id, about"),
    "expect": (..., "the key 'expect' is missing"),
    "expected": ({}, "expected: unknown key 'expected'. Did you mean expect? Known: id, about"),
    "policy.sett": ({}, "policy.sett: unknown key 'sett'. Did you mean set? Known: preset, set."),
    "policy.set.trails": ("include", "policy.set.trails: unknown key 'trails'. Did you mean trials? Known: basis"),
    "records.subscriptions": (
        [],
        "records.subscriptions: unknown key 'subscriptions'. Did you mean subscription_items?",
    ),
    f"{ITEM}.ammount": ("1", "records.subscription_items[0].ammount: unknown key 'ammount'. Did you mean amount?"),
    f"{ITEM}.discounts.0.kind": ("once", "discounts[0].kind: unknown key 'kind'. Known: percent, amount, duration"),
    "expect.mmr": ({}, "expect.mmr: unknown key 'mmr'. Did you mean mrr"),
    "expect.rollforward.0.churned": (
        "1",
        "rollforward[0].churned: unknown key 'churned'. Did you mean churn? Known: month",
    ),
    "expect.movements.0.kind": (..., "expect.movements[0]: the key 'kind' is missing. The keys of a movement: date"),
    "expect.metrics.0.value": (..., "expect.metrics[0]: the key 'value' is missing"),
    "expect.mrr.2024-01-31.digits": (2, "expect.mrr.2024-01-31.digits: unknown key 'digits'. Known: value, places."),
    # another type
    "id ": ("", 'id: "" is not allowed. Write a text that names the case.'),
    "about": (3, 'about: 3 is not allowed. Write a text: "...".'),
    "records": ([], "records: [] is not allowed. Write an object. The keys of the records of a case: customers"),
    "records.subscription_items": ({}, "records.subscription_items: {} is not allowed. Write a list"),
    ITEM: (
        "c",
        'subscription_items[0]: "c" is not allowed. Write an object. The keys of a row of subscription_items: customer',
    ),
    f"{ITEM}.customer": (7, "subscription_items[0].customer: 7 is not allowed. Write a text"),
    f"{ITEM}.amount": (100, 'subscription_items[0].amount: 100 is not allowed. Write a decimal in quotes, as "12.50"'),
    f"{ITEM}.amount ": (1.5, "subscription_items[0].amount: 1.5 is not allowed. Write a decimal in quotes"),
    f"{ITEM}.amount  ": ("a lot", 'amount: "a lot" is not allowed. Write a decimal in quotes'),
    f"{ITEM}.interval_count": ("1", 'interval_count: "1" is not allowed. Write a whole number, without quotes'),
    f"{ITEM}.interval_count ": (True, "interval_count: true is not allowed"),
    f"{ITEM}.until_next": ("yes", 'until_next: "yes" is not allowed. Write true or false'),
    f"{ITEM}.discounts": ({}, "discounts: {} is not allowed. Write a list"),
    f"{ITEM}.discounts.0.percent": (50, "discounts[0].percent: 50 is not allowed. Write a decimal in quotes"),
    "records.customers.0.attributes": ([], 'attributes: [] is not allowed. Write an object: {"segment": "SMB"}.'),
    "expect.mrr": ([], 'expect.mrr: [] is not allowed. Write an object: {"2024-01-31": "100"}.'),
    "expect.mrr.2024-01-31": (50, "expect.mrr.2024-01-31: 50 is not allowed. Write a decimal in quotes"),
    "expect.arr.2024-01-31": (None, "expect.arr.2024-01-31: null is not allowed"),
    "expect.mrr.2024-01-31.places": (
        "2",
        'places: "2" is not allowed. Write a whole number from 0 to 20, without quotes.',
    ),
    "expect.customers.2024-01-31": ("1", 'customers.2024-01-31: "1" is not allowed. Write a whole number from 0'),
    # a value that is not on its list
    "certainty": ("sure", 'certainty: "sure" is not allowed. Write one of published, derived.'),
    "currency": ("euros", 'currency: "euros" is not allowed. Write a currency\'s ISO 4217 code, as USD.'),
    "timezone": ("Moon", "timezone: \"Moon\" is not allowed. No time zone is called 'Moon'."),
    "policy.preset": ("strip", "policy.preset: \"strip\" is not allowed. Unknown policy 'strip'. Did you mean stripe"),
    "policy.set.trials": ("yes", 'policy.set.trials: "yes" is not allowed. Write one of exclude, include.'),
    "policy.set.past_due_days": ("10", 'past_due_days: "10" is not allowed. Write null, or a number of days from 0.'),
    "policy.set.months_per": (
        {"fortnight": "2"},
        'policy.set.months_per: {"fortnight": "2"} is not allowed. Write a table',
    ),
    "expect.movements.0.kind ": ("churned", 'movements[0].kind: "churned" is not allowed. Write one of new, expansion'),
    "expect.metrics.0.metric": (
        "nrrr",
        "metrics[0].metric: \"nrrr\" is not allowed. Unknown metric 'nrrr'. Did you mean nrr",
    ),
    "expect.problems": (
        [{"table": "items", "row": 0}],
        'problems[0].table: "items" is not allowed. Write one of customers',
    ),
    # no day of the calendar
    "today": ("2024-02-30", 'today: "2024-02-30" is not allowed. Write a day of the calendar, as 2024-01-31.'),
    f"{ITEM}.starts": ("01.02.2024", 'starts: "01.02.2024" is not allowed. Write a day of the calendar'),
    "expect.mrr.31 Jan": ("1", 'expect.mrr: the key "31 Jan" is not allowed. Write a day of the calendar'),
    "expect.metrics.0.month": ("2024-13", 'metrics[0].month: "2024-13" is not allowed. Write a month, as 2024-01.'),
    # what the rest of the case rules out
    "expect.mrr.2025-01-01": (
        "1",
        'expect.mrr: "2025-01-01" is not allowed. Nothing is expected after today, 2024-12-31.',
    ),
    "expect.metrics.0.month ": (
        "2025-01",
        'metrics[0].month: "2025-01" is not allowed. Nothing is expected after today',
    ),
    "expect.metrics": ([{"metric": "cmgr", "month": "2024-12", "value": "1"}], "metrics[0]: the key 'from' is missing"),
    "expect.metrics.0.from": ("2025-01", 'metrics[0].from: "2025-01" is not allowed. Write a month up to 2024-12.'),
    "expect.problems ": (
        [{"table": "customers", "row": 1}],
        "problems[0].row: 1 is not allowed. The case has 1 in customers",
    ),
}
"""By the path that is changed (a space at its end tells two changes apart): the value there, and what is said."""


def changed(path, value):
    """The good case with another value at a path; without one where the value is an ellipsis."""
    case = copy.deepcopy(GOOD)
    *way, last = path.strip().split(".") if not path.startswith("expect.mrr.31") else ["expect", "mrr", "31 Jan"]
    place = case
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    last = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return case


def test_a_case_with_one_of_everything_is_as_the_format_says():
    assert breach_of(GOOD) is None


@pytest.mark.parametrize("path", BROKEN)
def test_a_breach_is_told_with_its_place_and_what_is_allowed(path, tmp_path):
    value, said = BROKEN[path]
    (tmp_path / "mine.json").write_text(json.dumps([GOOD, changed(path, value)]), "utf-8")
    with pytest.raises(CaseError) as raised:
        list(load([tmp_path]))
    assert str(raised.value).startswith(f"{tmp_path / 'mine.json'}: ")
    assert said in str(raised.value)
    assert re.search(r"mine\.json: (good|case 1): ", str(raised.value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON"),
        ('{"id": "a", "id": "b"}', "the key 'id' stands twice in one object"),
        ('{"id": NaN}', "NaN is no number"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('"a case"', 'case 0: "a case" is not allowed. Write an object. The keys of a case: id'),
        (json.dumps([GOOD, GOOD]), "case 1: id: 'good' is the id of a case before it. Give each its own."),
    ],
)
def test_a_file_that_holds_no_cases_is_told(text, said, tmp_path):
    (tmp_path / "mine.json").write_text(text, "utf-8")
    with pytest.raises(CaseError, match=re.escape(said)):
        list(load([tmp_path]))


@pytest.mark.parametrize(
    ("column", "word"),
    [("interval", "fortnight"), ("status", "dormant"), ("kind", "tip"), ("currency", "EURO"), ("interval_count", 0)],
)
def test_a_word_that_no_table_knows_is_a_problem_and_no_breach(column, word):
    assert breach_of(changed(f"{ITEM}.{column}", word)) is None


def test_a_file_named_twice_is_read_once(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(GOOD), "utf-8")
    assert len(list(load([tmp_path, tmp_path / "mine.json"]))) == 1


def test_the_command_ends_with_2_before_anything_is_run(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps([GOOD, changed("currency", "euros")]), "utf-8")
    ran = run("verify", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "mine.json: good: currency: " in ran.err
