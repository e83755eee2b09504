from __future__ import annotations

from datetime import date

import pytest

from rollforward.errors import UsageError
from rollforward.sources.dates import orders_that_fit, parse_day, parse_month_end, zone
from rollforward.sources.faults import Fault


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-31", date(2024, 1, 31)),
        ("2024/1/5", date(2024, 1, 5)),
        ("5 Jan 2024", date(2024, 1, 5)),
        ("5-Jan-2024", date(2024, 1, 5)),
        ("January 5, 2024", date(2024, 1, 5)),
        ("2024-01-31 23:30:00", date(2024, 1, 31)),
        ("2024-01-31T23:30:00.123456789", date(2024, 1, 31)),
        ("9999-12-31T23:59:59Z", date(9999, 12, 31)),
    ],
)
def test_a_date_that_has_one_reading_is_read(text, day):
    assert parse_day(text, (), "UTC") == day


@pytest.mark.parametrize("text", ["03/04/2024", "31/12/2024", "3.4.2024", "2024-02-30", "45292", "soon", "0204-01-01"])
def test_a_date_with_several_readings_or_none_is_never_guessed(text):
    assert isinstance(parse_day(text, (), "UTC"), Fault)


@pytest.mark.parametrize(
    ("text", "zone_name", "day"),
    [
        ("2024-01-31T23:30:00Z", "Europe/Berlin", date(2024, 2, 1)),
        ("2024-01-31T23:30:00Z", "America/New_York", date(2024, 1, 31)),
        ("2024-02-01T00:30:00+02:00", "UTC", date(2024, 1, 31)),
        ("2024-01-31 23:30:00 UTC", "Asia/Tokyo", date(2024, 2, 1)),
        ("2024-01-31 23:30:00", "Asia/Tokyo", date(2024, 1, 31)),
    ],
)
def test_an_instant_stands_for_the_day_on_which_it_falls_in_the_books_zone(text, zone_name, day):
    assert parse_day(text, (), zone_name) == day


def test_a_timestamp_without_an_offset_moves_only_if_the_map_names_its_zone():
    assert parse_day("2024-01-31 23:30", (), "Europe/Berlin", "UTC") == date(2024, 2, 1)
    assert parse_day("2024-01-31", (), "Europe/Berlin", "UTC") == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("text", "pattern", "day"),
    [
        ("03/04/2024", "dmy", date(2024, 4, 3)),
        ("03/04/2024", "mdy", date(2024, 3, 4)),
        ("3.4.2024 17:00", "dmy", date(2024, 4, 3)),
        ("03.04.24", "%d.%m.%y", date(2024, 4, 3)),
        ("1704067200", "unix", date(2024, 1, 1)),
        ("1704067200000", "unix_ms", date(2024, 1, 1)),
    ],
)
def test_the_map_says_how_dates_are_written(text, pattern, day):
    assert parse_day(text, (pattern,), "UTC") == day


def test_two_digit_years_need_a_pattern():
    assert "two digits" in parse_day("03/04/24", ("dmy",), "UTC").reason


def test_the_orders_in_which_a_column_can_be_read():
    assert orders_that_fit(["03/04/2024", "05/06/2024"]) == ["dmy", "mdy"]
    assert orders_that_fit(["03/04/2024", "25/06/2024"]) == ["dmy"]
    assert orders_that_fit(["13/14/2024"]) == []


@pytest.mark.parametrize("text", ["2024-02", "Feb 2024", "February 2024", "Feb-24", "02/2024"])
def test_a_month_stands_for_its_last_day(text):
    assert parse_month_end(text) == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["Total", "2024-13", "Q1 2024", "Febtober 2024", ""])
def test_what_is_no_month_is_none(text):
    assert parse_month_end(text) is None


def test_a_zone_that_is_none_is_an_error():
    with pytest.raises(UsageError, match="no time zone is called 'Mars/Phobos'"):
        zone("Mars/Phobos")
