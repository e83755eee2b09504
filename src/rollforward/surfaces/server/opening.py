"""Opening a number: which one an address names, for a page and for the API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces import written

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.book.asking import Where
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.surfaces.server.asking import Ask

NAMING = ("metric", "period", "account", "on", "movement")
"""The parameters that name a number."""


def explained(book: Book, ask: Ask, *, where: Where | None, limit: int) -> Explanation:
    """The number that a question names, opened into at most `limit` parts a figure."""
    return book.explain(
        ask.one("metric"),
        ask.one("period"),
        account=ask.one("account"),
        on=written.exact_day(ask.one("on"), "on"),
        movement=written.exact_day(ask.one("movement"), "movement"),
        where=where,
        limit=limit,
        view=ask.view,
    )
