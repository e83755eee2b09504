"""Accounts: what people entered about whose MRR is whose, applied to spans.

An exclusion takes a customer out. A transfer lets one customer carry another one on, with no gap between the two. A
link lets a customer count for another account from a day on.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.spans import SPAN, forever

if TYPE_CHECKING:
    from rollforward.ledger.ground import Ground, Tables

_DAWN = ibis.literal(date(1, 1, 1))
_ITEM = ["customer", "subscription", "item"]
HOPS = 3
"""How often one customer may be carried on by another."""


def entered(spans: ir.Table, made: Tables, ground: Ground) -> ir.Table:
    """Spans after exclusions, transfers and links; their account is the customer's before."""
    entries = ground.traits.entries
    if "exclusions" in entries:
        excluded = made["exclusions"]
        spans = spans.anti_join(excluded, spans.account == excluded.customer)
    if "transfers" in entries:
        spans = _carried_on(spans, made["transfers"])
    return _linked(spans, made["account_links"]) if ground.links else spans


def _carried_on(spans: ir.Table, transfers: ir.Table) -> ir.Table:
    """Spans of which a transfer's former customer has the days before its day, and the customer of now those after.

    What the former one had last reaches to that day, where it ended sooner.
    """
    ends = transfers.group_by(former=transfers.from_customer).agg(day=transfers.day.min())
    before = spans.left_join(ends, spans.account == ends.former)
    counted = spans.filter(spans.line == "mrr").join(ends, spans.account == ends.former)
    last = counted.filter(counted.starts < counted.day)
    last = last.group_by("account").agg(last=ibis.least(last.ends, last.day).max())
    before = before.left_join(last, "account").drop("account_right")
    reaches = before.day.notnull() & ((before.ends > before.day) | (before.ends == before.last))
    before = before.mutate(ends=reaches.ifelse(before.day, before.ends)).select(*SPAN)
    before = before.filter(before.starts < before.ends)
    begins = transfers.select(latter=transfers.customer, begin=transfers.day)
    after = before.left_join(begins, before.account == begins.latter)
    after = after.mutate(starts=ibis.greatest(after.starts, ibis.coalesce(after.begin, after.starts))).select(*SPAN)
    return _under_former_name(after.filter(after.starts < after.ends), transfers)


def _under_former_name(spans: ir.Table, transfers: ir.Table) -> ir.Table:
    """Spans under the account of the first customer of each chain of transfers."""
    for hop in range(HOPS):
        name = f"former_{hop}"
        former = transfers.select(**{f"latter_{hop}": transfers.customer, name: transfers.from_customer})
        joined = spans.left_join(former, spans.account == former[f"latter_{hop}"])
        spans = joined.mutate(account=ibis.coalesce(joined[name], joined.account)).select(*SPAN)
    return spans


def _linked(spans: ir.Table, links: ir.Table) -> ir.Table:
    """Spans under the accounts that their customers count for, cut where that changes."""
    own = spans.anti_join(links, spans.account == links.customer)
    places = _places(links)
    joined = spans.join(
        places, [spans.account == places.customer, spans.starts < places.until, spans.ends > places.opens]
    )
    cut = joined.mutate(
        account=joined.place,
        starts=ibis.greatest(joined.starts, joined.opens),
        ends=ibis.least(joined.ends, joined.until),
    ).drop("to_account")
    following = cut.select(*_ITEM, opens_on=cut.starts, to_account=cut.account).distinct()
    onward = cut.left_join(
        following,
        [*_ITEM, cut.ends == following.opens_on, cut.account != following.to_account],
    )
    return ibis.union(own, onward.select(*SPAN))


def _places(links: ir.Table) -> ir.Table:
    """The account each linked customer counts for over time: customer, place, opens, until."""
    opened = links.select("customer", place=links.account, opens=ibis.coalesce(links.starts, _DAWN))
    by_customer = ibis.window(group_by="customer", order_by="opens")
    opened = opened.mutate(until=ibis.coalesce(opened.opens.lead().over(by_customer), forever()))
    first = opened.group_by("customer").agg(until=opened.opens.min()).filter(lambda row: row.until > _DAWN)
    return ibis.union(
        opened, first.select("customer", "until", place=first.customer, opens=_DAWN).select(opened.columns)
    )
