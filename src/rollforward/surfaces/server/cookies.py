"""Cookies: what a browser is given to hold. No script reads one, and other sites' forms send none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request, Response

_SESSION = "rollforward"
_VISIT = "rollforward_visit"
_SHARE = "rollforward_share_"
_FLIGHT = "rollforward_flight"
_HOST_ONLY = "__Host-"
"""The prefix with which a browser takes a cookie only over https and from this host itself."""


def session_of(request: Request) -> str | None:
    """The token of the session, if the browser holds one."""
    return request.cookies.get(_name(request, _SESSION))


def visit_of(request: Request) -> str | None:
    """What the browser was given before anybody signed in."""
    return request.cookies.get(_name(request, _VISIT))


def flight_of(request: Request) -> str | None:
    """The token of the single sign-on under way."""
    return request.cookies.get(_name(request, _FLIGHT))


def shares_of(request: Request) -> list[str]:
    """The tokens of the share links that were opened in the browser."""
    start = _name(request, _SHARE)
    return [token for name, token in request.cookies.items() if name.startswith(start)]


def give_session(request: Request, response: Response, token: str) -> None:
    """Let the browser hold a session until it is closed, or the session ends."""
    _give(request, response, _SESSION, token)


def give_share(request: Request, response: Response, share: int, token: str, seconds: int) -> None:
    """Let the browser open a share link's page for so long."""
    _give(request, response, f"{_SHARE}{share}", token, seconds)


def give_flight(request: Request, response: Response, token: str, seconds: int) -> None:
    """Let the browser come back from single sign-on."""
    _give(request, response, _FLIGHT, token, seconds)


def visit_header(token: str, *, secure: bool) -> str:
    """The header that gives a browser something to hold before anybody signs in."""
    name = f"{_HOST_ONLY}{_VISIT}" if secure else _VISIT
    return f"{name}={token}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")


def take_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    _take(request, response, _SESSION)


def take_flight(request: Request, response: Response) -> None:
    """Take what a single sign-on needed from the browser."""
    _take(request, response, _FLIGHT)


def is_secure(request: Request) -> bool:
    """Whether a request came over https."""
    return request.url.scheme == "https"


def _name(request: Request, name: str) -> str:
    return f"{_HOST_ONLY}{name}" if is_secure(request) else name


def _give(request: Request, response: Response, name: str, token: str, seconds: int | None = None) -> None:
    secure = is_secure(request)
    response.set_cookie(
        _name(request, name), token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _take(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(_name(request, name), path="/", secure=is_secure(request), httponly=True, samesite="lax")
