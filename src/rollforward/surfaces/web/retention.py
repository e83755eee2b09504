"""Retention: what is left of each cohort, and NRR and GRR over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.surfaces.web import drawings, subjects
from rollforward.surfaces.web.metric_tables import metric_table
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of
from rollforward.surfaces.web.words import title

if TYPE_CHECKING:
    from rollforward.surfaces.web.tables import Row

router = APIRouter()

CURVES = ("nrr_12m", "grr_12m", "customer_retention_12m")


@router.get("/retention")
def retention(page: Annotated[Page, asked("measure")]) -> HTMLResponse:
    """The cohorts and the curves."""
    kept, cohorts = subjects.retention(page), subjects.cohorts(page)
    measure = page.ask.one("measure") or "customers"

    def link(name: str, row: Row) -> str | None:
        if name != "cohort":
            return None
        return page.url("/accounts", where=[*page.wheres, f"cohort={row['cohort']}"])

    return page.html(
        "retention.html",
        stamp=kept.stamp,
        measure=measure,
        measures=[(name, page.ask.url("/retention", measure=name)) for name in subjects.MEASURES],
        curves=drawings.drawing(page, kept, "Retention over twelve months", kind="curves", columns=CURVES),
        heat=drawings.drawing(page, cohorts, f"What is left of each cohort, in {title(measure)}"),
        cohorts=table_of(
            cohorts,
            "Cohorts by the month of their first MRR",
            link=link,
            download=page.ask.url("/download/cohorts.{}"),
            empty="There are no cohorts yet.",
        ),
        rates=metric_table(page, kept, "Retention by period", "retention"),
    )
