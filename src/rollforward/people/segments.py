"""Saved segments: filters with a name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.audit import write_down
from rollforward.people.schema import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database

_LONGEST = 100


@dataclass(frozen=True)
class Segment:
    """A saved segment: the values of each field, as the book's `where` takes them. `made_at` is in UTC."""

    name: str
    filters: dict[str, list[str]]
    author: str
    made_at: datetime


class Segments:
    """The saved segments of a book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, filters: Mapping[str, Sequence[str]], *, by: Actor) -> Segment:
        """Save filters under a name, in the place of what had it; UsageError if there is no name or no filter."""
        said = name.strip()
        if not 1 <= len(said) <= _LONGEST or not said.isprintable():
            raise UsageError(f"{name!r} is not a name for a segment: it takes 1 to {_LONGEST} characters in one line.")
        if not filters or not all(filters.values()):
            raise UsageError(f"the segment {said!r} has no filter. Choose at least one value of a field.")
        made = Segment(
            said, {field: list(values) for field, values in filters.items()}, by.name, self._database.clock()
        )
        with self._database.writing() as connection:
            connection.execute(delete(SEGMENTS).where(SEGMENTS.c.name == said))
            connection.execute(insert(SEGMENTS), asdict(made))
            write_down(connection, made.made_at, "saved segment", said, by)
        return made

    def all(self) -> list[Segment]:
        """Every saved segment, by name."""
        with self._database.reading() as connection:
            found = connection.execute(select(SEGMENTS).order_by(SEGMENTS.c.name)).mappings()
            return [Segment(**row) for row in found]

    def named(self, name: str) -> Segment:
        """The segment of a name; NotFoundError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(SEGMENTS).where(SEGMENTS.c.name == name)).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no saved segment {name!r}.")
        return Segment(**row)

    def remove(self, name: str, *, by: Actor) -> None:
        """Forget a segment; NotFoundError if there is none of that name."""
        with self._database.writing() as connection:
            if not connection.execute(delete(SEGMENTS).where(SEGMENTS.c.name == name)).rowcount:
                raise NotFoundError(f"there is no saved segment {name!r}.")
            write_down(connection, self._database.clock(), "removed segment", name, by)
