"""Idempotency keys: a write that comes twice under one key is done once, and answered alike."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from rollforward.errors import UsageError
from rollforward.people.claims import Answered, Claim, KeyReusedError, UnderWayError
from rollforward.people.schema import ANSWERED

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import RowMapping

    from rollforward.people.database import Database

KEPT_FOR = timedelta(hours=24)
"""How long an answer is kept."""

LONGEST = 200
"""The most characters of an idempotency key."""


class Answers:
    """What writes were answered, by reader and key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, reader: str, key: str, request: str, body: bytes) -> Claim | Answered:
        """What the write was answered if it came before, else the claim to do it. `request` is method and path.

        KeyReusedError if the key came with another request, UnderWayError while the first one is at work, UsageError
        if the key is no key.
        """
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            raise UsageError(f"an Idempotency-Key has 1 to {LONGEST} characters in one line.")
        claim, now, digest = Claim(reader[:340], key), self._database.clock(), sha256(body).hexdigest()
        row = {"reader": claim.reader, "key": key, "request": request, "body_sum": digest, "ends_at": now + KEPT_FOR}
        with self._database.writing() as connection:
            connection.execute(delete(ANSWERED).where(ANSWERED.c.ends_at <= now))
            found = connection.execute(select(ANSWERED).where(_is(claim))).mappings().first()
            if found:
                return _answered(found, request, digest)
            connection.execute(insert(ANSWERED), row)
        return claim

    def keep(self, claim: Claim, status: int, media: str, body: bytes) -> None:
        """Keep what a write was answered."""
        with self._database.writing() as connection:
            row = {"status": status, "media": media, "answer": body}
            connection.execute(update(ANSWERED).where(_is(claim)).values(row))

    def give_up(self, claim: Claim) -> None:
        """Let a write that failed be tried again under the same key."""
        with self._database.writing() as connection:
            connection.execute(delete(ANSWERED).where(_is(claim), ANSWERED.c.status.is_(None)))

    def give_up_all(self) -> None:
        """Let every write be tried again that was under way when the server stopped."""
        with self._database.writing() as connection:
            connection.execute(delete(ANSWERED).where(ANSWERED.c.status.is_(None)))


def _is(claim: Claim) -> ColumnElement[bool]:
    return (ANSWERED.c.reader == claim.reader) & (ANSWERED.c.key == claim.key)


def _answered(row: RowMapping, request: str, digest: str) -> Answered:
    if (row["request"], row["body_sum"]) != (request, digest):
        raise KeyReusedError(row["key"])
    if row["status"] is None:
        raise UnderWayError(row["key"])
    return Answered(row["status"], row["media"], row["answer"])
