"""Exact arithmetic on whole numbers, the same on every engine: no division leaves the integers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.money import UNIT

CHARGE = "decimal(38, 20)"
"""The type of a charge before it is annualised: an amount times a quantity, without any rounding."""

_PARTS = 10**12
_STEP = _PARTS // UNIT
_WHOLE = "decimal(38, 0)"


@ibis.udf.scalar.builtin(name="divide")  # type: ignore[untyped-decorator]  # Ibis is not typed
def quotient(value: int, divisor: int) -> int:  # type: ignore[empty-body]
    """The whole quotient, towards zero, over the full 64 bits; Ibis itself divides through floating point."""


def annual_amount(charge: ir.DecimalValue, numerator: ir.IntegerValue, denominator: ir.IntegerValue) -> ir.IntegerValue:
    """The amount charge x numerator / denominator, in stored units, rounded once and half away from zero.

    Nearly every interval makes a whole number of charges a year, and then one multiplication does. What is left, such
    as a price every seven months, is divided in whole numbers, the whole and the fractional part of the charge apart,
    so that nothing overflows and nothing is rounded before the end.
    """
    times = quotient(numerator, denominator)
    whole_times = (charge * (times * UNIT).cast(_WHOLE)).cast("int64")
    return (numerator == times * denominator).ifelse(whole_times, _divided(charge, numerator, denominator))


def _divided(charge: ir.DecimalValue, numerator: ir.IntegerValue, denominator: ir.IntegerValue) -> ir.IntegerValue:
    size = charge.abs()
    units = size.floor().cast("int64")
    parts = ((size - units.cast(_WHOLE)) * ibis.literal(_PARTS).cast(_WHOLE)).cast("int64")
    scaled = units * UNIT
    rest = ((scaled % denominator) * _STEP + parts) * numerator
    amount = quotient(scaled, denominator) * numerator + _round_half_up(rest, denominator * _STEP)
    return amount * (charge < 0).ifelse(-1, 1)


def stored(charge: ir.DecimalValue) -> ir.IntegerValue:
    """An amount in stored units, half away from zero."""
    return (charge * ibis.literal(UNIT).cast(_WHOLE)).cast("int64")


def charge_of(
    annual: ir.IntegerValue, charge: ir.DecimalValue, numerator: ir.IntegerValue, denominator: ir.IntegerValue
) -> ir.IntegerValue:
    """The charge in stored units. Where it makes a whole number of charges a year the annual amount tells it faster."""
    times = quotient(numerator, denominator)
    sign = (annual < 0).ifelse(-1, 1)
    told = quotient(annual * 2 + times * sign, ibis.greatest(times, 1) * 2)
    return ((times > 0) & (numerator == times * denominator)).ifelse(told, stored(charge))


def _round_half_up(value: ir.IntegerValue, divisor: ir.IntegerValue) -> ir.IntegerValue:
    return quotient(value * 2 + divisor, divisor * 2)


def round_half_away(value: ir.IntegerValue, step: int, *, down: bool = False) -> ir.IntegerValue:
    """A whole number at a multiple of `step`: half away from zero, or towards zero."""
    if down:
        return quotient(value, step) * step
    half = (value < 0).ifelse(-step, step)
    return quotient(value * 2 + half, 2 * step) * step


def whole(total: ir.Value) -> ir.IntegerValue:
    """A sum of whole numbers as 64 bits: engines sum wider than that. Beyond 18 digits it is an error, never a wrap."""
    return total.cast("decimal(18, 0)").cast("int64")
