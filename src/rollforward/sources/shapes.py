"""Which shape a file has, by the roles of its columns; or why there is nothing recurring in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from rollforward.errors import NothingRecurringError
from rollforward.sources.names import plain
from rollforward.sources.refusals import refuse_what_never_recurs
from rollforward.sources.tells import FEWEST, PAYING, own_id, told
from rollforward.sources.wide import is_month

if TYPE_CHECKING:
    from pathlib import Path

    from rollforward.sources.raw import RawRows

    Roles = dict[str, str]

FEWEST_MONTHS = 2
"""Columns named as months that make a table a wide one."""

AMOUNTS = ("mrr", "arr", "price", "amount")
"""The roles of an amount, the surest first."""

_LISTED = 12
"""Columns that a refusal names."""

_SERVICE = {"mrr", "arr", "interval", "line", "plan", "ends", "period_start", "period_end"}
"""The roles of what is served or priced for a time: a payment has none of them."""

_SUBSCRIBED = ("subscription", "starts", "ends", "trial_end", "cancel_requested", "invoice", "payment", "period_end")
"""The roles that a table of customers does not have."""

_MAY_BE_SUBSCRIBED = ("plan", "status", "interval", "quantity")
"""The roles that a table of customers may have, and one of subscriptions too."""

_OF_A_FIRM = frozenset({"revenue", "annual_revenue"})
"""Names of what a customer itself earns, unless a date says since when it is paid."""


def tells_of_revenue(roles: Roles) -> bool:
    """Whether a file has amounts, or a column that a table of customers does not have."""
    return any(role in roles for role in (*AMOUNTS, *_SUBSCRIBED))


def shape_of(file: Path, raw: RawRows, roles: Roles) -> tuple[str, str]:
    """The shape and the reason for it in words.

    `open` says that only its owner knows whether rows end each other, `perhaps_customers` that only its owner knows
    whether each row is a customer.
    """
    refuse_what_never_recurs(file, raw, roles)
    if {"from", "to", "rate", "date"} <= roles.keys():
        return "exchange_rates", "it has two currencies, a rate and a date"
    if "customer" not in roles:
        raise NothingRecurringError(file, f"no column looks like a customer ({_listed(raw)})")
    if sum(is_month(name) for name in raw.columns) >= FEWEST_MONTHS:
        return "snapshots_wide", "its columns are months"
    return _by_amount(file, raw, roles)


def _by_amount(file: Path, raw: RawRows, roles: Roles) -> tuple[str, str]:
    has_amount = any(role in roles for role in AMOUNTS)
    if has_amount and _tells_of_payments(raw, roles):
        return "payments", "it has payments and amounts, and no service"
    if has_amount and "invoice" in roles:
        return "invoice_lines", "it has invoices and amounts"
    if "starts" in roles and (has_amount or "plan" in roles):
        return ("terms", "its rows start and end") if "ends" in roles else ("open", "its rows start and do not end")
    if "mrr" in roles and "date" in roles:
        return "snapshots", "it has an MRR for each customer and date"
    if not has_amount or _earns(roles):
        return _without_amount(file, raw, roles)
    missing = "no column says when the amount starts, or of which month it is"
    raise NothingRecurringError(file, f"{missing} ({_listed(raw)})")


def _tells_of_payments(raw: RawRows, roles: Roles) -> bool:
    """Whether money moved on a day, and nothing is served for a time."""
    if _SERVICE & roles.keys():
        return False
    is_named = "payment" in roles and "starts" not in roles
    return is_named or len(told(raw.columns, PAYING)) >= FEWEST


def _earns(roles: Roles) -> bool:
    """Whether the only amount is what the customer itself earns: it has no date, no currency and no plan."""
    amounts = [roles[role] for role in AMOUNTS if role in roles]
    return (
        all(plain(name) in _OF_A_FIRM for name in amounts)
        and not {"date", "currency", "plan", "interval"} & roles.keys()
    )


def _without_amount(file: Path, raw: RawRows, roles: Roles) -> tuple[str, str]:
    """Customers, where nothing tells of subscriptions; what only its owner can tell is asked."""
    subscribed = [roles[role] for role in _SUBSCRIBED if role in roles]
    own = own_id(raw.columns, roles["customer"])
    if subscribed:
        _refuse(file, raw, f", and {subscribed[0]!r} tells of more than customers")
    if own:
        _refuse(file, raw, f", and each row has an {own!r} of its own beside its customer")
    if any(role in roles for role in AMOUNTS):
        _refuse_firms(file, roles)
    if not {"name", "country", "created"} & roles.keys():
        _refuse(file, raw)
    shape = "perhaps_customers" if any(role in roles for role in _MAY_BE_SUBSCRIBED) else "customers"
    return shape, "it describes customers and has no amounts"


def _refuse(file: Path, raw: RawRows, why: str = "") -> NoReturn:
    raise NothingRecurringError(file, f"no column looks like an amount{why} ({_listed(raw)})")


def _refuse_firms(file: Path, roles: Roles) -> NoReturn:
    name = next(roles[role] for role in AMOUNTS if role in roles)
    about = f"{name!r} has no date and no currency, so it is what they earn and not what they pay"
    remedy = 'To keep them as customers, write a map with shape = "customers"'
    raise NothingRecurringError(file, f"it describes customers: {about}. {remedy}")


def _listed(raw: RawRows) -> str:
    """The columns by name, as many as a person reads."""
    more = len(raw.columns) - _LISTED
    return ", ".join(raw.columns[:_LISTED]) + (f" and {more} more" if more > 0 else "")
