"""Churn: its rates under each definition, what is scheduled, who left, and why MRR was lost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.errors import UsageError
from rollforward.listing import Listing
from rollforward.metrics.registry import find
from rollforward.surfaces.web import drawings, subjects
from rollforward.surfaces.web.metric_tables import metric_table
from rollforward.surfaces.web.movements import entry_url
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.tables import Table

router = APIRouter()

CURVES = ("customer_churn_rate", "gross_mrr_churn_rate", "net_mrr_churn_rate")

SOON = 50
"""The scheduled movements that are shown."""


@router.get("/churn")
def churn(page: Annotated[Page, asked()]) -> HTMLResponse:
    """Churn in the periods asked for."""
    rates = subjects.churn(page)
    ask = page.shown
    coming = cast("Listing", subjects.scheduled(page))
    lost = page.answer(
        "churned accounts",
        lambda book: book.movements(**ask.days, where=ask.filters, kind="churn", view=ask.view),
    )

    return page.html(
        "churn.html",
        stamp=rates.stamp,
        definitions=[find(name) for name in subjects.CHURN],
        drawn=drawings.drawing(page, rates, "Churn rates", kind="curves", columns=CURVES),
        rates=metric_table(page, rates, "Churn by period", "churn"),
        coming=table_of(
            coming,
            "Scheduled",
            rows=page.answer("scheduled soon", lambda _: coming.part(0, SOON)),
            link=page.account_link,
            hidden=("subscription",),
            download=page.ask.url("/download/scheduled.{}"),
            empty=f"Nothing is scheduled to end or to change after {rates.stamp.today}.",
        ),
        lost=table_of(
            lost,
            "Who left",
            rows=page.answer("churned last", lambda _: lost.last(SOON)[::-1]),
            link=partial(entry_url, page),
            hidden=("subscription", "kind"),
            download=page.ask.url("/download/movements.{}", kind="churn"),
            empty="Nobody left in these periods.",
        ),
        reasons=_reasons(page, rates),
    )


def _reasons(page: Page, rates: Result) -> Table | None:
    """What MRR was lost to in the latest period; None under a filter that it cannot be told for."""
    latest = str(rates.rows[-1][0])
    try:
        found = subjects.latest_causes(page, latest)
    except UsageError:
        return None
    return table_of(
        found,
        "Why MRR was lost",
        rows=[row for row in found.rows[::-1] if row[1] in {"churn", "contraction"}],
        download=page.ask.url("/download/causes.{}"),
        note=f"The latest period, {latest}; a download has all.",
        empty="No MRR was lost.",
    )
