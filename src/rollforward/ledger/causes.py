"""Causes: why each item's MRR changed on a day, in amounts that add up to the movements.

An item that begins to count is `start`, one that stops is `end`. One that goes on under other terms is taken from the
old terms to the new in a fixed order, each step with what stands so far: first its discounts, then its quantity, and
the rest is its plan, else its interval, else its price. What only the rate moves is `exchange`.

A source that tells less gives fewer causes. An invoice line has amounts only, so that where several of its terms change
at once the first of plan, interval, quantity and discount takes the whole; a snapshot tells no more than its plan.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import CHARGE, annual_amount, whole
from rollforward.ledger.events import dated, events
from rollforward.ledger.exchange import worth
from rollforward.ledger.invoices import whole_months
from rollforward.ledger.months import add_months, days_between, month_start
from rollforward.ledger.terms import charges_a_year, discount_applies, less_discounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollforward.ledger.ground import Ground
    from rollforward.ledger.segments import Ledger
    from rollforward.policy.policy import Policy

CAUSES = {
    "start": "an item began to count",
    "end": "an item stopped counting",
    "plan": "an item is on another plan",
    "interval": "an item is billed at another interval",
    "price": "an item has another price",
    "quantity": "an item has another quantity",
    "discount": "a discount began or changed",
    "discount ended": "a discount ended",
    "amount": "the amount changed, and the source does not tell why",
    "exchange": "only the exchange rate moved",
    "transfer": "an item came from another account, or went to one",
    "rounding": "what rounding whole subscriptions adds or takes",
}
"""Every cause, and what it means."""

_ITEM = ["account", "subscription", "item"]
_DISCOUNTING = "decimal(18, 6)"


Days = tuple[date, date]


def causes(ledger: Ledger, records: Mapping[str, ir.Table], days: Days | None = None) -> ir.Table:
    """Why MRR changed: account, subscription, item, day, cause, amount (annual, in stored units of the ledger).

    For each unit and day the amounts add up to its movements. `records` are the current records by table; `days`, the
    first and the last, spare the work for all others.
    """
    ground = _by_day_and_item(ledger.ground)
    spans = _near(ledger.valued.filter(ledger.valued.line == "mrr"), days, ground)
    found = events(spans, ground)
    moved = found.filter(found.transfer != 0)
    changed = _changed_items(found.filter(found.transfer == 0), ground)
    goes_on = changed.was_there & changed.is_there
    outer = changed.filter(~goes_on)
    parts = ibis.union(
        _rows(outer, outer.was_there.ifelse("end", "start"), outer.delta - outer.exchange),
        _rows(changed, ibis.literal("exchange"), changed.exchange),
        _rows(moved, ibis.literal("transfer"), moved.transfer),
        _parts(_with_terms(changed.filter(goes_on, changed.delta != changed.exchange), spans, records, ground), ground),
    )
    told = _within(dated(parts.filter(parts.amount != 0), ledger.ground), days)
    rounding = ledger.ground.policy.rounding
    if rounding is None or rounding.level != "subscription":
        return told
    return ibis.union(told, _by_rounding(told, _within(ledger.movements, days), ledger.ground.unit))


def _near(spans: ir.Table, days: Days | None, ground: Ground) -> ir.Table:
    """The spans that begin or end on the days, or in the month whose end the changes are booked on.

    The lines of an invoice may overlap, and then what is there on a day depends on all of them.
    """
    if days is None or ground.policy.basis == "invoices":
        return spans
    first, last = ibis.literal(days[0].replace(day=1)), ibis.literal(days[1])
    begins, ends = spans.starts.between(first, last), spans.ends.between(first, last)
    return spans.filter(begins | ends)


def _within(rows: ir.Table, days: Days | None) -> ir.Table:
    return rows if days is None else rows.filter(rows.day.between(*(ibis.literal(day) for day in days)))


def _rows(changed: ir.Table, cause: ir.StringValue, amount: ir.IntegerValue) -> ir.Table:
    return changed.select(*_ITEM, "day", cause=cause, amount=amount)


def _by_day_and_item(ground: Ground) -> Ground:
    """The ground on which each item changes on its own day, without what the policy does to whole units."""
    rounding = ground.policy.rounding
    changes = {"netting": "day"}
    if rounding is not None and rounding.level == "subscription":
        changes["round"] = "none"
    return replace(ground, policy=ground.policy.with_settings(ground.policy.name, changes))


def _changed_items(found: ir.Table, ground: Ground) -> ir.Table:
    """Each item and day on which its MRR changes: delta, exchange, and whether it was and is there."""
    by_day = found.group_by(*_ITEM, "day").agg(
        delta=whole(found.delta.sum()), exchange=whole(found.exchange.sum()), present=whole(found.present.sum())
    )
    if ground.policy.basis == "invoices":
        # The lines of an item may overlap, so that what is there has to be counted.
        running = ibis.cumulative_window(group_by=_ITEM, order_by="day")
        by_day = by_day.mutate(there=whole(by_day.present.sum().over(running)))
        by_day = by_day.mutate(was_there=by_day.there > by_day.present, is_there=by_day.there > 0).drop("there")
    else:
        by_day = by_day.mutate(was_there=by_day.present <= 0, is_there=by_day.present >= 0)
    return by_day.filter((by_day.delta != 0) | (by_day.exchange != 0))


# -- the terms before and after a change ------------------------------------------------------------------------------

_SPAN = ("record", "starts", "annual", "plan", "currency", "anchor")


def _with_terms(changed: ir.Table, spans: ir.Table, records: Mapping[str, ir.Table], ground: Ground) -> ir.Table:
    """Changes with the terms of the item's span that starts on their day, and with those of the one before it.

    Those of the one before it are called `old_`; both are null where no span starts on that day.
    """
    spans = spans.select(*_ITEM, *_SPAN, "to_account", "ends", "rate")
    paired = _paired_by_order(spans) if ground.policy.basis == "invoices" else _paired_by_days(spans)
    joined = changed.left_join(paired, [*_ITEM, changed.day == paired.starts])
    rows = joined.select(*changed.columns, *(name for name in paired.columns if name not in _ITEM))
    told = _told(records, ground)
    if told is None:
        return rows
    # Of all records only those that are looked up, so that little is held.
    used = ibis.union(rows.select("record"), rows.select(record="old_record"))
    told = told.semi_join(used, "record")
    of_old = told.rename({f"old_{name}": name for name in told.columns})
    rows = rows.left_join(told, "record").drop("record_right")
    return rows.left_join(of_old, "old_record").drop("old_record_right")


def _paired_by_days(spans: ir.Table) -> ir.Table:
    """Spans with the one of their item that ends where they start."""
    closing = {"account": ibis.coalesce(spans.to_account, spans.account)}
    old = spans.select(*_ITEM[1:], "ends", **closing, **{f"old_{name}": spans[name] for name in _SPAN})
    joined = spans.join(old, [*_ITEM, spans.starts == old.ends])
    return joined.select(*spans.columns, *(name for name in old.columns if name.startswith("old_")))


def _paired_by_order(spans: ir.Table) -> ir.Table:
    """The largest span of each item and day with the one of its item that starts before it."""
    largest = ibis.window(group_by=[*_ITEM, "starts"], order_by=[ibis.desc("annual"), "record"])
    first = spans.mutate(place=ibis.row_number().over(largest)).filter(lambda row: row.place == 0).drop("place")
    by_item = ibis.window(group_by=_ITEM, order_by="starts")
    return first.mutate(**{f"old_{name}": first[name].lag().over(by_item) for name in _SPAN})


def _told(records: Mapping[str, ir.Table], ground: Ground) -> ir.Table | None:
    """What the records tell of terms, by record; None where they tell nothing that a span does not."""
    if ground.policy.basis == "invoices":
        return _told_by_lines(records["invoice_lines"])
    if ground.policy.basis == "snapshots":
        return None
    items = records["subscription_items"]
    price = items.amount - items.tax_included if ground.policy.tax == "exclude" else items.amount
    discounts = ["discounts"] if _discount_depth(ground) else []
    return items.select("record", "quantity", "interval", "interval_count", "kind", *discounts, price=price)


def _told_by_lines(lines: ir.Table) -> ir.Table:
    """The terms of invoice lines: `every` is their interval, which a part of a period does not tell."""
    months = whole_months(lines.period_start, lines.period_end)
    days = days_between(lines.period_start, lines.period_end)
    every = ibis.coalesce(months.cast("string") + " months", days.cast("string") + " days")
    return lines.select(
        "record",
        "quantity",
        every=(lines.kind == "recurring").ifelse(every, ibis.null("string")),
        full=(lines.amount + lines.discount).cast(_DISCOUNTING),
        discount=lines.discount.cast(_DISCOUNTING),
    )


def _discount_depth(ground: Ground) -> int:
    return 0 if ground.policy.discounts == "none" else ground.traits.discount_depth


# -- how a change is shared out ---------------------------------------------------------------------------------------


def _parts(changed: ir.Table, ground: Ground) -> ir.Table:
    """The causes of changes of items that go on."""
    shared = _by_terms(changed, ground)
    rest = shared.delta - shared.exchange - shared.by_discount - shared.by_quantity
    return ibis.union(
        _rows(shared, shared.record.notnull().ifelse(shared.rest_cause, "amount"), rest),
        _rows(shared, shared.discount_cause, shared.by_discount),
        _rows(shared, ibis.literal("quantity"), shared.by_quantity),
    )


def _by_terms(changed: ir.Table, ground: Ground) -> ir.Table:
    """Changes with what discount and quantity make of them, and what the rest is called."""
    if ground.policy.basis == "subscriptions":
        return _shared_by_items(changed, ground)
    none = ibis.literal(0, "int64")
    changed = changed.mutate(by_discount=none, by_quantity=none, discount_cause=ibis.literal("discount"))
    changed = changed.mutate(rest_cause=ibis.cases((_differs(changed, "plan"), "plan"), else_="amount"))
    return changed if ground.policy.basis == "snapshots" else changed.mutate(rest_cause=_cause_by_lines(changed))


def _differs(rows: ir.Table, name: str) -> ir.BooleanValue:
    """Whether a term is not what it was; a term that was not told did not change."""
    return (rows[name] != rows[f"old_{name}"]).fill_null(False)


def _cause_by_lines(changed: ir.Table) -> ir.StringValue:
    """What an invoice line's change is called: the first of its terms that changed."""
    rediscounted = (changed.discount * changed.old_full != changed.old_discount * changed.full).fill_null(False)
    ended = rediscounted & (changed.discount == 0)
    return ibis.cases(
        (_differs(changed, "plan"), "plan"),
        (_differs(changed, "every"), "interval"),
        (_differs(changed, "quantity"), "quantity"),
        (ended, "discount ended"),
        (rediscounted, "discount"),
        else_="price",
    )


def _shared_by_items(changed: ir.Table, ground: Ground) -> ir.Table:
    """The change of a subscription item, from its old terms by the new discounts and the new quantity."""
    changed = _with_discounting(changed, ground)
    same_currency = ~_differs(changed, "currency") & changed.record.notnull()
    changed = changed.mutate(
        rediscounted=same_currency & _differs(changed, "discounting"),
        requantified=same_currency & _differs(changed, "quantity"),
        old=worth(changed.old_annual, changed.rate, ground),
    )
    if ground.policy.days_in_month:
        month = month_start(changed.day)
        changed = changed.mutate(days=days_between(month, add_months(month, ibis.literal(1))))
    changed = changed.mutate(rest_cause=_cause_by_items(changed, ground.policy))
    changed = _at(changed, "at_new_discounts", changed.old_quantity, ground)
    changed = _at(changed, "at_new_quantity", changed.quantity, ground)
    first = changed.rediscounted.ifelse(changed.at_new_discounts, changed.old)
    second = changed.requantified.ifelse(changed.at_new_quantity, first)
    ended = (changed.applied < changed.old_applied) & (first > changed.old)
    return changed.mutate(
        by_discount=ibis.coalesce(first - changed.old, 0),
        by_quantity=ibis.coalesce(second - first, 0),
        discount_cause=ended.fill_null(False).ifelse("discount ended", "discount"),
    )


def _with_discounting(changed: ir.Table, ground: Ground) -> ir.Table:
    """Changes with the discounts that apply before and after, as text, and how many they are."""
    text, applied = _discounting(changed, "", ground)
    old_text, old_applied = _discounting(changed, "old_", ground)
    return changed.mutate(discounting=text, applied=applied, old_discounting=old_text, old_applied=old_applied)


def _discounting(rows: ir.Table, side: str, ground: Ground) -> tuple[ir.StringValue, ir.IntegerValue]:
    """The discounts that apply on one side of a change, as text, and how many they are."""
    text, applied = ibis.literal(""), ibis.literal(0)
    for position in range(_discount_depth(ground)):
        discount = rows[f"{side}discounts"][position]
        applies = discount_applies(discount, rows[f"{side}anchor"], rows[f"{side}starts"], ground.policy)
        said = ibis.coalesce(discount["percent"].cast("string") + "%", discount["amount"].cast("string"), "") + ";"
        text, applied = text + applies.ifelse(said, ""), applied + applies.ifelse(1, 0)
    return text, applied


def _at(changed: ir.Table, name: str, quantity: ir.DecimalValue, ground: Ground) -> ir.Table:
    """Changes with what the old price and interval make at a quantity under the new discounts, as column `name`.

    From here on the interval is the old one.
    """
    rows = changed.mutate(charge=(changed.old_price * quantity).cast(CHARGE))
    if _discount_depth(ground):
        rows = less_discounts(rows, ground)
    own = ("interval", "interval_count", "kind")
    terms = rows.mutate(**{term: rows[f"old_{term}"] for term in own})
    numerator, denominator = charges_a_year(terms, ground.policy)
    made = terms.mutate(**{name: worth(annual_amount(terms.charge, numerator, denominator), terms.rate, ground)})
    return made.drop("charge")


def _cause_by_items(changed: ir.Table, policy: Policy) -> ir.StringValue:
    by_interval = _differs(changed, "interval") | _differs(changed, "interval_count")
    return ibis.cases(
        (_differs(changed, "plan"), "plan"),
        (by_interval, "interval"),
        (_differs(changed, "price") | _differs(changed, "currency"), "price"),
        (changed.requantified, "quantity"),
        (changed.rediscounted, "discount"),
        else_="interval" if policy.days_in_month else "amount",
    )


def _by_rounding(found: ir.Table, movements: ir.Table, unit: list[str]) -> ir.Table:
    """What rounding by subscription makes of the causes of each unit and day."""
    key = [*unit, "day"]
    caused = found.group_by(*key).agg(caused=whole(found.amount.sum()))
    moved = movements.group_by(*key).agg(moved=whole(movements.amount.sum()))
    both = moved.outer_join(caused, key)
    rest = ibis.coalesce(both.moved, 0) - ibis.coalesce(both.caused, 0)
    told = {name: ibis.coalesce(both[name], both[f"{name}_right"]) for name in key}
    none = {name: ibis.literal("") for name in _ITEM if name not in unit}
    rows = both.select(**told, **none, cause=ibis.literal("rounding"), amount=rest)
    return rows.filter(rows.amount != 0).select(found.columns)
