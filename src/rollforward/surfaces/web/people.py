"""The pages about people: one's own account, users, share links, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.actor import Actor
from rollforward.people.roles import ROLES, SCOPES, scopes_of
from rollforward.surfaces.server.refusing import not_allowed, too_many
from rollforward.surfaces.server.who import Reader, actor_of, address_of, needs, people_of, who
from rollforward.surfaces.web.page import Page, asked

if TYPE_CHECKING:
    from rollforward.people import People

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=4_000)]
Days = Annotated[str, Form(max_length=6)]
Ticked = Annotated[bool, Form()]
Admin = Annotated[Reader, Depends(needs("admin"))]
Writer = Annotated[Reader, Depends(needs("write"))]
DEEDS = 100
"""How many lines of the audit log a page has."""


def _people(request: Request) -> People:
    found: People | None = people_of(request)
    if found is None:
        raise NotFoundError("there is no book yet, and nobody who could be kept in it.")
    return found


def _signed_in(reader: Annotated[Reader, Depends(who)]) -> Reader:
    """Who is signed in: a key or a link cannot make itself into more than it is."""
    if reader.way != "session":
        raise not_allowed("Only who is signed in has an account here. Sign in with your name and password.")
    return reader


There = Annotated["People", Depends(_people)]
SignedIn = Annotated[Reader, Depends(_signed_in)]


def _act(request: Request, reader: Annotated[Reader, Depends(who)]) -> Actor:
    return actor_of(request, reader)


Acting = Annotated[Actor, Depends(_act)]


def _private(response: HTMLResponse) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _to(path: str) -> Response:
    return RedirectResponse(path, 303)


# -- one's own account -----------------------------------------------------------------------------------------------


@router.get("/settings/own")
def own(page: Annotated[Page, asked()], people: There, reader: SignedIn) -> Response:
    """One's own account: sessions, keys, password."""
    return _own(page, people, reader)


def _own(page: Page, people: People, reader: Reader, made: str | None = None) -> Response:
    return _private(
        page.html(
            "people/own.html",
            user=people.users.named(reader.name),
            sessions=people.sessions.of(reader.name),
            keys=people.keys.all(reader.name),
            scopes=[scope for scope in SCOPES if scope in scopes_of(reader.role)],
            about=SCOPES,
            made=made,
            now=people.database.clock(),
        )
    )


@router.post("/settings/own/password")
def change_password(
    request: Request, people: There, reader: SignedIn, by: Acting, current: Text = "", password: Text = ""
) -> Response:
    """Another password for oneself. It takes the present one, and ends every session."""
    if seconds := people.attempts.begin(reader.name, address_of(request)):
        raise too_many(seconds)
    if people.users.with_password(reader.name, current) is None:
        raise not_allowed("The present password is another one. Nothing was changed.")
    people.attempts.succeeded(reader.name, address_of(request))
    people.users.set_password(reader.name, password, by=by)
    return _to("/sign-in?next=/settings/own")


@router.post("/settings/own/keys")
def make_key(
    page: Annotated[Page, asked()],
    people: There,
    reader: SignedIn,
    by: Acting,
    label: Text = "",
    scope: Text = "read",
    days: Days = "",
) -> Response:
    """A new key of one's own, shown this once."""
    _, token = people.keys.make(reader.name, scope, label=label, days=_number(days) if days else None, by=by)
    return _own(page, people, reader, token)


@router.post("/settings/own/keys/revoke")
def revoke_own_key(people: There, reader: SignedIn, by: Acting, prefix: Text = "") -> Response:
    """Let a key of one's own open nothing any more."""
    people.keys.revoke(prefix, of=reader.name, by=by)
    return _to("/settings/own")


# -- users -----------------------------------------------------------------------------------------------------------


@router.get("/settings/people")
def users(page: Annotated[Page, asked()], people: There, _: Admin) -> Response:
    """Who may come in, and with which keys."""
    return _private(
        page.html(
            "people/users.html",
            users=people.users.all(),
            keys=people.keys.all(),
            roles=ROLES,
            now=people.database.clock(),
        )
    )


@router.post("/settings/people")
def add_user(
    request: Request, people: There, _: Admin, by: Acting, name: Text = "", role: Text = "", password: Text = ""
) -> Response:
    """A new user. Without a password only single sign-on lets them in."""
    if not password and request.app.state.sign_on is None:
        raise UsageError("a user needs a password, for there is no single sign-on here. Choose one.")
    people.users.add(name, role, password=password or None, by=by)
    return _to("/settings/people")


@router.post("/settings/people/role")
def set_role(people: There, _: Admin, by: Acting, name: Text = "", role: Text = "") -> Response:
    """Another role for a user."""
    people.users.set_role(name, role, by=by)
    return _to("/settings/people")


@router.post("/settings/people/password")
def set_password(people: There, _: Admin, by: Acting, name: Text = "", password: Text = "") -> Response:
    """Another password for a user, whose sessions end."""
    people.users.set_password(name, password, by=by)
    return _to("/settings/people")


@router.post("/settings/people/sign-out")
def sign_out_user(people: There, _: Admin, by: Acting, name: Text = "") -> Response:
    """End every session of a user."""
    people.sessions.end_all(people.users.named(name).name, by=by)
    return _to("/settings/people")


@router.post("/settings/people/remove")
def remove_user(people: There, _: Admin, by: Acting, name: Text = "") -> Response:
    """Let a user in no more."""
    people.users.remove(name, by=by)
    return _to("/settings/people")


@router.post("/settings/people/keys/revoke")
def revoke_key(people: There, _: Admin, by: Acting, prefix: Text = "") -> Response:
    """Let anybody's key open nothing any more."""
    people.keys.revoke(prefix, by=by)
    return _to("/settings/people")


# -- share links -----------------------------------------------------------------------------------------------------


@router.get("/settings/shares")
def shares(page: Annotated[Page, asked("path")], people: There, reader: Writer) -> Response:
    """The links that one shared; for an admin those of everybody."""
    return _shares(page, people, reader)


def _shares(page: Page, people: People, reader: Reader, made: str | None = None) -> Response:
    return _private(
        page.html(
            "people/shares.html",
            shares=people.shares.all(_only(reader)),
            made=made,
            path=page.ask.one("path") or "/",
            is_user=reader.way != "local",
            now=people.database.clock(),
        )
    )


@router.post("/settings/shares")
def share(  # noqa: PLR0913, PLR0917  the fields of a form
    page: Annotated[Page, asked("path")],
    people: There,
    reader: Writer,
    by: Acting,
    path: Text = "",
    label: Text = "",
    days: Days = "30",
    freeze: Ticked = False,
    personal: Ticked = False,
) -> Response:
    """A new link, shown this once. Frozen, it goes on showing what is known now."""
    frozen = people.database.clock() if freeze else None
    _, token = people.shares.make(
        reader.name, path, days=_number(days), label=label, frozen_at=frozen, personal=personal, by=by
    )
    return _shares(page, people, reader, str(page.request.url_for("open_share", token=token)))


@router.post("/settings/shares/revoke")
def revoke_share(people: There, reader: Writer, by: Acting, number: Days = "") -> Response:
    """Let a link open nothing any more."""
    people.shares.revoke(_number(number), of=_only(reader), by=by)
    return _to("/settings/shares")


def _only(reader: Reader) -> str | None:
    """Whose links a reader deals with; None for everybody's."""
    return None if reader.may("admin") else reader.name


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise UsageError(f"{text!r} is not a whole number. Write one such as 30.")
    return int(text)


# -- the audit log ---------------------------------------------------------------------------------------------------


@router.get("/settings/audit")
def audit(page: Annotated[Page, asked("before")], people: There, _: Admin) -> Response:
    """Who did what, the latest first."""
    before = page.ask.one("before")
    deeds = people.audit.deeds(limit=DEEDS + 1, before=_number(before) if before else None)
    further = f"/settings/audit?before={deeds[DEEDS - 1].id}" if len(deeds) > DEEDS else None
    return _private(page.html("people/audit.html", deeds=deeds[:DEEDS], further=further))
