"""Movements with their causes: each movement's amount shared out, and the sums by period, kind and cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.errors import UsageError
from rollforward.ledger.arithmetic import whole
from rollforward.ledger.causes import causes
from rollforward.ledger.segments import Segment, chosen
from rollforward.metrics import facts
from rollforward.metrics.listings import named_movements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rollforward.ledger.ground import Ground
    from rollforward.ledger.segments import Ledger
    from rollforward.metrics.answers import Question

_UNIT = ["account", "subscription"]


def caused_movement_list(
    ledger: Ledger,
    records: Mapping[str, ir.Table],
    question: Question,
    *,
    kind: str | None,
    account: str | None,
    name: str | None = None,
) -> ir.Table:
    """Movements, a row for each of their causes: day, account, name, subscription, kind, cause, mrr, before, after.

    `mrr` is what the cause moved; the rows of one movement add up to it.
    """
    rows = _caused(ledger, records, question.segment, (question.periods[0].start, question.today))
    return named_movements(rows, ledger, "caused", "cause", kind=kind, account=account, name=name)


def cause_sums(ledger: Ledger, records: Mapping[str, ir.Table], question: Question) -> ir.Table:
    """What each cause moved in each period: number (of the period), kind, cause, amount (annual), movements."""
    periods = ibis.table(facts.PERIODS, name="asked_periods")
    first = question.periods[0].start
    rows = _caused(ledger, records, question.segment, (first, question.today))
    rows = rows.join(periods, [rows.day >= periods.start, rows.day < periods.end])
    return rows.group_by("number", "kind", "cause").agg(
        amount=rows.caused.sum().cast("decimal(38, 0)"), movements=rows.count()
    )


def _caused(ledger: Ledger, records: Mapping[str, ir.Table], segment: Segment, days: tuple[date, date]) -> ir.Table:
    """Movements with each cause and what it moved, as column `caused` (annual).

    Where exchange or a transfer is a movement of its own it is that one's only cause; else it is one of the other's.
    """
    if segment.follows_items:
        raise UsageError(
            "causes are those of whole accounts. Filter by a field of the account: customer, country, name, cohort or "
            "an attribute."
        )
    moved = chosen(ledger, ledger.movements, segment).drop("value")
    moved = moved.filter(moved.day.between(*(ibis.literal(day) for day in days)), moved.amount != 0)
    moved = _with_others(moved, ledger.ground)
    found = causes(ledger, records, days)
    if ledger.ground.policy.level == "customer":
        found = found.mutate(subscription=ibis.literal(""))
    summed = found.group_by(*_UNIT, "day", "cause").agg(caused=whole(found.amount.sum()))
    joined = moved.join(summed.filter(summed.caused != 0), [*_UNIT, "day"])
    place = ibis.cases(
        ((joined.cause == "exchange") & joined.exchange_apart, "exchange"),
        ((joined.cause == "transfer") & joined.transfer_apart, "transfer"),
        else_="other",
    )
    kind = joined.kind.isin(["exchange", "transfer"]).ifelse(joined.kind, "other")
    return joined.filter(kind == place)


def _with_others(moved: ir.Table, ground: Ground) -> ir.Table:
    """Movements, and whether exchange and transfer are movements of their own on their unit's day."""
    apart = ibis.window(group_by=[*_UNIT, "day"])
    possible = {"exchange": ground.converts, "transfer": ground.links}
    return moved.mutate(
        **{
            f"{kind}_apart": (moved.kind == kind).any().over(apart) if can_be else ibis.literal(False)
            for kind, can_be in possible.items()
        }
    )
