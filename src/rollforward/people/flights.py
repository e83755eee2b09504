"""Single sign-ons under way: what has to be remembered until the browser comes back, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert

from rollforward.people.schema import FLIGHTS
from rollforward.people.tokens import new_token, sum_of

if TYPE_CHECKING:
    from rollforward.people.database import Database

LONGEST = timedelta(minutes=10)
"""How long a single sign-on may take."""


class Flights:
    """What single sign-ons have to remember, by a token that the browser holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, data: dict[str, Any]) -> str:
        """Remember something: the token that brings it back."""
        token, now = new_token(), self._database.clock()
        with self._database.writing() as connection:
            connection.execute(delete(FLIGHTS).where(FLIGHTS.c.ends_at <= now))
            connection.execute(insert(FLIGHTS), {"token_sum": sum_of(token), "data": data, "ends_at": now + LONGEST})
        return token

    def land(self, token: str) -> dict[str, Any] | None:
        """What was remembered under a token; once, and None if it took too long."""
        which = (FLIGHTS.c.token_sum == sum_of(token)) & (FLIGHTS.c.ends_at > self._database.clock())
        with self._database.writing() as connection:
            found: dict[str, Any] | None = connection.execute(
                delete(FLIGHTS).where(which).returning(FLIGHTS.c.data)
            ).scalar()
        return found
