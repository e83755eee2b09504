"""Notes that people pin to dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.audit import write_down
from rollforward.people.schema import NOTES

if TYPE_CHECKING:
    from datetime import date, datetime

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database

LONGEST = 2_000
"""The most characters of a note."""


@dataclass(frozen=True)
class Note:
    """A note on a day of the book. `made_at` is in UTC."""

    id: int
    day: date
    text: str
    author: str
    made_at: datetime


class Notes:
    """The notes of a book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, day: date, text: str, *, by: Actor) -> Note:
        """Pin a note to a day; UsageError if it is empty or longer than 2,000 characters."""
        said = text.strip()
        if not 1 <= len(said) <= LONGEST:
            raise UsageError(f"a note has from 1 to {LONGEST:,} characters, not {len(said):,}.")
        now = self._database.clock()
        row = {"day": day, "text": said, "author": by.name, "made_at": now}
        with self._database.writing() as connection:
            made = connection.execute(insert(NOTES).returning(NOTES), row).mappings().one()
            write_down(connection, now, "added note", f"{made['id']} on {day}", by)
        return Note(**made)

    def all(self, *, start: date | None = None, end: date | None = None) -> list[Note]:
        """The notes from a day to a day, both included, by day."""
        asked = select(NOTES).order_by(NOTES.c.day, NOTES.c.id)
        if start is not None:
            asked = asked.where(NOTES.c.day >= start)
        if end is not None:
            asked = asked.where(NOTES.c.day <= end)
        with self._database.reading() as connection:
            return [Note(**row) for row in connection.execute(asked).mappings()]

    def remove(self, note: int, *, of: str | None = None, by: Actor) -> None:
        """Take a note away; NotFoundError if there is none of that id, or it is not of that author."""
        which = (NOTES.c.id == note) & (NOTES.c.author == of if of is not None else True)
        with self._database.writing() as connection:
            gone = connection.execute(delete(NOTES).where(which).returning(NOTES.c.day)).first()
            if gone is None:
                raise NotFoundError(f"there is no note {note} that could be removed.")
            write_down(connection, self._database.clock(), "removed note", f"{note} on {gone.day}", by)
