"""Metrics by period as a table whose every figure opens its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.web.periods import period_table

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page
    from rollforward.surfaces.web.tables import Row, Table


def metric_table(page: Page, result: Result, caption: str, subject: str) -> Table:
    """A line for each period, the latest first."""

    def link(name: str, row: Row) -> str | None:
        if name == "period" or row[name] is None:
            return None
        return page.url("/explain", metric=name, period=row["period"])

    empty = "No figures in these periods."
    return period_table(page, result, caption, link=link, subject=subject, empty=empty)
