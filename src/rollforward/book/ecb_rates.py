"""The ECB's rates for a book: which pairs its records need, from which day on, and what the ECB does not quote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rollforward.sources import ecb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from rollforward.records.batch import Batch
    from rollforward.sources.ecb import History, Pair, Silence
    from rollforward.store.intake import ImportReport

_WEEK = timedelta(days=7)
"""The rate of a day is the last one on or before it, and the ECB never rests for a week."""


@dataclass(frozen=True)
class EcbPlan:
    """What is to be booked of the ECB's history."""

    history: History
    pairs: tuple[Pair, ...]
    """The currencies of the book's records, each with a currency to which it is to be converted."""
    first: date

    def batches(self) -> Iterator[Batch]:
        """The rates of every pair, a record for each day."""
        return ecb.batches(self.history, self.pairs, self.first)

    @property
    def unquoted(self) -> tuple[Pair, ...]:
        """The pairs of which the ECB quotes no day from the first one on."""
        return tuple(pair for pair in self.pairs if not any(self.history.quotes(pair, self.first)))

    @property
    def silences(self) -> tuple[Silence, ...]:
        """The times in which the ECB had stopped quoting a pair."""
        return tuple(found for pair in self.pairs for found in ecb.silences(self.history, pair, self.first))


@dataclass(frozen=True)
class EcbReport:
    """What became of the ECB's rates: the currencies they are to, the plan, and the import.

    There is no plan where no record is in another currency, and no import where the ECB quotes nothing of the plan.
    """

    to: tuple[str, ...]
    plan: EcbPlan | None = None
    report: ImportReport | None = None


def planned(history: History, needed: Mapping[str, date], to: Sequence[str], start: date | None) -> EcbPlan | None:
    """The plan for currencies with the first day that needs each; None if all are those they are converted to.

    Rates begin a week before the first day that a record needs, or before `start` where that is earlier.
    """
    pairs = tuple(ecb.Pair(currency, other) for other in to for currency in needed if currency != other)
    if not pairs:
        return None
    first = min(needed[pair.currency] for pair in pairs)
    return EcbPlan(history, pairs, min(first, start or first) - _WEEK)
