"""Charts on a page: drawn once for each state of the book, every mark a link to what it is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from rollforward import charts

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page


def rollforward(page: Page, result: Result) -> Markup:
    """The line of MRR above the bars of its movements."""
    return page.answer("chart of the rollforward", lambda _: Markup(charts.svg(result)))  # noqa: S704  drawn here


def curves(page: Page, result: Result, names: tuple[str, ...]) -> Markup:
    """Some metrics of a result as lines."""
    return page.answer(("curves", names), lambda _: Markup(charts.svg(only(result, names))))  # noqa: S704


def cohorts(page: Page, result: Result, measure: str) -> Markup:
    """The heat-map of cohorts."""
    return page.answer(("heat", measure), lambda _: Markup(charts.svg(result)))  # noqa: S704


def groups(page: Page, result: Result) -> Markup:
    """A line for each group."""
    return page.answer("groups", lambda _: Markup(charts.svg(result)))  # noqa: S704


def movers(page: Page, result: Result, by: str) -> Markup:
    """Who moved the total."""
    del page, result, by
    return Markup()


def only(result: Result, names: tuple[str, ...]) -> Result:
    """A result with some of its metrics alone."""
    places = [place for place, column in enumerate(result.columns) if column.name in {"period", *names}]
    columns = tuple(result.columns[place] for place in places)
    rows = [tuple(row[place] for place in places) for row in result.rows]
    return replace(result, columns=columns, fetch=lambda: rows)
