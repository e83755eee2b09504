"""API keys: shown once, kept as a sum, known by their first part."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.audit import write_down
from rollforward.people.roles import held, scopes_of
from rollforward.people.schema import KEYS, USERS
from rollforward.people.tokens import new_key, sum_of
from rollforward.people.users import User, name_key, user_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.engine import RowMapping

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database
    from rollforward.people.users import Users

LONGEST = 3_650
"""The most days that a key may live."""

_GRAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Key:
    """An API key of a user. It can do what its scope and the role of its user both allow. Times are in UTC."""

    id: int
    prefix: str
    label: str
    scope: str
    made_at: datetime
    ends_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    owner: str


class Keys:
    """The API keys of all users."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database = database
        self._users = users

    def make(self, name: str, scope: str, *, label: str = "", days: int | None = None, by: Actor) -> tuple[Key, str]:
        """A new key of a user, and the words that are shown this once. It ends after so many days, or never.

        UsageError if the user's role does not hold the scope, or the days are not from 1 to 3,650.
        """
        user = self._users.named(name)
        now, (token, prefix) = self._database.clock(), new_key()
        _check(user, scope, days)
        row = {"user_id": user.id, "label": label.strip()[:200], "prefix": prefix, "scope": scope, "made_at": now}
        row |= {"token_sum": sum_of(token), "ends_at": now + timedelta(days=days) if days else None}
        with self._database.writing() as connection:
            connection.execute(insert(KEYS), row)
            write_down(connection, now, "made key", f"{prefix} of {user.name}, scope {scope}", by)
            made = connection.execute(_asked().where(KEYS.c.prefix == prefix)).mappings().one()
        return _key(made), token

    def find(self, token: str) -> tuple[User, Key] | None:
        """Whose key a token is, if it is neither revoked nor over and its user is still there."""
        now = self._database.clock()
        asked = _asked().where(KEYS.c.token_sum == sum_of(token), KEYS.c.revoked_at.is_(None), USERS.c.active)
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        if row is None:
            return None
        key = _key(row)
        if key.ends_at is not None and key.ends_at <= now:
            return None
        if key.used_at is None or now - key.used_at >= _GRAIN:
            with self._database.writing() as connection:
                connection.execute(update(KEYS).where(KEYS.c.id == key.id).values(used_at=now))
        return user_of(row), key

    def all(self, name: str | None = None) -> list[Key]:
        """Every key, or those of one user, the latest first; also those that are over."""
        asked = _asked().order_by(KEYS.c.id.desc())
        if name is not None:
            asked = asked.where(USERS.c.name_key == name_key(name))
        with self._database.reading() as connection:
            return [_key(row) for row in connection.execute(asked).mappings()]

    def revoke(self, prefix: str, *, of: str | None = None, by: Actor) -> None:
        """Let a key open nothing any more; NotFoundError if there is none of that prefix, or it is not of that user."""
        found = [key for key in self.all(of) if key.prefix == prefix and key.revoked_at is None]
        if not found:
            raise NotFoundError(f"there is no key {prefix!r} that could be revoked.")
        with self._database.writing() as connection:
            now = self._database.clock()
            connection.execute(update(KEYS).where(KEYS.c.id == found[0].id).values(revoked_at=now))
            write_down(connection, now, "revoked key", f"{prefix} of {found[0].owner}", by)


_NAMES = tuple(field.name for field in fields(Key) if field.name != "owner")


def _asked() -> Select[tuple[object, ...]]:
    return select(USERS, *(KEYS.c[name].label(f"key_{name}") for name in _NAMES)).join_from(KEYS, USERS)


def _key(row: RowMapping) -> Key:
    return Key(**{name: row[f"key_{name}"] for name in _NAMES}, owner=row["name"])


def _check(user: User, scope: str, days: int | None) -> None:
    if not held([scope]) <= scopes_of(user.role):
        raise UsageError(f"{user.name} is {user.role}, and a key cannot do more than its user: not {scope!r}.")
    if days is not None and not 1 <= days <= LONGEST:
        raise UsageError(f"a key lives from 1 to {LONGEST:,} days, not {days:,}.")
