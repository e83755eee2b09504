"""Explain: one number, what it is made of, down to the row of the source, the rules, and when each was learned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.errors import UsageError
from rollforward.surfaces.server.opening import NAMING, explained
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.words import title, worked_out

router = APIRouter()

MOST = 200
"""The most parts of a figure that are named one by one."""


@router.get("/explain")
def explain(page: Annotated[Page, asked(*NAMING, "limit")]) -> HTMLResponse:
    """The explanation that the address names."""
    ask = page.ask

    # An account is explained as a whole: filters that came along from another page are not about it.
    where, limit = None if ask.one("account") else ask.filters, _limit(ask.one("limit"))
    found = page.answer(("explanation", ask.said), lambda book: explained(book, ask, where=where, limit=limit))
    metric = ask.one("metric")
    about = found.about.replace(metric, title(metric), 1) if metric else found.about
    return page.html("explain.html", stamp=found.stamp, why=found, about=about, worked=worked_out(found))


def _limit(text: str | None) -> int:
    if text is None:
        return 20
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise UsageError(f"limit {text!r} is not a number of parts from 1 to {MOST}.")
    return int(text)
