"""Closes: months as they were reported, each chained to the one before. A reopening is a row of its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from rollforward.store.integrity import Fault, digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import duckdb

_LINES = 10_000


@dataclass(frozen=True)
class Close:
    """A row of `closes`: a month closed, or reopened.

    figures: the roll-forward in stored annual amounts as JSON, signed as in movements, with the customers and the last
    import that was known · settings: the policy whole, as JSON · movements: a digest of the month's movements.
    """

    close: int
    action: str
    period: str
    starts: date
    ends: date
    policy: str
    policy_version: int | None
    policy_hash: str
    settings: str
    currency: str
    timezone: str
    ledger_hash: str
    known_at: datetime
    closed_by: str
    reason: str
    figures: str
    movements: str
    chain: str = ""

    @property
    def amounts(self) -> dict[str, int]:
        """The figures that were reported: opening, each kind, closing, customers."""
        return {name: amount for name, amount in json.loads(self.figures).items() if name != "last_import"}

    @property
    def last_import(self) -> int:
        """The number of the last import that the book knew."""
        return int(json.loads(self.figures)["last_import"])

    @property
    def rules(self) -> dict[str, Any]:
        """The settings of the policy."""
        rules: dict[str, Any] = json.loads(self.settings)
        return rules


_COLUMNS = ", ".join(field.name for field in fields(Close))


def every(connection: duckdb.DuckDBPyConnection) -> list[Close]:
    """Every close and reopening, in order."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM closes ORDER BY close").fetchall()
    return [Close(*row) for row in rows]


def of_series(listed: Sequence[Close], policy: str, currency: str) -> list[Close]:
    """The closes and reopenings under the policy of a name in a currency."""
    return [one for one in listed if (one.policy, one.currency) == (policy, currency)]


def standing(listed: Sequence[Close]) -> list[Close]:
    """The closes of a series that stand, in the order of their months."""
    found: dict[str, Close] = {}
    for one in listed:
        found.pop(one.period, None)
        if one.action == "close":
            found[one.period] = one
    return sorted(found.values(), key=lambda one: one.starts)


def add(connection: duckdb.DuckDBPyConnection, rows: Sequence[Close]) -> None:
    """Append closes or reopenings, each numbered and chained to the row before it."""
    last = connection.execute("SELECT close, chain FROM closes ORDER BY close DESC LIMIT 1").fetchone()
    number, chain = last or (0, "")
    marks = ", ".join("?" for _ in fields(Close))
    for row in rows:
        number += 1
        numbered = replace(row, close=number)
        chain = _chain(chain, numbered)
        connection.execute(
            f"INSERT INTO closes ({_COLUMNS}) VALUES ({marks})", list(astuple(replace(numbered, chain=chain)))
        )


def _chain(former: str, row: Close) -> str:
    return digest(former, *astuple(replace(row, chain="")))


def last_import(connection: duckdb.DuckDBPyConnection) -> tuple[int, datetime | None]:
    """The number of the last import, and the latest time at which the book learned anything."""
    row = connection.execute("SELECT coalesce(max(import), 0), max(recorded_at) FROM imports").fetchone()
    return row or (0, None)


def movements_digest(connection: duckdb.DuckDBPyConnection, ledger: str, starts: date, ends: date) -> str:
    """Sixty-four hexadecimal digits over a ledger's movements from a day until before another."""
    found = connection.execute(
        f"SELECT day::VARCHAR, account, subscription, kind, amount::VARCHAR FROM {ledger}.movements "
        "WHERE day >= ? AND day < ? AND (amount <> 0 OR presence <> 0) ORDER BY ALL",
        [starts, ends],
    )
    made = hashlib.sha256()
    while lines := found.fetchmany(_LINES):
        made.update("".join(json.dumps(line) + "\n" for line in lines).encode())
    return made.hexdigest()


def close_faults(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """Closes that were changed or taken away by hand."""
    faults = []
    number, chain = 0, ""
    for row in every(connection):
        where = f"close {row.close} ({row.period})"
        if row.close != number + 1:
            faults.append(Fault(where, "a close before it is missing"))
        elif row.chain != _chain(chain, row):
            faults.append(Fault(where, "its row was changed"))
        number, chain = row.close, row.chain
    return faults


# -- what differs from a close ---------------------------------------------------------------------------------------


def differing_movements(
    connection: duckdb.DuckDBPyConnection, ledgers: Sequence[str], starts: date, ends: date
) -> list[tuple[Any, ...]]:
    """The movements before the end of a month that are not the same in three ledgers.

    Each row: whether it stands before the month, account, subscription, day, kind, and the annual amount in each of
    the ledgers: as known at the close, as known now under the same rules, and as known now.
    """
    unit = "account, subscription, day, kind"
    parts = " UNION ALL ".join(
        f"SELECT {unit}, {', '.join('amount' if place == at else '0' for place in range(3))} FROM {ledger}.movements "
        "WHERE day < $ends"
        for at, ledger in enumerate(ledgers)
    )
    return connection.execute(
        f"SELECT day < $starts, {unit}, sum(one)::VARCHAR, sum(two)::VARCHAR, sum(three)::VARCHAR "
        f"FROM ({parts}) AS moved({unit}, one, two, three) GROUP BY {unit} "
        "HAVING sum(one) <> sum(three) OR sum(one) <> sum(two) ORDER BY day, account, subscription, kind",
        {"starts": starts, "ends": ends},
    ).fetchall()


_LEARNED = """
WITH ended AS (
    SELECT s.record, s.replaced_by, (SELECT max(import) FROM imports WHERE recorded_at = s.superseded_at) AS import
    FROM superseded s WHERE s.superseded_at > $known_at
)
SELECT spans.account, r.import, r.file, r."row", r.recorded_at, '' AS ended
FROM {now}.spans spans JOIN {table} r ON r.record = spans.record WHERE r.import > $last
UNION
SELECT spans.account, n.import, n.file, n."row", n.recorded_at, ''
FROM {then}.spans spans JOIN ended ON ended.record = spans.record JOIN {table} n ON n.record = ended.replaced_by
UNION
SELECT spans.account, ended.import, r.file, r."row", i.recorded_at, 'no longer in '
FROM {then}.spans spans JOIN ended ON ended.record = spans.record AND ended.replaced_by IS NULL
JOIN {table} r ON r.record = ended.record LEFT JOIN imports i ON i.import = ended.import
UNION SELECT unnest([customer, account]), import, 'linked', "row", recorded_at, '' FROM account_links
WHERE import > $last
UNION SELECT unnest([customer, from_customer]), import, 'transferred', "row", recorded_at, '' FROM transfers
WHERE import > $last
UNION SELECT customer, import, 'excluded', "row", recorded_at, '' FROM exclusions WHERE import > $last
ORDER BY 2, 3, 4
"""

_RATES = """
SELECT import, file, min("row"), recorded_at FROM exchange_rates WHERE import > $last
GROUP BY import, file, recorded_at ORDER BY ALL
"""


def learned_since(
    connection: duckdb.DuckDBPyConnection, close: Close, table: str, then: str, now: str
) -> dict[str, list[str]]:
    """The facts that the book learned about each account after a close, in words; exchange rates stand under ''."""
    found: dict[str, list[str]] = {}
    values = {"last": close.last_import, "known_at": close.known_at}
    for account, number, file, row, at, ended in connection.execute(
        _LEARNED.format(table=table, then=then, now=now), values
    ).fetchall():
        place = f"{file}, row {row}" if row else file  # what people enter has no row
        found.setdefault(account, []).append(f"import {number} ({at:%Y-%m-%d %H:%M} UTC): {ended}{place}")
    for number, file, row, at in connection.execute(_RATES, {"last": close.last_import}).fetchall():
        found.setdefault("", []).append(f"import {number} ({at:%Y-%m-%d %H:%M} UTC): rates in {file}, row {row} on")
    return found
