"""What pages show and downloads hold: each subject is one call of the book, under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import UnknownNameError
from rollforward.surfaces.web.words import HEADLINES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.results import Result
    from rollforward.surfaces.web.page import Page

    Subject = Callable[["Page"], Result]

KINDS = ("new", "expansion", "reactivation", "contraction", "churn", "exchange", "transfer")
"""The kinds of movements that a list can be narrowed to."""


def rollforward(page: Page) -> Result:
    """The roll-forward of the periods asked for."""
    ask = page.shown
    return page.answer("rollforward", lambda book: book.rollforward(**ask.spoken, by=ask.by))


def metrics(page: Page) -> Result:
    """The headline metrics of the periods asked for."""
    ask = page.shown
    return page.answer("metrics", lambda book: book.metrics(*HEADLINES, **ask.spoken, by=ask.by))


def movements(page: Page) -> Result:
    """The movements of the days asked for, of one kind where it is named."""
    ask, kind = page.shown, page.ask.one("kind")
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind", kind, list(KINDS))
    return page.answer(
        "movements",
        lambda book: book.movements(
            **ask.days, where=ask.filters, kind=kind, account=ask.one("account"), view=ask.view
        ),
    )


def accounts(page: Page) -> Result:
    """The accounts of a part of the book, by name or id where a text is searched for."""
    ask = page.shown
    return page.answer(
        "accounts", lambda book: book.accounts(where=ask.filters, search=ask.one("search"), view=ask.view)
    )


SUBJECTS: dict[str, Subject] = {
    "rollforward": rollforward,
    "metrics": metrics,
    "movements": movements,
    "accounts": accounts,
}
"""Every subject by name. Pages add theirs here; what is here can be downloaded."""
