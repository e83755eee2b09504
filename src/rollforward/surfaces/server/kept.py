"""Whole answers that are kept: the bytes that went out, for one reader and one state of the book and its people."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Send

    from rollforward.surfaces.server.who import Reader

MOST_BYTES = 32 * 1024 * 1024
"""The bytes of all answers that are kept; those that nobody asked for the longest go first."""

_LEFT_OUT = {b"content-length", b"vary"}
_UNCHANGED = {b"etag", b"cache-control", b"link", b"rollforward-stamp"}
"""The headers that go along with the word that nothing changed."""

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Question:
    """What an answer depends on beside the state: what is asked for, who reads it, and the token of their forms."""

    path: str
    query: bytes
    origin: str
    accept: str
    reader: Reader
    token: str | None


@dataclass(frozen=True)
class Whole:
    """An answer as it goes out: its headers, its tag, and its body, packed once. `route` is what answered."""

    headers: Pairs
    tag: str
    packed: bytes = field(repr=False)
    route: object = None

    async def send(self, send: Send, asked: Headers) -> None:
        """Answer a request: with the body, packed if the reader takes that, or that nothing changed."""
        if matches(asked.get("if-none-match", ""), self.tag):
            unchanged = [(name, value) for name, value in self.headers if name in _UNCHANGED]
            await _send(send, 304, [*unchanged, (b"vary", _vary(self.headers))], b"")
            return
        taken = "gzip" in asked.get("accept-encoding", "")
        body = self.packed if taken else gzip.decompress(self.packed)
        packed = [(b"content-encoding", b"gzip")] if taken else []
        rest = [(b"vary", _vary(self.headers)), (b"content-length", str(len(body)).encode())]
        await _send(send, 200, [*(pair for pair in self.headers if pair[0] not in _LEFT_OUT), *packed, *rest], body)


def matches(header: str, tag: str) -> bool:
    """Whether a header `If-None-Match` names a tag, weak or not."""
    named = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


def whole(headers: Iterable[tuple[bytes, bytes]], body: bytes, route: object) -> Whole:
    """An answer with its tag: its own, or a sum of what it says. It is weak, since it may go out packed."""
    pairs = tuple(headers)
    own = next((value.decode() for name, value in pairs if name == b"etag"), "")
    tag = own or f'W/"{sha256(body).hexdigest()[:32]}"'
    added = () if own else ((b"etag", tag.encode()),)
    return Whole((*pairs, *added), tag, gzip.compress(body, mtime=0), route)


def _vary(headers: Pairs) -> bytes:
    own = [value for name, value in headers if name == b"vary"]
    return b", ".join([*(own or [b"Cookie"]), b"Accept-Encoding"])


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class Kept:
    """Answers by question, all of one state. Those of another state are let go at once. Many threads may use it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._state = ""
        self._bytes = 0
        self._answers: OrderedDict[Question, Whole] = OrderedDict()

    def find(self, question: Question, state: str) -> Whole | None:
        """The answer to a question in a state; None where none is kept."""
        with self._lock:
            found = self._answers.get(question) if state == self._state else None
            if found:
                self._answers.move_to_end(question)
            return found

    def keep(self, question: Question, state: str, answer: Whole) -> None:
        """Keep an answer, and let go of what is of another state or too much."""
        with self._lock:
            if state != self._state:
                self._answers.clear()
                self._state, self._bytes = state, 0
            if former := self._answers.pop(question, None):
                self._bytes -= len(former.packed)
            self._answers[question] = answer
            self._bytes += len(answer.packed)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._answers.popitem(last=False)[1].packed)

    def __len__(self) -> int:
        return len(self._answers)
