"""Movements: the roll-forward by period, and the entries behind any of its cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.book.flows import ENTRY_KINDS
from rollforward.listing import Listing
from rollforward.results import ResultColumn
from rollforward.surfaces.web import drawings, paging, subjects
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.rolls import rollforward_table
from rollforward.surfaces.web.tables import table_of
from rollforward.surfaces.web.words import value_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from rollforward.results import Cell, Result
    from rollforward.surfaces.web.paging import Part
    from rollforward.surfaces.web.tables import Row, Table

router = APIRouter()


@dataclass(frozen=True)
class Answered:
    """What the book says on the page: the roll-forward, the entries, what they add up to, and the latest causes."""

    rolled: Result
    listed: Listing
    part: Part
    total: Decimal
    causes: Result | None


def answered(page: Page) -> Answered:
    """What the book says on the page, found once for each state of it."""
    rolled = subjects.rollforward(page)
    listed = cast("Listing", subjects.movements(page))
    part = paging.part_of(page, listed, "/movements", latest_first=True)
    total = page.answer(("total of movements", page.ask.said), lambda _: listed.total("mrr"))
    return Answered(rolled, listed, part, total, subjects.latest_causes(page, rolled))


@router.get("/movements")
def movements(page: Annotated[Page, asked("kind", "account", "after")]) -> HTMLResponse:
    """The roll-forward, its causes, and the entries: those of one kind where it is named."""
    said = answered(page)
    rolled, listed, shown = said.rolled, said.listed, said.part
    return page.html(
        "movements.html",
        stamp=rolled.stamp,
        drawn=drawings.drawing(page, rolled, "How the opening became the closing", kind="waterfall"),
        rolled=rollforward_table(page, rolled),
        causes=_causes(page, said.causes) if said.causes else None,
        kinds=[
            (kind, page.ask.url("/movements", kind=kind, after=None) + "#entries")
            for kind in ENTRY_KINDS
            if kind in rolled.names
        ],
        kind=page.ask.one("kind"),
        everything=page.ask.url("/movements", kind=None, after=None) + "#entries",
        part=shown,
        total=value_text(ResultColumn("mrr", "money"), said.total, rolled.stamp),
        entries=table_of(
            listed,
            "Entries",
            rows=shown.rows,
            link=partial(entry_url, page),
            hidden=unsaid(listed, shown.rows),
            download=page.ask.url("/download/movements.{}", after=None),
            empty="No movement matches. Clear the filter, or ask for more days.",
        ),
    )


def _causes(page: Page, found: Result) -> Table:
    """What moved MRR, by kind: price, quantity, plan and the like."""
    return table_of(
        found,
        "Why it moved",
        link=lambda name, row: page.url("/movements", kind=row["kind"], **_days(page, row)) if name == "mrr" else None,
        download=page.ask.url("/download/causes.{}"),
        note=subjects.LATEST_CAUSES,
        empty="Nothing moved.",
    )


def _days(page: Page, row: Row) -> dict[str, object]:
    period = page.period(str(row["period"]))
    return {"from_": period.start, "to": period.last_day}


def unsaid(listed: Listing, rows: Sequence[tuple[Cell, ...]]) -> tuple[str, ...]:
    """The columns that no entry shown says anything in: where customers move, no subscription is named."""
    place = listed.names.index("subscription")
    return () if any(row[place] for row in rows) else ("subscription",)


def entry_url(page: Page, name: str, row: Row) -> str | None:
    """What a cell of an entry opens: the account, or why the movement is what it is."""
    if name in {"account", "name"}:
        return page.account(row["account"])
    if name in {"mrr", "kind"}:
        return page.url("/explain", account=row["account"], movement=row["day"])
    return None
