"""What ends within a month that is closed: a source's data, or the exchange rates of a currency."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollforward.store.currencies import last_rates
from rollforward.store.entries import SOURCE as PEOPLE

if TYPE_CHECKING:
    from datetime import date

    from rollforward.book.completeness import Sources
    from rollforward.calendar import Period

_FRIDAY = 4


def short_sources(sources: Sources, month: Period) -> list[str]:
    """The sources of the counted table that are good to a day before the month's last, in words."""
    ended = (PEOPLE, *sources.settings.ended_sources)
    return [
        f"source {one.source} is good to {one.good_to}, and {_ending(month)}"
        for one in sources.standing()
        if one.feeds and one.source not in ended and one.good_to is not None and one.good_to < month.last_day
    ]


def short_rates(sources: Sources, currency: str, month: Period) -> list[str]:
    """The counted currencies whose rates end before the month's last working day, in words."""
    return [
        f"the rates of {other} in {currency} end on {last}, and {_ending(month)}"
        for other, last in last_rates(sources.connection, sources.table, currency).items()
        if last < _working_day(month.last_day)
    ]


def _ending(month: Period) -> str:
    return f"{month.label} ends with {month.last_day}"


def _working_day(day: date) -> date:
    """A day, or the Friday before it: at the weekend nobody quotes rates."""
    return day - timedelta(days=max(day.weekday() - _FRIDAY, 0))
