"""Movements: the roll-forward by period, and the entries behind any of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.listing import Listing
from rollforward.results import ResultColumn
from rollforward.surfaces.web import drawings, paging, subjects
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.rolls import rollforward_table
from rollforward.surfaces.web.tables import table_of
from rollforward.surfaces.web.words import value_text

if TYPE_CHECKING:
    from rollforward.surfaces.web.tables import Row

router = APIRouter()


@router.get("/movements")
def movements(page: Annotated[Page, asked("kind", "account", "after")]) -> HTMLResponse:
    """The roll-forward, its causes, and the entries: those of one kind where it is named."""
    rolled = subjects.rollforward(page)
    listed = cast("Listing", subjects.movements(page))
    shown = paging.part_of(page, listed)
    total = page.answer(("total of movements", page.ask.said), lambda _: listed.total("mrr"))
    return page.html(
        "movements.html",
        stamp=rolled.stamp,
        drawn=drawings.drawing(page, rolled, "How the opening became the closing", kind="waterfall"),
        rolled=rollforward_table(page, rolled),
        kinds=[(kind, page.ask.url("/movements", kind=kind, after=None) + "#entries") for kind in subjects.KINDS],
        kind=page.ask.one("kind"),
        everything=page.ask.url("/movements", kind=None, after=None) + "#entries",
        part=shown,
        total=value_text(ResultColumn("mrr", "money"), total, rolled.stamp),
        entries=table_of(
            listed,
            "Entries",
            rows=shown.rows,
            link=lambda name, row: entry_url(page, name, row),
            download=page.ask.url("/download/movements.{}", after=None),
            empty="No movement matches. Clear the filter, or ask for more days.",
        ),
    )


def entry_url(page: Page, name: str, row: Row) -> str | None:
    """What a cell of an entry opens: the account, or why the movement is what it is."""
    if name in {"account", "name"}:
        return page.url(f"/accounts/{row['account']}")
    if name in {"mrr", "kind"}:
        return page.url("/explain", account=row["account"], movement=row["day"])
    return None
