"""The audit log: who did what, on what, when and from where. It is only added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from rollforward.people.schema import AUDIT

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database

_MOST_TEXT = 2_000


@dataclass(frozen=True)
class Deed:
    """One line of the audit log. `at` is in UTC."""

    id: int
    at: datetime
    who: str
    did: str
    about: str
    address: str


class Audit:
    """The audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, did: str, about: str, *, by: Actor) -> None:
        """Write down what somebody did, such as `imported` `terms.csv`."""
        with self._database.writing() as connection:
            write_down(connection, self._database.clock(), did, about, by)

    def deeds(self, *, limit: int = 100, before: int | None = None, who: str | None = None) -> list[Deed]:
        """The latest lines, the latest first; those before the one of an id, or those of one person."""
        asked = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        if before is not None:
            asked = asked.where(AUDIT.c.id < before)
        if who is not None:
            asked = asked.where(AUDIT.c.who == who)
        with self._database.reading() as connection:
            return [Deed(**row) for row in connection.execute(asked).mappings()]

    def last(self) -> int:
        """The id of the latest line; 0 where there is none."""
        with self._database.reading() as connection:
            return connection.execute(select(AUDIT.c.id).order_by(AUDIT.c.id.desc()).limit(1)).scalar() or 0


def write_down(connection: Connection, at: datetime, did: str, about: str, by: Actor) -> None:
    """Write down what somebody did, within the transaction in which they did it."""
    row = {"at": at, "who": by.name[:320], "did": did, "about": about[:_MOST_TEXT], "address": by.address[:64]}
    connection.execute(insert(AUDIT), row)
