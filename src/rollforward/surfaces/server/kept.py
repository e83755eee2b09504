"""Whole answers that are kept: what went out, for one reader and one state of the book and its people."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from rollforward.surfaces.server.packing import gzipped, packed
from rollforward.surfaces.server.sheets import TOLD_BY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import Headers
    from starlette.types import Message, Send

    from rollforward.surfaces.server.sheets import Sheet
    from rollforward.surfaces.server.who import Reader

MOST_BYTES = 64 * 1024 * 1024
"""The bytes of all answers that are kept; those that nobody asked for the longest go first."""

_LEFT_OUT = {b"content-length", b"vary", b"etag"}
_UNCHANGED = {b"cache-control", b"link", b"rollforward-stamp"}
"""The headers that go along with the word that nothing changed."""

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Question:
    """What an answer depends on beside the state: what is asked for, and who reads it."""

    path: str
    query: bytes
    origin: str
    accept: str
    sheet: Sheet
    reader: Reader


@dataclass(frozen=True)
class Whole:
    """An answer as it goes out: its headers, and its body in the pieces between which the token of its forms stands.

    `sum` tells its tag, `own` whether that is the whole of it; `route` is what answered.
    """

    headers: Pairs
    sum: str
    own: bool
    pieces: tuple[bytes, ...] = field(repr=False)
    blocks: tuple[bytes, ...] = field(repr=False)
    route: object = None

    @property
    def has_forms(self) -> bool:
        """Whether the token of a reader's forms stands in it."""
        return len(self.pieces) > 1

    @property
    def size(self) -> int:
        """The bytes that it holds."""
        return sum(map(len, (*self.pieces, *self.blocks)))

    async def send(self, send: Send, asked: Headers, token: str) -> None:
        """Answer a request: with the body, packed if the reader takes that, or that nothing changed."""
        tag = self._tag(token)
        fixed = [(b"etag", tag.encode()), (b"vary", _vary(self.headers))]
        if matches(asked.get("if-none-match", ""), tag):
            unchanged = [pair for pair in self.headers if pair[0] in _UNCHANGED]
            await _send(send, 304, [*unchanged, *fixed], b"")
            return
        if "gzip" in asked.get("accept-encoding", ""):
            fixed.append((b"content-encoding", b"gzip"))
            body = gzipped(self.pieces, self.blocks, token.encode())
        else:
            body = token.encode().join(self.pieces)
        length = (b"content-length", str(len(body)).encode())
        await _send(send, 200, [*(pair for pair in self.headers if pair[0] not in _LEFT_OUT), *fixed, length], body)

    def _tag(self, token: str) -> str:
        """The tag: with another token it is another page, for forms of an earlier sign-in are no good."""
        if self.own:
            return self.sum
        said = f"{self.sum} {token}" if self.has_forms else self.sum
        return f'W/"{sha256(said.encode()).hexdigest()[:32]}"'


def matches(header: str, tag: str) -> bool:
    """Whether a header `If-None-Match` names a tag, weak or not."""
    named = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


def whole(headers: Iterable[tuple[bytes, bytes]], body: bytes, token: str | None, route: object) -> Whole:
    """An answer to be kept, without the token that stands in it. Its tag is weak, since it may go out packed."""
    pairs = tuple(headers)
    own = next((value.decode() for name, value in pairs if name == b"etag"), None)
    pieces = tuple(body.split(token.encode()) if token else [body])
    told = own or sha256(b"\0".join(pieces)).hexdigest()
    return Whole(pairs, told, own is not None, pieces, tuple(map(packed, pieces)), route)


def _vary(headers: Pairs) -> bytes:
    own = [value for name, value in headers if name == b"vary"]
    return b", ".join([*(own or [b"Cookie", TOLD_BY.encode()]), b"Accept-Encoding"])


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
                self._bytes -= former.size
            self._answers[question] = answer
            self._bytes += answer.size
            while self._bytes > self._most_bytes:
                self._bytes -= self._answers.popitem(last=False)[1].size

    def __len__(self) -> int:
        return len(self._answers)
