"""A call of the API, read: who asks for what of which book, and in which form."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.exceptions import HTTPException

from rollforward.errors import NotFoundError, UnknownNameError
from rollforward.people.audit import Actor
from rollforward.people.people import People
from rollforward.surfaces.api.cursors import digest
from rollforward.surfaces.api.masking import NOTHING, Mask, mask_of
from rollforward.surfaces.api.media import accepted
from rollforward.surfaces.api.parameters import PAGE, USUAL, check_all
from rollforward.surfaces.server.asking import GLOBAL, Ask, ask_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from rollforward.book import Book
    from rollforward.surfaces.api.operations import Operation
    from rollforward.surfaces.server.served import Served
    from rollforward.surfaces.server.who import Reader

T = TypeVar("T")

_LOCK = threading.Lock()


@dataclass(frozen=True)
class Call:
    """A call, read strictly. `named` has the values in the path, `media` is the form in which it is answered."""

    operation: Operation
    request: Request
    reader: Reader
    mask: Mask
    ask: Ask
    named: Mapping[str, str]
    media: str

    @property
    def served(self) -> Served:
        """What is served."""
        served: Served = self.request.app.state.served
        return served

    @property
    def book(self) -> Book:
        """The book."""
        return self.served.book

    @property
    def people(self) -> People:
        """The people of the book."""
        return people_of(self.request)

    @property
    def actor(self) -> Actor:
        """Who writes, for the audit log."""
        return Actor(self.reader.name, self.request.client.host if self.request.client else "")

    @cached_property
    def question(self) -> str:
        """What tells one question from another, whatever part of its answer is wanted, for readers who see the same."""
        said = sorted((name, text) for name, text in self.ask.said if name not in PAGE)
        return digest(repr((self.operation.id, sorted(self.named.items()), said, self.mask.hides)))

    @property
    def limit(self) -> int:
        """How many rows are wanted."""
        return int(self.ask.one("limit") or USUAL)

    def one(self, name: str) -> str | None:
        """The value of a parameter, if it is said."""
        return self.ask.one(name)

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return self.ask.one(name) == "true"

    def account(self, named: str | None) -> str | None:
        """An account as the reader named it, by its id."""
        return None if named is None else self.mask.account(named)

    def answer(self, make: Callable[[Book], T]) -> T:
        """The answer to the question, made once for each state of the book."""
        return self.served.answer(("api", self.question), make)

    def found(self, make: Callable[[], T]) -> T:
        """What the path names; NotFoundError where it names what is not there."""
        try:
            return make()
        except UnknownNameError as error:
            raise NotFoundError(str(error)) from error


def people_of(request: Request) -> People:
    """The people of the served book, opened when they are first needed."""
    state: Any = request.app.state
    with _LOCK:
        if getattr(state, "people", None) is None:
            state.people = People.open(state.served.book.path, clock=state.served.clock)
        people: People = state.people
        return people


def call_of(request: Request, reader: Reader, operation: Operation) -> Call:
    """The call that a request makes; UsageError where it says what cannot be read, 403 and 406 as HTTP has them."""
    _refuse(reader, operation)
    media = accepted(request.headers.get("accept", ""), operation.media)
    said = request.query_params.multi_items()
    check_all(said, operation.takes)
    mask = NOTHING if reader.role != "restricted" else mask_of(reader, people_of(request).pseudonyms)
    served: Served = request.app.state.served
    segments = _segments(request) if "segment" in dict(said) else {}
    own = [one.name for one in operation.takes if one.name not in GLOBAL]
    ask = ask_of(said, served.book, served.clock, own=own, segments=segments)
    mask.refuse_fields(ask, served.book)
    return Call(operation, request, reader, mask, ask, request.path_params, media)


def _refuse(reader: Reader, operation: Operation) -> None:
    if reader.way == "share":
        raise HTTPException(403, "a share link opens a page. The API takes a key: `rollforward people key`.")
    if operation.scope not in reader.scopes:
        raise HTTPException(403, f"{reader.name} may not {operation.scope}. Ask an admin for a role or key that may.")


def _segments(request: Request) -> dict[str, dict[str, list[str]]]:
    return {one.name: one.filters for one in people_of(request).segments.all()}
