"""Segments: the flows of MRR under filters and by group, so that every part of the book foots like the whole.

Some fields belong to an account (country, any customer attribute), others to its items (plan, product, currency).
Under an item's field an account can come into a segment or leave it without coming or going itself: these flows are
`entered` and `left`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import whole
from rollforward.ledger.events import events
from rollforward.ledger.months import month_start
from rollforward.ledger.movements import steps, without_transfers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollforward.ledger.ground import Ground


ITEM_FIELDS = ("plan", "product", "currency", "subscription")
"""The fields of an account's items."""

ACCOUNT_FIELDS = ("customer", "country", "name", "cohort")
"""The fields of an account itself, beside its attributes."""

OWN_FIELDS = (*ITEM_FIELDS, *ACCOUNT_FIELDS)
"""The fields that every book has."""

NO_VALUE = "(none)"
"""What stands for a field that has no value."""


@dataclass(frozen=True)
class Segment:
    """Which part of the book: `where` keeps rows with one of the values of each field, `by` groups them by a field."""

    where: Mapping[str, tuple[str, ...]]
    by: str | None = None

    @property
    def item_fields(self) -> list[str]:
        """The item fields that the filters use."""
        return [field for field in self.where if field in ITEM_FIELDS]

    @property
    def follows_items(self) -> bool:
        """Whether an account can enter or leave the segment without coming or going."""
        return bool(self.item_fields) or self.by in ITEM_FIELDS


WHOLE = Segment({})
"""The whole book."""

_COHORTS = Segment({}, "cohort")


@dataclass(frozen=True)
class Ledger:
    """The tables that a question is answered from."""

    movements: ir.Table
    customers: ir.Table
    ground: Ground
    valued: ir.Table
    trials: ir.Table
    happened: ir.Table

    def events(self, accounts: ir.Table | None = None) -> ir.Table:
        """The events that make MRR, of some accounts or of all."""
        if accounts is None:
            return self.happened.filter(self.happened.line == "mrr")
        if self.ground.links:
            return self.events().semi_join(accounts, "account")
        spans = self.valued.filter(self.valued.line == "mrr")
        return events(spans.semi_join(accounts, "account"), self.ground)

    def events_beside(self) -> ir.Table:
        """The events of the lines beside MRR: trials and usage."""
        return self.happened.filter(self.happened.line.isin(["trial", "usage"]))


def flows(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The flows of a segment: value, day, kind, amount, moves (how many) and presence (accounts come less gone).

    Kinds are those of movements, `entered` and `left`, and the lines `trial` and `usage` beside MRR.
    """
    ground = ledger.ground
    by_month_of_first_mrr = segment == _COHORTS and ground.policy.level == "customer"
    amounts = _cohort_flows(ledger) if by_month_of_first_mrr else _summed(moves(ledger, segment))
    beside = _other_lines(ledger, segment)
    if ground.policy.level == "customer":
        return ibis.union(amounts, beside)
    return ibis.union(amounts.mutate(presence=ibis.literal(0, "int64")), _customers(ledger, segment), beside)


def _cohort_flows(ledger: Ledger) -> ir.Table:
    """The flows by month of first MRR: summed by the month as a day, so that few rows are spelled out as a text."""
    rows = ledger.movements.mutate(month=month_start(ledger.movements.since))
    by_month = _summed_by(rows, "month")
    return by_month.mutate(value=by_month.month.cast("string")).drop("month").relocate("value")


def _customers(ledger: Ledger, segment: Segment) -> ir.Table:
    """The comings and goings of customers, where movements are those of subscriptions."""
    moved = _summed(customer_moves(ledger, segment).mutate(kind=ibis.literal("presence")))
    return moved.filter(moved.presence != 0).mutate(
        amount=ibis.literal(0).cast("decimal(38, 0)"), moves=ibis.literal(0, "int64")
    )


def customer_moves(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The movements of a segment's customers, also where those of the ledger are of subscriptions."""
    if ledger.ground.policy.level == "customer":
        return moves(ledger, segment)
    policy = ledger.ground.policy.with_settings(ledger.ground.policy.name, {"level": "customer"})
    return _classified(ledger, segment, replace(ledger.ground, policy=policy))


def subscriptions(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The comings and goings of subscriptions with MRR: value, day, kind, amount, moves, presence."""
    return _summed(subscription_moves(ledger, segment).mutate(kind=ibis.literal("subscriptions")))


def subscription_moves(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The changes of a segment's subscriptions: account, subscription, value, day, amount, presence."""
    counted = chosen(ledger, ledger.events(), segment)
    stepped = steps(counted, ["account", "subscription", "value"], ledger.ground)
    presence = ibis.cases(
        (~stepped.was_there & stepped.is_there, 1), (stepped.was_there & ~stepped.is_there, -1), else_=0
    )
    return stepped.mutate(amount=stepped.delta, presence=presence)


def moves(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The movements of a segment: value, account, day, kind, amount, presence."""
    if not segment.follows_items:
        return chosen(ledger, ledger.movements, segment).select(*_MOVE)
    if segment.item_fields or _is_rounded_by_subscription(ledger.ground):
        return _classified(ledger, segment, ledger.ground).select(*_MOVE)
    return _moves_by_item_field(ledger, segment)


def entries(ledger: Ledger, segment: Segment, account: str | None = None) -> ir.Table:
    """The movements of a segment, or of one account in it, with the columns of the ledger's own, and value.

    `before` and `after` are levels within the segment, and `since` is the day from which the account has MRR in it.
    """
    if not segment.follows_items:
        rows = ledger.movements if account is None else ledger.movements.filter(ledger.movements.account == account)
        return chosen(ledger, rows, segment)
    if account is None:
        return _classified(ledger, segment, ledger.ground)
    own = ledger.movements.filter(ledger.movements.account == account).select("account").distinct()
    return _classified(ledger, segment, ledger.ground, own)


_MOVE = ("value", "account", "day", "kind", "amount", "presence")


def _is_rounded_by_subscription(ground: Ground) -> bool:
    rounding = ground.policy.rounding
    return rounding is not None and rounding.level == "subscription"


def _moves_by_item_field(ledger: Ledger, segment: Segment) -> ir.Table:
    """Movements by an item's field.

    An account whose items have one value moves as it moves; only the others have to be classified within each value.
    """
    spans = ledger.valued.filter(ledger.valued.line == "mrr")
    if ledger.ground.policy.free == "ignore":
        spans = spans.filter(spans.amount != 0)
    spans = chosen(ledger, spans, segment)
    accounts = spans.group_by("account").agg(value=spans.value.min(), other=spans.value.max())
    single = accounts.filter(accounts.value == accounts.other).select("account", "value")
    several = accounts.filter(accounts.value != accounts.other).select("account")
    as_they_are = ledger.movements.join(single, "account").select(*_MOVE)
    return ibis.union(as_they_are, _classified(ledger, segment, ledger.ground, several).select(*_MOVE))


def levels(ledger: Ledger, segment: Segment = WHOLE) -> ir.Table:
    """The annual level of each account in a segment over time: value, account, day, until, after."""
    if segment.follows_items or ledger.ground.policy.level == "subscription":
        unit = ["account", "value"]
        stepped = steps(chosen(ledger, ledger.events(), segment), unit, ledger.ground)
        return stepped.select("value", "account", "day", "until", "after")
    rows = chosen(ledger, ledger.movements, segment)
    return rows.select("value", "account", "day", "until", "after")


def _summed(rows: ir.Table) -> ir.Table:
    return _summed_by(rows, "value")


def _summed_by(rows: ir.Table, group: str) -> ir.Table:
    return rows.group_by(group, "day", "kind").agg(
        amount=rows.amount.sum().cast("decimal(38, 0)"),
        moves=rows.count(),
        presence=whole(rows.presence.sum()),
    )


def _classified(ledger: Ledger, segment: Segment, ground: Ground, accounts: ir.Table | None = None) -> ir.Table:
    """Movements classified within the segment, with the kind of the account's own coming or going where it has one."""
    counted = chosen(ledger, ledger.events(accounts), segment)
    stepped = steps(counted, [*ground.unit, "value"], ground)
    stepped, transfers = without_transfers(stepped) if ground.links else (stepped, None)
    joined = stepped.left_join(_comings_and_goings(ledger, ground, accounts), [*ground.unit, "day"])
    amount = joined.delta - joined.exchange
    comes, goes = ~joined.was_there & joined.is_there, joined.was_there & ~joined.is_there
    kind = ibis.cases(
        (comes & (joined.own_presence == 1), joined.own_kind),
        (comes, "entered"),
        (goes & (joined.own_presence == -1), "churn"),
        (goes, "left"),
        (amount > 0, "expansion"),
        else_="contraction",
    )
    presence = ibis.cases((comes, 1), (goes, -1), else_=0).cast("int32")
    joined = joined.mutate(kind=kind, amount=amount, presence=presence, subscription=_subscription(joined, ground))
    moves = (joined.amount != 0) | (joined.presence != 0)
    between = joined.before + joined.exchange
    moved = joined.filter(moves).mutate(before=between).select(*_ENTRY)
    if not ground.converts:
        return moved if transfers is None else ibis.union(moved, _placed(transfers, ground))
    by_rate = joined.filter(joined.exchange != 0).mutate(
        kind=ibis.literal("exchange"),
        amount=joined.exchange,
        after=between,
        until=moves.ifelse(joined.day, joined.until),
        presence=ibis.literal(0, "int32"),
    )
    found = ibis.union(moved, by_rate.select(*_ENTRY))
    return found if transfers is None else ibis.union(found, _placed(transfers, ground))


_ENTRY = (*_MOVE, "until", "before", "after", "since", "subscription")


def _subscription(rows: ir.Table, ground: Ground) -> ir.StringValue:
    return rows.subscription if "subscription" in ground.unit else ibis.literal("")


def _placed(transfers: ir.Table, ground: Ground) -> ir.Table:
    placed = transfers.mutate(kind=ibis.literal("transfer"), amount=transfers.transfer)
    return placed.mutate(subscription=_subscription(transfers, ground)).select(*_ENTRY)


def _comings_and_goings(ledger: Ledger, ground: Ground, accounts: ir.Table | None) -> ir.Table:
    """Where a unit itself comes or goes, of some accounts or of all: the unit, day, own_kind, own_presence."""
    own = ledger.movements.filter(ledger.movements.presence != 0, ledger.movements.kind != "transfer")
    if accounts is not None:
        own = own.semi_join(accounts, "account")
    keys = [*ground.unit, "day"]
    own = own.select(*keys, own_kind=own.kind, own_presence=own.presence)
    if ground.unit == ledger.ground.unit:
        return own
    return own.group_by(*keys).agg(own_kind=own.own_kind.min(), own_presence=own.own_presence.max())


def _other_lines(ledger: Ledger, segment: Segment) -> ir.Table:
    """The trial and usage lines, which stand beside MRR."""
    beside = chosen(ledger, ledger.events_beside(), segment)
    return _summed(beside.mutate(kind=beside.line, amount=beside.delta, presence=ibis.literal(0, "int64")))


def chosen(ledger: Ledger, rows: ir.Table, segment: Segment) -> ir.Table:
    """The rows of a segment, with the `value` of its group, an empty text where it has none."""
    for field, values in segment.where.items():
        if field in rows.columns and field in ITEM_FIELDS:
            rows = rows.filter(_value(rows, field).isin(values))
        elif _knows_cohort(ledger, rows, field):
            rows = rows.filter(_cohort(rows).isin(values))
        else:
            keyed = _by_account(ledger, field)
            rows = rows.semi_join(keyed.filter(keyed.value.isin(values)), "account")
    if segment.by is None:
        return rows.mutate(value=ibis.literal(""))
    if segment.by in ITEM_FIELDS:
        return rows.mutate(value=_value(rows, segment.by))
    if _knows_cohort(ledger, rows, segment.by):
        return rows.mutate(value=_cohort(rows))
    joined = rows.left_join(_by_account(ledger, segment.by), "account")
    return joined.select(*rows.columns, value=ibis.coalesce(joined.value, NO_VALUE))


def _knows_cohort(ledger: Ledger, rows: ir.Table, field: str) -> bool:
    """Whether a field is the cohort of accounts, and each row says since when its account has MRR."""
    return field == "cohort" and "since" in rows.columns and ledger.ground.policy.level == "customer"


def _cohort(rows: ir.Table) -> ir.StringValue:
    return month_start(rows.since).cast("string")


def _value(rows: ir.Table, field: str) -> ir.StringValue:
    return ibis.coalesce(rows[field].nullif(""), NO_VALUE)


def _by_account(ledger: Ledger, field: str) -> ir.Table:
    """Each account's value of one of its own fields: account, value."""
    if field == "cohort":
        # Each unit has a movement on the day of its first, and few others are left to be grouped with it.
        first = ledger.movements.filter(ledger.movements.day == ledger.movements.since)
        first = first.group_by("account").agg(since=first.since.min())
        return first.select("account", value=_cohort(first))
    customers = ledger.customers
    if field == "customer":
        accounts = ledger.movements.select("account").distinct()
        return accounts.select("account", value=accounts.account)
    column = customers[field] if field in ACCOUNT_FIELDS else customers.attributes.get(field)
    return customers.select(account=customers.customer, value=ibis.coalesce(column.nullif(""), NO_VALUE))
