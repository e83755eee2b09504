"""Posting: a webhook's message, signed as Standard Webhooks has it, to the address that was checked and no other."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from rollforward import __version__
from rollforward.errors import ExtraMissingError, UsageError
from rollforward.surfaces.notices.addresses import UnresolvedError, address_for, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rollforward.surfaces.notices.addresses import Resolve

PRIVATE = "ROLLFORWARD_WEBHOOKS_PRIVATE"
"""The environment's word for whether webhooks may go to private networks, and unencrypted."""

SECONDS = 15
"""How long a webhook may take, from the first byte to the last."""

_PORTS = {"https": 443, "http": 80}


class UnansweredError(Exception):
    """A webhook that did not take the message: no connection, or no answer in time."""


class Post(Protocol):
    """Sends a message to an address: the status of the answer."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status of the answer; UnansweredError if there is none, PrivateAddressError if it is refused."""


@dataclass(frozen=True)
class WebPost:
    """Sends over the network. Redirects are answers like others: nothing follows them."""

    private: bool = False
    resolve: Resolve = resolved
    seconds: float = SECONDS
    trusted: ssl.SSLContext | None = None

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status of the answer."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not self.private:
            raise UsageError(f"a webhook is sent over https, and {url} is not. Set {PRIVATE}=yes to allow it.")
        port = parts.port or _PORTS[parts.scheme]
        try:
            address = address_for(parts.hostname or "", port, self.resolve, private=self.private)
        except UnresolvedError as error:
            raise UnansweredError(str(error)) from error
        connection = _To(parts.hostname or "", port, address, self._context(parts.scheme), self.seconds)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return connection.status_of(target, headers, body)

    def _context(self, scheme: str) -> ssl.SSLContext | None:
        return (self.trusted or ssl.create_default_context()) if scheme == "https" else None


class _To(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name of its host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = _PORTS["https"] if context else _PORTS["http"]
        self._address = address
        self._context = context
        self._seconds = seconds

    def connect(self) -> None:
        """Connect to the address, whatever the name means by now."""
        plain = socket.create_connection((self._address, self.port), self._seconds)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain

    def status_of(self, target: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post a body: the status of the answer. One that comes drop by drop is cut off."""
        timer = threading.Timer(self._seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            self.request("POST", target, body, {**headers, "User-Agent": f"rollforward/{__version__}"})
            return self.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise UnansweredError(f"{self.host}: {str(error) or type(error).__name__}") from error
        finally:
            timer.cancel()
            self.close()

    def _cut(self) -> None:
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def post_from_environment() -> WebPost:
    """The way to webhooks that the environment allows."""
    return WebPost(private=os.environ.get(PRIVATE, "").strip().lower() in {"yes", "true", "1"})


def signed_headers(secret: str, message: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks: the message's id, the time in UTC, and the signature of both and the body."""
    try:
        from standardwebhooks import Webhook
    except ImportError as error:
        raise ExtraMissingError("webhooks", "web") from error
    moment = at.replace(tzinfo=UTC)
    signature = Webhook(secret).sign(message, moment, body)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }
