"""How much a request may bring along. What is larger is refused before it fills memory or disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse, PlainTextResponse

from rollforward.surfaces.server.problems import API, MEDIA, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM = 1_000_000
"""Bytes of a form."""

UPLOAD = 200_000_000
"""Bytes of an upload, or of records for the API. Larger files are imported with the command line."""

_LARGE = ("/import", "/api/v1/records")


class TooLargeBodyError(Exception):
    """A body goes on after its limit."""


class BodyLimit:
    """Refuses bodies that are too large: by what they say, and by what they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = UPLOAD if scope["path"].startswith(_LARGE) else FORM
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said) > limit:
            await _refused(scope, receive, send, limit)
            return
        read, started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLargeBodyError
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except TooLargeBodyError:
            if started:
                raise
            await _refused(scope, receive, send, limit)


async def _refused(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    detail = f"the body is larger than {limit:,} bytes. Import large files with `rollforward import FILE`."
    found = problem(413, "Too large", detail)
    answer = (
        JSONResponse(found, 413, media_type=MEDIA)
        if scope["path"].startswith(API)
        else PlainTextResponse(f"Too large: {detail}", 413)
    )
    await answer(scope, receive, send)
