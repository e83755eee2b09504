"""The roll-forward as a table whose every cell opens the entries behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollforward.book.flows import FLOW_COLUMNS
from rollforward.surfaces.web.periods import period_table

if TYPE_CHECKING:
    from rollforward.calendar import Period
    from rollforward.results import Cell, Result
    from rollforward.surfaces.web.page import Page
    from rollforward.surfaces.web.tables import Row, Table


def rollforward_table(page: Page, rolled: Result) -> Table:
    """A line for each period; a movement opens its entries, a level opens its explanation."""

    def link(name: str, row: Row) -> str | None:
        return cell_url(page, name, page.period(str(row["period"])), row[name])

    empty = "No MRR in these periods."
    return period_table(page, rolled, "How MRR moved", link=link, subject="rollforward", empty=empty)


def cell_url(page: Page, name: str, period: Period, value: Cell) -> str | None:
    """What a cell of the roll-forward opens: the entries of a movement, the explanation of a level."""
    if name == "closing":
        return page.url("/explain", metric="mrr", period=period.label)
    if name == "opening":
        return page.url("/explain", metric="mrr", period=(period.start - timedelta(days=1)).isoformat())
    if name not in FLOW_COLUMNS or not value or name == "restated":
        return None
    return page.url("/movements", kind=name, from_=period.start, to=period.last_day) + "#entries"
