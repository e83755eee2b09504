"""Headers that every answer carries, and the names under which the server answers at all."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from rollforward.errors import UsageError
from rollforward.surfaces.server import cookies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollforward.people import People
    from rollforward.surfaces.server.oidc import Provider

CONTENT = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""What a page may load: only what this server serves, and no script or style within the page."""

HEADERS = {
    "Content-Security-Policy": CONTENT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
_UNKEPT = {"Cache-Control": "private, no-cache"}
"""What an answer says of being kept where it says nothing itself: by nobody but its reader, who asks again."""


def headers_for(scheme: str) -> dict[str, str]:
    """The headers of every answer over http or https."""
    return {**HEADERS, **(_ONLY_HTTPS if scheme == "https" else {})}


class Security:
    """An ASGI application around another: it answers under known names alone, and adds the headers."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {host.lower().rstrip(".") for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope["scheme"], state.get("new_visit"))
            await send(message)

        answer = self._app if self._knows(Headers(scope=scope).get("host", "")) else _misdirected()
        await answer(scope, receive, send_with_headers)

    def _knows(self, host: str) -> bool:
        """Whether a name is one of this server's. Addresses are: no other site can point a number to it."""
        name = _without_port(host).lower().rstrip(".")
        return name == "localhost" or name in self._hosts or _is_address(name)

    @staticmethod
    def _add(headers: MutableHeaders, scheme: str, visit: str | None) -> None:
        for name, value in {**headers_for(scheme), **_UNKEPT}.items():
            headers.setdefault(name, value)
        if visit:
            headers.append("Set-Cookie", cookies.visit_header(visit, secure=scheme == "https"))


def may_bind(host: str, people: People | None, provider: Provider | None = None) -> UsageError | None:
    """What stands against listening on an address: nothing, or that strangers could come in without signing in."""
    if is_home(host) or provider is not None or (people is not None and people.users.admin_can_sign_in()):
        return None
    return UsageError(
        f"{host or 'every address'} can be reached from other machines, and nobody has to sign in to this book. Make "
        "the first user with `rollforward people add NAME --role admin`, or listen on 127.0.0.1."
    )


def is_home(host: str) -> bool:
    """Whether an address is this machine's own, which no other can reach."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _misdirected() -> ASGIApp:
    said = "This server does not answer under that name. Its keeper can add it to ROLLFORWARD_HOSTS.\n"
    return PlainTextResponse(said, 421)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
