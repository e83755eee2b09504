"""What the book said about an account over time: each time it learned something that changed its answer.

For each such time the account's own records, as they were known then, are laid in a book in memory, which is small and
built at once. What the records of other customers decide is not lost: one account's ledger depends on nobody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rollforward.book.explaining.explanation import Explanation, Origin
from rollforward.ledger.accounts import HOPS
from rollforward.money import monthly
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.results import plain
from rollforward.store.database import Database, MemoryDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from fractions import Fraction

    import duckdb

Move = tuple[date, str, int]
"""A movement: its day, kind, and stored annual amount."""

Said = Callable[[Database], list[Move]]
"""What a book that is kept in a database says of the account."""


@dataclass(frozen=True)
class Asked:
    """What is asked: an account, what that is called, the basis's table, the days whose movements are told.

    `first` None means from the beginning, so that they add up to MRR on the last day; `known_at` bounds the times.
    """

    account: str
    about: str
    basis: str
    last: date
    first: date | None = None
    known_at: datetime | None = None

    def within(self, moves: list[Move]) -> list[Move]:
        """The movements of the days asked for."""
        return [move for move in moves if move[0] <= self.last and (self.first is None or move[0] >= self.first)]


def history(connection: duckdb.DuckDBPyConnection, asked: Asked, said: Said) -> Explanation:
    """The history of an account, the earliest time first: the value as known then, what changed it, and the facts."""
    known = _Known(connection, asked)
    parts: list[Explanation] = []
    before: list[Move] = []
    for moment in known.moments():
        now = asked.within(said(known.at(moment)))
        if now != before:
            parts.append(_learned(moment, before if parts else None, now, tuple(known.facts(moment))))
            before = now
    return Explanation(asked.about, _total(before), "money", way="steps", parts=tuple(parts))


def _total(moves: list[Move]) -> Fraction:
    return monthly(sum(amount for _, _, amount in moves))


def _learned(
    moment: datetime, before: list[Move] | None, now: list[Move], facts: tuple[Explanation, ...]
) -> Explanation:
    """One time: what was said before it, the movements that were not said before, and those no longer said."""
    come, gone = Counter(now) - Counter(before or []), Counter(before or []) - Counter(now)
    parts = [] if before is None else [Explanation("said before", _total(before), "money")]
    changes = [(day, f"{kind} of {day}", amount) for day, kind, amount in come.elements()]
    changes += [(day, f"no longer {kind} of {day}", -amount) for day, kind, amount in gone.elements()]
    parts += [Explanation(about, monthly(amount), "money") for _, about, amount in sorted(changes)]
    about = f"learned {moment:%Y-%m-%d %H:%M:%S} UTC"
    return Explanation(about, _total(now), "money", way="sum", parts=tuple(parts), beside=facts)


class _Known:
    """The records of an account as they were known at each time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, asked: Asked) -> None:
        self._connection, self._asked = connection, asked
        self._tables = [asked.basis, "customers", *(table.name for table in ENTRIES)]
        self._customers = self._every_customer()

    def _every_customer(self) -> list[str]:
        """The customers whose records may have counted for the account at any time."""
        found = {self._asked.account}
        for _ in range(HOPS):
            rows = self._connection.execute(
                "SELECT customer FROM account_links WHERE list_contains($found, account) "
                "UNION SELECT customer FROM transfers WHERE list_contains($found, from_customer)",
                {"found": sorted(found)},
            ).fetchall()
            found |= {customer for (customer,) in rows}
        return sorted(found)

    def _own(self, table: str) -> str:
        """The condition for the records of a table that say something of the account."""
        if table in {"exchange_rates", "mrr_snapshots"}:
            # A snapshot ends where its source has another one, of whomever.
            return "true"
        more = {"transfers": " OR list_contains($customers, from_customer)"}.get(table, "")
        return f"(list_contains($customers, customer){more})"

    def _rows(self, statement: str, table: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        named = {"customers": self._customers} if "$customers" in statement else {}
        found = self._connection.execute(statement, named | more)
        names = [part[0] for part in found.description or []]
        return [dict(zip(names, row, strict=True)) | {"table": table} for row in found.fetchall()]

    def moments(self) -> list[datetime]:
        """The times at which the book learned something of the account, the earliest first."""
        found: set[datetime] = set()
        for table in [*self._tables, "exchange_rates"]:
            of = f"FROM {table} JOIN superseded USING (record) WHERE {self._own(table)}"
            statement = (
                f"SELECT recorded_at AS at FROM {table} WHERE {self._own(table)} UNION SELECT superseded_at {of}"
            )
            found |= {row["at"] for row in self._rows(statement, table)}
        until = self._asked.known_at
        return sorted(moment for moment in found if until is None or moment <= until)

    def at(self, moment: datetime) -> MemoryDatabase:
        """A database in memory with the records as known at a time."""
        scratch = MemoryDatabase()
        scratch.create()
        for table in [*self._tables, "exchange_rates"]:
            statement = (
                f"SELECT * FROM {table} WHERE {self._own(table)} AND recorded_at <= $moment AND record NOT IN "
                "(SELECT record FROM superseded WHERE superseded_at <= $moment)"
            )
            named: dict[str, Any] = {"moment": moment}
            named |= {"customers": self._customers} if "$customers" in statement else {}
            known = self._connection.sql(statement, params=named).to_arrow_table()
            with scratch.writing() as within:
                within.register("known_then", known)
                within.execute(f"INSERT INTO {table} BY NAME SELECT * FROM known_then")
                within.unregister("known_then")
        return scratch

    def facts(self, moment: datetime) -> Iterator[Explanation]:
        """What the book learned at a time: new records, changed ones with what they said before, and removed ones."""
        for table in self._tables:
            named = {"moment": moment}
            new = f"SELECT * FROM {table} WHERE {self._own(table)} AND recorded_at = $moment ORDER BY record"
            for row in self._rows(new, table, **named):
                yield _fact(row, self._replaced(row))
            gone = (
                f"SELECT {table}.* FROM {table} JOIN superseded USING (record) WHERE {self._own(table)} "
                "AND superseded_at = $moment AND replaced_by IS NULL ORDER BY record"
            )
            for row in self._rows(gone, table, **named):
                yield Explanation(f"{table} removed: {_key(row)}", source=_origin(row))
        yield from self._rates(moment)

    def _replaced(self, row: dict[str, Any]) -> dict[str, Any] | None:
        statement = (
            f"SELECT known.* FROM {row['table']} known JOIN superseded USING (record) WHERE replaced_by = $record"
        )
        found = self._rows(statement, row["table"], record=row["record"])
        return found[0] if found else None

    def _rates(self, moment: datetime) -> Iterator[Explanation]:
        """How many exchange rates were learned, which are not those of one account."""
        statement = "SELECT count(*) AS number FROM exchange_rates WHERE recorded_at = $moment"
        number = self._rows(statement, "exchange_rates", moment=moment)[0]["number"]
        if number:
            yield Explanation(f"exchange_rates: {number:,} of them")


def _fact(row: dict[str, Any], before: dict[str, Any] | None) -> Explanation:
    """A record that was learned, and how it differs from the version that it replaced."""
    table = TABLES[row["table"]]
    if before is None:
        return Explanation(f"{table.name} new: {_key(row)}", source=_origin(row))
    changed = [
        f"{name} {_said(before[name])} -> {_said(row[name])}" for name in table.names if before[name] != row[name]
    ]
    return Explanation(f"{table.name} changed: {_key(row)}: {', '.join(changed)}", source=_origin(row))


def _key(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_said(row[name])}" for name in TABLES[row["table"]].key)


def _said(value: Any) -> str:  # noqa: ANN401  whatever a record holds
    if isinstance(value, list | dict):
        return str(value)
    return plain(value.normalize() if hasattr(value, "normalize") else value) or "nothing"


def _origin(row: dict[str, Any]) -> Origin:
    names = ("record", "source", "file", "row", "import", "recorded_at", "raw")
    return Origin(row["table"], *(row[name] for name in names))
