"""The cube: the flows of the whole book and of each of its segments by day, which answers most questions at once."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollforward.ledger.segments import WHOLE, Ledger, Segment, flows

TOTAL = "total"
"""The dimension of the whole book."""


def cube(ledger: Ledger, dimensions: list[str]) -> ir.Table:
    """The flows by dimension: dimension, value, day, kind, amount, moves, presence."""
    whole = flows(ledger, WHOLE).mutate(dimension=ibis.literal(TOTAL))
    parts = [flows(ledger, Segment({}, field)).mutate(dimension=ibis.literal(field)) for field in dimensions]
    return ibis.union(whole, *(part.select(whole.columns) for part in parts)) if parts else whole
