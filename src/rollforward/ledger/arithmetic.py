"""Exact arithmetic on whole numbers, the same on every engine: no division leaves the integers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.money import UNIT

FRACTION_DIGITS = 12
_FRACTION = 10**FRACTION_DIGITS
_STEP = _FRACTION // UNIT

CHARGE = f"decimal(38, {FRACTION_DIGITS})"
"""The type of a charge before it is annualised."""


@ibis.udf.scalar.builtin(name="divide")  # type: ignore[untyped-decorator]  # Ibis is not typed
def quotient(value: int, divisor: int) -> int:  # type: ignore[empty-body]
    """The whole quotient, towards zero, over the full 64 bits; Ibis itself divides through floating point."""


def with_annual_amount(rows: ir.Table, numerator: ir.IntegerValue, denominator: ir.IntegerValue) -> ir.Table:
    """Rows with `annual`: their `charge` x numerator / denominator in stored units, rounded once, half away from zero.

    The whole and the fractional part of the charge are multiplied apart, so that nothing overflows below the largest
    stored amount and nothing is rounded before the end.
    """
    rows = rows.mutate(numerator=numerator.cast("int64"), denominator=denominator.cast("int64"), size=rows.charge.abs())
    rows = rows.mutate(whole=rows.size.floor().cast("int64"))
    rows = rows.mutate(
        scaled=rows.whole * UNIT,
        fraction=((rows.size - rows.whole.cast(CHARGE)) * ibis.literal(_FRACTION).cast("decimal(18, 0)")).cast("int64"),
    )
    rows = rows.mutate(
        many=quotient(rows.scaled, rows.denominator) * rows.numerator,
        rest=((rows.scaled % rows.denominator) * _STEP + rows.fraction) * rows.numerator,
    )
    amount = rows.many + _round_half_up(rows.rest, rows.denominator * _STEP)
    return rows.mutate(annual=amount * (rows.charge < 0).ifelse(-1, 1)).drop(
        "numerator", "denominator", "size", "whole", "scaled", "fraction", "many", "rest"
    )


def _round_half_up(value: ir.IntegerValue, divisor: ir.IntegerValue) -> ir.IntegerValue:
    return quotient(value * 2 + divisor, divisor * 2)


def round_half_away(value: ir.IntegerValue, step: int, *, down: bool = False) -> ir.IntegerValue:
    """A whole number at a multiple of `step`: half away from zero, or towards zero."""
    if down:
        return quotient(value, step) * step
    half = (value < 0).ifelse(-step, step)
    return quotient(value * 2 + half, 2 * step) * step


def whole(total: ir.Value) -> ir.IntegerValue:
    """A sum of whole numbers as 64 bits: engines sum wider than that, and an overflow is an error."""
    return total.cast("decimal(38, 0)").cast("int64")
