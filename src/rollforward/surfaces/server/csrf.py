"""Forgery: what changes something must come from a page of this server, not from another site in the same browser.

Two checks stand behind each other. The browser says from which site a request comes; and the page has put a token into
its form that belongs to the cookie which the browser holds, so that no other site knows it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rollforward.people.tokens import new_token
from rollforward.surfaces.server import cookies
from rollforward.surfaces.server.refusing import not_ours

if TYPE_CHECKING:
    from fastapi import Request

FIELD = "csrf_token"
"""The field of a form in which its token stands."""

HEADER = "x-csrf-token"
"""The header in which a script sends the token."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def csrf_token(request: Request) -> str:
    """The token that a page puts into its forms. A browser that holds no cookie yet is given one with the page."""
    seed = _seed(request)
    if seed is None:
        seed = request.state.new_visit = new_token()
    return _token(seed)


def token_held(request: Request) -> str | None:
    """The token of the forms of a browser; None for one that holds no cookie yet."""
    seed = _seed(request)
    return None if seed is None else _token(seed)


async def require_ours(request: Request) -> None:
    """Refuse a request that another site may have sent with this browser's cookies.

    A program that sends a key has no cookies to be misused, and one at the machine itself that is no browser neither.
    """
    reader = getattr(request.state, "reader", None)
    if reader is not None and reader.way == "key":
        return
    _check_site(request)
    if reader is not None and reader.way == "local" and not _is_browser(request):
        return
    seed, given = _seed(request), await _given(request)
    if seed is None or not hmac.compare_digest(_token(seed).encode(), given.encode()):
        raise not_ours("its token is missing or of another sign-in")


def _check_site(request: Request) -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise not_ours(f"it is {site}")
    if origin is not None and urlsplit(origin)[:2] != (request.url.scheme, request.headers.get("host", "")):
        raise not_ours("it comes from another site")


def _is_browser(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return bool({"cookie", "origin", "sec-fetch-site"} & set(request.headers.keys())) or kind in _FORMS


def _seed(request: Request) -> str | None:
    """What the token is made from: the session where somebody is signed in, else what the browser was given before."""
    reader = getattr(request.state, "reader", None)
    if reader is not None and reader.way == "session":
        return cookies.session_of(request)
    return getattr(request.state, "new_visit", None) or cookies.visit_of(request)


def _token(seed: str) -> str:
    return hmac.new(seed.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


async def _given(request: Request) -> str:
    if HEADER in request.headers:
        return request.headers[HEADER]
    if request.headers.get("content-type", "").startswith(_FORMS[:2]):
        given = (await request.form()).get(FIELD)
        return given if isinstance(given, str) else ""
    return ""
