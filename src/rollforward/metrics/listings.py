"""Listings: rows of the ledger as people read them, amounts as MRR."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import quotient
from rollforward.ledger.months import add_days, month_start
from rollforward.ledger.segments import Ledger, entries, flows, levels
from rollforward.metrics import facts
from rollforward.money import SCALE

if TYPE_CHECKING:
    from rollforward.metrics.answers import Question, Source

MONEY = "decimal(38, 10)"
_DIGITS = 10
_WHOLE = "decimal(28, 0)"


def annual_in_units(amount: ir.IntegerValue) -> ir.DecimalValue:
    """The annual amount, in the currency's unit, of a stored amount."""
    return _times(amount, SCALE).cast(MONEY)


def monthly_amount(amount: ir.IntegerValue) -> ir.DecimalValue:
    """The MRR of a stored annual amount at 10 decimals, half away from zero, without leaving whole numbers."""
    last = (amount % 12) * (2 * 10 ** (_DIGITS - SCALE)) + (amount < 0).ifelse(-12, 12)
    return (_times(quotient(amount, 12), SCALE) + _times(quotient(last, 24), _DIGITS)).cast(MONEY)


def _times(amount: ir.IntegerValue, decimals: int) -> ir.DecimalValue:
    """A whole number of units of the last of so many decimals."""
    # A text, for a literal of so small a number would be written as one of floating point.
    unit = ibis.literal(f"{Decimal(1).scaleb(-decimals):f}").cast(f"decimal(28, {decimals})")
    return amount.cast(_WHOLE) * unit


@dataclass(frozen=True)
class Page:
    """So many rows from the one of that number on, or so many from the end with `backwards`.

    A listing that is read page by page looks up names for these.
    """

    first: int
    number: int
    backwards: bool = False


def movement_list(
    ledger: Ledger,
    question: Question,
    *,
    kind: str | None,
    account: str | None,
    name: str | None = None,
    least: int = 0,
    page: Page | None = None,
) -> ir.Table:
    """The movements of a segment's accounts: day, account, name, kind, mrr, before, after.

    Of one account, `name` is its name, if it has one. `least` is the stored amount, up or down, below which a movement
    is left out.
    """
    rows = _moved(ledger, question, account, least)
    return named_movements(rows, ledger, "amount", kind=kind, account=account, name=name, page=page)


def movement_sums(
    ledger: Ledger, question: Question, *, kind: str | None, account: str | None, least: int = 0
) -> ir.Table:
    """How many rows `movement_list` has, and what their MRR adds up to as it is listed: number, mrr, in one row."""
    rows = _only(_moved(ledger, question, account, least), kind, account)
    # What moved by the same amount is listed as the same MRR.
    alike = rows.group_by("amount").agg(number=rows.count())
    alike = alike.mutate(mrr=(monthly_amount(alike.amount) * alike.number.cast(_WHOLE)).cast(MONEY))
    return alike.agg(number=ibis.coalesce(alike.number.sum(), 0), mrr=ibis.coalesce(alike.mrr.sum(), 0).cast(MONEY))


def _moved(ledger: Ledger, question: Question, account: str | None, least: int) -> ir.Table:
    """The movements of a segment's accounts on the days asked for, or of one account."""
    period, rows = question.periods[0], entries(ledger, question.segment, account)
    rows = rows.filter(rows.day >= period.start, rows.day <= question.today, (rows.amount != 0) | (rows.presence != 0))
    return rows.filter((rows.amount >= least) | (rows.amount <= -least)) if least else rows


def _only(rows: ir.Table, kind: str | None, account: str | None) -> ir.Table:
    if kind is not None:
        rows = rows.filter(rows.kind == kind)
    return rows if account is None else rows.filter(rows.account == account)


def scheduled_list(ledger: Ledger, question: Question) -> ir.Table:
    """The movements after today that the records tell of already: day, account, name, kind, mrr, before, after."""
    rows = entries(ledger, question.segment)
    rows = rows.filter(rows.day > question.today, rows.amount != 0)
    return named_movements(rows, ledger, "amount", kind=None, account=None)


def named_movements(
    rows: ir.Table,
    ledger: Ledger,
    moved: str,
    *more: str,
    kind: str | None,
    account: str | None,
    name: str | None = None,
    page: Page | None = None,
) -> ir.Table:
    """Movements in order with the account's name; `mrr` is that of the column `moved`, `more` stand after the kind.

    Of one account, `name` is its name, if it has one: the customers need not be looked at then.
    """
    rows = _only(rows, kind, account)
    in_order = ["day", "account", "subscription", "is_between", *more]
    rows = _paged(rows.mutate(is_between=rows.until != rows.day), in_order, page)
    if account is None:
        named = rows.left_join(_names(ledger), "account")
    else:
        named = rows.mutate(name=ibis.literal(name, "string"))
    ordered = named.order_by(*in_order)
    amounts = {"mrr": moved, "before": "before", "after": "after"}
    return ordered.select(
        *("day", "account", "name", "subscription", "kind", *more),
        **{name: monthly_amount(ordered[amount]) for name, amount in amounts.items()},
    )


def _names(ledger: Ledger) -> ir.Table:
    """The names of all accounts: account, name."""
    return ledger.customers.select(account="customer", name="name")


def _paged(rows: ir.Table, in_order: list[str], page: Page | None) -> ir.Table:
    if page is None:
        return rows
    return rows.order_by(*_keys(in_order, backwards=page.backwards)).limit(page.number, offset=page.first)


def _keys(in_order: list[str], *, backwards: bool = False) -> list[Any]:
    """The columns by which rows are in order; one with a minus in front has its largest first."""
    return [
        ibis.desc(name.removeprefix("-")) if name.startswith("-") != backwards else ibis.asc(name.removeprefix("-"))
        for name in in_order
    ]


def account_list(ledger: Ledger, question: Question, search: str | None, page: Page | None = None) -> ir.Table:
    """The accounts of a segment on the last day: account, name, country, status, mrr, arr, since, last_moved, plans.

    `search`, in small letters, is a part of the id or of the name.
    """
    at = ibis.literal(question.today)
    listed = _standing(ledger, entries(ledger, question.segment), at)
    listed = listed.mutate(status=(listed.annual != 0).ifelse("active", "churned"))
    customers = ledger.customers.select(account="customer", name="name", country="country")
    in_order = ["-annual", "account"]
    if search:
        listed = _searched(listed.left_join(customers, "account").drop("account_right"), search)
        listed = _paged(listed, in_order, page)
    else:
        listed = _paged(listed, in_order, page).left_join(customers, "account").drop("account_right")
    listed = listed.left_join(_plans(ledger, listed if page else None, at), "account").drop("account_right")
    ordered = listed.order_by(*_keys(in_order))
    return ordered.select(
        "account",
        "name",
        "country",
        "status",
        mrr=monthly_amount(ordered.annual),
        arr=annual_in_units(ordered.annual),
        since="since",
        last_moved="last_moved",
        plans="plans",
    )


def _searched(listed: ir.Table, search: str) -> ir.Table:
    text = ibis.coalesce(listed.name, "") + " " + listed.account
    return listed.filter(text.lower().contains(search))


def _standing(ledger: Ledger, rows: ir.Table, at: ir.DateValue) -> ir.Table:
    """Every account that had MRR up to a day: account, annual (on the day), since, last_moved."""
    rows = rows.filter(rows.day <= at)
    running = rows.filter(rows.until > at)
    if ledger.ground.policy.level == "customer":
        # Of each account one movement stands on the day, and says all of it.
        return running.select("account", annual=running.after, since=running.since, last_moved=running.day)
    level = running.group_by("account").agg(annual=running.after.sum().cast("decimal(38, 0)"))
    ever = rows.group_by("account").agg(since=rows.since.min(), last_moved=rows.day.max())
    listed = ever.left_join(level, "account").drop("account_right")
    return listed.mutate(annual=ibis.coalesce(listed.annual, 0).cast("int64"))


def _plans(ledger: Ledger, accounts: ir.Table | None, at: ir.DateValue) -> ir.Table:
    """The plans on a day of some accounts, or of all: account, plans."""
    valued = ledger.valued
    spans = valued.filter(valued.line == "mrr", valued.starts <= at, valued.ends > at, valued.amount != 0)
    spans = spans if accounts is None else spans.semi_join(accounts.select("account"), "account")
    plans = spans.select("account", "plan").distinct()
    return plans.group_by("account").agg(plans=plans.plan.group_concat(", ", order_by=plans.plan))


def customer_month_list(ledger: Ledger, question: Question) -> ir.Table:
    """The customer cube: month, month_end, account, name, mrr, for each period's last day with MRR."""
    periods = ibis.table(facts.PERIODS, name="asked_periods")
    there = levels(ledger, question.segment)
    rows = there.join(periods, [there.day < periods.end, there.until >= periods.end]).filter(lambda row: row.after != 0)
    summed = rows.group_by("start", "end", "account").agg(annual=rows.after.sum().cast("decimal(38, 0)").cast("int64"))
    named = summed.left_join(_names(ledger), "account").order_by("start", "account")
    return named.select(
        "account", "name", month_end=add_days(named.end, ibis.literal(-1)), mrr=monthly_amount(named.annual)
    ).select("month_end", "account", "name", "mrr")


def cohort_flows(source: Source, question: Question) -> ir.Table:
    """The flows by cohort: month of first MRR, month, kind, amount, moves, presence."""
    kept = facts.from_cube(source.cube, source.dimensions, question.segment)
    rows = flows(source.ledger, question.segment) if kept is None else kept
    rows = rows.filter(rows.day <= ibis.literal(question.today))
    rows = rows.mutate(month=month_start(rows.day))
    return rows.group_by("value", "month", "kind").agg(
        amount=rows.amount.sum().cast("decimal(38, 0)"),
        moves=rows.moves.sum().cast("decimal(38, 0)"),
        presence=rows.presence.sum().cast("decimal(38, 0)"),
    )
