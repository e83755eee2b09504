"""Users: who may come in, with which password and in which role."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.audit import write_down
from rollforward.people.roles import Role, role_named
from rollforward.people.schema import KEYS, SESSIONS, SHARES, USERS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, RowMapping

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database
    from rollforward.people.passwords import Passwords

_LONGEST = 320
"""The most characters of a name: those of an e-mail address."""


@dataclass(frozen=True)
class User:
    """Who may come in. Times are in UTC; `seen_at` is the last sign-in, None before the first."""

    id: int
    name: str
    role: Role
    active: bool
    has_password: bool
    made_at: datetime
    seen_at: datetime | None


class Users:
    """The users of a book. Whatever is changed is written down in the audit log with it."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    def are_there(self) -> bool:
        """Whether there was ever one. From then on nobody comes in without signing in."""
        with self._database.reading() as connection:
            return connection.execute(select(USERS.c.id).limit(1)).first() is not None

    def admin_can_sign_in(self) -> bool:
        """Whether there is an active admin with a password."""
        asked = select(USERS.c.id).where(USERS.c.active, USERS.c.role == "admin", USERS.c.password.is_not(None))
        with self._database.reading() as connection:
            return connection.execute(asked.limit(1)).first() is not None

    def all(self) -> list[User]:
        """Every user, also those removed, by name."""
        with self._database.reading() as connection:
            return [user_of(row) for row in connection.execute(select(USERS).order_by(USERS.c.name_key)).mappings()]

    def named(self, name: str) -> User:
        """The active user of a name; NotFoundError if there is none."""
        with self._database.reading() as connection:
            return user_of(_row(connection, name))

    def add(self, name: str, role: str, *, password: str | None, by: Actor) -> User:
        """A new user, or one who was removed and comes back. Without a password only single sign-on lets them in.

        UsageError if the name is taken or not fit, the password too easy to guess, or the first one not an admin.
        """
        key, chosen = name_key(name), role_named(role)
        hashed = None if password is None else self._passwords.of_new(password)
        with self._database.writing() as connection:
            found = connection.execute(select(USERS).where(USERS.c.name_key == key)).mappings().first()
            _check_new(connection, found, chosen)
            values = {"name": name.strip(), "role": chosen, "password": hashed, "active": True}
            if found:
                values |= {"issuer": None, "subject": None}
                connection.execute(update(USERS).where(USERS.c.name_key == key).values(values))
            else:
                connection.execute(insert(USERS).values(name_key=key, made_at=self._database.clock(), **values))
            self._note(connection, "added user", f"{name.strip()} as {chosen}", by)
            return user_of(_row(connection, name))

    def set_role(self, name: str, role: str, *, by: Actor) -> User:
        """Give a user another role; UsageError if that would leave the book without an admin."""
        chosen = role_named(role)
        with self._database.writing() as connection:
            row = _row(connection, name)
            if row["role"] == "admin" and chosen != "admin":
                _keep_an_admin(connection, row)
            connection.execute(update(USERS).where(USERS.c.id == row["id"]).values(role=chosen))
            self._note(connection, "changed role", f"{row['name']} from {row['role']} to {chosen}", by)
            return user_of(_row(connection, name))

    def set_password(self, name: str, password: str, *, by: Actor) -> None:
        """Give a user another password. Every session of theirs ends."""
        hashed = self._passwords.of_new(password)
        with self._database.writing() as connection:
            row = _row(connection, name)
            connection.execute(update(USERS).where(USERS.c.id == row["id"]).values(password=hashed))
            connection.execute(SESSIONS.delete().where(SESSIONS.c.user_id == row["id"]))
            self._note(connection, "changed password", row["name"], by)

    def remove(self, name: str, *, by: Actor) -> None:
        """Let a user in no more: their sessions end, their keys and share links are revoked. The name stays on record.

        UsageError if that would leave the book without an admin.
        """
        with self._database.writing() as connection:
            row = _row(connection, name)
            _keep_an_admin(connection, row)
            connection.execute(update(USERS).where(USERS.c.id == row["id"]).values(active=False, password=None))
            connection.execute(SESSIONS.delete().where(SESSIONS.c.user_id == row["id"]))
            for table in (KEYS, SHARES):
                open_ones = (table.c.user_id == row["id"]) & table.c.revoked_at.is_(None)
                connection.execute(update(table).where(open_ones).values(revoked_at=self._database.clock()))
            self._note(connection, "removed user", row["name"], by)

    def with_password(self, name: str, password: str) -> User | None:
        """The active user of a name and a password, or None. It takes as long for a name that nobody has."""
        with self._database.reading() as connection:
            asked = select(USERS).where(USERS.c.name_key == _folded(name), USERS.c.active)
            row = connection.execute(asked).mappings().first()
        kept = row["password"] if row else None
        if not self._passwords.is_right(kept, password) or row is None:
            return None
        if self._passwords.is_outdated(row["password"]):
            self._rehash(row["id"], password)
        return user_of(row)

    def of_subject(self, issuer: str, subject: str, name: str, role: Role | None, *, by: Actor) -> User | None:
        """The active user whom a provider of single sign-on vouches for, made at the first time; None if removed.

        One who is there under the same name is taken for the same person, unless another subject is bound to it. With
        a role, that becomes theirs; without one, a new user is a viewer.
        """
        with self._database.writing() as connection:
            row = _bound(connection, issuer, subject) or _unbound(connection, name)
            if row is None:
                if connection.execute(select(USERS.c.id).where(USERS.c.name_key == name_key(name))).first():
                    return None
                return self._make_bound(connection, issuer, subject, name, role or "viewer", by)
            if not row["active"]:
                return None
            return self._bind(connection, row, issuer, subject, role, by)

    def _make_bound(self, connection: Connection, issuer: str, subject: str, name: str, role: Role, by: Actor) -> User:
        values = {"name": name, "role": role, "active": True, "issuer": issuer, "subject": subject}
        made = self._database.clock()
        connection.execute(insert(USERS).values(name_key=name_key(name), made_at=made, **values))
        self._note(connection, "added user", f"{name} as {role}, by single sign-on", by)
        return user_of(_row(connection, name))

    def _bind(
        self, connection: Connection, row: RowMapping, issuer: str, subject: str, role: Role | None, by: Actor
    ) -> User:
        chosen = role or row["role"]
        if row["subject"] is None:
            self._note(connection, "bound to single sign-on", row["name"], by)
        if chosen != row["role"]:
            self._note(connection, "changed role", f"{row['name']} from {row['role']} to {chosen}", by)
        values = {"role": chosen, "issuer": issuer, "subject": subject}
        connection.execute(update(USERS).where(USERS.c.id == row["id"]).values(values))
        return user_of(_row(connection, row["name"]))

    def _rehash(self, user_id: int, password: str) -> None:
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            connection.execute(update(USERS).where(USERS.c.id == user_id).values(password=hashed))

    def _note(self, connection: Connection, did: str, about: str, by: Actor) -> None:
        write_down(connection, self._database.clock(), did, about, by)


def name_key(name: str) -> str:
    """The name without case, under which it is looked up; UsageError if it is not fit to be one."""
    text = name.strip()
    if not 1 <= len(text) <= _LONGEST or not text.isprintable():
        raise UsageError(f"{name!r} is not a name to sign in with. Write an e-mail address or another single line.")
    return _folded(text)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def _row(connection: Connection, name: str) -> RowMapping:
    asked = select(USERS).where(USERS.c.name_key == _folded(name), USERS.c.active)
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no user {name!r}. `rollforward people list` names everybody.")
    return row


def _check_new(connection: Connection, found: RowMapping | None, role: Role) -> None:
    if found and found["active"]:
        raise UsageError(f"{found['name']} is there already. Choose another name, or change who is there.")
    if role != "admin" and not connection.execute(select(USERS.c.id).limit(1)).first():
        raise UsageError("the first user has to be an admin: from then on everybody signs in, and lets others in.")


def _bound(connection: Connection, issuer: str, subject: str) -> RowMapping | None:
    asked = select(USERS).where(USERS.c.issuer == issuer, USERS.c.subject == subject)
    return connection.execute(asked).mappings().first()


def _unbound(connection: Connection, name: str) -> RowMapping | None:
    asked = select(USERS).where(USERS.c.name_key == _folded(name), USERS.c.subject.is_(None), USERS.c.active)
    return connection.execute(asked).mappings().first()


def _keep_an_admin(connection: Connection, row: RowMapping) -> None:
    others = select(func.count()).where(USERS.c.active, USERS.c.role == "admin", USERS.c.id != row["id"])
    if row["role"] == "admin" and not connection.execute(others).scalar_one():
        raise UsageError(f"{row['name']} is the only admin. Make somebody else one first.")


def user_of(row: RowMapping) -> User:
    """The user of a row, among whatever other columns it has."""
    return User(
        id=row["id"],
        name=row["name"],
        role=role_named(row["role"]),
        active=row["active"],
        has_password=row["password"] is not None,
        made_at=row["made_at"],
        seen_at=row["seen_at"],
    )
