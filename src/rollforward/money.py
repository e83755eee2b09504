"""Exact money: annual fixed-point amounts inside, rounded decimals where a person reads them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

SCALE = 6
"""Decimals of the currency's unit in a stored annual amount."""

UNIT = 10**SCALE
"""Stored units in one unit of a currency: 1.00 a year is stored as 1,000,000."""

LARGEST = 10**18 - 1
"""The largest stored amount: a trillion a year for one account. Sums over accounts are wider."""

LISTED = 10
"""The decimals of amounts in listings."""


@cache
def is_currency(code: str) -> bool:
    """Whether a code is one of ISO 4217, current or former."""
    from babel.core import get_global

    return code in get_global("all_currencies")


@cache
def places(currency: str) -> int:
    """The decimals in which people write a currency: 2 for USD, 0 for JPY, 3 for KWD."""
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


def annual(stored: int) -> Fraction:
    """The annual amount, in the currency's unit, of a stored amount."""
    return Fraction(stored, UNIT)


def monthly(stored: int) -> Fraction:
    """The MRR, in the currency's unit, of a stored annual amount."""
    return Fraction(stored, 12 * UNIT)


def listed_monthly(stored: int) -> Decimal:
    """The MRR of a stored annual amount as listings have it: at 10 decimals, half away from zero."""
    return _half_up(stored, 12 * UNIT, LISTED)


def listed_annual(stored: int) -> Decimal:
    """A stored annual amount as listings have it: at 10 decimals."""
    return _half_up(stored, UNIT, LISTED)


def round_half_up(value: Fraction, decimals: int) -> Decimal:
    """A value at so many decimals, halves away from zero."""
    return _half_up(value.numerator, value.denominator, decimals)


def _half_up(above: int, below: int, decimals: int) -> Decimal:
    """One whole number over a positive one at so many decimals, halves away from zero."""
    whole = (2 * abs(above) * 10**decimals + below) // (2 * below)
    return Decimal(-whole if above < 0 else whole).scaleb(-decimals)


def exact(value: Fraction, decimals: int = 10) -> Decimal:
    """A value as a decimal, exact if `decimals` suffice, without trailing zeros."""
    rounded = round_half_up(value, decimals)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def quantize(value: Decimal, currency: str) -> Decimal:
    """A decimal amount as its currency is written."""
    return value.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_UP)
