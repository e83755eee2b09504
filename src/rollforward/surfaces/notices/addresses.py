"""Addresses: which a webhook may be sent to. One within the network that the server stands in is refused."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from rollforward.errors import RollforwardError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Resolve = Callable[[str, int], list[str]]
    """The addresses of a host's name and a port."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_INNER = 0xFFFFFFFF


class PrivateAddressError(UsageError):
    """A webhook's address is not one of the public internet."""

    def __init__(self, host: str, address: str) -> None:
        where = host if host == address else f"{host} ({address})"
        super().__init__(
            f"{where} is an address of a private network, of this machine or of no network, and nothing was sent. "
            "To allow such addresses for webhooks, set ROLLFORWARD_WEBHOOKS_PRIVATE=yes where the server runs."
        )


class UnresolvedError(RollforwardError):
    """A name that has no address."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host; UnresolvedError if it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnresolvedError(f"{host} has no address ({error})") from error
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def address_for(host: str, port: int, resolve: Resolve, *, private: bool) -> str:
    """The one address to connect to. It is asked for once, so that no second answer leads elsewhere.

    PrivateAddressError if any of the host's addresses is not public, unless `private` ones are allowed.
    """
    found = resolve(host, port)
    if not found:
        raise UnresolvedError(f"{host} has no address")
    for address in found:
        if not (private or is_public(address)):
            raise PrivateAddressError(host, address)
    return found[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, also one that stands within another."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _meant(address))


def _meant(address: Address) -> list[Address]:
    """The addresses that an address stands for: IPv6 has ways to write, or to lead on to, one of IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & _INNER)]
    inner: list[Address | None] = [address.sixtofour, *(address.teredo or ())]
    return [address, *(one for one in inner if one)]
