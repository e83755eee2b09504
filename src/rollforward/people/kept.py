"""Settings of what runs beside the pages: JSON by name, such as subscriptions and last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from rollforward.people.schema import KEPT

if TYPE_CHECKING:
    from rollforward.people.database import Database


class Kept:
    """JSON values by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Any:  # noqa: ANN401  whatever JSON can say
        """The value of a name; None if there is none."""
        with self._database.reading() as connection:
            return connection.execute(select(KEPT.c.value).where(KEPT.c.name == name)).scalar()

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401  whatever JSON can say
        """Keep a value under a name, in the place of what had it; None takes it away."""
        with self._database.writing() as connection:
            connection.execute(delete(KEPT).where(KEPT.c.name == name))
            if value is not None:
                connection.execute(insert(KEPT), {"name": name, "value": value})

    def list(self, prefix: str = "") -> list[str]:
        """The names that begin so, in order."""
        asked = select(KEPT.c.name).where(KEPT.c.name.startswith(prefix, autoescape=True)).order_by(KEPT.c.name)
        with self._database.reading() as connection:
            return [str(name) for name in connection.execute(asked).scalars()]
