"""A call of the API, read: who asks for what of which book, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from rollforward.errors import NotABookError, NotFoundError, UnknownNameError
from rollforward.surfaces.api.cursors import digest
from rollforward.surfaces.api.media import accepted
from rollforward.surfaces.api.parameters import PAGE, USUAL, check_all
from rollforward.surfaces.server.asking import GLOBAL, Ask, ask_of
from rollforward.surfaces.server.masking import book_for
from rollforward.surfaces.server.refusing import not_allowed
from rollforward.surfaces.server.who import actor_of
from rollforward.surfaces.server.who import people_of as people_there

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from rollforward.book import Book
    from rollforward.people import Actor, People
    from rollforward.surfaces.api.operations import Operation
    from rollforward.surfaces.server.served import Served
    from rollforward.surfaces.server.who import Reader

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A call, read strictly. `named` has the values in the path, `media` is the form in which it is answered."""

    operation: Operation
    request: Request
    reader: Reader
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
        """The book as the reader sees it."""
        return self._as_seen(self.served.book)

    @property
    def people(self) -> People:
        """The people of the book."""
        return people_of(self.request)

    @property
    def actor(self) -> Actor:
        """Who writes, for the audit log."""
        return actor_of(self.request, self.reader)

    @cached_property
    def question(self) -> str:
        """What tells one question from another, whatever part of its answer is wanted, for readers who see the same."""
        said = sorted((name, text) for name, text in self.ask.said if name not in PAGE)
        return digest(repr((self.operation.id, sorted(self.named.items()), said, self.reader.sees_personal_data)))

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

    def answer(self, make: Callable[[Book], T]) -> T:
        """The answer to the question, made once for each state of the book."""
        return self.served.answer(("api", self.question), lambda book: make(self._as_seen(book)))

    def _as_seen(self, book: Book) -> Book:
        sees = self.reader.sees_personal_data
        return book_for(book, sees_personal_data=sees, pseudonyms=lambda: self.people.pseudonyms)

    def found(self, make: Callable[[], T]) -> T:
        """What the path names; NotFoundError where it names what is not there."""
        try:
            return make()
        except UnknownNameError as error:
            raise NotFoundError(str(error)) from error


def people_of(request: Request) -> People:
    """The people of the served book; NotABookError before there is one."""
    found: People | None = people_there(request)
    if found is None:
        raise NotABookError(request.app.state.served.path)
    return found


def call_of(request: Request, reader: Reader, operation: Operation) -> Call:
    """The call that a request makes; UsageError where it says what cannot be read, 403 and 406 as HTTP has them."""
    _refuse(reader, operation)
    media = accepted(request.headers.get("accept", ""), operation.media)
    said = request.query_params.multi_items()
    check_all(said, operation.takes)
    served: Served = request.app.state.served
    segments = _segments(request) if "segment" in dict(said) else {}
    own = [one.name for one in operation.takes if one.name not in GLOBAL]
    ask = ask_of(said, served.book, served.clock, own=own, segments=segments)
    return Call(operation, request, reader, ask, request.path_params, media)


def _refuse(reader: Reader, operation: Operation) -> None:
    if reader.way == "share":
        raise not_allowed("a share link opens a page. The API takes a key: `rollforward people key`.")
    if not reader.may(operation.scope):
        raise not_allowed(f"{reader.name} may not {operation.scope}. Ask an admin for a role or key that may.")


def _segments(request: Request) -> dict[str, dict[str, list[str]]]:
    return {one.name: one.filters for one in people_of(request).segments.all()}
