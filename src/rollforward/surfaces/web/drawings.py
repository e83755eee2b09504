"""Charts on a page: drawn once for each state of the book, every mark a link to what it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from rollforward import charts
from rollforward.book.flows import FLOW_COLUMNS
from rollforward.calendar import Period, add_months, periods
from rollforward.surfaces.web.notes import pinned_on, pinned_url
from rollforward.surfaces.web.rolls import cell_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts import Mark
    from rollforward.results import Result
    from rollforward.surfaces.server.drawers import Drawn
    from rollforward.surfaces.server.sheets import Sheet
    from rollforward.surfaces.web.notes import Pinned
    from rollforward.surfaces.web.page import Page

WIDTHS: dict[Sheet, int] = {"wide": 1040, "narrow": 342}
"""The width of a chart in pixels on each sheet."""

_STEPS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Chart:
    """A chart: what it is called, its picture on a sheet, and what a reader has to know to read it right."""

    caption: str
    sheet: Sheet
    drawn: Drawn
    remarks: tuple[str, ...] = ()

    @property
    def picture(self) -> Markup:
        """The picture; waits until it is drawn."""
        # Drawn by the renderer, with every text escaped.
        return Markup(self.drawn.svg())  # noqa: S704

    def place(self, sheet: Sheet) -> str:
        """The id of the place on the page where the picture stands on a sheet."""
        return f"{re.sub(r'[^a-z0-9]+', '-', self.caption.lower()).strip('-')}-{sheet}"


def drawing(  # noqa: PLR0913  all by name, and each a choice of its own
    page: Page,
    result: Result,
    caption: str,
    *,
    kind: str | None = None,
    columns: Sequence[str] = (),
    by: str = "",
    pinned: Sequence[Pinned] | None = None,
    compared: Result | None = None,
    everywhere: bool = False,
) -> Chart | None:
    """The chart of a result, which is drawn while the page goes on; None where there is nothing to draw.

    It is drawn for the reader's sheet; the page asks for the other one when it is to be seen there. `pinned` stands on
    it, what is pinned to the page's days if nothing else is given, and `compared` is drawn as a thin line.
    """
    notes = tuple(charts.Note(one.day, one.text, one.kind) for one in (pinned_on(page) if pinned is None else pinned))
    links = cache(partial(mark_url, page, by=by))
    sheet = page.sheet

    def begun() -> Chart | None:
        made = charts.sketch(
            result,
            kind=kind,
            columns=tuple(columns),
            notes=notes,
            compared=compared,
            links=links,
            width=WIDTHS[sheet],
        )
        remarks = tuple(charts.remarks(result, kind=kind, theme="page"))
        return Chart(caption, sheet, page.served.drawing.begin(made, everywhere=everywhere), remarks) if made else None

    return page.answer(("chart", caption, kind, tuple(columns), by, notes, compared is None, sheet), lambda _: begun())


def mark_url(page: Page, mark: Mark, by: str) -> str | None:
    """What a mark opens: entries, an explanation, an account."""
    if mark.account:
        return page.url("/explain", account=mark.account, movement=mark.period)
    if mark.subject == "cohorts":
        return _cohort_url(page, mark)
    if mark.subject == "notes":
        return pinned_url(page, mark.name, mark.period)
    if by:
        where = [*page.wheres, *(f"{by}={group}" for group in mark.groups)]
        page = replace(page, ask=replace(page.ask, said=_with_where(page, where)))
    if mark.subject != "rollforward":
        return page.url("/explain", metric=mark.name, period=mark.period)
    if mark.name in FLOW_COLUMNS or mark.name in {"opening", "closing"}:
        return cell_url(page, mark.name, _span(page, mark.period), 1)
    return page.url("/movements")


def _span(page: Page, label: str) -> Period:
    """The days of a period, or of several from one to another."""
    first, _, last = label.partition(" to ")
    return Period(page.period(first).start, page.period(last or first).end, last or label)


def _with_where(page: Page, where: Sequence[str]) -> tuple[tuple[str, str], ...]:
    kept = [(name, text) for name, text in page.ask.said if name != "where"]
    return (*kept, *(("where", text) for text in where))


def _cohort_url(page: Page, mark: Mark) -> str:
    """The movements of a cohort from its first period to that of the cell; the last closing is what is left."""
    period = page.period(mark.period)
    every = page.ask.every if page.ask.every in _STEPS else "month"
    last = add_months(period.end, _STEPS[every] * (mark.since or 0)) - timedelta(days=1)
    where = [*page.wheres, *(f"cohort={month}" for month in _months(period))]
    return page.url("/movements", where=where, from_=period.start, to=last, every=every)


def _months(period: Period) -> list[str]:
    """The months of a period, by which the field `cohort` tells cohorts apart."""
    return [month.label for month in periods(period.start, period.last_day, "month")]
