"""Cohorts: accounts by the period of their first MRR, and what is left of them period by period."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Every, Period, period_of, periods
from rollforward.metrics.figures import ratio
from rollforward.money import monthly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Cohort:
    """One cohort: its size when it began (customers, or their first MRR), and what is left at the end of each period.

    `left[0]` is the end of the cohort's own period; the last entry is that of the period of today, maybe under way.
    """

    period: Period
    size: Fraction
    left: tuple[Fraction, ...]

    def shares(self) -> tuple[Fraction | None, ...]:
        """What is left as a share of the size; None for an empty cohort."""
        return tuple(ratio(left, self.size) for left in self.left)


def cohorts(
    rows: Iterable[tuple[Any, ...]], today: date, every: Every, measure: str, fiscal_year_start: int = 1
) -> list[Cohort]:
    """The cohorts of flows by month of first MRR: rows of (month, day, kind, amount, moves, presence).

    `measure` is "customers" or "mrr". A cohort's size counts its new movements.
    """

    @cache
    def period_with(day: date) -> Period:
        return period_of(day, every, fiscal_year_start)

    grouped: dict[Period, dict[Period, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for month, day, kind, amount, moves, presence in rows:
        if kind in {"trial", "usage"} or day > today:
            continue
        cell = grouped[period_with(date.fromisoformat(month))][period_with(day)]
        cell[0] += int(presence) if measure == "customers" else int(amount)
        if kind == "new":
            cell[1] += int(moves) if measure == "customers" else int(amount)
    scale = Fraction if measure == "customers" else monthly
    first = min(grouped, default=None)
    all_periods = list(periods(first.start, today, every, fiscal_year_start)) if first else []
    return [_cohort(period, cells, all_periods, scale) for period, cells in sorted(grouped.items())]


def _cohort(
    period: Period, cells: dict[Period, list[int]], all_periods: list[Period], scale: Callable[[int], Fraction]
) -> Cohort:
    left, level = [], 0
    for later in all_periods[bisect_left(all_periods, period) :]:
        level += cells[later][0] if later in cells else 0
        left.append(scale(level))
    return Cohort(period, scale(sum(cell[1] for cell in cells.values())), tuple(left))
