"""The overview: the headlines, the line of MRR, how it moved, and what moved last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.book.headlines import Headlines, headlines, residual
from rollforward.results import ResultColumn
from rollforward.surfaces.web import drawings, subjects
from rollforward.surfaces.web.notes import pinned_on
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.rolls import rollforward_table
from rollforward.surfaces.web.tables import table_of
from rollforward.surfaces.web.words import HEADLINES, change_text, title, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.book.headlines import Headline
    from rollforward.listing import Listing
    from rollforward.results import Cell, Result
    from rollforward.surfaces.web.drawings import Chart
    from rollforward.surfaces.web.notes import Pinned

router = APIRouter()

LATEST = 8
"""The latest movements that are shown."""

BESIDE = ("committed_mrr", "trial_mrr", "usage_run_rate")
"""What stands beside MRR, as lines under it."""


@dataclass(frozen=True)
class Tile:
    """A headline as it is read: title, value, what it was and how it changed, and what explains it."""

    name: str
    title: str
    value: str
    change: str
    before: str
    href: str
    direction: str


@dataclass(frozen=True)
class Answered:
    """What the book says on an overview beside the roll-forward."""

    found: Headlines
    latest: Listing
    rows: list[tuple[Cell, ...]]


def answered(page: Page) -> Answered:
    """What the book says on an overview beside the roll-forward, found once for each state of it."""
    ask = page.shown
    found = page.answer(
        "headlines", lambda book: headlines(book, [*HEADLINES, *BESIDE], **ask.spoken, compare=ask.compare)
    )
    latest = page.answer(
        "latest", lambda book: book.movements(start=found.period.start, end=ask.end, where=ask.filters, view=ask.view)
    )
    rows = page.answer("the last of the latest", lambda _: latest.latest(0, LATEST))
    return Answered(found, latest, rows)


def picture(page: Page, rolled: Result, pinned: Sequence[Pinned], *, everywhere: bool = False) -> Chart | None:
    """The picture of how MRR moved, with what is pinned to its days, which is drawn while the rest is found."""
    caption, before = "MRR and how it moved", subjects.a_year_before(page)
    return drawings.drawing(page, rolled, caption, pinned=pinned, compared=before, everywhere=everywhere)


@router.get("/")
def overview(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The overview."""
    with page.served.book.together():
        return _overview(page)


def _overview(page: Page) -> HTMLResponse:
    rolled = subjects.rollforward(page)
    pinned = pinned_on(page)
    drawn = picture(page, rolled, pinned)
    said = answered(page)
    found = said.found
    tiles = [_tile(page, found, one) for one in found.figures]
    return page.html(
        "overview.html",
        stamp=found.stamp,
        found=found,
        tiles=tiles[: len(HEADLINES)],
        beside=tiles[len(HEADLINES) :],
        drawn=drawn,
        rolled=rollforward_table(page, rolled),
        pinned=pinned,
        residual=value_text(ResultColumn("residual", "money"), residual(rolled), rolled.stamp),
        latest=table_of(
            said.latest,
            "Latest movements",
            rows=said.rows,
            link=page.account_link,
            hidden=("subscription",),
        ),
    )


def direction(one: Headline) -> str:
    """Whether a change is for the better: more is, but of churn less."""
    if not one.change:
        return ""
    return "up" if (one.change > 0) != ("churn" in one.name) else "down"


def _tile(page: Page, found: Headlines, one: Headline) -> Tile:
    column = ResultColumn(one.name, one.kind)
    stamp = found.stamp
    before = value_text(column, one.before, stamp) if found.compared else ""
    return Tile(
        one.name,
        title(one.name),
        value_text(column, one.value, stamp),
        change_text(one),
        before,
        page.url("/explain", metric=one.name, period=found.period.label),
        direction(one),
    )
