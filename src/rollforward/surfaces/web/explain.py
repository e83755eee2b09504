"""Explain: one number, what it is made of, down to the row of the source, the rules, and when each was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.errors import UsageError
from rollforward.surfaces import written
from rollforward.surfaces.web.page import Page, asked

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.book.explaining.explanation import Explanation

router = APIRouter()

MOST = 200
"""The most parts of a figure that are named one by one."""


@router.get("/explain")
def explain(page: Annotated[Page, asked("metric", "period", "account", "on", "movement", "limit")]) -> HTMLResponse:
    """The explanation that the address names."""
    ask = page.ask

    def made(book: Book) -> Explanation:
        return book.explain(
            ask.one("metric"),
            ask.one("period"),
            account=ask.one("account"),
            on=written.exact_day(ask.one("on"), "on"),
            movement=written.exact_day(ask.one("movement"), "movement"),
            where=None if ask.one("account") else ask.filters,
            limit=_limit(ask.one("limit")),
            view=ask.view,
        )

    found = page.answer(("explanation", ask.said), made)
    return page.html("explain.html", stamp=found.stamp, why=found)


def _limit(text: str | None) -> int:
    if text is None:
        return 20
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise UsageError(f"limit {text!r} is not a number of parts from 1 to {MOST}.")
    return int(text)
