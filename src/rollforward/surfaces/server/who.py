"""Who asks: the reader of a request, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from fastapi import Depends, Request

from rollforward.people import Actor
from rollforward.people.roles import Role, Scope, scopes_of, sees_personal_data
from rollforward.surfaces.server import cookies
from rollforward.surfaces.server.refusing import bad_key, not_allowed, sign_in_first

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rollforward.people import People
    from rollforward.people.shares import Share

Way = Literal["local", "session", "key", "share"]
"""How a reader came in: at the machine itself, signed in, with an API key, or by a share link."""

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True)
class Reader:
    """Who asks, by which way, and as what. A share link sees one path, and may be frozen at a time."""

    name: str
    role: Role
    scopes: frozenset[str]
    way: Way
    id: str | None = None
    frozen_at: datetime | None = None
    path: str | None = None

    def may(self, scope: str) -> bool:
        """Whether a scope is held, or everything that a role may do."""
        wanted = scopes_of(scope) if scope in get_args(Role) else {scope}  # type: ignore[arg-type]
        return wanted <= self.scopes

    @property
    def sees_personal_data(self) -> bool:
        """Whether names and addresses of customers are shown."""
        return sees_personal_data(self.role)


LOCAL = Reader("local", "admin", scopes_of("admin"), "local")


def reader_of(request: Request) -> Reader | None:
    """The reader of a request; None for somebody who has to sign in first.

    An `Authorization: Bearer` key that opens nothing is refused, and never read as somebody else.
    """
    people: People | None = people_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_key(people, token.strip())
    if people is None:
        return LOCAL if is_at_home(request) else None
    return _by_session(request, people) or _by_share(request, people) or _at_home(request, people)


def who(request: Request) -> Reader:
    """The reader of a request, as a dependency; whoever has to sign in first is sent there."""
    found: Reader | None = getattr(request.state, "reader", None) or reader_of(request)
    if found is None:
        raise sign_in_first(request)
    request.state.reader = found
    return found


def needs(wanted: Scope | Role) -> Callable[..., Reader]:
    """The dependency of what only those may do who hold a scope, or all that a role holds."""

    def held_by(reader: Annotated[Reader, Depends(who)]) -> Reader:
        if not reader.may(wanted):
            raise not_allowed(f"{reader.name} may not do that: it takes {wanted!r}. An admin can give you that role.")
        return reader

    return held_by


def actor_of(request: Request, reader: Reader) -> Actor:
    """Who does what a request asks for, as the audit log names them."""
    return Actor(reader.name, address_of(request))


def address_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def people_of(request: Request) -> Any:  # noqa: ANN401  the People, or None before there is a book
    """The people of the book that is served. A book that was made since is asked for them now."""
    state = request.app.state
    if getattr(state, "people", None) is None and getattr(state, "open_people", None):
        state.people = state.open_people()
    return getattr(state, "people", None)


def is_at_home(request: Request) -> bool:
    """Whether a request comes from this machine, to this machine, and nobody handed it on."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    name = request.headers.get("host", "")
    name = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
    try:
        return name in _LOOPBACK and ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def _at_home(request: Request, people: People) -> Reader | None:
    """The reader at the machine itself, as long as nobody was ever told to sign in."""
    open_to_all = getattr(request.app.state, "sign_on", None) is None and not people.users.are_there()
    return LOCAL if open_to_all and is_at_home(request) else None


def _by_key(people: People | None, token: str) -> Reader:
    found = people.keys.find(token) if people else None
    if found is None:
        raise bad_key()
    user, key = found
    from rollforward.people.roles import held

    return Reader(user.name, user.role, held([key.scope]) & scopes_of(user.role), "key", key.prefix)


def _by_session(request: Request, people: People) -> Reader | None:
    token = cookies.session_of(request)
    found = people.sessions.find(token) if token else None
    if found is None:
        return None
    user, session = found
    return Reader(user.name, user.role, scopes_of(user.role), "session", str(session.id))


def _by_share(request: Request, people: People) -> Reader | None:
    """The reader of a share link: they read the one page that it leads to, and nothing else."""
    if request.method not in {"GET", "HEAD"}:
        return None
    for token in cookies.shares_of(request):
        share = people.shares.find(token)
        if share and share.opens(request.url.path, request.url.query):
            return _sharer(share)
    return None


def _sharer(share: Share) -> Reader:
    role: Role = "viewer" if share.personal else "restricted"
    name = f"whom {share.owner} shared it with"
    return Reader(name, role, scopes_of(role), "share", str(share.id), share.frozen_at, share.path)
