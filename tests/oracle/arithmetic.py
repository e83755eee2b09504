"""Rounding and days: the little arithmetic the oracle needs, done its own way."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_DAY = timedelta(days=1)


def half_away(number: Fraction, places: int) -> Fraction:
    """The number at so many decimals, halves away from zero."""
    units = (2 * abs(number.numerator) * 10**places + number.denominator) // (2 * number.denominator)
    return Fraction(units if number >= 0 else -units, 10**places)


def toward_zero(number: Fraction, places: int) -> Fraction:
    """The number cut after so many decimals."""
    units = abs(number.numerator) * 10**places // number.denominator
    return Fraction(units if number >= 0 else -units, 10**places)


def first_of_month(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def first_of_next_month(day: date) -> date:
    """The first day of the month after the day's."""
    return first_of_month(first_of_month(day) + timedelta(days=31))


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return first_of_next_month(day) - ONE_DAY


def days_in_month(day: date) -> int:
    """How many days the day's month has."""
    return month_end(day).day


def months_later(day: date, months: int) -> date:
    """The same day so many months later or earlier; in a too short month, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, days_in_month(first)))


def intervals_later(day: date, interval: str, number: int) -> date:
    """The day so many intervals after (or, when negative, before) a day."""
    if interval in ("day", "week"):
        return day + timedelta(days=number * {"day": 1, "week": 7}[interval])
    return months_later(day, number * {"month": 1, "year": 12}[interval])


def period_starts(anchor: date, interval: str, length: int, until: date) -> Iterator[date]:
    """The first days of the periods that run from `anchor`, up to and with `until`. Each is counted from the anchor."""
    for number in count():
        start = intervals_later(anchor, interval, number * length)
        if start > until:
            return
        yield start


def months_between(first: date, last: date) -> Iterator[date]:
    """The first day of each month from that of `first` to that of `last`."""
    month = first_of_month(first)
    while month <= last:
        yield month
        month = first_of_next_month(month)
