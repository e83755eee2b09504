"""The digest: the roll-forward of a period beside the one before, its headline metrics, and what moved most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Period, period_of
from rollforward.errors import IncompleteError, WithheldError
from rollforward.formats import Answer, answer_of, cells
from rollforward.surfaces.links import looked_at, within
from rollforward.surfaces.notices.due import last_whole
from rollforward.surfaces.notices.notice import Block, Notice

if TYPE_CHECKING:
    from datetime import datetime

    from rollforward.book import Book
    from rollforward.results import Cell
    from rollforward.surfaces.links import Links
    from rollforward.surfaces.notices.subscriptions import Digested, Subscription

HEADLINES = ("mrr", "arr", "net_new_mrr", "growth_rate", "customers", "arpa", "nrr", "grr", "quick_ratio")
"""The metrics of a digest, in order."""

MOVED = 10
"""The largest movements that a digest names."""

SHOWN = ("name", "account", "day", "kind", "mrr", "after")
"""The columns of movements in a notice, in order."""


@dataclass(frozen=True)
class _Asked:
    """What a digest is about: the period, the one before, and how the book is looked at."""

    book: Book
    subscription: Subscription
    every: Digested
    period: Period
    links: Links

    @property
    def part(self) -> dict[str, Any]:
        """The filters and the view."""
        return {"where": self.subscription.filters, "view": self.subscription.view()}

    @property
    def both(self) -> dict[str, Any]:
        """The period and the one before."""
        before = period_of(self.period.start - timedelta(days=1), self.every)
        return self.part | {"every": self.every, "start": before.start, "end": self.period.last_day}

    @property
    def query(self) -> list[tuple[str, object]]:
        """How pages are asked of the same period and part."""
        looked = looked_at(self.subscription.view(), self.subscription.filters)
        return [*within(self.period.start, self.period.last_day), *looked]

    def page(self, path: str, *more: tuple[str, object]) -> str:
        """A link to a page of the period; nothing while the server's address is not known."""
        return self.links.page(path, [*self.query, *more]) if self.links.base else ""


def digest(book: Book, subscription: Subscription, links: Links, now: datetime) -> Notice:
    """The digest of the last period that is over. Where its figures are withheld, it says so and why, and has none."""
    length = subscription.every or "month"
    period = last_whole(book, length, now)
    asked = _Asked(book, subscription, length, period, links)
    data = (("period", {"label": period.label, "start": str(period.start), "end": str(period.end)}),)
    told = Notice("digest", period.label, "", data=(*data, ("every", length)))
    try:
        return _with_figures(asked, told)
    except IncompleteError as error:
        state = "withheld" if isinstance(error, WithheldError) else "not known"
        return replace(told, title=f"MRR {period.label} is {state} ({book.path.name})", withheld=str(error))


def _with_figures(asked: _Asked, told: Notice) -> Notice:
    book, label = asked.book, asked.period.label
    rollforward = book.rollforward(**asked.both)
    metrics = book.metrics(*HEADLINES, **asked.both)
    page = asked.page("/movements", ("every", asked.every))
    figures = [
        Block("metrics", "Headlines", _downwards(answer_of(metrics)), asked.page("/")),
        Block("rollforward", "Roll-forward", _downwards(answer_of(rollforward)), page),
    ]
    closing = cells(answer_of(rollforward))[-1][rollforward.names.index("closing")]
    title = f"MRR {label}: {closing} {rollforward.stamp.currency} ({book.path.name})"
    moved = _moved(asked)
    lines = tuple(_uncounted(asked))
    return replace(told, title=title, lines=lines, blocks=(*figures, moved), stamp=rollforward.stamp)


def _downwards(answer: Answer) -> Answer:
    return replace(answer, turned=True)


def _moved(asked: _Asked) -> Block:
    """The largest movements of the period."""
    period = asked.period
    listing = asked.book.movements(start=period.start, end=period.last_day, **asked.part)
    answer = answer_of(listing, listing.largest("mrr", MOVED))
    page = asked.page("/movements", ("every", asked.every))
    links = account_links(answer, asked.links, asked.subscription)
    return Block("largest_movements", "What moved most", shown(answer), page, links)


def shown(answer: Answer) -> Answer:
    """Movements with the columns of a notice, whose amounts are only rounded."""
    places = [answer.names.index(name) for name in SHOWN]
    rows: list[tuple[Cell, ...]] = [tuple(row[place] for place in places) for row in answer.rows]
    return Answer("largest movements", tuple(answer.columns[place] for place in places), rows, answer.stamp)


def account_links(answer: Answer, links: Links, subscription: Subscription) -> tuple[str, ...]:
    """The page of each movement's account; none while the server's address is not known."""
    place, query = answer.names.index("account"), looked_at(subscription.view())
    return tuple(links.account(str(row[place]), query) for row in answer.rows) if links.base else ()


def _uncounted(asked: _Asked) -> list[str]:
    """What is in no figure, in a line."""
    found = asked.book.uncounted(view=asked.subscription.view())
    numbers = ((found.quarantined, "in quarantine"), (found.set_aside, "set aside"))
    counted = ((f"{number:,} {'row is' if number == 1 else 'rows are'}", state) for number, state in numbers if number)
    said = " and ".join(f"{rows} {state}" for rows, state in counted)
    page = asked.links.page("/sources") if asked.links.base else "`rollforward problems`"
    return [f"{said}, and so in no figure: {page}."] if said else []
