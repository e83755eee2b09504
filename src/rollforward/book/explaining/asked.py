"""What is asked to be explained, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.book.explaining.accounts import account_called, account_on, refuse_early
from rollforward.book.explaining.ground import Asking
from rollforward.book.explaining.history import Asked as Told
from rollforward.book.explaining.metrics import metric_of
from rollforward.book.explaining.movements import movements_of
from rollforward.book.explaining.periods import period_named
from rollforward.errors import UsageError
from rollforward.ledger.build import BASIS
from rollforward.metrics.registry import find

if TYPE_CHECKING:
    from datetime import date, datetime

    from rollforward.book.asking import Asked, Where
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.calendar import Every
    from rollforward.metrics.registry import Metric


@dataclass(frozen=True)
class Subject:
    """What is to be explained, as the ledger is asked for it."""

    every: Every
    start: date
    end: date
    metrics: tuple[Metric, ...] = ()
    of_account: bool = False
    ends_by: str = "PERIOD"
    """What of the command names the last day."""


def subject_of(
    metric: str | None,
    period: str | None,
    account: str | None,
    on: date | None,
    movement: date | None,
    every: Every | None,
    where: Where | None,
    fiscal_year_start: int,
) -> Subject:
    """What is to be explained; UsageError where it is nothing, or several things at once."""
    if account is None:
        if metric is None or period is None or on is not None or movement is not None:
            raise UsageError(
                "name a metric and a period (mrr 2026-06), or an account and a day (its MRR on it, or its movements)."
            )
        found, own = period_named(period, every, fiscal_year_start)
        return Subject(own, found.start, found.last_day, (find(metric),))
    day = movement if on is None else on
    if day is None or (on is not None and movement is not None):
        raise UsageError("name one day of the account: --on DAY for its MRR, or --movement DAY for what moved it.")
    if metric is not None or period is not None or every is not None or where:
        raise UsageError("an account is explained as a whole: leave out the metric, its period and filters.")
    return Subject("day", day, day, of_account=True, ends_by="--movement" if on is None else "--on")


def explained_metric(asked: Asked, metric: str, limit: int | None) -> Explanation:
    """A metric of the last period asked for."""
    asking = Asking(asked)
    return metric_of(asking, metric, limit).stamped(asked.stamp, asking.queries)


def explained_account(asked: Asked, account: str, day: date) -> Explanation:
    """The MRR of an account on a day."""
    asking = Asking(asked)
    return account_on(asking, account, day).stamped(asked.stamp, asking.queries)


def explained_movement(asked: Asked, account: str, day: date) -> Explanation:
    """The movements of an account on a day."""
    asking = Asking(asked)
    return movements_of(asking, account, day).stamped(asked.stamp, asking.queries)


def last_day_of(on: date | None, month: str | None) -> tuple[date | None, str]:
    """The last day that a history tells of, None for today, and the option for it; UsageError for a day and a month."""
    if on is not None and month is not None:
        raise UsageError("name a day or a month, not both: MRR on the day, or the movements of the month.")
    if month is None:
        return on, "--on"
    return period_named(month, None, 1)[0].last_day, "--month"


def history_of(now: Asked, account: str, on: date | None, month: str | None, known_at: datetime | None) -> Told:
    """The history that is asked for."""
    asking = Asking(now)
    called, today = account_called(asking, account), now.question.today
    basis = BASIS[asking.policy.basis]
    if month is None:
        day = min(on or today, today)
        refuse_early(asking, day)
        return Told(account, f"MRR of {called} on {day}, as the book said it over time", basis, day, known_at=known_at)
    period, _ = period_named(month, None, 1)
    about = f"movements of {called} in {period.label}, as the book said them over time"
    return Told(account, about, basis, min(period.last_day, today), period.start, known_at)
