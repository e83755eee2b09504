"""The ECB's history as records: exact, day by day, and silent where the bank was."""

from datetime import date
from decimal import Decimal

import pytest

from rollforward.sources import ecb
from rollforward.sources.ecb import History, Pair, Silence

LINES = """Date,USD,GBP,JPY,RUB,
2024-01-04,1.0953,0.86278,157.25,N/A,
2024-01-03,1.0919,N/A,155.5,98.5,
2024-01-02,1.0956,0.8654,155.68,99,
""".splitlines()
HISTORY = History(LINES, "test.csv")
LONG_AGO = date(1999, 1, 1)


def rows(pair, first=LONG_AGO):
    return [row for batch in ecb.batches(HISTORY, [pair], first) for row in batch.rows.to_pylist()]


def test_a_quote_to_the_euro_is_the_rate_of_the_euro():
    (first, *_) = rows(Pair("EUR", "USD"))
    assert (first["date"], first["from"], first["to"]) == (date(2024, 1, 2), "EUR", "USD")
    assert first["rate"] == Decimal("1.0956")
    assert (first["file"], first["row"], first["raw"]) == ("test.csv", 4, '"ECB 2024-01-02: 1 EUR = 1.0956 USD"')


def test_two_other_currencies_meet_through_both_quotes_of_a_day_and_the_record_says_both():
    told = {row["date"].isoformat(): row for row in rows(Pair("GBP", "USD"))}
    assert list(told) == ["2024-01-02", "2024-01-04"], "on the day between only one of the two was quoted"
    assert told["2024-01-02"]["rate"] == Decimal("1.2660041599")
    assert told["2024-01-02"]["raw"] == '"ECB 2024-01-02: 1 EUR = 1.0956 USD, 1 EUR = 0.8654 GBP"'


@pytest.mark.parametrize(
    ("own", "other", "rate"),
    [
        ("1.0956", "0.8654", "0.7898868200"),
        ("3", "2", "0.6666666667"),
        ("16", "0.0000000008", "0.0000000001"),
        ("175.68", "1", "0.0056921676"),
        ("1.10", "1.10", "1"),
    ],
)
def test_a_rate_is_rounded_once_half_away_from_zero_to_ten_decimals(own, other, rate):
    assert ecb.rate(own, other) == Decimal(rate)


def test_days_before_the_first_are_left_out():
    assert [row["date"].day for row in rows(Pair("EUR", "JPY"), date(2024, 1, 3))] == [3, 4]


@pytest.mark.parametrize("pair", [Pair("KWD", "USD"), Pair("USD", "KWD")])
def test_a_currency_that_is_never_quoted_has_no_rates(pair):
    assert rows(pair) == []


def test_a_currency_that_is_no_longer_quoted_is_told_as_silent():
    lines = [LINES[0], "2024-03-01,1.08,0.85,162,95,", "2024-02-15,1.08,0.85,160,N/A,", *LINES[1:]]
    gone_on = History(lines)
    pair, ever = Pair("RUB", "EUR"), Pair("USD", "EUR")
    assert ecb.silences(gone_on, pair, LONG_AGO) == [Silence(pair, date(2024, 1, 3), date(2024, 3, 1))]
    assert ecb.silences(History(lines[:1] + lines[2:]), pair, LONG_AGO) == [Silence(pair, date(2024, 1, 3), None)]
    assert ecb.silences(gone_on, ever, LONG_AGO) == [Silence(ever, date(2024, 1, 4), date(2024, 2, 15))]


def test_the_shipped_history_is_read_whole():
    history = ecb.shipped()
    assert {"EUR", "USD", "GBP", "JPY", "CHF"} <= history.currencies
    assert history.last >= date(2026, 1, 1)
    quoted = {day: units for _, day, _, units in history.quotes(Pair("EUR", "USD"), LONG_AGO)}
    assert quoted[date(1999, 1, 4)] == "1.1789"
    assert quoted[date(2024, 1, 2)] == "1.0956"
    assert len(quoted) > 6_500
