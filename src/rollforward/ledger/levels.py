"""Levels: the annual amounts of units on given days, from valued spans alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.ledger.arithmetic import whole
from rollforward.ledger.events import events

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from rollforward.ledger.ground import Ground


def levels_on(days: ir.Table, valued: ir.Table, ground: Ground, unit: list[str]) -> ir.Table:
    """The annual amount of each unit at the end of each day of `days` (column `at`): at, the unit, level.

    A unit without spans on a day has no row, or one of 0.
    """
    spans = valued.filter(valued.line == "mrr")
    return _summed_spans(days, spans, unit) if _is_plain(ground) else _summed_events(days, events(spans, ground), unit)


def _is_plain(ground: Ground) -> bool:
    """Whether a level is the sum of the spans of its day, neither netted by month nor rounded by subscription."""
    rounding = ground.policy.rounding
    return ground.policy.netting == "day" and (rounding is None or rounding.level != "subscription")


def _summed_spans(days: ir.Table, spans: ir.Table, unit: list[str]) -> ir.Table:
    running = spans.join(days, [spans.starts <= days["at"], spans.ends > days["at"]])
    return running.group_by("at", *unit).agg(level=whole(running.amount.sum()))


def _summed_events(days: ir.Table, happened: ir.Table, unit: list[str]) -> ir.Table:
    past = happened.join(days, happened.day <= days["at"])
    return past.group_by("at", *unit).agg(level=whole(past.delta.sum()))
