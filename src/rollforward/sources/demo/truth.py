"""What truly happened in the demo company: noted by the simulation as it happens, never read back from the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.calendar import Period, periods
from rollforward.money import places, round_half_up
from rollforward.sources.demo.catalogue import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
_NEW, _EXPANSION, _REACTIVATION, _CONTRACTION, _CHURN = range(len(KINDS))
_UNIT = 10_000
"""The simulation's annual amounts in one unit of a currency."""


@dataclass(slots=True)
class Figures:
    """How often the things happened by which a company is known."""

    customers: int = 0
    rows: int = 0
    trials: int = 0
    trials_converted: int = 0
    trials_running: int = 0
    discounts: int = 0
    seat_changes: int = 0
    plan_changes: int = 0
    term_changes: int = 0
    pauses: int = 0
    past_due: int = 0
    past_due_recovered: int = 0
    second_subscriptions: int = 0
    add_ons: int = 0
    replaced_subscriptions: int = 0
    cancellations_ahead: int = 0
    signed_ahead: int = 0


@dataclass(frozen=True, slots=True)
class MonthTruth:
    """One month of one currency, in that currency: the roll-forward, customers at its end, movements by kind."""

    month: str
    currency: str
    opening: Fraction
    new: Fraction
    expansion: Fraction
    reactivation: Fraction
    contraction: Fraction
    churn: Fraction
    closing: Fraction
    customers: int
    counts: dict[str, int]


class Tally:
    """The book that the simulation keeps: sums by currency, month and kind, in ten-thousandths of a unit a year."""

    def __init__(self, first: date, today: date) -> None:
        self.first = first.toordinal()
        self.today = today.toordinal()
        self.months = list(periods(first, today, "month"))
        self.month_of = [
            index for index, month in enumerate(self.months) for _ in range((month.end - month.start).days)
        ]
        self.amounts = {currency: [[0] * len(KINDS) for _ in self.months] for currency in CURRENCIES}
        self.counts = {currency: [[0] * len(KINDS) for _ in self.months] for currency in CURRENCIES}
        self.committed = dict.fromkeys(CURRENCIES, 0)
        self.figures = Figures()

    def move(self, day: int, currency: str, before: int, after: int, *, returning: bool) -> None:
        """Note one customer's movement of one day."""
        if before == 0:
            kind = _REACTIVATION if returning else _NEW
        elif after == 0:
            kind = _CHURN
        else:
            kind = _EXPANSION if after > before else _CONTRACTION
        month = self.month_of[day - self.first]
        self.amounts[currency][month][kind] += abs(after - before)
        self.counts[currency][month][kind] += 1

    def commit(self, currency: str, annual: int) -> None:
        """Note what will be there once all that is known today has happened."""
        self.committed[currency] += annual

    def truth(self) -> Truth:
        """What the book says so far."""
        return Truth(
            first=date.fromordinal(self.first),
            today=date.fromordinal(self.today),
            months=tuple(month for currency in CURRENCIES for month in self._months(currency)),
            committed={currency: _mrr(annual) for currency, annual in self.committed.items()},
            figures=self.figures,
        )

    def _months(self, currency: str) -> Iterator[MonthTruth]:
        annual, customers = 0, 0
        lines = zip(self.months, self.amounts[currency], self.counts[currency], strict=True)
        for month, amounts, counts in lines:
            opening = annual
            annual += _net(amounts)
            customers += counts[_NEW] + counts[_REACTIVATION] - counts[_CHURN]
            yield _month_truth(month, currency, opening, amounts, annual, customers, counts)


def _net(amounts: list[int]) -> int:
    gained = amounts[_NEW] + amounts[_EXPANSION] + amounts[_REACTIVATION]
    return gained - amounts[_CONTRACTION] - amounts[_CHURN]


def _month_truth(
    month: Period, currency: str, opening: int, amounts: list[int], closing: int, customers: int, counts: list[int]
) -> MonthTruth:
    return MonthTruth(
        month=month.label,
        currency=currency,
        opening=_mrr(opening),
        **{kind: _mrr(amount) for kind, amount in zip(KINDS, amounts, strict=True)},
        closing=_mrr(closing),
        customers=customers,
        counts=dict(zip(KINDS, counts, strict=True)),
    )


def _mrr(annual: int) -> Fraction:
    return Fraction(annual, 12 * _UNIT)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of the demo company under the default policy, by month and currency, each in its own currency.

    `months` stand by currency and then by month, one for each of both. `committed` is the MRR of each currency once
    every change known at `today` has taken effect.
    """

    first: date
    today: date
    months: tuple[MonthTruth, ...]
    committed: dict[str, Fraction]
    figures: Figures = field(default_factory=Figures)

    def month(self, month: str, currency: str) -> MonthTruth:
        """One month ("2026-01") of one currency; KeyError if the company had not begun or it lies ahead."""
        for line in self.months:
            if (line.month, line.currency) == (month, currency):
                return line
        raise KeyError(month, currency)

    def count(self, kind: str) -> int:
        """How many movements of a kind there were, in all currencies and months."""
        return sum(line.counts[kind] for line in self.months)

    @property
    def last(self) -> tuple[MonthTruth, ...]:
        """The month of `today`, of each currency."""
        label = f"{self.today:%Y-%m}"
        return tuple(line for line in self.months if line.month == label)

    def describe(self) -> str:
        """The company in one paragraph."""
        return f"{self._size()} {self._beginnings()} {self._changes()} {self._returns()} {self._ahead()}"

    def _size(self) -> str:
        now = sum(line.customers for line in self.last)
        mrr = ", ".join(_money(line) for line in self.last)
        return (
            f"The demo company sells help desk software since {self.first}. Of {self.figures.customers:,} customers "
            f"{self.count('new'):,} have ever paid and {now:,} pay on {self.today}: {mrr} a month. "
            f"Its records are {self.figures.rows:,} rows of subscription items."
        )

    def _beginnings(self) -> str:
        it = self.figures
        return (
            f"{it.trials:,} customers began with a trial, of which {it.trials_converted:,} converted and "
            f"{it.trials_running:,} still run; {it.discounts:,} discounts were given; {it.second_subscriptions:,} "
            f"second subscriptions and {it.add_ons:,} add-ons were taken."
        )

    def _changes(self) -> str:
        it = self.figures
        return (
            f"Seats changed {it.seat_changes:,} times, plans {it.plan_changes:,} and terms {it.term_changes:,} times, "
            f"and {it.replaced_subscriptions:,} subscriptions were replaced by another on the same day."
        )

    def _returns(self) -> str:
        it = self.figures
        return (
            f"There were {it.past_due:,} spells past due, of which {it.past_due_recovered:,} recovered, and "
            f"{it.pauses:,} pauses. MRR fell to nothing {self.count('churn'):,} times and came back "
            f"{self.count('reactivation'):,} times."
        )

    def _ahead(self) -> str:
        it = self.figures
        return (
            f"Known on {self.today} and still to come: {it.cancellations_ahead:,} cancellations and "
            f"{it.signed_ahead:,} terms signed for later."
        )


def _money(line: MonthTruth) -> str:
    return f"{round_half_up(line.closing, places(line.currency)):,} {line.currency}"
