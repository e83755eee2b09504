"""What is served: one book, what it answered already, and who is told when it changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from rollforward.book import Book, now
from rollforward.errors import NotABookError
from rollforward.surfaces.server.answers import Answers
from rollforward.surfaces.server.drawers import Here

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from rollforward.book.view import Clock
    from rollforward.surfaces.server.drawers import Drawing

T = TypeVar("T")


@dataclass
class Served:
    """A book that is served. Its settings are read anew when they change.

    `memory`, such as "512MB", bounds what its questions hold at a time; `drawing` draws the pictures of its pages.
    """

    path: Path
    clock: Clock = now
    memory: str | None = None
    drawing: Drawing = field(default_factory=Here)
    answers: Answers = field(default_factory=Answers)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _open: Book | None = field(default=None, repr=False)
    _settings: tuple[int, ...] = field(default=(), repr=False)

    @property
    def book(self) -> Book:
        """The book; NotABookError where there is none yet."""
        with self._lock:
            there = self._settings_state()
            if self._open is None or there != self._settings:
                self._open, self._settings = self._opened(), there
            return self._open

    def _opened(self) -> Book:
        book = Book.open(self.path, clock=self.clock)
        if self.memory is not None:
            book.bound_memory(self.memory)
        return book

    def _settings_state(self) -> tuple[int, ...]:
        try:
            found = (self.path / "book.toml").stat()
        except OSError as error:
            raise NotABookError(self.path) from error
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    @property
    def is_there(self) -> bool:
        """Whether there is a book."""
        return (self.path / "book.toml").exists()

    @property
    def state(self) -> str:
        """What tells one state of the book from another; empty where there is no book."""
        return self.book.state() if self.is_there else ""

    def answer(self, question: Hashable, make: Callable[[Book], T]) -> T:
        """The answer to a question, made once for each state of the book."""
        book = self.book
        return self.answers.of(question, book.state(), lambda: make(book))
