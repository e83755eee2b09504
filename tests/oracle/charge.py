"""What both bases come down to: a row with the days on which it counts, and what it makes in a year."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.arithmetic import days_in_month, months_between

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from oracle.case import Case, Row
    from oracle.rates import Rates


class Charge(ABC):
    """One row that may count, from `first` until before `end`."""

    row: Row
    first: date
    end: date
    purchase: date

    @abstractmethod
    def annual(self, day: date) -> Fraction | None:
        """What the row makes in a year, in its own currency; None on a day on which it does not count."""

    @abstractmethod
    def service_start(self, day: date) -> date:
        """The first day of the service period that holds the day."""

    @abstractmethod
    def turns(self, until: date) -> Iterator[date]:
        """Every day up to `until` on which the amount or its rate may differ from the day before."""

    @abstractmethod
    def first_counted(self) -> date | None:
        """The first day on which the row counts."""


def months_per(case: Case, interval: str, day: date) -> Fraction:
    """How many monthly amounts the amount of one interval makes."""
    rule = case.policy["months_per"][interval]
    return Fraction(days_in_month(day)) if rule == "days_in_month" else Fraction(rule)


def monthly_turns(charge: Charge, case: Case, rates: Rates, interval: str, until: date) -> Iterator[date]:
    """The first days of months, where the month's length or rate may change the amount."""
    by_length = interval == "day" and case.policy["months_per"]["day"] == "days_in_month"
    by_rate = rates.changes_by_month() and charge.row["currency"] != case.currency
    if by_length or by_rate:
        yield from months_between(charge.first, min(until, charge.end))
