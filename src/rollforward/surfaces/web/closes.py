"""Closes: what was reported, what changed since and why; closing a month and opening it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.calendar import add_months, period_of
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.web import subjects
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.tables import Row

router = APIRouter()


@router.get("/closes")
def closes(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The closes so far, and the form that closes the next month."""
    listed = subjects.closes(page)

    def link(name: str, row: Row) -> str | None:
        return page.url(f"/closes/{row['period']}") if name == "period" else None

    return page.html(
        "closes.html",
        stamp=listed.stamp,
        next_month=_next_month(page, listed),
        closes=table_of(
            listed,
            "Closed months",
            link=link,
            download=page.ask.url("/download/closes.{}"),
            empty="No month is closed yet. A close keeps what was reported, so that a later change shows.",
        ),
    )


def _next_month(page: Page, listed: Result) -> str:
    """The month that is to be closed next: the one after the last that is closed, or the last; empty if it goes on."""
    today = page.book.today(page.ask.view.as_of)
    over = period_of(today + timedelta(days=1), "month", 1).start
    closed = sorted(str(row["period"]) for row in listed.to_dicts())
    first = page.period(closed[-1]).end if closed else add_months(over, -1)
    return f"{first:%Y-%m}" if first < over else ""


@router.get("/closes/{period}")
def close(page: Annotated[Page, asked()], period: str) -> HTMLResponse:
    """What was reported of a month, what it would be now, and the movements that make the difference."""
    found = page.answer(("restatement", period), lambda book: book.restatement(period, view=page.ask.view))
    return page.html(
        "close.html",
        stamp=found.figures.stamp,
        period=period,
        figures=table_of(found.figures, "Reported and now"),
        moved=table_of(
            found.movements,
            "What changed since",
            link=page.account_link,
            empty="Nothing changed since the close.",
        ),
    )


@router.post("/closes")
def make(form: Annotated[Form, writing("period", "note")]) -> RedirectResponse:
    """Close a month."""
    form.book.close(form["period"], by=form.reader.name, note=form["note"])
    return form.done(f"/closes/{form['period']}")


@router.post("/closes/{period}/reopen")
def reopen(form: Annotated[Form, writing("reason")], period: str) -> RedirectResponse:
    """Open a month again."""
    form.book.reopen(period, by=form.reader.name, reason=form["reason"])
    return form.done("/closes")
