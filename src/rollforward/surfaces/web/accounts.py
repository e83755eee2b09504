"""Accounts: the list, and one account with its MRR over time, its entries, subscriptions and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.errors import UsageError
from rollforward.listing import Listing
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.web import drawings, paging, subjects
from rollforward.surfaces.web.movements import entry_url, unsaid
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of
from rollforward.surfaces.web.words import title

if TYPE_CHECKING:
    from rollforward.store.entries import Entry
    from rollforward.surfaces.web.tables import Table

router = APIRouter()


@router.get("/accounts")
def accounts(page: Annotated[Page, asked("search", "after")]) -> HTMLResponse:
    """The accounts of a part of the book, the largest first."""
    listed = cast("Listing", subjects.accounts(page))
    shown = paging.part_of(page, listed)
    table = table_of(
        listed,
        "Accounts",
        rows=shown.rows,
        link=page.account_link,
        download=page.ask.url("/download/accounts.{}", after=None),
        empty="No account matches. Clear the search or the filter.",
    )
    return page.html("accounts.html", stamp=listed.stamp, shown=table, part=shown, search=page.ask.one("search"))


@router.get("/accounts/{account}")
def account(page: Annotated[Page, asked()], account: str) -> HTMLResponse:
    """One account."""
    with page.served.book.together():
        return _account(page, account)


def _account(page: Page, account: str) -> HTMLResponse:
    ask = page.ask
    moved = page.answer(
        ("account", account), lambda book: book.movements(account=account, where=ask.filters, view=ask.view)
    )
    rows = page.answer(("entries of an account", account), lambda _: moved.rows)
    name = str(rows[0][2]) if rows and rows[0][2] else account
    # The picture is drawn while the rest is found.
    drawn = drawings.drawing(page, moved, f"MRR of {name}", kind="steps") if rows else None
    why = page.answer(
        ("an account explained", account),
        lambda book: book.explain(account=account, on=book.today(ask.view.as_of), view=ask.view),
    )
    entries = table_of(
        moved,
        "Entries",
        rows=rows[::-1],
        link=lambda name, row: None if name in {"account", "name"} else entry_url(page, name, row),
        hidden=("account", "name", *unsaid(moved, rows)),
        download=page.ask.url("/download/movements.{}", account=account),
        empty="Nothing moved.",
    )
    facts, merges = _what_is_known(page, account) if page.reader.sees_personal_data else ([], [])
    return page.html(
        "account.html",
        stamp=moved.stamp,
        account=account,
        name=name,
        drawn=drawn,
        facts=facts,
        merges=merges,
        entries=entries,
        why=why,
    )


def _what_is_known(page: Page, account: str) -> tuple[list[Table], list[Entry]]:
    """The records of an account, and what people entered about it."""
    told = page.answer(("records of an account", account), lambda book: book.records_of(account, view=page.ask.view))
    entries = [one for one in page.book.entries() if account in one.about.replace(",", " ").split()]
    return [table_of(one, title(one.subject)) for one in told], entries


@router.post("/accounts/{account}/undo")
def undo(form: Annotated[Form, writing("entry", "reason")], account: str) -> RedirectResponse:
    """Undo an entry about an account, such as a merge."""
    if not form["entry"].isdecimal():
        raise UsageError(f"{form['entry']!r} is not the number of an entry.")
    form.book.undo(int(form["entry"]), reason=form["reason"], by=form.reader.name)
    form.wrote("undid an entry", form["entry"])
    return form.done(f"/accounts/{quote(account, safe='')}")


@router.post("/accounts/{account}/merge")
def merge(form: Annotated[Form, writing("into", "reason")], account: str) -> RedirectResponse:
    """Let an account count for another one."""
    form.book.merge(account, into=form["into"], reason=form["reason"], by=form.reader.name)
    form.wrote("merged accounts", f"{account} into {form['into']}")
    return form.done(f"/accounts/{quote(form['into'], safe='')}")
