"""Auditing: whether anything in a book was changed by hand, and what."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.book import restating
from rollforward.book.closing import Closing
from rollforward.book.view import Progress, View, quiet
from rollforward.errors import RollforwardError
from rollforward.store import closes, integrity, ledgers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from rollforward.policy.policy import Policy
    from rollforward.store.closes import Close


@dataclass(frozen=True)
class Audited:
    """One thing that was looked at: whether it is whole, and what was found."""

    check: str
    found: str
    is_whole: bool = True


class Auditing(Closing):
    """The side of a book that can be verified."""

    def audit(self, *, progress: Progress = quiet) -> list[Audited]:
        """Look for rows changed by hand: in imports, closes, the movements of closed months, and kept ledgers."""
        with self._database.reading() as connection:
            progress("imports")
            found = [*self._audited_imports(connection), *_audited_closes(connection)]
            for close in closes.every(connection):
                if close.action == "close":
                    progress(f"close of {close.period}")
                    found.append(self._audited_movements(connection, close))
            for name in self._database.kept_ledgers():
                progress("kept ledgers")
                if audited := self._audited_ledger(connection, name):
                    found.append(audited)
            return found

    def _audited_imports(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Audited]:
        faults = integrity.import_faults(connection)
        number = len(connection.execute("SELECT import FROM imports").fetchall())
        if not faults:
            yield Audited("imports", f"{number:,} chained, the last {integrity.imports_chain(connection)[:16]}")
        for fault in faults:
            yield Audited("imports", f"{fault.where}: {fault.found}", is_whole=False)

    def _audited_movements(self, connection: duckdb.DuckDBPyConnection, close: Close) -> Audited:
        """The movements of a closed month, made anew from the records as known then."""
        check = f"movements of {close.period} (close {close.close})"
        try:
            view = View(restating.policy_of(close), close.currency, close.known_at)
            key = ledgers.AsideKey(close.policy_hash, close.currency, close.known_at)
            with self._database.aside(connection, key.name):
                self._make(connection, view, key, quiet)
                made = closes.movements_digest(connection, key.name, close.starts, close.ends)
        except (RollforwardError, ValueError) as error:
            return Audited(check, f"they cannot be made anew: {error}", is_whole=False)
        if made == close.movements:
            return Audited(check, "as they were closed")
        return Audited(check, "what was known at the close makes other movements than were closed", is_whole=False)

    def _audited_ledger(self, connection: duckdb.DuckDBPyConnection, name: str) -> Audited | None:
        """A kept ledger against one built anew; None for one that nobody is shown before it is built anew."""
        key = ledgers.key_in(connection, name) if self._database.attach(connection, name) else None
        if key is None or key.name != name or ledgers.find(connection, key, self.today()) is None:
            return None
        policy = self._policy_of_hash(connection, key.policy_hash)
        if policy is None:
            return None
        view = View(policy, key.currency, key.known_at)
        aside = ledgers.AsideKey(key.policy_hash, key.currency, key.known_at)
        with self._database.aside(connection, aside.name):
            self._make(connection, view, aside, quiet)
            different = ledgers.first_difference(connection, name, aside.name)
        known = f", known at {key.known_at:%Y-%m-%d %H:%M}" if key.known_at else ""
        check = f"ledger of {policy.name}, {key.currency}{known}"
        return Audited(check, different or "as it is built anew", is_whole=different is None)

    def _policy_of_hash(self, connection: duckdb.DuckDBPyConnection, wanted: str) -> Policy | None:
        for name in self.policies():
            with suppress(RollforwardError):
                if (policy := self.policy(name)).hash == wanted:
                    return policy
        kept = (restating.policy_of(one) for one in closes.every(connection))
        return next((policy for policy in kept if policy.hash == wanted), None)


def _audited_closes(connection: duckdb.DuckDBPyConnection) -> Iterator[Audited]:
    faults = closes.close_faults(connection)
    listed = closes.every(connection)
    if not faults:
        last = f", the last {listed[-1].chain[:16]}" if listed else ""
        yield Audited("closes", f"{len(listed):,} chained{last}")
    for fault in faults:
        yield Audited("closes", f"{fault.where}: {fault.found}", is_whole=False)
