"""Tables with a line for each period, the latest first; one that is under way is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page
    from rollforward.surfaces.web.tables import Link, Row, Table


def period_table(page: Page, result: Result, caption: str, *, link: Link, subject: str, empty: str) -> Table:
    """The rows of a result by period as a table, which is downloaded as its subject."""

    def mark(row: Row) -> str:
        return "under-way" if page.period(str(row["period"])).last_day > result.stamp.today else ""

    return table_of(
        result,
        caption,
        rows=result.rows[::-1],
        link=link,
        mark=mark,
        download=page.ask.url(f"/download/{subject}.{{}}"),
        empty=empty,
    )
