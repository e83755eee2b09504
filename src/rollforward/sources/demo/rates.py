"""The demo company's exchange rates: a walk by chance, one rate a month for each foreign currency."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

from rollforward.calendar import add_months, periods
from rollforward.money import round_half_up
from rollforward.sources.demo.catalogue import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

PLACES = 7
_PARTS = 10**PLACES

# Ten-millionths of a US dollar for one unit, at the beginning.
_BEGIN = {"USD": _PARTS, "EUR": 10_920_000, "GBP": 12_710_000, "JPY": 69_300}


def rates(seed: int, first: date, today: date, home: str) -> Iterator[tuple[date, str, str, Decimal]]:
    """Date, from, to and rate into the home currency at each start of a month, from a month before the first."""
    random = Random(f"rates {seed}")  # noqa: S311 - a walk that can be repeated is wanted, not a secret
    dollars = dict(_BEGIN)
    for month in periods(add_months(first, -1), today, "month"):
        for currency in CURRENCIES:
            if currency != home:
                rate = Fraction(dollars[currency], dollars[home])
                yield month.start, currency, home, round_half_up(rate, PLACES)
        dollars = {currency: _step(random, currency, value) for currency, value in dollars.items()}


def _step(random: Random, currency: str, value: int) -> int:
    """A month later: some hundredths of a percent up or down, and drawn back a little to where it began."""
    if currency == "USD":
        return value
    change: int = random.randint(-240, 240) + 500 * (_BEGIN[currency] - value) // _BEGIN[currency]
    return value * (10_000 + change) // 10_000
