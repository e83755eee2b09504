"""Single sign-on: OpenID Connect with the authorization code, PKCE, state and nonce, by Authlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from rollforward.errors import UsageError
from rollforward.people.actor import Actor
from rollforward.people.roles import Role, role_named
from rollforward.surfaces.environment import several, told
from rollforward.surfaces.server import cookies
from rollforward.surfaces.server.refusing import not_allowed
from rollforward.surfaces.server.signin import let_in
from rollforward.surfaces.server.who import address_of, people_of

if TYPE_CHECKING:
    from rollforward.people.users import User

router = APIRouter(include_in_schema=False)

_NEEDED = ("DISCOVERY", "CLIENT_ID", "CLIENT_SECRET", "DOMAINS")
_PATIENCE = 10
"""How many seconds the provider may take to answer."""


@dataclass(frozen=True)
class Provider:
    """The provider of single sign-on, and whom it lets in.

    `domains`: the domains of addresses that are let in · `roles`: the role of each value of `roles_claim`; where there
    are any they decide at each sign-in, and nobody without one comes in · `name_claim`: the claim by which people are
    known; an `email` must be verified.
    """

    discovery: str
    client_id: str
    client_secret: str = field(repr=False)
    domains: tuple[str, ...]
    roles: Mapping[str, Role] = field(default_factory=dict)
    roles_claim: str = "groups"
    name_claim: str = "email"
    label: str = "your company's account"

    def __post_init__(self) -> None:
        parts = urlsplit(self.discovery)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
            raise UsageError(f"ROLLFORWARD_OIDC_DISCOVERY {self.discovery!r} is not an https address.")

    @cached_property
    def client(self) -> Any:  # noqa: ANN401  Authlib has no types
        """The client that talks to the provider."""
        from authlib.integrations.starlette_client import OAuth

        return OAuth().register(
            "rollforward",
            server_metadata_url=self.discovery,
            client_id=self.client_id,
            client_secret=self.client_secret,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "timeout": _PATIENCE},
        )


def provider_of(say: Callable[[str], str | None] = told) -> Provider | None:
    """The provider that the environment names; None if it names none, UsageError if it says only a part."""
    said = {name: say(f"ROLLFORWARD_OIDC_{name}") for name in _NEEDED}
    if not any(said.values()):
        return None
    if missing := [f"ROLLFORWARD_OIDC_{name}" for name, value in said.items() if not value]:
        raise UsageError(f"single sign-on is set up in part: {', '.join(missing)} says nothing. Set it, or none.")
    more = {name: say(f"ROLLFORWARD_OIDC_{name.upper()}") for name in ("roles_claim", "name_claim", "label")}
    return Provider(
        str(said["DISCOVERY"]),
        str(said["CLIENT_ID"]),
        str(said["CLIENT_SECRET"]),
        tuple(domain.lower().removeprefix("@") for domain in several("ROLLFORWARD_OIDC_DOMAINS")),
        _roles(several("ROLLFORWARD_OIDC_ROLES")),
        **{name: value for name, value in more.items() if value},
    )


@router.get("/sign-in/sso")
async def leave(request: Request, next: str = "/") -> Response:  # noqa: A002  as on the sign-in page
    """Go to the provider."""
    from rollforward.people.flights import LONGEST

    provider, people = _provider(request), await run_in_threadpool(people_of, request)
    request.scope["session"] = {}
    try:
        response: Response = await provider.client.authorize_redirect(request, str(request.url_for("come_back")))
    except Exception as error:  # whatever goes wrong over there
        raise _failed(error) from error
    data = {"session": request.scope["session"], "next": next}
    token = await run_in_threadpool(people.flights.begin, data)
    cookies.give_flight(request, response, token, int(LONGEST.total_seconds()))
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/sign-in/sso/back")
async def come_back(request: Request) -> Response:
    """Come back from the provider, once, with what it says of who was there."""
    provider, people = _provider(request), await run_in_threadpool(people_of, request)
    token = cookies.flight_of(request)
    flight = await run_in_threadpool(people.flights.land, token) if token else None
    if flight is None:
        raise not_allowed("This sign-in took too long, came twice, or began in another browser. Begin it again.")
    request.scope["session"] = flight["session"]
    try:
        claims = (await provider.client.authorize_access_token(request)).get("userinfo") or {}
    except Exception as error:  # whatever goes wrong over there
        raise _failed(error) from error
    user = await run_in_threadpool(_user, provider, people, claims, address_of(request))
    response = await run_in_threadpool(let_in, request, people, user, flight["next"])
    cookies.take_flight(request, response)
    return response


def _user(provider: Provider, people: Any, claims: Mapping[str, Any], address: str) -> User:  # noqa: ANN401
    """Whom the provider's claims stand for; refused if they may not come in."""
    name = name_of(provider, claims)
    role = role_of(provider, claims)
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    user: User | None = people.users.of_subject(issuer, subject, name, role, by=Actor(name, address))
    if user is None:
        people.audit.add("failed to sign in", "by single sign-on", by=Actor(name, address))
        raise not_allowed(f"{name} may not come in: removed, or known as somebody else. An admin can change that.")
    return user


def name_of(provider: Provider, claims: Mapping[str, Any]) -> str:
    """The name that the claims vouch for; refused if it is not verified, or of a domain that is not let in."""
    from rollforward.people.users import name_key

    name = str(claims.get(provider.name_claim) or "")
    if not name:
        raise not_allowed(f"The provider says no {provider.name_claim}. Its keeper can let it say so.")
    if provider.name_claim == "email" and claims.get("email_verified") is not True:
        raise not_allowed(f"The provider has not verified the address {name}.")
    if name.rpartition("@")[2].lower() not in provider.domains or "@" not in name:
        raise not_allowed(f"{name} is not of a domain that is let in.")
    return name_key(name)


def role_of(provider: Provider, claims: Mapping[str, Any]) -> Role | None:
    """The role that the claims give, the one that may do most; None where roles are not the provider's to give."""
    if not provider.roles:
        return None
    said = claims.get(provider.roles_claim)
    values = said if isinstance(said, list | tuple) else [said]
    found = {role for value, role in provider.roles.items() if value in values}
    for role in ("admin", "analyst", "viewer", "restricted"):
        if role in found:
            return role
    raise not_allowed(f"None of your {provider.roles_claim} is let in.")


def _provider(request: Request) -> Provider:
    found: Provider | None = getattr(request.app.state, "sign_on", None)
    if found is None or people_of(request) is None:
        raise HTTPException(404, "There is no single sign-on here.")
    return found


def _failed(error: Exception) -> HTTPException:
    return HTTPException(502, f"Single sign-on failed ({type(error).__name__}). Begin it again, or sign in otherwise.")


def _roles(pairs: tuple[str, ...]) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for pair in pairs:
        value, equals, role = pair.rpartition("=")
        if not equals or not value.strip():
            raise UsageError(f"ROLLFORWARD_OIDC_ROLES {pair!r} has no group and role. Write finance=analyst.")
        found[value.strip()] = role_named(role.strip())
    return found


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
