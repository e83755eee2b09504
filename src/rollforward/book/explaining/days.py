"""The days that stand behind a day: under a policy that nets by month, changes are booked on a later one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollforward.calendar import period_of

if TYPE_CHECKING:
    from datetime import date

    from rollforward.ledger.ground import Ground


def spans_day(day: date, ground: Ground) -> date:
    """The day whose spans make the MRR of a day: itself, or the last one up to which changes are booked by then."""
    month = period_of(day, "month")
    if ground.policy.netting == "day" or day == month.last_day:
        return day
    return ground.today if month.start <= ground.today <= day else month.start - timedelta(days=1)


def booked_days(day: date, ground: Ground) -> tuple[date, date]:
    """The first and the last day whose changes are booked on a day."""
    if ground.policy.netting == "day":
        return day, day
    month = period_of(day, "month")
    if day == month.last_day and month.start <= ground.today < day:
        return ground.today + timedelta(days=1), day
    return month.start, day
