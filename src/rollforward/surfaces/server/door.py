"""The door: every request is asked who it is from before anything answers it."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from rollforward.surfaces.server.csrf import SAFE, require_ours
from rollforward.surfaces.server.refusing import not_allowed, sign_in_first
from rollforward.surfaces.server.who import Reader, reader_of

STRANGERS = ("/static/", "/health", "/ready")
"""Where the addresses begin at which nobody is asked who they are."""

OPEN = ("/static/", "/sign-in", "/s/", "/health", "/ready")
"""Where the addresses begin that anybody may ask for."""

OWN = ("/sign-in", "/sign-out", "/settings/own")
"""Where the addresses begin at which everybody may change what is their own."""


async def door(request: Request) -> None:
    """Let in who may come in, as a dependency of the whole application.

    What changes something has to be sent by a page of this server, and takes the scope `write` at least.
    """
    path = request.url.path
    reader = request.state.reader = await _reader(request)
    if reader is None and not path.startswith(OPEN):
        raise sign_in_first(request)
    if request.method not in SAFE:
        await _check_change(request, reader)


async def _reader(request: Request) -> Reader | None:
    """Who asks; found out once a request."""
    if request.url.path.startswith(STRANGERS):
        return None
    if hasattr(request.state, "reader"):
        found: Reader | None = request.state.reader
        return found
    return await run_in_threadpool(reader_of, request)


async def _check_change(request: Request, reader: Reader | None) -> None:
    await require_ours(request)
    if reader is not None and not reader.may("write") and not request.url.path.startswith(OWN):
        raise not_allowed(f"{reader.name} may only read: this takes 'write'. An admin can give you another role.")
