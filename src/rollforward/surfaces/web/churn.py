"""Churn: its rates under each definition, what is scheduled, who left, and why MRR was lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.listing import Listing
from rollforward.metrics.registry import find
from rollforward.surfaces.web import drawings, subjects
from rollforward.surfaces.web.metric_tables import metric_table
from rollforward.surfaces.web.movements import entry_url
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.results import Cell, Result
    from rollforward.surfaces.web.tables import Table

router = APIRouter()

CURVES = ("customer_churn_rate", "gross_mrr_churn_rate", "net_mrr_churn_rate")

SOON = 50
"""The scheduled movements that are shown."""


@dataclass(frozen=True)
class Answered:
    """What the book says on the page: the rates, what is scheduled, who left last, and why MRR was lost of late."""

    rates: Result
    coming: Listing
    soon: list[tuple[Cell, ...]]
    lost: Listing
    left: list[tuple[Cell, ...]]
    causes: Result | None


def answered(page: Page) -> Answered:
    """What the book says on the page, found once for each state of it."""
    ask, rates = page.shown, subjects.churn(page)
    coming = cast("Listing", subjects.scheduled(page))
    lost = page.answer(
        "churned accounts",
        lambda book: book.movements(**ask.days, where=ask.filters, kind="churn", view=ask.view),
    )
    soon = page.answer("scheduled soon", lambda _: coming.part(0, SOON))
    left = page.answer("churned last", lambda _: lost.latest(0, SOON))
    return Answered(rates, coming, soon, lost, left, subjects.latest_causes(page, rates))


@router.get("/churn")
def churn(page: Annotated[Page, asked()]) -> HTMLResponse:
    """Churn in the periods asked for."""
    said = answered(page)
    rates = said.rates
    return page.html(
        "churn.html",
        stamp=rates.stamp,
        definitions=[find(name) for name in subjects.CHURN],
        drawn=drawings.drawing(page, rates, "Churn rates", kind="curves", columns=CURVES),
        rates=metric_table(page, rates, "Churn by period", "churn"),
        coming=table_of(
            said.coming,
            "Scheduled",
            rows=said.soon,
            link=page.account_link,
            hidden=("subscription",),
            download=page.ask.url("/download/scheduled.{}"),
            empty=f"Nothing is scheduled to end or to change after {rates.stamp.today}.",
        ),
        lost=table_of(
            said.lost,
            "Who left",
            rows=said.left,
            link=partial(entry_url, page),
            hidden=("subscription", "kind"),
            download=page.ask.url("/download/movements.{}", kind="churn"),
            empty="Nobody left in these periods.",
        ),
        reasons=_reasons(page, said.causes) if said.causes else None,
    )


def _reasons(page: Page, found: Result) -> Table:
    """What MRR was lost to in the latest period."""
    return table_of(
        found,
        "Why MRR was lost",
        rows=[row for row in found.rows[::-1] if row[1] in {"churn", "contraction"}],
        download=page.ask.url("/download/causes.{}"),
        note=subjects.LATEST_CAUSES,
        empty="No MRR was lost.",
    )
