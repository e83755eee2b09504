"""Catching up: a ledger whose book only learned more is changed where accounts changed, not built anew.

The queries that made a ledger are kept in it. They run again, word for word, over the records of the changed accounts
alone, in a database in memory whose tables bear the names of the book's. What comes out takes the place of what the
ledger had of these accounts, and the cube moves by the difference of the two.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.errors import ReconciliationError
from rollforward.ledger.build import SUSPECTS
from rollforward.records.tables import ENTRIES, TABLES
from rollforward.store.ledgers import (
    fingerprint,
    kept_plan,
    last_recorded,
    ledger_hash,
    sample_days,
    token_of,
    traits_text,
    write_about,
)
from rollforward.store.plans import PACKED, PLACE, Step, make, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import duckdb

    from rollforward.ledger.ground import Ground
    from rollforward.store.ledgers import KeptLedger
    from rollforward.store.plans import Plan
    from rollforward.store.revising import Revision

NOW, THEN = "ledger_now", "ledger_then"
"""Where the part of a ledger that changed is made anew, and where it stands as it was."""

MOST = 10
"""A ledger is built anew where more than one in so many of its records are of changed accounts, or changed already.

Then building costs little more, and questions no longer pay for putting the two files together.
"""

_REACH_FURTHER = ("mrr_snapshots",)
"""Records of which one changes what others mean, whosever they are: the next day of a source ends all its snapshots."""

_COMMON = ("exchange_rates",)
"""Records that are nobody's: whoever's amounts they convert changes with them."""

_NAMED = re.compile(r'"(\w+)"')
_CUBE = "dimension, value, day, kind"


@contextmanager
def changes(connection: duckdb.DuckDBPyConnection, kept: KeptLedger, revision: Revision) -> Iterator[Changes | None]:
    """What changed since a ledger was built; None where it has to be built anew."""
    attached = []
    try:
        for place in (NOW, THEN):
            connection.execute(f"ATTACH ':memory:' AS {place}")
            attached.append(place)
        found = Changes(connection, kept, revision)
        yield found if found.are_of_accounts() else None
    finally:
        for place in attached:
            connection.execute(f"DETACH {place}")


class Changes:
    """The accounts of a ledger whose records changed since it was built."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, kept: KeptLedger, revision: Revision) -> None:
        self._connection = connection
        self._revision = revision
        self._kept = kept
        self._plan: Plan = kept_plan(connection, kept)
        self._token = token_of(connection, kept.name)
        named = {name for step in self._plan.steps for name in _NAMED.findall(step.sql)}
        self._read = [name for name in TABLES if name in named]
        """The tables of records that the ledger is made of."""
        self._owned = [name for name in self._read if "customer" in TABLES[name].names]
        self._records = [name for name in self._owned if name not in {table.name for table in ENTRIES}]
        self.accounts = 0

    def are_of_accounts(self) -> bool:
        """Find the changed accounts: whether all that changed is theirs alone, and little enough to pay."""
        if any(name in self._read for name in _REACH_FURTHER):
            return False
        if any(self._has_changed(name) for name in _COMMON if name in self._read):
            return False
        self._find_accounts()
        self._find_records()
        return self._pays()

    # -- what changed ------------------------------------------------------------------------------------------------

    def _has_changed(self, table: str) -> bool:
        return self._count(f"SELECT count(*) FROM ({self._changed_rows(table)})") > 0

    def _changed_rows(self, table: str, columns: str = "record") -> str:
        """The query of the versions of a table that came or were replaced since the ledger was built."""
        return (
            f"SELECT {columns} FROM {table} WHERE recorded_at > $since UNION ALL SELECT {columns} FROM {table} "
            "WHERE record IN (SELECT record FROM superseded WHERE superseded_at > $since)"
        )

    def _find_accounts(self) -> None:
        """The customers whose records changed, and all that share an account with them, then or now."""
        touched = [self._changed_rows(name, "customer AS account") for name in self._owned]
        touched += [self._changed_rows(table, other) for table, other in _TIES.items() if table in self._owned]
        self._connection.execute(
            f"CREATE TABLE {NOW}.changed AS SELECT DISTINCT account FROM ({' UNION ALL '.join(touched)}) found",
            {"since": self._kept.recorded_to},
        )
        tied = [f"SELECT customer AS one, {other} AS other FROM {table}" for table, other in _TIES.items()]
        self._connection.execute(f"CREATE TABLE {NOW}.tied AS {' UNION '.join(tied)}")
        while self._count(
            f"INSERT INTO {NOW}.changed SELECT DISTINCT account FROM ("
            f"SELECT other AS account FROM {NOW}.tied WHERE one IN (FROM {NOW}.changed) "
            f"UNION ALL SELECT one FROM {NOW}.tied WHERE other IN (FROM {NOW}.changed)) near "
            f"WHERE account NOT IN (FROM {NOW}.changed)"
        ):
            pass
        self.accounts = self._count(f"SELECT count(*) FROM {NOW}.changed")

    def _find_records(self) -> None:
        """The places of the records of the changed accounts, by table."""
        for name in self._records:
            self._connection.execute(
                f"CREATE TABLE {NOW}.rows_of_{name} AS SELECT rowid AS place FROM {name} "
                f"WHERE customer IN (FROM {NOW}.changed)"
            )

    def _pays(self) -> bool:
        """Whether so few of the records are of changed accounts that they are made faster than all of them."""
        of_changed = sum(self._count(f"SELECT count(*) FROM {NOW}.rows_of_{name}") for name in self._records)
        of_changed += self._revision.changed_already(_SPANS)
        return of_changed * MOST <= sum(self._count(f"SELECT count(*) FROM {name}") for name in self._records)

    def _count(self, statement: str) -> int:
        rows = self._connection.execute(statement, {"since": self._kept.recorded_to} if "$since" in statement else {})
        return int(rows.fetchall()[0][0])

    # -- the part of them --------------------------------------------------------------------------------------------

    def make(self, ground: Ground) -> None:
        """Make the part of the changed accounts as it is now, proved, and as it was."""
        self._take_records()
        here = self._connection.execute("SELECT current_database() || '.' || current_schema()").fetchall()[0][0]
        # Most of the time the engine reads queries, which it does for one at a time; so the two go side by side.
        with ThreadPoolExecutor(2) as both:
            made = [both.submit(self._make_in, place, here) for place in (NOW, THEN)]
        for part in made:
            part.result()
        sample_days(self._connection, NOW, ground.today)
        for proof in self._plan.proofs:
            require(self._connection, proof, NOW)
        self._compare_cubes()

    def _take_records(self) -> None:
        """The records of the changed accounts as they are now and as they were, without what no query reads."""
        for name in self._records:
            self._connection.execute(
                f"CREATE TABLE {NOW}.{name} AS SELECT * REPLACE ({_UNREAD}) "
                f"FROM {name} WHERE rowid IN (FROM {NOW}.rows_of_{name})"
            )
        entered = [table.name for table in ENTRIES]
        own = [f"SELECT record FROM {NOW}.{name}" for name in self._records]
        own += [f"SELECT record FROM {name}" for name in entered]
        self._connection.execute(
            f"CREATE TABLE {NOW}.superseded AS SELECT * FROM superseded WHERE record IN ({' UNION ALL '.join(own)})"
        )
        for name in self._records:
            self._take_then(name, f"{NOW}.{name}", "recorded_at")
        for name in entered:
            self._take_then(name, name, "recorded_at")
        self._take_then("superseded", f"{NOW}.superseded", "superseded_at")
        if any(step.name == _RATES for step in self._plan.steps):
            for place in (NOW, THEN):
                self._connection.execute(f"CREATE TABLE {place}.{_RATES} AS FROM {self._kept.name}.{_RATES}")

    def _take_then(self, name: str, table: str, moment: str) -> None:
        """What a table had when the ledger was built."""
        self._connection.execute(
            f"CREATE TABLE {THEN}.{name} AS SELECT * FROM {table} WHERE {moment} <= ?", [self._kept.recorded_to]
        )

    def _make_in(self, place: str, here: str) -> None:
        """Run the queries of the ledger over the records of a place, which they find before those of the book."""
        with self._connection.cursor() as connection:
            connection.execute(f"SET search_path = '{place}.main,{here}'")
            for step in self._plan.steps:
                if step.name != _RATES:
                    make(connection, step.creation(place), step.about)

    def _replaced(self) -> list[Step]:
        """The steps whose tables hold rows of accounts."""
        return [step for step in self._plan.steps if not step.is_view and step.name not in {_RATES, "cube"}]

    def _compare_cubes(self) -> None:
        """The rows of the cube that move, as they are after it; what stands for no movement any more is none."""
        parts = "SELECT {columns}, {sign}amount AS amount, {sign}moves AS moves, {sign}presence AS presence FROM {cube}"
        gone = parts.format(columns=_CUBE, sign="-", cube=f"{THEN}.cube")
        come = parts.format(columns=_CUBE, sign="", cube=f"{NOW}.cube")
        execute = self._connection.execute
        execute(
            f"CREATE TABLE {NOW}.moved AS {_summed(f'{come} UNION ALL {gone}')} "
            "HAVING sum(amount) <> 0 OR sum(moves) <> 0 OR sum(presence) <> 0"
        )
        cube = f"{self._kept.name}.cube"
        former = parts.format(columns=_CUBE, sign="", cube=f"{cube} SEMI JOIN {NOW}.moved USING ({_CUBE})")
        moved = parts.format(columns=_CUBE, sign="", cube=f"{NOW}.moved")
        execute(
            f"CREATE TABLE {NOW}.cube_after AS {_summed(f'{former} UNION ALL {moved}')} "
            "HAVING sum(moves) <> 0 OR sum(presence) <> 0"
        )

    # -- into the ledger ---------------------------------------------------------------------------------------------

    def apply(self, ground: Ground, built_at: datetime) -> KeptLedger:
        """Put the part in the place of the former one, prove the whole, and write down what the ledger now is.

        It happens within the transaction of a revision. ReconciliationError if a proof fails, or if the ledger does not
        have of the changed accounts what their former records make.
        """
        tables = self._replaced()
        self._revision.lay_out(
            [*(step.name for step in tables), "cube"],
            [step for step in self._plan.steps if step.is_view],
            [_PLAN, *(step.name for step in self._plan.steps if step.name == _RATES)],
        )
        for step in tables:
            self._replace(step)
        self._revision.replace("cube", f"({_CUBE}) IN (SELECT ({_CUBE}) FROM {NOW}.moved)", f"FROM {NOW}.cube_after")
        sample_days(self._connection, self._kept.name, ground.today)
        self._prove_totals()
        kept = replace(
            self._kept,
            policy=ground.policy.name,
            today=ground.today,
            records=fingerprint(self._connection, None),
            recorded_to=last_recorded(self._connection, None),
            ledger_hash=ledger_hash(self._connection, self._kept.name, self._kept.policy_hash),
            traits=traits_text(ground.traits),
        )
        write_about(self._connection, kept, built_at, self._token)
        return kept

    def _replace(self, step: Step) -> None:
        of_changed = f"{_OWNERS.get(step.name, 'account')} IN (FROM {NOW}.changed)"
        if step.name in _BY_RECORD:
            own = " UNION ALL ".join(f"SELECT record FROM {NOW}.{name}" for name in self._records)
            of_changed = f"record IN ({own})"
        found = self._revision.replace(step.name, of_changed, f"FROM {NOW}.{step.name}")
        were = self._count(f"SELECT count(*) FROM {THEN}.{step.name}")
        if found != were:
            raise ReconciliationError(
                f"the ledger has {found:,} rows of changed accounts in {step.name.removeprefix(PACKED)}, and their "
                f"former records make {were:,}"
            )

    def _prove_totals(self) -> None:
        """Prove what holds of all accounts together, beside what was proved of those that changed."""
        for proof in self._plan.proofs:
            if proof.name == "cube":
                require(self._connection, proof, self._kept.name)
        require(self._connection, _FLOWS, self._kept.name)


_FLOWS = Step(
    "flows",
    "the flows of the whole book are all movements: as many, of as much, on the same days",
    f"SELECT * FROM (SELECT count(*) AS moves, sum(amount) AS amount, sum(day - DATE '1970-01-01') AS days "
    f"FROM {PLACE}.movements) moved, (SELECT coalesce(sum(moves), 0) AS moves, sum(amount) AS amount, "
    f"sum(moves * (day - DATE '1970-01-01')) AS days FROM {PLACE}.cube "
    "WHERE dimension = 'total' AND kind NOT IN ('trial', 'usage', 'presence')) flows "
    "WHERE moved.moves <> flows.moves OR moved.amount IS DISTINCT FROM flows.amount "
    "OR moved.days IS DISTINCT FROM flows.days",
)

_SPANS = PACKED + "spans"

_TIES = {"account_links": "account", "transfers": "from_customer"}
"""What ties a customer to another account, and the column that names it."""

_BY_RECORD = ("overlaps", "unrated", "set_aside", _SPANS, PACKED + "valued")
"""Tables of a ledger whose rows are of records each; those of the others are of accounts."""

_OWNERS = {SUSPECTS: "customer"}
"""Tables that name the customer of a row, before there are accounts."""

_RATES, _PLAN = "rates", "plan_ledger"

_UNREAD = 'NULL::VARCHAR AS raw, NULL::VARCHAR AS file, NULL::BIGINT AS "row"'
"""Where a record came from, as no query of a ledger asks."""


def _summed(rows: str) -> str:
    """The query of rows of the cube added up."""
    return (
        f"SELECT {_CUBE}, sum(amount)::DECIMAL(38, 0) AS amount, sum(moves)::BIGINT AS moves, "
        f"sum(presence)::BIGINT AS presence FROM ({rows}) added GROUP BY ALL"
    )
