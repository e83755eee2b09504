"""Signing in with a name and a password, and out again: here or everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from rollforward.people.actor import Actor
from rollforward.people.paths import is_local_path
from rollforward.surfaces.server import cookies
from rollforward.surfaces.server.refusing import not_allowed, too_many
from rollforward.surfaces.server.who import Reader, actor_of, address_of, people_of, who
from rollforward.surfaces.web.page import plain_page

if TYPE_CHECKING:
    from rollforward.people import People
    from rollforward.people.users import User

router = APIRouter(include_in_schema=False)

_MOST = 1_000
"""The most characters that a name or a password is read of."""


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002  the name that the address shows
    """The page to sign in at."""
    return _page(request, next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=_MOST)] = "",
    password: Annotated[str, Form(max_length=_MOST)] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002  as on the page
) -> Response:
    """Sign in: to the page that was asked for, or back with the reason."""
    people = people_of(request)
    if people is None:
        raise not_allowed("There is no book yet, and nobody who could sign in.")
    address = address_of(request)
    if seconds := people.attempts.begin(name, address):
        raise too_many(seconds)
    user = people.users.with_password(name, password)
    if user is None:
        _note_failure(people, name, address)
        return _page(request, next, name=name, failed=True, status=401)
    people.attempts.succeeded(name, address)
    return let_in(request, people, user, next)


@router.post("/sign-out")
def sign_out(request: Request, reader: Annotated[Reader, Depends(who)]) -> Response:
    """End this session."""
    token, people = cookies.session_of(request), people_of(request)
    if token and people and reader.way == "session":
        people.sessions.end(token, by=actor_of(request, reader))
    return _signed_out(request)


@router.post("/sign-out/everywhere")
def sign_out_everywhere(request: Request, reader: Annotated[Reader, Depends(who)]) -> Response:
    """End every session of the one who asks."""
    people = people_of(request)
    if people and reader.way == "session":
        people.sessions.end_all(reader.name, by=actor_of(request, reader))
    return _signed_out(request)


def let_in(request: Request, people: People, user: User, target: str) -> Response:
    """Open a session for a user and go to the page asked for. What the browser held before is worth nothing."""
    actor = Actor(user.name, address_of(request))
    program = request.headers.get("user-agent", "")
    token = people.sessions.open(user, program=program, replaces=cookies.session_of(request), by=actor)
    response = RedirectResponse(target if is_local_path(target) else "/", 303, {"Cache-Control": "no-store"})
    cookies.give_session(request, response, token)
    return response


def _signed_out(request: Request) -> Response:
    response = RedirectResponse("/sign-in", 303, {"Cache-Control": "no-store", "Clear-Site-Data": '"cache"'})
    cookies.take_session(request, response)
    return response


def _note_failure(people: People, name: str, address: str) -> None:
    """Write down a failure under the name of who is known; a word that nobody has as name may be a password."""
    known = [user.name for user in people.users.all() if user.name.casefold() == name.strip().casefold()]
    people.audit.add("failed to sign in", "", by=Actor(known[0] if known else "somebody", address))


def _page(request: Request, target: str, *, name: str = "", failed: bool = False, status: int = 200) -> Response:
    people = people_of(request)
    found = plain_page(
        request,
        "people/sign_in.html",
        status,
        target=target if is_local_path(target) else "/",
        name=name,
        failed=failed,
        nobody=people is None or not people.users.are_there(),
        sign_on=getattr(request.app.state, "sign_on", None),
    )
    found.headers["Cache-Control"] = "no-store"
    return found
