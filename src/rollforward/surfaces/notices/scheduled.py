"""Scheduled work: watched folders, large movements, digests and deliveries, one after the other, by one process."""

from __future__ import annotations

import fcntl
import logging
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.errors import IncompleteError, RollforwardError, UsageError
from rollforward.surfaces.links import Links
from rollforward.surfaces.notices import large, watching
from rollforward.surfaces.notices.delivering import Outbox, Outcome, delivery_of, note
from rollforward.surfaces.notices.digest import digest
from rollforward.surfaces.notices.due import is_due
from rollforward.surfaces.notices.subscriptions import (
    Subscription,
    Watch,
    every_one,
    keep,
    moment,
    moment_text,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from rollforward.book import Book
    from rollforward.book.view import Clock
    from rollforward.surfaces.notices.keeping import Keeper
    from rollforward.surfaces.notices.mailing import Mail
    from rollforward.surfaces.notices.notice import Notice
    from rollforward.surfaces.notices.posting import Post

PAUSE = 60.0
"""Seconds between two looks at what is due."""

LOCK = "notices.lock"
NO_ADDRESS = Links()
"""Links while the server's address is not known."""

_log = logging.getLogger("rollforward.notices")


class Scheduled:
    """The scheduled work of a book. `book` is asked for anew at each run, so that its settings are those of the day."""

    def __init__(
        self,
        book: Book | Callable[[], Book],
        keeper: Keeper,
        clock: Clock,
        mail: Mail,
        post: Post,
        *,
        links: Links = NO_ADDRESS,
        pause: float = PAUSE,
    ) -> None:
        self._book = book if callable(book) else (lambda: book)
        self.keeper = keeper
        self._clock = clock
        self._links = links
        self._pause = pause
        self.outbox = Outbox(keeper, mail, post)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # -- in a server -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Work in a thread of its own, at once and then again after each pause."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._go_on, name="rollforward-notices", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 20) -> None:
        """Begin nothing more, and wait for what is under way. What was not done is due at the next start."""
        self._stop.set()
        if self._thread:
            self._thread.join(seconds)

    def _go_on(self) -> None:
        while not self._stop.is_set():
            try:
                self.run_due(self._clock())
            except Exception:  # noqa: BLE001  the thread goes on whatever happens
                _log.exception("scheduled work failed, and is tried again")
            self._stop.wait(self._pause)

    # -- what is due -------------------------------------------------------------------------------------------------

    def run_due(self, now: datetime) -> None:
        """Do everything that is due at a time in UTC. Where another process of the book is at it, do nothing."""
        book = self._book()
        with alone(book.path) as is_alone:
            if not is_alone:
                return
            every = every_one(self.keeper)
            for watch in (one for one in every if isinstance(one, Watch)):
                self._guarded(watch.name, now, lambda one=watch: self._watched(book, one, now))  # type: ignore[misc]
            for one in (one for one in every if isinstance(one, Subscription) and not one.is_off):
                self._guarded(one.name, now, lambda one=one: self._large(book, one, now))  # type: ignore[misc]
                self._guarded(one.name, now, lambda one=one: self._digested(book, one, now))  # type: ignore[misc]
            self._deliver(now)

    def send_now(self, name: str, now: datetime) -> tuple[Notice, Outcome]:
        """Send a digest of a subscription at once, as a test, and try it once: the notice, and what became of it."""
        one = subscription_named(self.keeper, name)
        book = self._book()
        notice = digest(book, one, self._links, now)
        delivery = delivery_of(one.name, one.told, notice, now, salt=moment_text(now))
        return notice, self.outbox.try_now(delivery, one.told, now, again=False)

    def preview(self, name: str, now: datetime) -> Notice:
        """The digest that `send_now` would send."""
        return digest(self._book(), subscription_named(self.keeper, name), self._links, now)

    def _guarded(self, name: str, now: datetime, work: Callable[[], None]) -> None:
        """Work of one subscription, whose failure keeps no other from its own."""
        try:
            work()
        except RollforwardError as error:
            note(self.keeper, name, now, f"failed: {error}")
        except Exception as error:  # noqa: BLE001  one failure keeps nobody else from being told
            _log.exception("scheduled work of %s failed", name)
            note(self.keeper, name, now, f"failed: {type(error).__name__}. This is a fault of rollforward: report it.")

    def _watched(self, book: Book, watch: Watch, now: datetime) -> None:
        for notice in watching.look(book, watch, self.keeper, now):
            if watch.told.to:
                self.outbox.put(watch.name, watch.told, notice, now)

    def _large(self, book: Book, one: Subscription, now: datetime) -> None:
        if one.over is None:
            return
        key = f"seen/{one.name}"
        notice, seen = large.look(book, one, self.keeper.get(key), self._links)
        if notice:
            self.outbox.put(one.name, one.told, notice, now, salt=moment_text(one.added_at))
        if seen:
            # After the notice is kept. Who is interrupted between the two makes the same one again, with its number.
            self.keeper.put(key, seen)

    def _digested(self, book: Book, one: Subscription, now: datetime) -> None:
        key = f"sent/{one.name}"
        sent = self.keeper.get(key)
        due = is_due(one, book.settings.timezone, moment(sent["due"]) if sent else None, now)
        if due is None:
            return
        notice = digest(book, one, self._links, due)
        self.outbox.put(one.name, one.told, notice, now, salt=moment_text(due))
        self.keeper.put(key, {"due": moment_text(due)})

    def _deliver(self, now: datetime) -> None:
        for delivery in self.outbox.waiting(now):
            if self._stop.is_set():
                return
            one = named(self.keeper, delivery["name"])
            outcome = self.outbox.try_now(delivery, one.told, now)
            if outcome.state == "gone" and isinstance(one, Subscription):
                keep(self.keeper, replace(one, is_off=outcome.said))


def subscription_named(keeper: Keeper, name: str) -> Subscription:
    """The subscription of a name; UsageError for a watched folder, of which there is no digest."""
    one = named(keeper, name)
    if isinstance(one, Watch):
        raise UsageError(f"{name} is a watched folder, and there is no digest of it to send.")
    return one


def subscribe(book: Book, keeper: Keeper, one: Subscription | Watch) -> None:
    """Keep a new subscription or watch. The large movements that are there now are not new to it."""
    check(book, one)
    if isinstance(one, Subscription) and one.over is not None and keeper.get(f"notice/{one.name}") is None:
        _, seen = large.look(book, one, None, NO_ADDRESS)
        keeper.put(f"seen/{one.name}", seen or {"state": "", "keys": []})
    keep(keeper, one, is_new=True)


def check(book: Book, one: Subscription | Watch) -> None:
    """Refuse what the book cannot answer or read: an unknown policy, currency or field, a map that is wrong."""
    if isinstance(one, Watch):
        book.load_map(one.column_map)
        return
    with suppress(IncompleteError):  # There may be figures later.
        book.movements(where=one.filters, view=one.view(allow_stale=True))


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether this is the only process (and thread) that does scheduled work for the book in a folder.

    The lock is the kernel's, which frees it however its holder ends.
    """
    if not folder.is_dir():  # A book in memory, which no other process knows.
        yield True
        return
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
