"""Metrics by period as a table whose every figure opens its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page
    from rollforward.surfaces.web.tables import Row, Table


def metric_table(page: Page, result: Result, caption: str, subject: str) -> Table:
    """A line for each period, the latest first."""
    today = result.stamp.today

    def link(name: str, row: Row) -> str | None:
        if name == "period" or row[name] is None:
            return None
        return page.url("/explain", metric=name, period=row["period"])

    def mark(row: Row) -> str:
        return "under-way" if page.period(str(row["period"])).last_day > today else ""

    return table_of(
        result,
        caption,
        rows=result.rows[::-1],
        link=link,
        mark=mark,
        download=page.ask.url(f"/download/{subject}.{{}}"),
        empty="No figures in these periods.",
    )
