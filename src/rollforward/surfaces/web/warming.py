"""Warming: what pages say first is found once the server is up and when the book changes, before somebody asks."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, cast

from rollforward.errors import RollforwardError
from rollforward.surfaces.server.asking import ask_of
from rollforward.surfaces.server.who import LOCAL
from rollforward.surfaces.web import accounts, churn, movements, overview, subjects
from rollforward.surfaces.web.notes import told_by_book
from rollforward.surfaces.web.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from rollforward.surfaces.server.served import Served

MONTHLY = ("nrr", "customer_churn_rate")
"""Metrics that are dear to find, of every month: what is found for them serves all others that look at months."""

OTHERS: tuple[Callable[[Page], object], ...] = (
    movements.answered,
    accounts.listed_of,
    churn.answered,
    subjects.retention,
    subjects.cohorts,
    subjects.segments,
)
"""What the pages beside the overview say where nothing is asked for, each for itself."""

EVERY = 0.5
"""Seconds between two looks at the book."""


class Warming:
    """A work beside the pages. Who asks while it looks waits for the same answer, which is found once."""

    def __init__(self, served: Served, every: float = EVERY) -> None:
        self._served = served
        self._every = every
        self._over = Event()
        self._thread = Thread(target=self._go_on, name="warming")

    def start(self) -> None:
        """Look at the book, now and whenever it changes."""
        self._thread.start()

    def stop(self) -> None:
        """Look at nothing more, and wait for what is under way."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _go_on(self) -> None:
        warm = ""
        while not self._over.is_set():
            # What cannot be answered is said to who asks for it.
            with suppress(RollforwardError):
                if (state := self._served.state) != warm:
                    # What draws stays warm: whoever looks at a change does not wait for rehearsals.
                    is_first, warm = not warm, state
                    self._find(state, rehearsed=is_first)
            self._over.wait(self._every)

    def _find(self, state: str, *, rehearsed: bool) -> None:
        """Find what pages say in a state, as long as the book is in it."""
        pages_found(self._served, rehearsed=rehearsed)
        months_found(self._served)
        for find in OTHERS:
            if self._over.is_set() or self._served.state != state:
                return
            with suppress(RollforwardError):
                find(_page(self._served))


def _page(served: Served) -> Page:
    """The question of a page where nothing is asked for."""
    nobody = cast("Request", None)
    return Page(nobody, served, ask_of([], served.book, served.clock), LOCAL)


def pages_found(served: Served, *, rehearsed: bool) -> None:
    """Find what the overview says where nothing is asked for, and the page of the account that moved last.

    Other overviews and accounts are then asked for in queries that are written, and, where it is `rehearsed`, drawn at
    full speed.
    """
    page = _page(served)
    rows = overview.answered(page).rows
    overview.picture(page, subjects.rollforward(page), told_by_book(page), everywhere=rehearsed)
    if rows:
        accounts.known_of(page, str(rows[0][1]), everywhere=rehearsed)


def months_found(served: Served) -> None:
    """Find retention and churn of every month, which the book then remembers month by month.

    Each is asked for alone, as it is from the API: its queries are then written.
    """
    served.answer("warm months", lambda book: [book.metrics(name).rows for name in MONTHLY])
