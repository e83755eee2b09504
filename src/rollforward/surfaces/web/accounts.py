"""Accounts: the list, and one account with its MRR over time, its entries, subscriptions and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.listing import Listing
from rollforward.surfaces.web import drawings, paging, subjects
from rollforward.surfaces.web.movements import entry_url
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.surfaces.web.tables import Row

router = APIRouter()


@router.get("/accounts")
def accounts(page: Annotated[Page, asked("search", "after")]) -> HTMLResponse:
    """The accounts of a part of the book, the largest first."""
    listed = cast("Listing", subjects.accounts(page))
    shown = paging.part_of(page, listed)

    def link(name: str, row: Row) -> str | None:
        return page.url(f"/accounts/{row['account']}") if name in {"account", "name"} else None

    table = table_of(
        listed,
        "Accounts",
        rows=shown.rows,
        link=link,
        download=page.ask.url("/download/accounts.{}", after=None),
        empty="No account matches. Clear the search or the filter.",
    )
    return page.html("accounts.html", stamp=listed.stamp, shown=table, part=shown, search=page.ask.one("search"))


@router.get("/accounts/{account}")
def account(page: Annotated[Page, asked()], account: str) -> HTMLResponse:
    """One account."""
    ask = page.ask
    moved = page.answer(
        ("account", account), lambda book: book.movements(account=account, where=ask.filters, view=ask.view)
    )
    rows = page.answer(("entries of an account", account), lambda _: moved.rows)
    why = page.answer(
        ("an account explained", account),
        lambda book: book.explain(account=account, on=book.today(ask.view.as_of), view=ask.view),
    )
    entries = table_of(
        moved,
        "Entries",
        rows=rows[::-1],
        link=lambda name, row: None if name in {"account", "name"} else entry_url(page, name, row),
        hidden=("account", "name"),
        download=page.ask.url("/download/movements.{}", account=account),
        empty="Nothing moved.",
    )
    name = str(rows[0][2]) if rows and rows[0][2] else account
    drawn = drawings.drawing(page, moved, f"MRR of {name}", kind="steps") if rows else None
    return page.html(
        "account.html", stamp=moved.stamp, account=account, name=name, drawn=drawn, entries=entries, why=why
    )
