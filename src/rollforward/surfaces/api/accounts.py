"""Accounts, and what a number is made of."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.book.listed import LARGEST_FIRST
from rollforward.formats import Answer, exact_rows
from rollforward.money import exact
from rollforward.results import column
from rollforward.surfaces import written
from rollforward.surfaces.api import models
from rollforward.surfaces.api.answering import Told, sub_table
from rollforward.surfaces.api.operations import Group
from rollforward.surfaces.api.parameters import PART, VIEW
from rollforward.surfaces.server.opening import NAMING, explained

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.listing import Listing
    from rollforward.results import Cell, Result
    from rollforward.surfaces.api.calls import Call

group = Group("Accounts")

LATEST = 50
"""The latest movements of an account that its document holds."""


@group.table(
    "/accounts",
    "listAccounts",
    row=models.Account,
    takes=("search", "sort", *PART, *VIEW),
    example={"where": ["country=US"]},
)
def accounts(call: Call) -> Result:
    """Every account, the largest first if not told otherwise.

    Its MRR on the last day, since when it has some, when it moved last, and its plans.
    """
    ask, search, sort = call.ask, call.one("search"), call.one("sort") or LARGEST_FIRST
    return call.answer(lambda book: book.accounts(where=ask.filters, search=search, sort=sort, view=ask.view))


@group.document(
    "/accounts/{account}", "getAccount", model=models.AccountNow, takes=VIEW, example={"account": "c0000001"}
)
def account(call: Call) -> Told:
    """One account: its MRR, what makes it, and its latest movements.

    `listMovements` with `account` has all of its movements.
    """
    ask, named = call.ask, call.named["account"]

    def made(book: Book) -> tuple[Listing, list[tuple[Cell, ...]], Explanation]:
        moved = book.movements(account=named, view=ask.view)
        rows = moved.latest(0, LATEST)
        return moved, rows, book.explain(account=named, on=book.today(ask.view.as_of), view=ask.view)

    moved, rows, why = call.answer(made)
    shown = sub_table(moved, rows)
    mrr = Answer("value", (column("mrr", "money"),), [(exact(why.value or Fraction(0)),)], why.stamp)
    return Told(
        {
            "account": call.named["account"],
            "name": shown[0]["name"] if shown else None,
            "mrr": exact_rows(mrr)[0][0],
            "currency": moved.stamp.currency,
            "movements": shown,
            "explanation": why.to_dict(),
        },
        moved.stamp,
    )


@group.document(
    "/accounts/{account}/history",
    "getAccountHistory",
    model=models.Explanation,
    takes=("on", "month", *VIEW),
    example={"account": "c0000001"},
)
def history(call: Call) -> Told:
    """What the book said about an account over time: its MRR on a day, or the movements of a month.

    A part for each time the book learned something that changed the answer.
    """
    ask, named = call.ask, call.named["account"]
    on, month = written.exact_day(call.one("on"), "on"), call.one("month")
    found = call.answer(lambda book: book.history(named, on=on, month=month, view=ask.view))
    return Told(found.to_dict(), found.stamp)


@group.document(
    "/explain",
    "explain",
    model=models.Explanation,
    takes=(*NAMING, *PART, "parts", *VIEW),
    example={"metric": "mrr", "period": "2026-05"},
)
def explain(call: Call) -> Told:
    """What a number is made of, down to the rows of its sources.

    A `metric` of a `period`, opened into figures, accounts and movements; the MRR of an `account` `on` a day, opened
    into spans, records and rows; or its `movement` of a day. The parts add up to the number; `opens` has the parameters
    that explain a part in turn.
    """
    ask, limit = call.ask, int(call.one("parts") or 10)
    found = call.answer(lambda book: explained(book, ask, where=ask.filters or None, limit=limit))
    return Told(found.to_dict(), found.stamp)
