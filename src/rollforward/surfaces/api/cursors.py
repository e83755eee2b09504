"""Cursors: where a list goes on. Each belongs to one question and one state of the book, so that no row comes twice."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from starlette.exceptions import HTTPException

from rollforward.errors import UsageError

_FIRST = 1 << 53


@dataclass(frozen=True)
class Cursor:
    """The number of the row that comes next, counted from 0, of which question, in which state of the book."""

    first: int
    question: str
    state: str

    def __str__(self) -> str:
        text = json.dumps([self.first, self.question, self.state])
        return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def digest(text: str) -> str:
    """A short sum of a text."""
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def first_row(said: str | None, question: str, state: str) -> int:
    """The row at which a list goes on; 410 if the book changed since the cursor was given.

    UsageError for what is no cursor, or that of another question.
    """
    if said is None:
        return 0
    found = _read(said)
    if found.question != question:
        raise UsageError("the cursor `next` belongs to another question. Ask with the parameters it was given for.")
    if found.state != state:
        raise HTTPException(410, "the book changed since this list was begun. Begin it anew, without `next`.")
    return found.first


def _read(said: str) -> Cursor:
    try:
        first, question, state = json.loads(urlsafe_b64decode(said.encode() + b"=" * (-len(said) % 4)))
        found = Cursor(first, question, state)
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_cursor(said) from error
    if type(first) is not int or not 0 <= first < _FIRST or not isinstance(question, str):
        raise _no_cursor(said)
    return found


def _no_cursor(said: str) -> UsageError:
    return UsageError(f"next {said[:40]!r} is no cursor. Take it from the answer before, or leave it out.")
