"""Sessions: who is signed in, since when and from where."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from rollforward.people.audit import write_down
from rollforward.people.schema import SESSIONS, USERS
from rollforward.people.tokens import new_token, sum_of
from rollforward.people.users import User, name_key, user_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import RowMapping

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database

IDLE = timedelta(hours=12)
"""How long a session lives without being used."""

LONGEST = timedelta(days=7)
"""How long a session lives at most."""

_GRAIN = timedelta(minutes=1)
"""How exactly it is kept when a session or a key was last used, so that reading seldom writes."""


@dataclass(frozen=True)
class Session:
    """One sign-in of a user, in one browser. Times are in UTC."""

    id: int
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    program: str


class Sessions:
    """The sessions of all users. A token is shown to the browser alone; its sum is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, user: User, *, program: str = "", replaces: str | None = None, by: Actor) -> str:
        """A new session's token. The one that it replaces ends, so that a planted one is worth nothing."""
        now, token = self._database.clock(), new_token()
        row = {"user_id": user.id, "made_at": now, "seen_at": now, "ends_at": now + LONGEST}
        row |= {"address": by.address[:64], "program": program[:200], "token_sum": sum_of(token)}
        with self._database.writing() as connection:
            if replaces:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.token_sum == sum_of(replaces)))
            connection.execute(delete(SESSIONS).where(_over(now)))
            connection.execute(insert(SESSIONS), row)
            connection.execute(update(USERS).where(USERS.c.id == user.id).values(seen_at=now))
            write_down(connection, now, "signed in", program[:200], by)
        return token

    def find(self, token: str) -> tuple[User, Session] | None:
        """Whose session a token is, if it has not ended and its user is still there."""
        now = self._database.clock()
        asked = select(USERS, *_COLUMNS).join_from(SESSIONS, USERS)
        asked = asked.where(SESSIONS.c.token_sum == sum_of(token), USERS.c.active, ~_over(now))
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        if row is None:
            return None
        session = _session(row)
        if now - session.seen_at >= _GRAIN:
            with self._database.writing() as connection:
                connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(seen_at=now))
        return user_of(row), session

    def of(self, name: str) -> list[Session]:
        """The sessions of a user that have not ended, the latest first."""
        asked = select(*_COLUMNS).join_from(SESSIONS, USERS).order_by(SESSIONS.c.id.desc())
        asked = asked.where(USERS.c.name_key == name_key(name), ~_over(self._database.clock()))
        with self._database.reading() as connection:
            return [_session(row) for row in connection.execute(asked).mappings()]

    def end(self, token: str, *, by: Actor) -> None:
        """End one session: what a sign-out does."""
        with self._database.writing() as connection:
            ended = connection.execute(delete(SESSIONS).where(SESSIONS.c.token_sum == sum_of(token)))
            if ended.rowcount:
                write_down(connection, self._database.clock(), "signed out", "", by)

    def end_all(self, name: str, *, by: Actor) -> int:
        """End every session of a user: how many there were."""
        whose = select(USERS.c.id).where(USERS.c.name_key == name_key(name)).scalar_subquery()
        with self._database.writing() as connection:
            ended = connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == whose)).rowcount
            write_down(connection, self._database.clock(), "signed out everywhere", name, by)
        return ended


_NAMES = tuple(field.name for field in fields(Session))
_COLUMNS = tuple(SESSIONS.c[name].label(f"session_{name}") for name in _NAMES)


def _session(row: RowMapping) -> Session:
    return Session(**{name: row[f"session_{name}"] for name in _NAMES})


def _over(now: datetime) -> ColumnElement[bool]:
    return (SESSIONS.c.ends_at <= now) | (SESSIONS.c.seen_at <= now - IDLE)
