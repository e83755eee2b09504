"""What people write for times and filters."""

from datetime import date, datetime

import pytest

from rollforward.errors import UsageError
from rollforward.surfaces.written import first_day, known_at, last_day, pairs

NOW = datetime(2026, 6, 30, 12)  # noqa: DTZ001  the book's times are in UTC and say no zone


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-02-28", date(2024, 2, 28), date(2024, 2, 28)),
    ],
)
def test_days_months_and_years(text, first, last):
    assert (first_day(text, "--from"), last_day(text, "--to")) == (first, last)


@pytest.mark.parametrize("text", ["24", "2024-13", "2024-02-30", "2024-W05", "02/03/2024", "0000", "2024-1"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(UsageError, match="is not a day"):
        first_day(text, "--from")


def test_nothing_written_is_nothing():
    assert first_day(None, "--from") is None
    assert known_at(None, "UTC", NOW) is None


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-01-31", "UTC", "2026-01-31T23:59:59.999999"),
        ("2026-01-31", "America/New_York", "2026-02-01T04:59:59.999999"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999999"),
        ("2026-01-31T18:00", "Europe/Berlin", "2026-01-31T17:00:00"),
        ("2026-01-31T18:00:00Z", "Europe/Berlin", "2026-01-31T18:00:00"),
        ("2026-01-31T18:00:00-05:00", "UTC", "2026-01-31T23:00:00"),
    ],
)
def test_known_at_is_in_the_books_time_zone(text, zone, moment):
    assert known_at(text, zone, NOW) == datetime.fromisoformat(moment)


def test_the_day_under_way_is_now_and_a_later_one_is_left_for_the_book_to_refuse():
    assert known_at("2026-06-30", "UTC", NOW) is None
    assert known_at("2027-01-01", "UTC", NOW) > NOW


def test_filters():
    assert pairs(["plan=Pro", "plan=Team", "country=DE", "note=a=b"], "--where") == {
        "plan": ["Pro", "Team"],
        "country": ["DE"],
        "note": ["a=b"],
    }
