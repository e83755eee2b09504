"""Accounts: the list, and one account with its MRR over time, its entries, subscriptions and merges."""

from __future__ import annotations

from dataclasses import dataclass
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
    from rollforward.results import Cell, Result
    from rollforward.store.entries import Entry
    from rollforward.surfaces.web.drawings import Chart
    from rollforward.surfaces.web.paging import Part

router = APIRouter()


@router.get("/accounts")
def accounts(page: Annotated[Page, asked("search", "after")]) -> HTMLResponse:
    """The accounts of a part of the book, the largest first."""
    listed, shown = listed_of(page)
    table = table_of(
        listed,
        "Accounts",
        rows=shown.rows,
        link=page.account_link,
        download=page.ask.url("/download/accounts.{}", after=None),
        empty="No account matches. Clear the search or the filter.",
    )
    return page.html("accounts.html", stamp=listed.stamp, shown=table, part=shown, search=page.ask.one("search"))


def listed_of(page: Page) -> tuple[Listing, Part]:
    """The accounts that a page lists, and the part of them that it shows."""
    listed = cast("Listing", subjects.accounts(page))
    return listed, paging.part_of(page, listed, "/accounts")


@router.get("/accounts/{account}")
def account(page: Annotated[Page, asked()], account: str) -> HTMLResponse:
    """One account."""
    with page.served.book.together():
        return _account(page, account)


def _account(page: Page, account: str) -> HTMLResponse:
    known = known_of(page, account)
    entries = table_of(
        known.moved,
        "Entries",
        rows=known.rows[::-1],
        link=lambda name, row: None if name in {"account", "name"} else entry_url(page, name, row),
        hidden=("account", "name", *unsaid(known.moved, known.rows)),
        download=page.ask.url("/download/movements.{}", account=account),
        empty="Nothing moved.",
    )
    return page.html(
        "account.html",
        stamp=known.moved.stamp,
        account=account,
        name=known.name,
        drawn=known.drawn,
        facts=[table_of(one, title(one.subject)) for one in known.told],
        entered=_entered(page, account) if page.reader.sees_personal_data else [],
        entries=entries,
        explained=page.url("/explain", account=account, on=page.book.today(page.ask.view.as_of)),
    )


@dataclass(frozen=True)
class Known:
    """What is known of an account: its movements, as a listing and as rows, its picture, and what its sources tell."""

    name: str
    moved: Listing
    rows: list[tuple[Cell, ...]]
    drawn: Chart | None
    told: list[Result]


def known_of(page: Page, account: str, *, everywhere: bool = False) -> Known:
    """What is known of an account, found once for each state of the book; NotFoundError where nothing is."""
    ask = page.ask
    moved = page.answer(
        ("account", account), lambda book: book.movements(account=account, where=ask.filters, view=ask.view)
    )
    rows = page.answer(("entries of an account", account), lambda _: moved.rows)
    name = str(rows[0][2]) if rows and rows[0][2] else account
    # The picture is drawn while the rest is found.
    caption = f"MRR of {name}"
    drawn = drawings.drawing(page, moved, caption, kind="steps", pinned=(), everywhere=everywhere) if rows else None
    told = []
    if page.reader.sees_personal_data:
        told = page.answer(("records of an account", account), lambda book: book.records_of(account, view=ask.view))
    return Known(name, moved, rows, drawn, told)


def _entered(page: Page, account: str) -> list[Entry]:
    """What people entered about an account."""
    return [one for one in page.book.entries() if account in one.about.replace(",", " ").split()]


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
