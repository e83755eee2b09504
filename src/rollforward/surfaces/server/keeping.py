"""Keeping: an answer that was given is given again, until the book, its people or the day is another.

The door stands before it: who asks is found out at each request, and an answer is kept for that reader alone, without
the token of their forms, which each browser is given as its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import compile_path

from rollforward.errors import RollforwardError
from rollforward.surfaces.server.csrf import csrf_token, token_held
from rollforward.surfaces.server.kept import Kept, Question, Whole, whole
from rollforward.surfaces.server.sheets import sheet_of
from rollforward.surfaces.server.who import people_of, reader_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollforward.surfaces.server.served import Served
    from rollforward.surfaces.server.who import Reader

PAGES = ("/", "/movements", "/accounts", "/accounts/{account}", "/explain", "/retention", "/churn", "/segments")
"""The pages that are kept: all that they show follows from the book, its policies, its people and the day."""

FIGURES = (
    "/overview",
    "/rollforward",
    "/metrics/{metrics}",
    "/movements",
    "/causes",
    "/cohorts",
    "/segments/{field}",
    "/scheduled",
    "/accounts",
    "/accounts/{account}",
    "/explain",
)
"""The answers of the API that are kept, likewise."""

_KNOWN = tuple(compile_path(path)[0] for path in (*PAGES, *(f"/api/v1{path}" for path in FIGURES)))
_MOST = 1_000_000
"""The most bytes of an answer that is kept."""


@dataclass(frozen=True)
class _Asked:
    question: Question
    state: str


class Keeping:
    """The part of an application that gives an answer again while it holds."""

    def __init__(self, app: ASGIApp, served: Served, kept: Kept) -> None:
        self._app = app
        self._served = served
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with what is kept, or let it be answered and keep that."""
        asked = await run_in_threadpool(self._asked, Request(scope)) if _may_be_kept(scope) else None
        if asked is None:
            await self._app(scope, receive, send)
            return
        found = self._kept.find(asked.question, asked.state)
        if found is None:
            await self._make(asked, scope, receive, send)
            return
        scope["route"] = found.route
        await _give(found, scope, send)

    async def _make(self, asked: _Asked, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request be answered, without the tag that it names: that is looked at here."""
        messages: list[Message] = []
        unconditional = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]}

        async def held(message: Message) -> None:
            messages.append(message)

        await self._app(unconditional, receive, held)
        scope["route"] = unconditional.get("route")
        answer = await run_in_threadpool(self._keep, asked, messages, Request(unconditional))
        if answer:
            await _give(answer, scope, send)
            return
        for message in messages:
            await send(message)

    def _keep(self, asked: _Asked, messages: list[Message], request: Request) -> Whole | None:
        """The answer that was given, kept; None where it is not to be given again."""
        start, *bodies = messages
        body = b"".join(part.get("body", b"") for part in bodies)
        if not _is_lasting(start, body) or self._state(request) != asked.state:
            return None
        answer = whole(start["headers"], body, token_held(request), request.scope.get("route"))
        self._kept.keep(asked.question, asked.state, answer)
        return answer

    def _asked(self, request: Request) -> _Asked | None:
        """What a request asks in which state; None where somebody has to sign in, or there is no book to answer."""
        try:
            reader = request.state.reader = reader_of(request)
            if reader is None or "as_of" in request.query_params:
                return None
            return _Asked(_question(request, reader), self._state(request))
        except (HTTPException, RollforwardError):
            return None

    def _state(self, request: Request) -> str:
        """What tells one state of the book and its people from another; whatever people leave has a line in the log."""
        people = people_of(request)
        return f"{self._served.book.state()} {people.audit.last() if people else 0}"


def _may_be_kept(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "GET" and any(one.match(scope["path"]) for one in _KNOWN)


def _question(request: Request, reader: Reader) -> Question:
    headers, scope = request.headers, request.scope
    origin = f"{scope['scheme']}://{headers.get('host', '')}"
    # One person sees the same in every browser of theirs.
    seen_by = replace(reader, id=None)
    return Question(scope["path"], scope["query_string"], origin, headers.get("accept", ""), sheet_of(headers), seen_by)


async def _give(answer: Whole, scope: Scope, send: Send) -> None:
    """Give an answer to who asks, with the token of their own browser in its forms."""
    token = csrf_token(Request(scope)) if answer.has_forms else ""
    await answer.send(send, Headers(scope=scope), token)


def _is_lasting(start: Message, body: bytes) -> bool:
    """Whether an answer may be given again: it is whole, says nothing that is said once, and is not too large."""
    headers = Headers(raw=start["headers"])
    once = "set-cookie" in headers or "no-store" in headers.get("cache-control", "")
    return start["status"] == HTTPStatus.OK and not once and len(body) <= _MOST
