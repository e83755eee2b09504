"""Figures: what one period and group of the book amounts to, from which every metric is a formula."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.money import monthly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollforward.calendar import Period
    from rollforward.policy.policy import Policy


@dataclass(frozen=True)
class Retained:
    """A closed cohort: the accounts with MRR at the opening. Stored annual amounts.

    opening: their MRR then · closing: their MRR at the end · kept: the sum over accounts of the smaller of the two ·
    customers: how many they are · stayed: how many of them have MRR at the end.
    """

    opening: int = 0
    closing: int = 0
    kept: int = 0
    customers: int = 0
    stayed: int = 0


@dataclass(frozen=True)
class Contracts:
    """The contracts that run at the end: their annual run-rate, and the recurring charges from start to end."""

    annual: Fraction = Fraction(0)
    total: Fraction = Fraction(0)


@dataclass(frozen=True)
class Trials:
    """Trials of the period and those of them that became paid."""

    started: int = 0
    converted: int = 0


@dataclass(frozen=True)
class Figures:
    """One period of one group. Amounts are stored annual amounts, signed as in movements.

    flows and moves: amount and number of movements by kind · churned: customers with a churn, once each ·
    joined_and_churned: those of them who were no customers at the opening · retained: closed cohorts by window in
    months, 0 for the period itself · previous: the period before · first: the first period asked for, with `steps`
    periods between.
    """

    period: Period
    group: str
    policy: Policy
    opening: int = 0
    flows: Mapping[str, int] = field(default_factory=dict)
    moves: Mapping[str, int] = field(default_factory=dict)
    customers_opening: int = 0
    customers_closing: int = 0
    churned: int = 0
    joined_and_churned: int = 0
    daily_churn: Fraction | None = None
    subscriptions: int = 0
    trial: int = 0
    usage: int = 0
    served: int = 0
    committed: int | None = None
    retained: Mapping[int, Retained] = field(default_factory=dict)
    contracts: Contracts = Contracts()
    trials: Trials = Trials()
    previous: Figures | None = None
    first: Figures | None = None
    steps: int = 0

    @property
    def closing(self) -> int:
        """The stored annual amount at the end."""
        return self.opening + sum(self.flows.values())

    def gained(self, kind: str) -> Fraction:
        """The MRR of a kind, as movements sign it."""
        return monthly(self.flows.get(kind, 0))

    def lost(self, kind: str) -> Fraction:
        """The MRR of a kind of loss, as a positive amount."""
        return -self.gained(kind)


def ratio(above: Fraction | int, below: Fraction | int) -> Fraction | None:
    """The ratio above / below; None where there is nothing below the line."""
    return Fraction(above) / below if below else None
