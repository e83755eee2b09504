"""Events: the days on which a unit's MRR changes, and by how much; a part of it may be exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import whole
from rollforward.ledger.exchange import RATE, convert, rounded
from rollforward.ledger.months import month_end
from rollforward.ledger.spans import forever

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground

_ITEM = ["account", "subscription", "item", "plan", "product", "currency", "line"]
_PAID_ITEM = ["account", "subscription", "item", "currency", "line"]
EVENT = [*_ITEM, "day", "delta", "exchange", "present", "transfer"]
"""The columns of an event: whose, when, the change of the annual amount, the part of it that is only the rate's, the
change in the number of counted spans, and the part that only comes from another account or goes to one."""


def events(valued: ir.Table, ground: Ground) -> ir.Table:
    """The events of valued spans, not yet summed: two a span, and one an item and day where rates move."""
    own = valued.filter(~valued.foreign) if ground.converts else valued
    changes = _edges(own, ground)
    if ground.converts:
        changes = ibis.union(changes, _foreign(valued.filter(valued.foreign), ground))
    changes = changes.mutate(transfer=ibis.literal(0, "int64"))
    if ground.links:
        changes = ibis.union(changes, *_transfers(valued))
    rounding = ground.policy.rounding
    if rounding and rounding.level == "subscription":
        changes = _rounded_by_subscription(changes, rounding.places, down=rounding.down)
    return dated(changes, ground)


def _ending(spans: ir.Table, ground: Ground) -> ir.Table:
    """The spans that end, each under the account for which its item goes on."""
    ending = spans.filter(spans.ends < forever())
    return ending.mutate(account=ibis.coalesce(ending.to_account, ending.account)) if ground.links else ending


def _transfers(spans: ir.Table) -> tuple[ir.Table, ir.Table]:
    """What items take from one account to another: the events of the one, and those of the other."""
    moved = spans.filter(spans.to_account.notnull())
    none = ibis.literal(0, "int64")

    def events(account: ir.StringValue, sign: int) -> ir.Table:
        amount, present = moved.amount * sign, ibis.literal(sign, "int64")
        rows = moved.mutate(account=account, day=moved.ends, delta=amount, exchange=none, present=present)
        return rows.mutate(transfer=amount).select(*EVENT)

    return events(moved.account, -1), events(moved.to_account, 1)


def _edges(spans: ir.Table, ground: Ground) -> ir.Table:
    """Two events a span, its amount coming and going, or the first alone where it has no end.

    Both are made of a span as it is read, not of all spans one after the other: where an item goes on on the day, its
    two events then meet early, and few are left to be summed.
    """
    edges = spans.cross_join(ibis.literal([1, -1], "array<int64>").unnest().name("sign").as_table())
    comes = edges.sign == 1
    if ground.links:
        edges = edges.mutate(account=comes.ifelse(edges.account, ibis.coalesce(edges.to_account, edges.account)))
    return edges.filter(comes | (edges.ends < forever())).select(
        *_ITEM,
        day=comes.ifelse(edges.starts, edges.ends),
        delta=edges.amount * edges.sign,
        exchange=ibis.literal(0, "int64"),
        present="sign",
    )


def _foreign(spans: ir.Table, ground: Ground) -> ir.Table:
    """One event an item and day. Where an item goes on at another rate, its old amount at the new rate is exchange."""
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    starting = spans.select(
        *_ITEM,
        "rate",
        old_rate=ibis.null(RATE),
        day=spans.starts,
        old=zero,
        old_annual=zero,
        new=spans.amount,
        gone=zero,
        come=one,
    )
    ending = _ending(spans, ground)
    ending = ending.select(
        *_ITEM,
        rate=ibis.null(RATE),
        old_rate=ending.rate,
        day=ending.ends,
        old=ending.amount,
        old_annual=ending.annual,
        new=zero,
        gone=one,
        come=zero,
    )
    both = ibis.union(starting, ending)
    both = both.mutate(rate=both.rate.max().over(ibis.window(group_by=[*_PAID_ITEM, "day"])))
    both = both.mutate(revalued=_line_rounded(convert(both.old_annual, both.rate), ground))
    by_item = both.group_by(*_ITEM, "day").agg(
        old=whole(both.old.sum()),
        revalued=whole(both.revalued.sum()),
        new=whole(both.new.sum()),
        gone=whole(both.gone.sum()),
        come=whole(both.come.sum()),
        rate=both.rate.max(),
        least_old_rate=both.old_rate.min(),
        most_old_rate=both.old_rate.max(),
    )
    return by_item.select(
        *_ITEM,
        "day",
        delta=by_item.new - by_item.old,
        exchange=_goes_on_at_another_rate(by_item).ifelse(by_item.revalued - by_item.old, 0),
        present=by_item.come - by_item.gone,
    )


def _goes_on_at_another_rate(by_item: ir.Table) -> ir.BooleanValue:
    """Whether the item has an amount before and after the day, at rates of which some differ; its plan may change."""
    across_plans = ibis.window(group_by=[*_PAID_ITEM, "day"])

    def over(name: str) -> ir.IntegerValue:
        return by_item[name].sum().over(across_plans)

    goes_on = (over("gone") > 0) & (over("come") > 0) & (over("old") != 0) & (over("new") != 0)
    lowest, highest = (by_item.least_old_rate.min().over(across_plans), by_item.most_old_rate.max().over(across_plans))
    return (goes_on & ((lowest != by_item.rate) | (highest != by_item.rate))).fill_null(False)


def _line_rounded(amount: ir.IntegerValue, ground: Ground) -> ir.IntegerValue:
    rounding = ground.policy.rounding
    return rounded(amount, rounding.places, down=rounding.down) if rounding and rounding.level == "line" else amount


def _rounded_by_subscription(changes: ir.Table, decimals: int, *, down: bool) -> ir.Table:
    """Events of whole subscriptions, whose levels are rounded; a plan stands where the subscription has only one."""
    subscription = ["account", "subscription", "line"]
    throughout = ibis.window(group_by=subscription)
    named = changes.mutate(
        **{
            name: (changes[name].min().over(throughout) == changes[name].max().over(throughout)).ifelse(
                changes[name], "(several)"
            )
            for name in ("plan", "product", "currency")
        },
        item=ibis.literal(""),
    )
    by_day = named.group_by(*_ITEM, "day").agg(
        delta=whole(named.delta.sum()),
        exchange=whole(named.exchange.sum()),
        present=whole(named.present.sum()),
        transfer=whole(named.transfer.sum()),
    )
    running = ibis.cumulative_window(group_by=subscription, order_by="day")
    by_day = by_day.mutate(level=whole(by_day.delta.sum().over(running)))

    def at(amount: ir.IntegerValue) -> ir.IntegerValue:
        return rounded(amount, decimals, down=down)

    before = by_day.level - by_day.delta
    return by_day.mutate(
        delta=at(by_day.level) - at(before),
        exchange=(by_day.exchange == 0).ifelse(0, at(before + by_day.exchange) - at(before)),
        transfer=at(by_day.transfer),
    ).select(*EVENT)


def dated(changes: ir.Table, ground: Ground) -> ir.Table:
    """Changes on the day they are booked: their own, or the last of their month, or today in the month of today."""
    if ground.policy.netting == "day":
        return changes
    last = month_end(changes.day)
    today = ibis.literal(ground.today)
    return changes.mutate(day=((changes.day <= today) & (last > today)).ifelse(today, last))
