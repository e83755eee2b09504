"""Attempts to sign in: after too many that failed, the next has to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from rollforward.people.schema import ATTEMPTS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from rollforward.people.database import Database

WINDOW = timedelta(minutes=15)
"""How long a failed attempt counts."""

MOST = {"name": 10, "address": 30}
"""How many attempts may fail in that time, for one name and from one address."""


class Attempts:
    """The attempts of the last minutes. One counts when it begins, so that many at once gain nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, address: str) -> int:
        """Count an attempt: how many seconds it has to wait, 0 if it may go on."""
        now = self._database.clock()
        with self._database.writing() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at <= now - WINDOW))
            waits = [_wait(connection, about, MOST[kind], now) for kind, about in _about(name, address).items()]
            if not any(waits):
                rows = [{"about": about, "at": now} for about in _about(name, address).values()]
                connection.execute(insert(ATTEMPTS), rows)
        return max(waits)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the attempts for a name, and one from the address: they came from who knew the password."""
        about = _about(name, address)
        latest = select(func.max(ATTEMPTS.c.id)).where(ATTEMPTS.c.about == about["address"]).scalar_subquery()
        with self._database.writing() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.id == latest))
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about == about["name"]))


def _about(name: str, address: str) -> dict[str, str]:
    return {"name": f"name {name.strip().casefold()}"[:340], "address": f"address {_network(address)}"}


def _network(address: str) -> str:
    """The address, or of IPv6 the network of one household."""
    import ipaddress

    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)  # noqa: PLR2004


def _wait(connection: Connection, about: str, most: int, now: datetime) -> int:
    """The seconds until the oldest of too many attempts no longer counts."""
    at = select(ATTEMPTS.c.at).where(ATTEMPTS.c.about == about).order_by(ATTEMPTS.c.at.desc()).limit(1).offset(most - 1)
    oldest = connection.execute(at).scalar()
    return 0 if oldest is None else max(1, -(-(oldest + WINDOW - now) // timedelta(seconds=1)))
