"""What people write for times, days, months and filters, on a command line or in a URL, read strictly."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rollforward.calendar import Every, Period, period_of
from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_FORMS: tuple[tuple[str, Every, str], ...] = (
    (r"\d{4}", "year", "-01-01"),
    (r"\d{4}-\d{2}", "month", "-01"),
    (r"\d{4}-\d{2}-\d{2}", "day", ""),
)


def first_day(text: str | None, option: str, fiscal_year_start: int = 1) -> date | None:
    """The first day of a written day, month or year. The year is the fiscal one that begins in that month."""
    return None if text is None else _period(text, option, fiscal_year_start).start


def last_day(text: str | None, option: str, fiscal_year_start: int = 1) -> date | None:
    """The last day of a written day, month or year. The year is the fiscal one that begins in that month."""
    return None if text is None else _period(text, option, fiscal_year_start).last_day


def exact_day(text: str | None, option: str) -> date | None:
    """A written day."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise UsageError(f"{option} {text!r} is not a day. Write one such as 2026-01-31.")
    return _day(text, text, option)


def _period(text: str, option: str, fiscal_year_start: int) -> Period:
    for pattern, every, rest in _FORMS:
        if re.fullmatch(pattern, text):
            # A fiscal year is called after the year in which it ends, so that year's January is always in it.
            day = _day(text + rest, text, option)
            try:
                return period_of(day, every, fiscal_year_start if every == "year" else 1)
            except (ValueError, OverflowError) as error:  # before the first or after the last day there is
                raise _not_a_day(text, option) from error
    raise _not_a_day(text, option)


def _day(full: str, text: str, option: str) -> date:
    try:
        return date.fromisoformat(full)
    except ValueError as error:
        raise _not_a_day(text, option) from error


def _not_a_day(text: str, option: str) -> UsageError:
    return UsageError(f"{option} {text!r} is not a day. Write a day (2026-01-31), a month (2026-01) or a year (2026).")


def known_at(text: str | None, timezone: str, now: datetime, option: str = "--as-of") -> datetime | None:
    """The time that an option names, in UTC; None for the day under way, of which the book knows what it knows now.

    A plain date means its end in the book's time zone, a timestamp without an offset is in that zone too. The book
    refuses times that are still to come.
    """
    if text is None:
        return None
    zone = ZoneInfo(timezone)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        day = _day(text, text, option)
        first, after = (_in_utc(datetime.combine(d, datetime.min.time(), zone)) for d in (day, day + _DAY))
        return None if first <= now < after else after - _MOMENT
    return _timestamp(text, zone, option)


def _timestamp(text: str, zone: ZoneInfo, option: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-01-31 or 2026-01-31T18:00:00+01:00"
        raise UsageError(f"{option} {text!r} is not a time. Write a day or a timestamp such as {example}.") from error
    return _in_utc(found if found.tzinfo else found.replace(tzinfo=zone))


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def folder(text: str) -> Path:
    """A folder by name. An empty name, as of a variable that is not set, stands for no folder."""
    if not str(text):
        raise UsageError("the folder's name is empty. Write . for the folder you stand in.")
    return Path(text)


def pairs(texts: Iterable[str] | None, option: str) -> dict[str, list[str]]:
    """The values of each field, from `FIELD=VALUE` texts; the same field twice means either value."""
    found: dict[str, list[str]] = {}
    for text in texts or ():
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise UsageError(f"{option} {text!r} has no field and value. Write {option} FIELD=VALUE.")
        found.setdefault(field.strip(), []).append(value)
    return found
