"""When digests are due: at a time of day of the book's time zone, once a period is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rollforward.calendar import period_of

if TYPE_CHECKING:
    from datetime import date, time

    from rollforward.book import Book
    from rollforward.calendar import Every, Period
    from rollforward.surfaces.notices.subscriptions import Digested, Subscription

_DAY = timedelta(days=1)


def due_on(day: date, at: time, timezone: str) -> datetime:
    """The time, in UTC, of a time of day. One that the clocks skip comes later, one that they repeat the first time."""
    return datetime.combine(day, at, ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)


def last_due(every: Digested, at: time, timezone: str, now: datetime) -> datetime:
    """When a digest was due last, as of a time in UTC: on the first day of a period, of the one before."""
    day = now.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()
    period = period_of(day, every)
    due = due_on(period.start, at, timezone)
    return due if due <= now else due_on(period_of(period.start - _DAY, every).start, at, timezone)


def next_due(every: Digested, at: time, timezone: str, now: datetime) -> datetime:
    """When a digest is due next."""
    day = now.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()
    period = period_of(day, every)
    due = due_on(period.start, at, timezone)
    return due if due > now else due_on(period.end, at, timezone)


def is_due(subscription: Subscription, timezone: str, sent: datetime | None, now: datetime) -> datetime | None:
    """The time at which a digest was due that was not sent; None if there is none.

    However many were missed, it is the last. What was due before somebody subscribed is not.
    """
    if subscription.every is None:
        return None
    due = last_due(subscription.every, subscription.at, timezone, now)
    return due if due > max(subscription.added_at, sent or datetime.min) else None  # noqa: DTZ901  in UTC


def last_whole(book: Book, every: Every, now: datetime) -> Period:
    """The last period that is over. A book of past data, whose `today` is set, may end with its period."""
    today = book.today(now)
    fiscal = book.settings.fiscal_year_start
    period = period_of(today, every, fiscal)
    is_over = book.settings.today is not None and period.last_day <= today
    return period if is_over else period_of(period.start - _DAY, every, fiscal)
