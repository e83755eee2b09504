"""What a check sees of a book, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rollforward.money import monthly, places, round_half_up
from rollforward.store.schema import quoted

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from rollforward.book.completeness import Sources
    from rollforward.policy.policy import Policy
    from rollforward.store.ledgers import KeptLedger
    from rollforward.store.settings import Settings

State = Literal["ok", "look", "fails"]

SHOWN = 3
"""How many examples a finding names."""

_PLURAL = re.compile(r"\b(row|customer|amount|gap|month|day|record|subscription|currencie|line|item)s\b")


@dataclass(frozen=True)
class Examined:
    """The book as a check sees it."""

    connection: duckdb.DuckDBPyConnection
    kept: KeptLedger
    policy: Policy
    settings: Settings
    today: date
    sources: Sources

    def current(self, table: str) -> str:
        """The current records of a table, as known at the view's time, as a subquery."""
        known = self.kept.known_at
        if known is None:
            return f"(SELECT * FROM {quoted(table)} ANTI JOIN superseded USING (record))"
        moment = f"TIMESTAMP '{known.isoformat(sep=' ')}'"
        return (
            f"(SELECT * FROM {quoted(table)} ANTI JOIN (SELECT record FROM superseded WHERE superseded_at <= {moment}) "
            f"USING (record) WHERE recorded_at <= {moment})"
        )

    def count(self, statement: str, **given: object) -> int:
        """The number that a query gives."""
        return int(self.first(statement, **given)[0] or 0)

    def first(self, statement: str, **given: object) -> tuple[Any, ...]:
        """The first row of a query, which must have one."""
        return self.connection.execute(statement, given or None).fetchall()[0]

    def some(self, statement: str, **given: object) -> tuple[int, tuple[str, ...]]:
        """How many rows a query of one text column gives, and the first of them."""
        rows = self.connection.execute(
            f"SELECT count(*), list(example ORDER BY place)[1:{SHOWN}] FROM "
            f"(SELECT example, row_number() OVER () AS place FROM ({statement}) found(example))",
            given or None,
        ).fetchall()
        number, examples = rows[0]
        return int(number), tuple(examples or ())

    def mrr(self, stored: int) -> str:
        """A stored annual amount as the MRR that people read."""
        written = round_half_up(monthly(int(stored)), places(self.kept.currency))
        return f"{written:,} {self.kept.currency}"


@dataclass(frozen=True)
class Finding:
    """What one check found, with a few examples by id, and what to do."""

    check: str
    state: State
    found: str
    remedy: str = ""
    examples: tuple[str, ...] = ()


def singular(what: str) -> str:
    """What was counted, of which there is one: the first word in the plural loses it."""
    return _PLURAL.sub(lambda word: re.sub("ie$", "y", word[1]), what, count=1)


def counted(check: str, found: tuple[int, tuple[str, ...]] | int, what: str, remedy: str) -> Finding:
    """A finding of something of which there should be none."""
    number, examples = (found, ()) if isinstance(found, int) else found
    if not number:
        return Finding(check, "ok", f"no {what}")
    return Finding(check, "look", f"{number:,} {singular(what) if number == 1 else what}", remedy, examples)
