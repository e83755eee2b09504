"""How a request is refused: with the status, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import HTTPException

if TYPE_CHECKING:
    from fastapi import Request

SIGN_IN = "/sign-in"


def sign_in_first(request: Request) -> HTTPException:
    """Whoever asks has to sign in: a page sends them there and back, a program is told how."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        place = SIGN_IN if target == "/" else f"{SIGN_IN}?next={quote(target, safe='/')}"
        return HTTPException(303, "Sign in first.", {"Location": place, "Cache-Control": "no-store"})
    return HTTPException(
        401,
        f"Sign in at {SIGN_IN}, or send an API key as `Authorization: Bearer KEY`.",
        {"WWW-Authenticate": "Bearer"},
    )


def bad_key() -> HTTPException:
    """The API key opens nothing."""
    return HTTPException(
        401,
        "This API key opens nothing: it was revoked, it is over, or it never was one. Make another in the settings.",
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def not_allowed(why: str) -> HTTPException:
    """Whoever asks may not do that."""
    return HTTPException(403, why)


def not_ours(why: str) -> HTTPException:
    """The request was not sent by a page of this server."""
    return HTTPException(
        403, f"This was not sent by a page of this server ({why}). Load the page again, and send it from there."
    )


def too_many(seconds: int) -> HTTPException:
    """Too many attempts to sign in."""
    return HTTPException(429, f"Too many attempts. Try again in {_said(seconds)}.", {"Retry-After": str(seconds)})


def _said(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"
