from __future__ import annotations

import pytest

from rollforward.records.tables import ITEM_KINDS, STATUSES
from rollforward.sources.faults import Fault
from rollforward.sources.words import KINDS, parse_currency, parse_flag, parse_interval, parse_word
from rollforward.sources.words import STATUSES as STATUS_SYNONYMS


@pytest.mark.parametrize(
    ("word", "interval"),
    [
        ("Monthly", ("month", 1)),
        ("annual", ("year", 1)),
        ("quarterly", ("month", 3)),
        ("Semi-Annual", ("month", 6)),
        ("biannual", ("month", 6)),
        ("WEEK", ("week", 1)),
    ],
)
def test_intervals_have_many_names(word, interval):
    assert parse_interval(word) == interval


@pytest.mark.parametrize("word", ["fortnight", "bimonthly", "biweekly", "12", "lifetime"])
def test_an_interval_with_two_meanings_or_none_is_never_guessed(word):
    assert isinstance(parse_interval(word), Fault)


def test_statuses_and_kinds_by_what_others_call_them():
    assert parse_word("Cancelled", STATUSES, STATUS_SYNONYMS) == "canceled"
    assert parse_word("Past Due", STATUSES, STATUS_SYNONYMS) == "past_due"
    assert parse_word("one-time", ITEM_KINDS, KINDS) == "one_time"
    assert isinstance(parse_word("proration", ITEM_KINDS, KINDS), Fault)
    assert isinstance(parse_word("grandfathered", STATUSES, STATUS_SYNONYMS), Fault)


def test_currencies_and_flags():
    assert parse_currency("usd") == "USD"
    assert isinstance(parse_currency("dollars"), Fault)
    assert isinstance(parse_currency("XXX"), Fault)
    assert parse_flag("Yes") is True
    assert parse_flag("0") is False
    assert isinstance(parse_flag("maybe"), Fault)
