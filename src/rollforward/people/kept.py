"""Settings of what runs beside the pages: JSON by key, such as subscriptions and last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from rollforward.people.schema import KEPT

if TYPE_CHECKING:
    from rollforward.people.database import Database


class Kept:
    """JSON objects by key. The last one put holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> dict[str, Any] | None:
        """What is kept under a key; None if nothing is."""
        with self._database.reading() as connection:
            found: dict[str, Any] | None = connection.execute(select(KEPT.c.value).where(KEPT.c.name == key)).scalar()
        return found

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value under a key, in the place of the one there."""
        with self._database.writing() as connection:
            connection.execute(delete(KEPT).where(KEPT.c.name == key))
            connection.execute(insert(KEPT), {"name": key, "value": value})

    def remove(self, key: str) -> None:
        """Keep nothing under a key."""
        with self._database.writing() as connection:
            connection.execute(delete(KEPT).where(KEPT.c.name == key))

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, in order. A key is a kind, a stroke and a name."""
        asked = select(KEPT.c.name).where(KEPT.c.name.startswith(f"{kind}/", autoescape=True)).order_by(KEPT.c.name)
        with self._database.reading() as connection:
            return [str(key) for key in connection.execute(asked).scalars()]
