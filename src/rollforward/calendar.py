"""Days and half-open periods: weeks, months, quarters and years, fiscal ones too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

Every = Literal["day", "week", "month", "quarter", "year"]
EVERY: tuple[str, ...] = get_args(Every)

FOREVER = date(9999, 12, 31)
"""The end of what has no end. Ranges are half-open, so no day of use is lost."""

_YEARLY: tuple[Every, ...] = ("quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` until before `end`."""

    start: date
    end: date
    label: str

    @property
    def last_day(self) -> date:
        """The last day of the period."""
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def add_months(day: date, months: int) -> date:
    """The same day so many months later; in a too short month, its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, _month_length(year, month + 1)))


def _month_length(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - date(year, month, 1)).days


def period_of(day: date, every: Every, fiscal_year_start: int = 1) -> Period:
    """The period that holds a day. `fiscal_year_start` is the month (1 to 12) in which quarters and years begin."""
    start = _start(day, every, fiscal_year_start)
    return Period(start, _end(start, every), _label(start, every, fiscal_year_start))


def periods(first: date, last: date, every: Every, fiscal_year_start: int = 1) -> Iterator[Period]:
    """The periods that hold the days from `first` to `last`, both included."""
    period = period_of(first, every, fiscal_year_start)
    while period.start <= last:
        yield period
        period = period_of(period.end, every, fiscal_year_start)


def months_named(label: str, fiscal_year_start: int = 1) -> list[Period]:
    """The months of the month, quarter or year of a label, such as 2026-10, 2026-Q4 or FY2026; empty if none."""
    found = re.fullmatch(r"(?:FY)?(\d{4})(?:-.*)?", label)
    year = int(found[1]) if found else 0
    if not MINYEAR < year < MAXYEAR - 1:
        return []
    near = list(periods(date(year - 1, 1, 1), date(year + 1, 12, 31), "month"))
    return [
        month
        for month in near
        if label in {month.label, *(_label_around(month, every, fiscal_year_start) for every in _YEARLY)}
    ]


def _label_around(month: Period, every: Every, fiscal_year_start: int) -> str:
    return period_of(month.start, every, fiscal_year_start).label


def _start(day: date, every: Every, fiscal_year_start: int) -> date:
    if every == "day":
        return day
    if every == "week":
        return day - timedelta(days=day.weekday())
    length = _MONTHS[every]
    offset = (day.month - 1 - (fiscal_year_start - 1)) % length
    return add_months(day.replace(day=1), -offset)


def _end(start: date, every: Every) -> date:
    if every == "day":
        return start + timedelta(days=1)
    if every == "week":
        return start + timedelta(days=7)
    return add_months(start, _MONTHS[every])


def _label(start: date, every: Every, fiscal_year_start: int) -> str:
    if every == "day":
        return start.isoformat()
    if every == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if every == "month":
        return f"{start:%Y-%m}"
    fiscal = fiscal_year_start != 1
    year = add_months(start, 13 - fiscal_year_start).year if fiscal else start.year
    prefix = "FY" if fiscal else ""
    if every == "year":
        return f"{prefix}{year}"
    quarter = (start.month - fiscal_year_start) % 12 // 3 + 1
    return f"{prefix}{year}-Q{quarter}"
