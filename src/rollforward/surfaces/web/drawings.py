"""Charts on a page: drawn once for each state of the book, every mark a link to what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from rollforward import charts

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page


def rollforward(page: Page, result: Result) -> Markup:
    """The line of MRR above the bars of its movements."""
    return page.answer("chart of the rollforward", lambda _: Markup(charts.svg(result)))  # noqa: S704  drawn here
