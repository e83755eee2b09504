"""An account on a day: its MRR, the spans that make it, and what of its records does not count and why."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

import ibis

from rollforward.book.explaining.amounts import at_places
from rollforward.book.explaining.days import spans_day
from rollforward.book.explaining.explanation import Explanation
from rollforward.book.explaining.ground import CUSTOMER, NUMBERS
from rollforward.book.explaining.spans import explained_spans, in_order
from rollforward.book.explaining.uncounted import customers_of, records_of_customers, uncounted_records
from rollforward.errors import NotFoundError, ReconciliationError, UsageError
from rollforward.ledger.arithmetic import whole
from rollforward.ledger.build import BASIS
from rollforward.money import monthly

if TYPE_CHECKING:
    from datetime import date

    import ibis.expr.types as ir

    from rollforward.book.explaining.ground import Asking, Row

FIRST_DAY = {"subscriptions": "starts", "invoices": "period_start", "snapshots": "date"}
"""The column of a basis's records with their first day."""


def account_on(asking: Asking, account: str, day: date) -> Explanation:
    """The MRR of an account at the end of a day.

    NotFoundError for an account that the book does not know, UsageError for a day before its first record.
    """
    called = account_called(asking, account)
    refuse_early(asking, day)
    at = spans_day(day, asking.ground)
    customers = customers_of(asking, account)
    records = records_of_customers(asking, customers)
    spans = explained_spans(asking, _running_spans(asking, account, records, at), records)
    parts = _by_subscription(asking, spans) if _rounds_subscriptions(asking) else tuple(part for _, part in spans)
    level = _level(asking, account, day)
    about = f"MRR of {called} on {day}"
    note, rules = "", asking.rules()
    if at != day:
        note, rules = f"Changes up to {at} are booked by then.", asking.rules("netting")
    if not parts and level:
        raise ReconciliationError(f"{about}: no span makes its {monthly(level)}. Please report this.")
    left = [row for number, row in sorted(records.items()) if number not in {span["record"] for span, _ in spans}]
    beside = uncounted_records(asking, customers, left, at)
    return Explanation(about, monthly(level), "money", note=note, rules=rules, way="sum", parts=parts, beside=beside)


def _running_spans(asking: Asking, account: str, records: dict[int, Row], at: date) -> list[Row]:
    """The valued spans of an account that run on a day, the largest first.

    They are found by the records that they come from: numbers are sooner compared than names, and where spans do not
    lie by account in their file, many have to be.
    """
    if not records:
        return []
    valued = asking.table("valued")

    def running(account: str) -> ir.Table:
        there = [valued.account == account, valued.line == "mrr", valued.starts <= at, valued.ends > at]
        return in_order(valued.filter(valued.record.isin(NUMBERS), *there))

    return asking.found("running spans", running, at, numbers=sorted(records), account=account)


def account_called(asking: Asking, account: str) -> str:
    """An account by id and, if it has one, name; NotFoundError like `account_known`."""
    return account_said(account, account_known(asking, account))


def account_known(asking: Asking, account: str) -> str | None:
    """The name of an account, if it has one; NotFoundError with the nearest ones if the book knows none of that id."""
    # Nearly all that are asked for have a customer of their name: the other tables are looked at where there is none.
    found = asking.of_customers("customers", [account], columns=CUSTOMER)
    found = found or asking.found("account", lambda account: _moved(asking, account).limit(1), account=account)
    if not found:
        known = _accounts(asking)
        distance = ibis.least(
            known.account.lower().levenshtein(account.lower()),
            ibis.coalesce(known.name, known.account).lower().levenshtein(account.lower()),
        )
        near = asking.rows(known.mutate(distance=distance).order_by("distance", "account").limit(3))
        said = " or ".join(account_said(row["account"], row["name"]) for row in near)
        hint = f"The nearest: {said}. `rollforward accounts --search TEXT` finds more." if near else "It has none yet."
        raise NotFoundError(f"the book knows no account {account!r}. {hint}")
    name: str | None = found[0]["name"]
    return name


def account_said(account: str, name: str | None) -> str:
    """An account by id and, if it has one, name."""
    return f"{account} ({name})" if name else account


def _accounts(asking: Asking) -> Any:  # noqa: ANN401  an Ibis table
    """Every account and customer: account, name."""
    named = _customers(asking)
    known = ibis.union(*_told_of(asking), named.select("account"), distinct=True)
    return known.left_join(named, "account").select("account", "name")


def _moved(asking: Asking, account: str) -> ir.Table:
    """An account that no customer is told of, where movements or records name it: account, name."""
    known = ibis.union(*(told.filter(told.account == account) for told in _told_of(asking)), distinct=True)
    return known.mutate(name=ibis.null("string"))


def _customers(asking: Asking) -> ir.Table:
    customers = asking.table("customers")
    return customers.select(account=customers.customer, name=customers.name)


def _told_of(asking: Asking) -> list[ir.Table]:
    """The accounts of movements, and of the records that the policy counts."""
    records = asking.table(BASIS[asking.policy.basis])
    return [asking.table("movements").select("account"), records.select(account=records.customer)]


def refuse_early(asking: Asking, day: date) -> None:
    """UsageError for a day before the first record of the book: what was not told is unknown, not 0."""
    table = BASIS[asking.policy.basis]
    records = asking.table(table)
    found = asking.found("first record", lambda: records.agg(first=records[FIRST_DAY[asking.policy.basis]].min()))
    first = found[0]["first"]
    if first is None or day < first:
        since = f"begin on {first}" if first else "have no day yet"
        raise UsageError(f"the book's {table} {since}, and {day} is before it. Name a later day.")


def _level(asking: Asking, account: str, day: date) -> int:
    """The stored annual amount of an account at the end of a day, by its movements."""
    moves, at = asking.table("movements"), ibis.literal(day)

    def level(account: str) -> ir.Table:
        there = moves.filter(moves.account == account, moves.day <= at, moves.until > at)
        return there.agg(level=whole(there.after.sum()))

    found = asking.found("level", level, day, account=account)
    return int(found[0]["level"] or 0)


def _rounds_subscriptions(asking: Asking) -> bool:
    rounding = asking.policy.rounding
    return rounding is not None and rounding.level == "subscription"


def _by_subscription(asking: Asking, spans: list[tuple[Row, Explanation]]) -> tuple[Explanation, ...]:
    """Spans by subscription, with what rounding the whole subscription makes of them."""
    ordered = sorted(spans, key=lambda pair: str(pair[0]["subscription"]))
    return tuple(
        _subscription(asking, str(name), list(own))
        for name, own in groupby(ordered, key=lambda pair: pair[0]["subscription"])
    )


def _subscription(asking: Asking, name: str, spans: list[tuple[Row, Explanation]]) -> Explanation:
    exact = sum(span["amount"] for span, _ in spans)
    rounded = at_places(exact, asking, "subscription")
    parts = [part for _, part in spans]
    if rounded != exact:
        parts.append(Explanation("rounding", monthly(rounded - exact), "money", rules=asking.rules("round")))
    value = monthly(rounded) if spans else Fraction(0)
    return Explanation(f"subscription {name}", value, "money", way="sum", parts=tuple(parts))
