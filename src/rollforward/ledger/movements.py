"""Movements: each unit's dated changes of MRR, named by kind. A kind is an if-and-only-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import whole
from rollforward.ledger.months import days_between
from rollforward.ledger.spans import forever

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground

KINDS = ("new", "expansion", "reactivation", "contraction", "churn", "exchange", "transfer")
"""The kinds of a movement."""

_RETURNING = {"reactivation": "reactivation", "new": "new", "expansion": "expansion", "less_churn": "churn"}


def movements(events: ir.Table, ground: Ground) -> ir.Table:
    """The movements of the events that count.

    Columns: the unit (account, subscription), day, until (the day of its next movement), kind, amount, before, after,
    since (the day the unit first had MRR) and presence (+1 where a unit comes, -1 where it goes). Amounts are annual.
    """
    stepped = steps(events.filter(events.line == "mrr"), ground.unit, ground)
    stepped, transfers = without_transfers(stepped) if ground.links else (stepped, None)
    moves = _classified(stepped, ground)
    moves = (_split_exchange(moves) if ground.converts else moves).drop("exchange")
    return moves if transfers is None else ibis.union(moves, _transferred(transfers, ground).select(moves.columns))


def steps(events: ir.Table, unit: list[str], ground: Ground) -> ir.Table:
    """The days on which a unit's MRR changes, with the annual level before and after and whether it was and is there.

    Columns: the unit, day, until, previous (the day of its previous step), since, delta, exchange, transfer, before,
    after, was_there and is_there. A unit that comes or goes has no exchange part on that day, unless it does so by
    transfer. A unit is any set of an event's columns.
    """
    by_day = _by_day(events, unit, ground)
    stepped = _stepped(by_day, unit) if ground.policy.free == "ignore" else _stepped_by_presence(by_day, unit)
    stays = (stepped.was_there | (stepped.transfer > 0)) & (stepped.is_there | (stepped.transfer < 0))
    return stepped.mutate(exchange=stays.ifelse(stepped.exchange, 0)) if ground.converts else stepped


def _by_day(events: ir.Table, unit: list[str], ground: Ground) -> ir.Table:
    """One row a unit and day on which something changes."""
    summed = events.group_by(*unit, "day").agg(
        delta=whole(events.delta.sum()),
        exchange=whole(events.exchange.sum()) if ground.converts else ibis.literal(0, "int64"),
        present=whole(events.present.sum()),
        transfer=whole(events.transfer.sum()) if ground.links else ibis.literal(0, "int64"),
    )
    moves = (summed.delta != 0) | (summed.exchange != 0) | (summed.transfer != 0)
    return summed.filter(moves | (summed.present != 0) if ground.policy.free == "count" else moves)


def _stepped(by_day: ir.Table, unit: list[str]) -> ir.Table:
    """Steps where a unit is there while its MRR is not 0."""
    running = ibis.cumulative_window(group_by=unit, order_by="day")
    stepped = by_day.mutate(after=whole(by_day.delta.sum().over(running)), **_neighbours(by_day, unit))
    return stepped.mutate(before=stepped.after - stepped.delta).mutate(
        was_there=lambda row: row.before != 0, is_there=lambda row: row.after != 0
    )


def _stepped_by_presence(by_day: ir.Table, unit: list[str]) -> ir.Table:
    """Steps where a unit is there while one of its rows counts, at whatever amount."""
    running = ibis.cumulative_window(group_by=unit, order_by="day")
    steps = by_day.mutate(
        after=whole(by_day.delta.sum().over(running)), there=whole(by_day.present.sum().over(running))
    )
    steps = steps.mutate(
        before=steps.after - steps.delta, is_there=steps.there > 0, was_there=(steps.there - steps.present) > 0
    )
    moves = (steps.delta != 0) | (steps.exchange != 0) | (steps.transfer != 0)
    steps = steps.filter(moves | (steps.is_there != steps.was_there))
    return steps.mutate(**_neighbours(steps, unit))


def _neighbours(rows: ir.Table, unit: list[str]) -> dict[str, ir.DateValue]:
    by_unit = ibis.window(group_by=unit, order_by="day")
    return {
        "previous": rows.day.lag().over(by_unit),
        "until": ibis.coalesce(rows.day.lead().over(by_unit), forever()),
        "since": rows.day.min().over(ibis.cumulative_window(group_by=unit, order_by="day")),
    }


def without_transfers(stepped: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Steps without what only changed its place, and that apart.

    What comes from another account comes before anything else of its day, and what goes to one goes after it.
    """
    moved = stepped.filter(stepped.transfer != 0)
    comes = moved.transfer > 0
    rest = moved.mutate(
        delta=moved.delta - moved.transfer,
        before=comes.ifelse(moved.before + moved.transfer, moved.before),
        after=comes.ifelse(moved.after, moved.after - moved.transfer),
        was_there=moved.was_there | comes,
        is_there=moved.is_there | ~comes,
    )
    stays_at_0 = (rest.before == 0) & (rest.after == 0)
    rest = rest.mutate(was_there=rest.was_there & ~stays_at_0, is_there=rest.is_there & ~stays_at_0)
    rest = rest.filter((rest.delta != 0) | (rest.exchange != 0))
    alone = moved.delta == moved.transfer
    rest = rest.mutate(until=(rest.transfer > 0).ifelse(rest.until, rest.day))
    transfers = moved.mutate(
        before=comes.ifelse(moved.before, moved.after - moved.transfer),
        after=comes.ifelse(moved.before + moved.transfer, moved.after),
        until=(comes & ~alone).ifelse(moved.day, moved.until),
        presence=ibis.cases((comes & ~moved.was_there, 1), (~comes & ~moved.is_there, -1), else_=0).cast("int32"),
    )
    plain = stepped.filter(stepped.transfer == 0)
    return ibis.union(plain, rest.select(plain.columns)), transfers


def _transferred(transfers: ir.Table, ground: Ground) -> ir.Table:
    """Transfers as movements."""
    subscription = transfers.subscription if "subscription" in ground.unit else ibis.literal("")
    return transfers.mutate(kind=ibis.literal("transfer"), amount=transfers.transfer, subscription=subscription)


def _classified(steps: ir.Table, ground: Ground) -> ir.Table:
    amount = steps.delta - steps.exchange
    comes, goes = ~steps.was_there & steps.is_there, steps.was_there & ~steps.is_there
    kind = ibis.cases(
        # The first step of a unit; its previous day would tell it too, and has to be found.
        (comes & (steps.day == steps.since), "new"),
        (comes, _returning(steps, ground)),
        (goes, "churn"),
        (amount > 0, "expansion"),
        (amount < 0, "contraction"),
        else_="exchange",
    )
    subscription = steps.subscription if "subscription" in ground.unit else ibis.literal("")
    return steps.select(
        "account",
        "day",
        "until",
        "before",
        "after",
        "since",
        "exchange",
        subscription=subscription,
        kind=kind,
        amount=steps.delta,
        presence=ibis.cases((comes, 1), (goes, -1), else_=0).cast("int32"),
    )


def _returning(steps: ir.Table, ground: Ground) -> ir.StringValue:
    kind = ibis.literal(_RETURNING[ground.policy.returning])
    if ground.policy.returning_days is None:
        return kind
    away = days_between(steps.previous, steps.day)
    return (away > ground.policy.returning_days).ifelse("new", kind)


def _split_exchange(moves: ir.Table) -> ir.Table:
    """Movements with the exchange part of a day as a row of its own, before the other."""
    only = (moves.kind == "exchange") & (moves.amount == moves.exchange)
    plain = moves.filter((moves.exchange == 0) | only)
    mixed = moves.filter(moves.exchange != 0, ~only)
    between = mixed.before + mixed.exchange
    rate_part = mixed.mutate(
        kind=ibis.literal("exchange"),
        amount=mixed.exchange,
        after=between,
        until=mixed.day,
        presence=ibis.literal(0, "int32"),
    )
    other = mixed.mutate(amount=mixed.amount - mixed.exchange, before=between)
    return ibis.union(plain, rate_part.select(plain.columns), other.select(plain.columns))
