"""Answers that are kept: each is made once for a state of the book, however many ask for it at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")

MOST = 2_000
"""The answers that are kept; those that nobody asked for the longest go first."""


@dataclass
class _Kept:
    state: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: list[Any] = field(default_factory=list)


class Answers:
    """Answers by question. One that was made of another state of the book is made anew."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def of(self, question: Hashable, state: str, make: Callable[[], T]) -> T:
        """The answer to a question in a state of the book. An error is not kept: who asks again may have luck."""
        kept = self._place(question, state)
        with kept.lock:
            if not kept.made:
                kept.made.append(make())
            answer: T = kept.made[0]
            return answer

    def __len__(self) -> int:
        return len(self._kept)

    def _place(self, question: Hashable, state: str) -> _Kept:
        with self._lock:
            found = self._kept.get(question)
            if found is None or found.state != state:
                found = self._kept[question] = _Kept(state)
            self._kept.move_to_end(question)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return found
