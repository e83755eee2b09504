"""Spark SQL: an expression of the ledger as engines behind Spark Connect read it, exact as on the embedded engine.

Where the two would not agree by themselves, this is the one place that says how they do.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

_WIDE = "decimal(18, 0)"
"""The type in which whole numbers are summed: the sum is wider than 64 bits, and one that does not fit is an error."""


def spark_sql(expression: ir.Table) -> str:
    """The Spark SQL of an expression. Each step stays a query of its own, as on the embedded engine."""
    return _written(expression.op())


@functools.lru_cache(maxsize=256)
def _written(operation: Any) -> str:  # noqa: ANN401  an Ibis operation, which compares by what it says
    import ibis

    compiler = _compiler()
    fused = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        return str(compiler.to_sqlglot(operation.to_expr().unbind()).sql(dialect=compiler.dialect))
    finally:
        ibis.options.sql.fuse_selects = fused


@functools.lru_cache(maxsize=1)
def _compiler() -> Any:  # noqa: ANN401  Ibis is not typed
    """Ibis's compiler, with what is inexact or lacking on one side of the two engines written out."""
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler

    return type("Compiler", (_Exactly, PySparkCompiler), {"__slots__": ()})()


class _Exactly:
    """How operations are written where Ibis's own way is not exact, or not known to every engine.

    `op` is the operation, and what follows are its parts, written already.
    """

    __slots__ = ()
    f: Any
    cast: Any
    if_: Any

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: ANN401, N802
        """A number with decimals becomes a whole one half away from zero; Spark would cut it off."""
        if op.arg.dtype.is_decimal() and op.arg.dtype.scale != 0 and to.is_integer():
            arg = self.f.round(arg, 0)
        return super().visit_Cast(op, arg=arg, to=to)  # type: ignore[misc]

    def visit_Sum(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: ANN401, N802
        """Whole numbers are summed as decimals; Spark would sum them in 64 bits, and some engines wrap around."""
        import ibis.expr.datatypes as dt

        if op.arg.dtype.is_integer():
            arg = self.cast(arg, dt.dtype(_WIDE))
        return super().visit_Sum(op, arg=arg, where=where)  # type: ignore[misc]

    def visit_ScalarUDF(self, op: Any, **kw: Any) -> Any:  # noqa: ANN401, N802
        """The functions that the ledger names by itself: the exact quotient, an operator, and the number of texts."""
        import sqlglot.expressions as sge

        if op.__func_name__ == "hash":
            return self.f.anon.xxhash64(*kw.values())
        value, divisor = map(sge.paren, kw.values())
        return sge.IntDiv(this=value, expression=divisor)

    def visit_TimestampAdd(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: ANN401, N802
        """A day and so many months or days: Spark has both for days, which reach further than its times."""
        import ibis.expr.datatypes as dt

        day, number = left.this, self.cast(right.this, dt.int32)
        return {"M": self.f.add_months, "D": self.f.date_add}[op.right.unit.short](day, number)

    def visit_IntervalFromInteger(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """The number alone, for the one place where the ledger adds it."""
        import sqlglot.expressions as sge

        return sge.paren(arg)

    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: ANN401, N802
        """The first day of a day's month, by days again."""
        if unit.short != "M":
            return super().visit_TimestampTruncate(op, arg=arg, unit=unit)  # type: ignore[misc]
        return self.f.date_add(arg.this, 1 - self.f.anon.dayofmonth(arg.this))

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """The element at a place from 0, null beyond the last."""
        return self.f.anon.get(arg, index)

    def visit_IntegerRange(self, op: Any, *, start: Any, stop: Any, step: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """The numbers from `start` until before `stop`; no rows where there are none."""
        import sqlglot.expressions as sge

        return self.if_(stop > start, self.f.sequence(start, stop - 1), sge.null())
