"""What pages show and downloads hold: each subject is one call of the book, under one name."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from rollforward.book.flows import ENTRY_KINDS
from rollforward.book.listed import LARGEST_FIRST
from rollforward.calendar import add_months
from rollforward.errors import IncompleteError, UnknownNameError, UsageError
from rollforward.surfaces.web.words import HEADLINES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page

    Subject = Callable[["Page"], Result]


def rollforward(page: Page) -> Result:
    """The roll-forward of the periods asked for."""
    ask = page.shown
    return page.answer("rollforward", lambda book: book.rollforward(**ask.spoken, by=ask.by))


def a_year_before(page: Page) -> Result | None:
    """The roll-forward of the same periods a year before, where that is compared with and the book has any of it."""
    ask = page.shown
    if ask.compare != "year" or ask.by is not None or ask.start is None:
        return None
    last = min(ask.end or date.max, page.book.today(ask.view.as_of))
    then = {**ask.spoken, "start": add_months(ask.start, -12), "end": add_months(last, -12)}
    with suppress(IncompleteError, UsageError):
        found = page.answer("a year before", lambda book: book.rollforward(**then))
        # Before its first movement the book knows of nothing, which is not 0.
        return found if any(row["closing"] for row in found.to_dicts()) else None
    return None


def metrics(page: Page) -> Result:
    """The headline metrics of the periods asked for."""
    ask = page.shown
    return page.answer("metrics", lambda book: book.metrics(*HEADLINES, **ask.spoken, by=ask.by))


def movements(page: Page) -> Result:
    """The movements of the days asked for, of one kind where it is named."""
    ask, kind = page.shown, page.ask.one("kind")
    if kind is not None and kind not in ENTRY_KINDS:
        raise UnknownNameError("kind", kind, list(ENTRY_KINDS))
    return page.answer(
        "movements",
        lambda book: book.movements(
            **ask.days, where=ask.filters, kind=kind, account=ask.one("account"), view=ask.view
        ),
    )


def accounts(page: Page) -> Result:
    """The accounts of a part of the book, by name or id where a text is searched for, in the order asked for."""
    ask, sort = page.shown, page.ask.one("sort") or LARGEST_FIRST
    return page.answer(
        "accounts", lambda book: book.accounts(where=ask.filters, search=ask.one("search"), sort=sort, view=ask.view)
    )


RETENTION = ("nrr", "grr", "customer_retention", "nrr_12m", "grr_12m", "customer_retention_12m")
"""The metrics of the retention page."""

CHURN = (
    "churned_customers",
    "customer_churn_rate",
    "churned_mrr",
    "contraction_mrr",
    "gross_mrr_churn_rate",
    "net_mrr_churn_rate",
    "customer_retention",
    "grr",
)
"""The metrics of the churn page: the rates under each definition."""

MEASURES = ("customers", "mrr")
"""What cohorts are measured in."""


def retention(page: Page) -> Result:
    """Retention by period, of the period itself and over twelve months."""
    ask = page.shown
    return page.answer("retention", lambda book: book.metrics(*RETENTION, **ask.spoken))


def cohorts(page: Page) -> Result:
    """What is left of each cohort, in customers or in MRR."""
    ask, measure = page.shown, page.ask.one("measure") or "customers"
    if measure not in MEASURES:
        raise UnknownNameError("measure", measure, list(MEASURES))
    every = ask.every if ask.every in {"quarter", "year"} else "month"
    return page.answer(
        "cohorts", lambda book: book.cohorts(measure=measure, every=every, where=ask.filters, view=ask.view)
    )


def churn(page: Page) -> Result:
    """Churn by period under each definition of it."""
    ask = page.shown
    return page.answer("churn", lambda book: book.metrics(*CHURN, **ask.spoken))


def scheduled(page: Page) -> Result:
    """What is scheduled to end or to change after today."""
    ask = page.shown
    return page.answer("scheduled", lambda book: book.scheduled(where=ask.filters, view=ask.view))


def causes(page: Page) -> Result:
    """What moved MRR: price, quantity, plan, discount and the like."""
    ask = page.shown
    return page.answer("causes", lambda book: book.causes(**ask.spoken))


LATEST_CAUSES = "The latest period; a download has all."
"""What `latest_causes` is of, as a page says it."""


def latest_causes(page: Page, shown: Result) -> Result | None:
    """What moved MRR in the latest period of a result: few of the movements have to be looked into for it.

    None under a filter that it cannot be told for.
    """
    ask, latest = page.shown, str(shown.rows[-1][0])
    first = page.period(latest).start
    days = {"start": max(first, ask.start or first), "end": ask.end}
    with suppress(UsageError):
        return page.answer(("latest causes", latest), lambda book: book.causes(**{**ask.spoken, **days}))
    return None


def segments(page: Page) -> Result:
    """The roll-forward of each value of a field."""
    ask = page.shown
    return page.answer("segments", lambda book: book.rollforward(**ask.spoken, by=ask.by or DEFAULT_FIELD))


DEFAULT_FIELD = "plan"


def sources(page: Page) -> Result:
    """The sources: what came, what became of it, the day each is good to."""
    return page.answer("sources", lambda book: book.sources(view=page.ask.view))


def imports(page: Page) -> Result:
    """The imports so far."""
    return page.answer("imports", lambda book: book.sources(imports=True, view=page.ask.view))


def problems(page: Page) -> Result:
    """What could not be read or does not count."""
    severity = page.ask.one("severity")
    return page.answer("problems", lambda book: book.problems(severity=severity, view=page.ask.view))


def closes(page: Page) -> Result:
    """What was reported, and whether it changed since."""
    return page.answer("closes", lambda book: book.closes(view=page.ask.view))


SUBJECTS: dict[str, Subject] = {
    "rollforward": rollforward,
    "metrics": metrics,
    "movements": movements,
    "accounts": accounts,
    "retention": retention,
    "cohorts": cohorts,
    "churn": churn,
    "scheduled": scheduled,
    "causes": causes,
    "segments": segments,
    "sources": sources,
    "imports": imports,
    "problems": problems,
    "closes": closes,
}
"""Every subject by name. Each can be downloaded."""
