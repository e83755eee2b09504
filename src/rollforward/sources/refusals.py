"""What is refused before any shape is looked for: files of things that never recur."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import NothingRecurringError
from rollforward.sources.names import sales_columns
from rollforward.sources.tells import DISCOUNTING, FEWEST, nested_details, refused_object, told

if TYPE_CHECKING:
    from pathlib import Path

    from rollforward.sources.raw import RawRows

    Roles = dict[str, str]

_PRICED = {"mrr", "arr", "price", "interval", "plan", "product", "line", "period_start", "payment", "paid", "status"}
"""The roles with which a discount stands beside what it cuts."""

_ADJUSTING = frozenset({"adjustment_date", "credit_balance_adjustment_id", "credit_note", "credit_note_id"})


def refuse_what_never_recurs(file: Path, raw: RawRows, roles: Roles) -> None:
    """NothingRecurringError for sales, documents with their lines inside, discounts, credits and other objects."""
    for reason in (
        _sales(raw, roles),
        _object(raw),
        _nested(raw),
        _discounts(raw, roles),
        _adjustments(raw, roles),
    ):
        if reason:
            raise NothingRecurringError(file, reason)


def _sales(raw: RawRows, roles: Roles) -> str | None:
    sales = sales_columns(raw.columns)
    recurs = "interval" in roles or "mrr" in roles or "arr" in roles
    if not sales or (recurs and "starts" in roles):
        return None
    return f"it looks like a list of sales ({', '.join(sales)}): what is won once does not recur"


def _object(raw: RawRows) -> str | None:
    held = refused_object(raw)
    return f"it holds {held}" if held else None


def _nested(raw: RawRows) -> str | None:
    column = nested_details(raw)
    return f"each row holds several of its own in {column!r}. Export those as a table, a row each" if column else None


def _discounts(raw: RawRows, roles: Roles) -> str | None:
    columns = told(raw.columns, DISCOUNTING)
    if len(columns) < FEWEST or _PRICED & roles.keys():
        return None
    about = "a price cut is no revenue by itself. Put it beside the subscription that has it"
    return f"it looks like a list of discounts ({', '.join(columns)}): {about}"


def _adjustments(raw: RawRows, roles: Roles) -> str | None:
    columns = told(raw.columns, _ADJUSTING)
    if not columns or {"line", "period_start", "payment"} & roles.keys():
        return None
    return f"it looks like a list of credits ({', '.join(columns)}) that name no service"
