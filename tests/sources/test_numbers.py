from __future__ import annotations

from decimal import Decimal

import pytest

from rollforward.sources.faults import Fault
from rollforward.sources.numbers import parse_count, parse_decimal, parse_percent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19.90", "19.90"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("1e3", "1000"),
        ("(19.90)", "-19.90"),
        ("$19.90", "19.90"),
        ("-$5", "-5"),
        ("19.90 EUR", "19.90"),
        ("1.10000000000000", "1.1"),
        ("0e99", "0"),
    ],
)
def test_a_number_is_read_exactly(text, value):
    assert parse_decimal(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "mark", "thousands", "value"),
    [
        ("1,234.56", ".", ",", "1234.56"),
        ("1.234,56", ",", ".", "1234.56"),
        ("1\u202f234,5", ",", " ", "1234.5"),
        ("1\u2019234.50", ".", "'", "1234.50"),
        ("12,34,567", ".", ",", "1234567"),
        ("1234,5", ",", ".", "1234.5"),
    ],
)
def test_the_map_says_how_numbers_are_written(text, mark, thousands, value):
    assert parse_decimal(text, mark, thousands) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "mark", "thousands"),
    [
        ("1,234", ".", ""),
        ("1,234.56", ".", ""),
        ("1234.56", ",", "."),
        ("12,34", ".", ","),
        ("1_000", ".", ""),
        ("NaN", ".", ""),
        ("Infinity", ".", ""),
        ("\u0661\u0662", ".", ""),
        ("5 apples", ".", ""),
        ("(-5)", ".", ""),
        ("0x10", ".", ""),
        ("#REF!", ".", ""),
        (".", ".", ""),
    ],
)
def test_what_is_no_number_as_it_stands_is_never_guessed(text, mark, thousands):
    assert isinstance(parse_decimal(text, mark, thousands), Fault)


def test_a_number_has_at_most_18_digits_and_10_decimals():
    assert parse_decimal("9" * 18 + "." + "9" * 10) == Decimal("9" * 18 + "." + "9" * 10)
    assert "more than 18 digits" in parse_decimal("1" + "0" * 18).reason
    assert "more than 10 decimals" in parse_decimal("0.15000000000000002").reason
    assert "more than 10 decimals" in parse_decimal("0." + "1" * 500).reason


def test_the_map_may_round_halves_away_from_zero_and_multiply_exactly():
    assert parse_decimal("0.15000000000000002", places=10) == Decimal("0.15")
    assert parse_decimal("-19.995", places=2) == Decimal("-20.00")
    assert parse_decimal("1999", times=Decimal("0.01")) == Decimal("19.99")


def test_percentages_and_counts():
    assert parse_percent("12.5 %") == Decimal("12.5")
    assert parse_count("3.0") == 3
    assert isinstance(parse_count("0"), Fault)
    assert isinstance(parse_count("1.5"), Fault)
    assert isinstance(parse_count("-1"), Fault)
