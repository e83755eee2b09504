"""Periods as people write them: a day, month, quarter, year or week."""

from __future__ import annotations

import functools
import re
from datetime import date
from typing import TYPE_CHECKING

from rollforward.calendar import add_months, period_of
from rollforward.errors import UsageError

if TYPE_CHECKING:
    from rollforward.calendar import Every, Period


@functools.lru_cache(maxsize=1_024)
def period_named(text: str, every: Every | None, fiscal_year_start: int = 1) -> tuple[Period, Every]:
    """The period of a text, and its length; with `every` the one of that length that holds the first day of the text.

    `2026-06-30`, `2026-06`, `2026-Q2`, `2026`, `2026-W27`; quarters and years are the book's fiscal ones, which may be
    written `FY2026` too. UsageError for anything else.
    """
    try:
        first, own = _read(text.upper().removeprefix("FY"), fiscal_year_start)
        return period_of(first, every or own, fiscal_year_start), every or own
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is not a period. Write a day (2026-06-30), a month (2026-06), a quarter (2026-Q2), a week "
            "(2026-W27) or a year (2026)."
        ) from error


def _read(text: str, fiscal_year_start: int) -> tuple[date, Every]:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text), "day"
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return date.fromisoformat(f"{text}-01"), "month"
    if week := re.fullmatch(r"(\d{4})-W(\d{2})", text):
        return date.fromisocalendar(int(week[1]), int(week[2]), 1), "week"
    if quarter := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        return add_months(_year_start(int(quarter[1]), fiscal_year_start), 3 * (int(quarter[2]) - 1)), "quarter"
    if re.fullmatch(r"\d{4}", text):
        return _year_start(int(text), fiscal_year_start), "year"
    raise ValueError(text)


def _year_start(year: int, fiscal_year_start: int) -> date:
    """The first day of a fiscal year, which is called after the year in which it ends."""
    return date(year - (1 if fiscal_year_start != 1 else 0), fiscal_year_start, 1)
