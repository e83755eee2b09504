"""Segments: the book broken down by a field, who moved the total, and filters that can be kept under a name."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.errors import UsageError
from rollforward.surfaces import written
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.web import drawings, subjects
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.surfaces.web.tables import Row

router = APIRouter()

_PRIVATE = {"name", "customer", "subscription"}
"""Fields that single out an account or an item: to filter by, not to break down by."""


@router.get("/segments")
def segments(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The break-down by a field, and the builder of segments."""
    ask = page.shown
    by = ask.by or subjects.DEFAULT_FIELD
    parts = subjects.segments(page)
    fields = page.answer("fields", lambda book: book.fields())
    period = parts.rows[-1][0] if parts.rows else None
    last = [row for row in parts.rows if row[0] == period]
    closing = parts.names.index("closing")

    def link(name: str, row: Row) -> str | None:
        return page.url("/movements", where=[*page.wheres, f"{by}={row[by]}"]) if name == by else None

    return page.html(
        "segments.html",
        stamp=parts.stamp,
        by=by,
        fields=[field for field in fields if field not in _PRIVATE],
        all_fields=fields,
        drawn=drawings.drawing(page, parts, f"MRR by {by}", kind="breakdown", by=by),
        moved=drawings.drawing(page, parts, "Who moved the total", kind="waterfall", by=by),
        parts=table_of(
            parts,
            f"By {by}, {period}" if period else f"By {by}",
            rows=sorted(last, key=lambda row: Decimal(str(row[closing])), reverse=True),
            link=link,
            hidden=("period",),
            download=page.ask.url("/download/segments.{}"),
            empty="No MRR in these periods.",
        ),
    )


@router.get("/segments/filter")
def narrow(page: Annotated[Page, asked("field", "value", "to_page")]) -> RedirectResponse:
    """Add a filter to the address."""
    ask = page.ask
    field, value = ask.one("field"), ask.one("value")
    if not field or not value:
        raise UsageError("name a field and its value.")
    where = [*page.wheres, f"{field}={value}"]
    return RedirectResponse(ask.url("/segments", where=where, field=None, value=None), 303)


@router.post("/segments")
def save(form: Annotated[Form, writing("name", "where")]) -> RedirectResponse:
    """Keep the filters of a page under a name."""
    filters = written.pairs(form["where"].splitlines(), "where")
    form.people.segments.save(form["name"], filters, by=form.actor)
    return form.done(f"/segments?{urlencode({'segment': form['name']})}")


@router.post("/segments/remove")
def remove(form: Annotated[Form, writing("name")]) -> RedirectResponse:
    """Forget a saved segment."""
    form.people.segments.remove(form["name"], by=form.actor)
    return form.done("/segments")
