"""Proofs: what must be true of every ledger, each as a query for what breaks it. A ledger with a breach is not kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.levels import levels_on

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground
    from rollforward.ledger.segments import Ledger


@dataclass(frozen=True)
class Proof:
    """One proof: what it shows, and the rows that would refute it."""

    name: str
    about: str
    breaches: ir.Table


def proofs(ledger: Ledger, cube: ir.Table, days: ir.Table) -> list[Proof]:
    """The proofs of a ledger. `days` (column `at`) are those on which every unit's level is compared with its spans."""
    return [
        Proof("foots", "before + amount = after, on every movement", _footing(ledger.movements)),
        Proof("kinds", "each kind exactly when MRR moves as its name says", _kinds(ledger.movements, ledger.ground)),
        Proof("days", "on every day the movements add up to what the spans gain and lose", _days(ledger)),
        Proof("cube", "every dimension of the cube adds up to the whole book, on every day", _dimensions(cube)),
        Proof("levels", "on sampled days every unit's MRR is the sum of its spans", _levels(ledger, days)),
    ]


def _footing(movements: ir.Table) -> ir.Table:
    return movements.filter(movements.before + movements.amount != movements.after)


def _kinds(movements: ir.Table, ground: Ground) -> ir.Table:
    """Movements whose kind is not what their levels say."""
    row = movements
    if ground.policy.free == "count":
        comes, goes = row.presence == 1, row.presence == -1
    elif ground.converts:
        row = _with_emptied(movements)
        comes, goes = (row.before == 0) & ~row.was_emptied, (row.after == 0) & ~row.empties
    else:
        comes, goes = row.before == 0, row.after == 0
    first = row.day == row.since
    kind = ibis.cases(
        (row.kind == "exchange", ~comes & ~goes),
        (row.kind == "transfer", True),
        (row.kind == "new", comes & _is_new(first, ground)),
        (row.kind == _returning_kind(ground), _returns(comes, first, row, ground)),
        (row.kind == "churn", goes),
        (row.kind == "expansion", ~comes & ~goes & (row.amount > 0)),
        (row.kind == "contraction", ~comes & ~goes & (row.amount < 0)),
        else_=False,
    )
    return row.filter(~kind)


def _with_emptied(movements: ir.Table) -> ir.Table:
    """Movements, and whether they stand beside a level of 0 within a day, from which nobody went.

    On a day on which a rate moves MRR and something else does too, exchange comes first. It may take all of it, as
    where a small amount is rounded to nothing at the new rate: `empties` is said of it, `was_emptied` of what follows.
    """
    empties = (movements.kind == "exchange") & (movements.until == movements.day) & (movements.after == 0)
    keys = ["account", "subscription", "day"]
    emptied = movements.filter(empties).select(*keys, emptied=True)
    joined = movements.mutate(empties=empties).left_join(emptied, keys)
    return joined.mutate(was_emptied=joined.emptied.fill_null(False) & ~joined.empties)


def _is_new(first: ir.BooleanValue, ground: Ground) -> ir.BooleanValue:
    may_return_as_new = ground.policy.returning == "new" or ground.policy.returning_days is not None
    return ibis.literal(True) if may_return_as_new else first


def _returning_kind(ground: Ground) -> str:
    return str({"less_churn": "churn"}.get(ground.policy.returning, ground.policy.returning))


def _returns(comes: ir.BooleanValue, first: ir.BooleanValue, row: ir.Table, ground: Ground) -> ir.BooleanValue:
    """Whether a row of the returning kind is a return; a kind that means something else too may be that."""
    back = comes & ~first
    if ground.policy.returning == "expansion":
        return back | (~comes & (row.amount > 0))
    return back | (row.after == 0) if ground.policy.returning == "less_churn" else back


def _days(ledger: Ledger) -> ir.Table:
    """Days on which the movements' sum is not that of the events of the spans."""
    events = ledger.events()
    gained = events.group_by("day").agg(spans=events.delta.sum().cast("decimal(38, 0)"))
    moved = ledger.movements.group_by("day").agg(moved=ledger.movements.amount.sum().cast("decimal(38, 0)"))
    both = gained.outer_join(moved, "day")
    return both.filter(ibis.coalesce(both.spans, 0) != ibis.coalesce(both.moved, 0))


def _dimensions(cube: ir.Table) -> ir.Table:
    """Days on which a dimension's MRR does not move by what the whole book's moves by."""
    mrr = cube.filter(~cube.kind.isin(["trial", "usage"]))
    by_day = mrr.group_by("dimension", "day").agg(amount=mrr.amount.sum())
    total = by_day.filter(by_day.dimension == "total").select("day", total=by_day.amount)
    both = by_day.left_join(total, "day")
    return both.filter(both.amount != ibis.coalesce(both.total, 0))


def _levels(ledger: Ledger, days: ir.Table) -> ir.Table:
    """Units whose level by movements on a day is not the sum of what stands behind it."""
    unit = ledger.ground.unit
    summed = levels_on(days, ledger.valued, ledger.ground, unit)
    moves = ledger.movements.join(days, [ledger.movements.day <= days["at"], ledger.movements.until > days["at"]])
    moves = moves.filter(moves.after != 0).select("at", *unit, "after")
    both = summed.filter(summed.level != 0).outer_join(moves, ["at", *unit])
    return both.filter(ibis.coalesce(both.level, 0) != ibis.coalesce(both.after, 0))
