"""Listings: rows of the ledger in the order in which people read them, amounts as they are stored.

`in_money` makes decimals of the amounts. Who reads a few rows makes them of what is read, which is sooner done than
for the engine to plan it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import ibis
import ibis.expr.types as ir

from rollforward.ledger.arithmetic import quotient
from rollforward.ledger.months import add_days, month_start
from rollforward.ledger.segments import Ledger, entries, flows, levels
from rollforward.metrics import facts
from rollforward.money import LISTED, SCALE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollforward.metrics.answers import Question, Source

MONEY = "decimal(38, 10)"
_WHOLE = "decimal(28, 0)"


def annual_in_units(amount: ir.IntegerValue) -> ir.DecimalValue:
    """The annual amount, in the currency's unit, of a stored amount."""
    return _times(amount, SCALE).cast(MONEY)


def monthly_amount(amount: ir.IntegerValue) -> ir.DecimalValue:
    """The MRR of a stored annual amount at 10 decimals, half away from zero, without leaving whole numbers."""
    last = (amount % 12) * (2 * 10 ** (LISTED - SCALE)) + (amount < 0).ifelse(-12, 12)
    return (_times(quotient(amount, 12), SCALE) + _times(quotient(last, 24), LISTED)).cast(MONEY)


def _times(amount: ir.IntegerValue, decimals: int) -> ir.DecimalValue:
    """A whole number of units of the last of so many decimals."""
    # A text, for a literal of so small a number would be written as one of floating point.
    unit = ibis.literal(f"{Decimal(1).scaleb(-decimals):f}").cast(f"decimal(28, {decimals})")
    return amount.cast(_WHOLE) * unit


Amount = Literal["monthly", "annual"]
"""What a person reads of a stored annual amount: the MRR that it is, or itself."""

_IN_MONEY: dict[Amount, Callable[[ir.IntegerValue], ir.DecimalValue]] = {
    "monthly": monthly_amount,
    "annual": annual_in_units,
}


def in_money(rows: ir.Table, amounts: Mapping[str, Amount]) -> ir.Table:
    """Rows with the stored amounts of some columns as decimals, at 10 decimals."""
    shown = {name: _IN_MONEY[kind](rows[name]) for name, kind in amounts.items()}
    return rows.select(**{name: shown.get(name, rows[name]) for name in rows.columns})


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
    return _sums(_only(_moved(ledger, question, account, least), kind, account))


def _sums(rows: ir.Table) -> ir.Table:
    """How many rows there are, and what the MRR of their `amount` adds up to as it is listed: number, mrr."""
    # What has the same amount is listed as the same MRR.
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


def scheduled_list(ledger: Ledger, question: Question, page: Page | None = None) -> ir.Table:
    """The movements after today that the records tell of already: day, account, name, kind, mrr, before, after."""
    return named_movements(_scheduled(ledger, question), ledger, "amount", kind=None, account=None, page=page)


def scheduled_sums(ledger: Ledger, question: Question) -> ir.Table:
    """How many rows `scheduled_list` has, and what their MRR adds up to as it is listed: number, mrr, in one row."""
    return _sums(_scheduled(ledger, question))


def _scheduled(ledger: Ledger, question: Question) -> ir.Table:
    rows = entries(ledger, question.segment)
    return rows.filter(rows.day > question.today, rows.amount != 0)


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
    return ordered.select(
        *("day", "account", "name", "subscription", "kind", *more), mrr=moved, before="before", after="after"
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


def account_list(
    ledger: Ledger, question: Question, search: str | None, sort: str, page: Page | None = None
) -> ir.Table:
    """The accounts of a segment on the last day: account, name, country, status, mrr, arr, since, last_moved, plans.

    `search`, in small letters, is a part of the id or of the name; `sort` is one of these columns but arr and plans,
    with a minus in front for the largest first. Accounts that are alike in it stand in the order of their ids.
    """
    at, by = ibis.literal(question.today), sort.removeprefix("-")
    listed = _standing(ledger, entries(ledger, question.segment), at)
    listed = listed.mutate(status=(listed.annual != 0).ifelse("active", "churned"))
    in_order = [sort.replace(by, "sorted_by"), "account"]
    if search or by in {"name", "country"}:
        found = _described(listed, ledger)
        found = _searched(found, search) if search else found
        listed = _paged(_sorted_by(found, by), in_order, page)
    else:
        listed = _described(_paged(_sorted_by(listed, by), in_order, page), ledger)
    listed = listed.left_join(_plans(ledger, listed if page else None, at), "account").drop("account_right")
    ordered = listed.order_by(*_keys(in_order))
    return ordered.select(
        "account",
        "name",
        "country",
        "status",
        mrr="annual",
        arr="annual",
        since="since",
        last_moved="last_moved",
        plans="plans",
    )


def _sorted_by(accounts: ir.Table, by: str) -> ir.Table:
    """Accounts with what they are sorted by: small letters and capitals alike, and what is not known as no text."""
    if by in {"name", "country"}:
        return accounts.mutate(sorted_by=ibis.coalesce(accounts[by], "").lower())
    return accounts.mutate(sorted_by=accounts["annual" if by == "mrr" else by])


def account_sums(ledger: Ledger, question: Question, search: str | None) -> ir.Table:
    """How many rows `account_list` has, and what their MRR adds up to as it is listed: number, mrr, in one row."""
    rows = _standing(ledger, entries(ledger, question.segment), ibis.literal(question.today))
    found = _searched(_described(rows, ledger), search) if search else rows
    return _sums(found.select(amount="annual"))


def _described(accounts: ir.Table, ledger: Ledger) -> ir.Table:
    """Accounts with name and country."""
    customers = ledger.customers.select(account="customer", name="name", country="country")
    return accounts.left_join(customers, "account").drop("account_right")


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
    return named.select("account", "name", month_end=add_days(named.end, ibis.literal(-1)), mrr="annual").select(
        "month_end", "account", "name", "mrr"
    )


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
