"""What a book keeps: settings, policies, its database, and the ledgers that are built when they are asked for."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rollforward.book.asking import Asked, Asking, Where, hand_in, remembered
from rollforward.book.completeness import Sources, require_known, stale
from rollforward.book.listed import Listed, listing
from rollforward.book.view import Clock, Progress, View, now, quiet
from rollforward.calendar import EVERY, Every
from rollforward.errors import IncompleteError, NotFoundError, ReconciliationError, UnknownNameError
from rollforward.policy.policy import Policy
from rollforward.policy.versions import split
from rollforward.results import Cell, Stamp
from rollforward.store import ledgers
from rollforward.store.lake import database_in
from rollforward.store.ledgers import KeptLedger, LedgerKey
from rollforward.store.policies import PolicyShelf
from rollforward.store.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from rollforward.ledger.ground import Ground
    from rollforward.listing import Listing
    from rollforward.metrics.registry import Metric
    from rollforward.store.database import Database


class Kept:
    """The ground of a book, on which each of its sides stands."""

    def __init__(self, path: Path, found: Settings, clock: Clock = now, kept_in: Database | None = None) -> None:
        self.path = path
        self.settings = found
        self.shelf = PolicyShelf(None if kept_in else path)
        self.built = {"anew": 0, "caught_up": 0}
        """How many ledgers this object built, and how many it only changed where accounts had changed."""
        self._clock = clock
        self._database = kept_in or database_in(path)
        self._building = threading.Lock()
        self._together = threading.local()

    def let_go(self) -> None:
        """Close the files that are held open from one question to the next; the next question opens them again.

        While they are open, no other program can write in them in place.
        """
        self._database.let_go()

    def bound_memory(self, memory: str) -> None:
        """Let the engine that answers questions hold no more than a size at a time, such as "512MB".

        What does not fit lies in the book's folder meanwhile. UsageError if it is no size.
        """
        self._database.bound(memory)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread asks meanwhile is asked on one connection, and so of one state of the book."""
        with self._sharing():
            yield

    @contextmanager
    def _sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for reading: the one that this thread holds for questions together, or one of its own."""
        held: duckdb.DuckDBPyConnection | None = getattr(self._together, "connection", None)
        if held is not None:
            yield held
            return
        with self._database.sharing() as connection:
            self._together.connection = connection
            try:
                yield connection
            finally:
                self._together.connection = None

    def today(self, as_of: datetime | None = None) -> date:
        """The last day that the book looks at: its setting, or the clock's day in the book's time zone.

        As known at a time, it is that time's day at most.
        """
        local = self._day_of(as_of or self._clock())
        return min(self.settings.today or local, local)

    def _day_of(self, moment: datetime) -> date:
        """The day of a time in UTC, in the book's time zone."""
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.settings.timezone)).date()

    def state(self) -> str:
        """What tells one state of the book from another: its records, settings, policies and the day. Cheap to ask."""
        return f"{self._database.state()} {self.shelf.state()} {hash(self.settings)} {self.today()}"

    def policy(self, name: str | Policy | None = None) -> Policy:
        """A policy by name or by name and version: the book's own, or a built-in one. A policy stands for itself."""
        return name if isinstance(name, Policy) else self.shelf.find(name or self.settings.policy)

    def policies(self) -> list[str]:
        """The names of the policies: the book's own and the built-in ones."""
        return self.shelf.names()

    def policy_changes(self, name: str | Policy | None = None) -> list[tuple[date, str]]:
        """The days on which one of the book's own policies was first used otherwise than before, and how it is called.

        A built-in policy never changes.
        """
        plain, _ = split(name.name if isinstance(name, Policy) else name or self.settings.policy)
        return [(self._day_of(at), f"{plain}@{number}") for number, at in self.shelf.noted(plain)[1:]]

    def _counted_table(self, policy: str | Policy | None = None) -> str:
        from rollforward.ledger.build import BASIS

        return BASIS[self.policy(policy).basis]

    def _sources(self, connection: duckdb.DuckDBPyConnection, view: View) -> Sources:
        memory = self._database.memory_of(connection)
        return Sources(connection, self.settings, self._counted_table(view.policy), view.as_of, memory)

    def _lacking(
        self, connection: duckdb.DuckDBPyConnection, view: View, last: date, ends_by: str | None
    ) -> str | None:
        """What figures up to a day lack, where the view allows it; WithheldError where not."""
        return stale(self._sources(connection, view), last, allowed=view.allow_stale, ends_by=ends_by)

    def _used(self, view: View) -> Policy:
        """The policy of a view that is about to be used: a new version of it is noted."""
        return self.shelf.keep(self.policy(view.policy), self._clock())

    @contextmanager
    def _ready(self, view: View) -> Iterator[tuple[duckdb.DuckDBPyConnection, KeptLedger]]:
        """A connection for reading, and an up-to-date ledger of the view; built first if there is none."""
        view = replace(view, policy=self._used(view))
        with self._sharing() as connection:
            require_known(connection, view.as_of, self._clock())
            if kept := self._found(connection, self._key(view)):
                yield connection, kept
                return
        with self._built(view) as ready:
            yield ready

    @contextmanager
    def _built(self, view: View) -> Iterator[tuple[duckdb.DuckDBPyConnection, KeptLedger]]:
        """A connection in which ledgers can be built, and the view's ledger. Threads that ask at once build it once."""
        with ExitStack() as stack:
            # What is held sees the state before: who asks after this sees what is built now.
            self._together.connection = None
            with self._building:
                connection = stack.enter_context(self._database.reading())
                require_known(connection, view.as_of, self._clock())
                kept = self._also(connection, view)
            yield connection, kept

    def _also(self, connection: duckdb.DuckDBPyConnection, view: View) -> KeptLedger:
        """An up-to-date ledger of a view that the connection sees from now on, built if there is none."""
        return self._found(connection, self._key(view)) or self._brought_up(connection, view, quiet)

    def _found(self, connection: duckdb.DuckDBPyConnection, key: LedgerKey) -> KeptLedger | None:
        """The ledger of a key if it is there and up to date; the connection then sees it under its name."""
        if not self._database.attach(connection, key.name):
            return None
        memory, today = self._database.memory_of(connection), self.today(key.known_at)
        return memory.recall(("ledger", key, today), lambda: ledgers.find(connection, key, today))

    def _key(self, view: View) -> LedgerKey:
        return LedgerKey(self.policy(view.policy).hash, view.currency or self.settings.currency, view.as_of)

    def _currency(self, view: View) -> str:
        return Settings(currency=view.currency).currency if view.currency else self.settings.currency

    def _brought_up(self, connection: duckdb.DuckDBPyConnection, view: View, progress: Progress) -> KeptLedger:
        """The ledger of a view brought up to date: where accounts changed, if that is possible, or else built anew."""
        try:
            caught_up = self._caught_up(connection, view, progress)
        except ReconciliationError as error:
            # What was kept is not what its records make. Built anew, the ledger is proved on its own.
            progress(f"{error} It is built anew")
            caught_up = None
        if caught_up is None:
            return self._build(connection, view, progress)
        self.built["caught_up"] += 1
        return caught_up

    def _caught_up(self, connection: duckdb.DuckDBPyConnection, view: View, progress: Progress) -> KeptLedger | None:
        """The ledger of a view changed where accounts changed; None where it has to be built anew."""
        from rollforward.store import incremental

        key = self._key(view)
        if ledgers.behind(connection, key.name) is None:
            return None
        with self._database.held(connection, key.name) as revision:
            kept = ledgers.behind(connection, key.name)
            ground = self._ground_after(connection, view, kept) if kept else None
            if kept is None or ground is None:
                return None
            with incremental.changes(connection, kept, revision) as changes:
                if changes is None:
                    return None
                progress("1 changed account" if changes.accounts == 1 else f"{changes.accounts:,} changed accounts")
                changes.make(ground)
                with revision.revised():
                    return changes.apply(ground, self._clock())

    def _ground_after(self, connection: duckdb.DuckDBPyConnection, view: View, kept: KeptLedger) -> Ground | None:
        """What a kept ledger would be built on now; None if other rows than those of changed records would differ."""
        from rollforward.ledger.build import BASIS
        from rollforward.ledger.ground import Ground

        policy = self.policy(view.policy)
        table = BASIS[policy.basis]
        former = ledgers.traits_from(kept.traits)
        traits = former.joined(ledgers.traits_of(connection, table, self.settings.segments, kept.recorded_to))
        ground = Ground(policy, kept.currency, self.today(), traits)
        is_same = ground.leads_to_same(replace(ground, today=kept.today, traits=former))
        return ground if is_same and kept.dimensions == dimensions_of(self.settings, ground) else None

    def _build(self, connection: duckdb.DuckDBPyConnection, view: View, progress: Progress) -> KeptLedger:
        key = self._key(view)
        with self._database.building(connection, key.name):
            made = self._make(connection, view, key, progress)
        self.built["anew"] += 1
        return made

    def _make(
        self, connection: duckdb.DuckDBPyConnection, view: View, key: LedgerKey, progress: Progress
    ) -> KeptLedger:
        """Make the ledger of a view in the empty place of a key's name."""
        from rollforward.ledger.build import BASIS
        from rollforward.ledger.ground import Ground

        policy = self.policy(view.policy)
        currency = self._currency(view)
        traits = ledgers.traits_of(connection, BASIS[policy.basis], self.settings.segments)
        ground = Ground(policy, currency, self.today(view.as_of), traits)
        return ledgers.build(connection, key, ground, dimensions_of(self.settings, ground), self._clock(), progress)

    def _stamp(
        self, connection: duckdb.DuckDBPyConnection, kept: KeptLedger, view: View, lacking: str | None = None
    ) -> Stamp:
        # The ledger may have been built under another name with the same rules.
        stamp = self._stamp_of(connection, self.policy(view.policy), view, "", self.today(view.as_of))
        return replace(stamp, ledger_hash=kept.ledger_hash, stale=lacking)

    def _stamp_of(
        self, connection: duckdb.DuckDBPyConnection, policy: Policy, view: View, beside: str, to: date
    ) -> Stamp:
        memory = self._database.memory_of(connection)
        recorded = memory.recall(("last recorded", view.as_of), lambda: ledgers.last_recorded(connection, view.as_of))
        return Stamp(
            policy.name,
            policy.hash,
            self._currency(view),
            self.settings.timezone,
            to,
            recorded,
            view.as_of,
            "",
            self.settings.fiscal_year_start,
            policy.version if self.shelf.folder else None,
            beside,
        )

    @contextmanager
    def _asking(  # noqa: PLR0913  each is a part of the question
        self,
        view: View,
        where: Where | None,
        by: str | None,
        every: Every,
        start: date | None,
        end: date | None,
        metrics: Sequence[Metric] = (),
        *,
        whole_ledger: bool = False,
        ends_by: str | None = "--to",
    ) -> Iterator[Asked]:
        if every not in EVERY:
            raise UnknownNameError("period", every, list(EVERY))
        policy = self.policy(view.policy)
        view = replace(view, policy=policy)
        with self._ready(view) as (connection, kept):
            memory = self._database.memory_of(connection)
            asked = Asking(connection, kept, self.settings, policy, self.today(view.as_of), memory)
            segment = asked.segment(where or {}, by)
            try:
                question = asked.question(segment, every, start, end, metrics, whole_ledger=whole_ledger)
            except IncompleteError as error:
                raise _why_nothing(error, connection, kept) from error
            lacking = self._lacking(connection, view, question.today, ends_by)
            yield Asked(asked.source(), question, self._stamp(connection, kept, view, lacking), kept)

    def _listing(self, asked: Asked, of: Listed) -> Listing:
        """The listing that a question's ledger has of something."""
        from rollforward.metrics.facts import PERIODS

        def run(statement: str) -> list[tuple[Cell, ...]]:
            with self._sharing() as connection:
                if not self._database.attach(connection, asked.kept.name):
                    raise NotFoundError(f"the ledger that {of.subject} were asked of is gone. Ask for them again.")
                if of.periods is not None:
                    hand_in(connection, "asked_periods", PERIODS, of.periods)
                if of.periods is not None or statement.startswith("COPY"):
                    return connection.execute(statement).fetchall()
                return remembered(self._database.memory_of(connection), connection, statement)

        return listing(of, asked, run)


def _why_nothing(error: IncompleteError, connection: duckdb.DuckDBPyConnection, kept: KeptLedger) -> IncompleteError:
    """An error that there is no MRR, with what a view leaves out."""
    from rollforward.book.doctor import uncounted

    said = [str(error)]
    if kept.known_at:
        said.append(f"It was asked what was known at {kept.known_at:%Y-%m-%d %H:%M} UTC.")
    if number := uncounted(connection, kept.name, kept.known_at).set_aside:
        rows = "1 row is" if number == 1 else f"{number:,} rows are"
        said.append(
            f"In {kept.currency}, {rows} set aside: `rollforward problems --currency {kept.currency}` says why."
        )
    return IncompleteError(" ".join(said))


def dimensions_of(found: Settings, ground: Any) -> list[str]:  # noqa: ANN401
    """The dimensions whose cube the build keeps: the book's segments that its records have, and cohorts."""
    known = {"plan", "product", "currency", "country", *ground.traits.attributes}
    kept = [field for field in found.segments if field in known]
    return [*kept, "cohort"]
