"""Accounts: the list, and one account with its MRR over time, its entries, subscriptions and merges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.book.listed import ACCOUNTS_SORTED, LARGEST_FIRST
from rollforward.errors import UsageError
from rollforward.listing import Listing
from rollforward.results import ResultColumn
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.web import drawings, paging, subjects
from rollforward.surfaces.web.movements import entry_url, unsaid
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import Order, table_of
from rollforward.surfaces.web.words import title, value_text

if TYPE_CHECKING:
    from decimal import Decimal

    from rollforward.results import Cell, Result
    from rollforward.store.entries import Entry
    from rollforward.surfaces.web.drawings import Chart
    from rollforward.surfaces.web.paging import Part

router = APIRouter()


@router.get("/accounts")
def accounts(page: Annotated[Page, asked("search", "sort", "after")]) -> HTMLResponse:
    """The accounts of a part of the book, the largest first if not told otherwise."""
    listed, shown = listed_of(page)
    table = table_of(
        listed,
        "Accounts",
        rows=shown.rows,
        link=page.account_link,
        sort=partial(_sorting, page),
        download=page.ask.url("/download/accounts.{}", after=None),
        empty="No account matches. Clear the search or the filter.",
    )
    search, sort = page.ask.one("search"), page.ask.one("sort")
    return page.html("accounts.html", stamp=listed.stamp, shown=table, part=shown, search=search, sort=sort)


def _sorting(page: Page, column: str) -> tuple[str, Order] | None:
    """The address of the list sorted by a column, the other way round if it is by now; and how it is by now."""
    if column not in ACCOUNTS_SORTED or (column in {"account", "name"} and not page.reader.sees_personal_data):
        return None
    now = page.ask.one("sort") or LARGEST_FIRST
    is_now, falls = now.removeprefix("-") == column, now.startswith("-")
    # Amounts and days are looked at from the largest and latest on, texts from their beginning.
    wanted = not falls if is_now else column in {"mrr", "since", "last_moved"}
    order: Order = ("descending" if falls else "ascending") if is_now else None
    return page.ask.url("/accounts", sort=f"-{column}" if wanted else column, after=None), order


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
        stands=_stands(known),
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


def _stands(known: Known) -> str:
    """Where the account stands: its MRR and since when, or when it left and what it had."""
    moved = [dict(zip(known.moved.names, row, strict=True)) for row in known.rows]
    if not moved:
        return "It has had no MRR."
    left = {row["subscription"]: cast("Decimal", row["after"]) for row in moved}
    column, stamp = ResultColumn("mrr", "money"), known.moved.stamp

    def said(amount: Cell) -> str:
        return f"{value_text(column, amount, stamp)} {stamp.currency}"

    first, last = moved[0]["day"], moved[-1]["day"]
    if mrr := sum(left.values()):
        return f"{said(mrr)} MRR since {last}, the first on {first}."
    return f"No MRR since {last}, when it left with {said(moved[-1]['before'])}; the first on {first}."


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
