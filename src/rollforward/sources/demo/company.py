"""The demo company: a believable software business of any size, made from a seed, that knows its own truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from rollforward.calendar import add_months
from rollforward.errors import UnknownNameError, UsageError
from rollforward.records.batch import Batch
from rollforward.sources.demo.catalogue import CURRENCIES
from rollforward.sources.demo.life import CustomerRow, live
from rollforward.sources.demo.rates import rates
from rollforward.sources.demo.rows import customers_table, items_table, rates_table
from rollforward.sources.demo.truth import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollforward.sources.demo.account import ItemRow
    from rollforward.sources.demo.truth import Truth

MONTHS = 36
_CUSTOMERS_A_BATCH = 4_000

# How many sign up in a month of the year, and on a weekday from Monday, against the other ones.
_SEASON = (112, 104, 110, 100, 98, 92, 80, 72, 112, 110, 106, 74)
_WEEKDAY = (20, 22, 22, 20, 17, 5, 5)
_GROWTH = 122
"""Sign-ups of a year in hundredths of those of the year before."""


class _Chunk(NamedTuple):
    customers: list[CustomerRow]
    items: list[ItemRow]


@dataclass(frozen=True)
class DemoCompany:
    """Three years of a software business up to `today`, the same for the same seed.

    A customer is the same however many there are. `currency` is the one into which the exchange rates lead.
    """

    customers: int = 2000
    seed: int = 1
    today: date = date(2026, 6, 30)
    currency: str = "USD"
    _truth: list[Truth] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.customers < 1:
            raise UsageError(f"a demo company needs a customer at least, not {self.customers}.")
        if self.currency not in CURRENCIES:
            raise UnknownNameError("currency of the demo company", self.currency, list(CURRENCIES))

    @property
    def first(self) -> date:
        """The day on which the company opens: the first of a month, so that today's month is the 36th."""
        return add_months(self.today.replace(day=1), 1 - MONTHS)

    def batches(self) -> Iterator[Batch]:
        """The company's records: exchange rates, then customers and their items by turns, some 20,000 rows a batch."""
        exchange = rates_table(list(rates(self.seed, self.first, self.today, self.currency)))
        yield Batch("exchange_rates", exchange, len(exchange))
        customers, items = 1, 1
        for chunk in self._simulate():
            yield Batch("customers", customers_table(chunk.customers, customers), len(chunk.customers))
            yield Batch("subscription_items", items_table(chunk.items, items), len(chunk.items))
            customers += len(chunk.customers)
            items += len(chunk.items)

    def truth(self) -> Truth:
        """What truly happened. It costs a simulation, unless all batches have been read before."""
        if not self._truth:
            for _ in self._simulate():
                pass
        return self._truth[0]

    def write_files(self, folder: Path, format: Literal["csv", "parquet"] = "csv") -> list[Path]:  # noqa: A002 - the user's word
        """The same records as the files a company would have, with column names for people: the files written."""
        from rollforward.sources.demo.files import write_files

        return write_files(self.batches(), folder, format)

    def _simulate(self) -> Iterator[_Chunk]:
        """The customers by and by; at the end the truth is kept."""
        tally = Tally(self.first, self.today)
        days = _sign_up_days(self.first, self.today)
        for start in range(1, self.customers + 1, _CUSTOMERS_A_BATCH):
            numbers = range(start, min(start + _CUSTOMERS_A_BATCH, self.customers + 1))
            chunk = _lives(self.seed, numbers, days, tally)
            tally.figures.rows += len(chunk.items)
            yield chunk
        self._truth[:] = [tally.truth()]


def _lives(seed: int, numbers: range, days: tuple[int, ...], tally: Tally) -> _Chunk:
    """Customers of these numbers, each with a chance of its own, so that none depends on another."""
    generator = Random()  # noqa: S311 - a company that can be repeated is wanted, not a secret
    random = generator.random
    items: list[ItemRow] = []
    customers = []
    for number in numbers:
        generator.seed(seed << 40 | number)
        customers.append(live(number, random, days, items, tally))
    return _Chunk(customers, items)


def _sign_up_days(first: date, today: date) -> tuple[int, ...]:
    """Each day until today as often as it is likely to bring a customer: growing, and with a season and weekends."""
    days: list[int] = []
    for ordinal in range(first.toordinal(), today.toordinal() + 1):
        day = date.fromordinal(ordinal)
        season = _SEASON[day.month - 1] * _WEEKDAY[day.weekday()]
        growth = (_GROWTH / 100) ** ((ordinal - first.toordinal()) / 365)
        days.extend([ordinal] * int(season * growth / 40))
    return tuple(days)
