"""The book: a folder with records and ledgers, and the object that every surface talks to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollforward.book.asking import Asked, Asking, Where, hand_in
from rollforward.book.auditing import Auditing
from rollforward.book.completeness import (
    Sources,
    import_columns,
    import_rows,
    require_known,
    source_columns,
    source_rows,
    stale,
)
from rollforward.book.entering import Entering
from rollforward.book.explaining.explanation import SHOWN
from rollforward.book.flows import cause_rows, flow_columns, rollforward_row
from rollforward.calendar import EVERY, Every
from rollforward.errors import (
    BookExistsError,
    IncompleteError,
    NotFoundError,
    RollforwardError,
    UnknownNameError,
    UsageError,
)
from rollforward.listing import Listing
from rollforward.money import exact
from rollforward.policy.policy import Policy
from rollforward.policy.written import said
from rollforward.results import Cell, ColumnKind, Result, ResultColumn, Stamp, column
from rollforward.store import ledgers, problems, settings
from rollforward.store.database import Database, MemoryDatabase
from rollforward.store.ledgers import KeptLedger, LedgerKey
from rollforward.store.policies import PolicyShelf
from rollforward.store.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir

    from rollforward.book import constant
    from rollforward.book.backup import BackupProgress, Manifest
    from rollforward.book.bridge import PolicyBridge
    from rollforward.book.demo_book import Demo
    from rollforward.book.doctor import Uncounted
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.metrics.figures import Figures
    from rollforward.metrics.registry import Metric

Progress = Callable[[str], None]
Clock = Callable[[], datetime]


def _quiet(_: str) -> None:
    return None


def now() -> datetime:
    """The clock: the time now, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class View:
    """How a book is looked at: under which policy, in which currency, as known at which time.

    `as_of` is in UTC where it has no offset. With `allow_stale` figures come even from sources that are stale or
    incomplete, and their stamp says so.
    """

    policy: str | Policy | None = None
    currency: str | None = None
    as_of: datetime | None = None
    allow_stale: bool = False

    def __post_init__(self) -> None:
        if self.as_of is not None and self.as_of.tzinfo is not None:
            object.__setattr__(self, "as_of", self.as_of.astimezone(UTC).replace(tzinfo=None))


class Book(Auditing, Entering):
    """An open book. Its methods answer with frozen results; nothing of it is held open between calls."""

    def __init__(self, path: Path, found: Settings, clock: Clock = now, kept_in: Database | None = None) -> None:
        super().__init__(found, clock, kept_in or Database(path))
        self.path = path
        self.shelf = PolicyShelf(None if kept_in else path)

    # -- making and opening ------------------------------------------------------------------------------------------

    @classmethod
    def planned(cls, path: str | Path, *, clock: Clock = now, replace: bool = False, **chosen: Any) -> Book:  # noqa: ANN401
        """The book that `create` would make, with nothing written. BookExistsError if there is one already."""
        folder = Path(path)
        if not replace and _is_book(folder):
            raise BookExistsError(folder)
        if other := next((part for part in (folder, *folder.parents) if part.exists() and not part.is_dir()), None):
            raise UsageError(
                f"{other} is a file, and a book is a folder. Name a folder; it is made if it is not there."
            )
        book = cls(folder, Settings(**chosen), clock)
        book.policy()
        return book

    @classmethod
    def create(cls, path: str | Path, *, clock: Clock = now, replace: bool = False, **chosen: Any) -> Book:  # noqa: ANN401
        """A new book in a folder, made if need be. `chosen` are settings.

        BookExistsError if there is one already; with `replace` the new one takes its place.
        """
        book = cls.planned(path, clock=clock, replace=replace, **chosen)
        book.path.mkdir(parents=True, exist_ok=True)
        Database(book.path).create()
        settings.save(book.path, book.settings)
        return book

    @classmethod
    def open(cls, path: str | Path, *, clock: Clock = now, tell: Progress = _quiet) -> Book:
        """The book in a folder; NotABookError if there is none.

        A book of an older format is brought to this release's, which `tell` is told; FormatError if it is of a newer.
        """
        folder = Path(path)
        _refuse_file(folder)
        book = cls(folder, settings.load(folder), clock)
        book._database.bring_up_to_date(tell)
        return book

    @classmethod
    def in_memory(cls, *, clock: Clock = now, **chosen: Any) -> Book:  # noqa: ANN401
        """A book that lives as long as its object. `chosen` are settings."""
        kept_in = MemoryDatabase()
        kept_in.create()
        return cls(kept_in.folder, Settings(**chosen), clock, kept_in)

    @staticmethod
    def demo(folder: str | Path, *, customers: int = 2000, seed: int = 1, clock: Clock = now) -> Demo:
        """The demo company of a seed, ready to be made a book of in a folder, with its own truth."""
        from rollforward.book.demo_book import demo_of

        return demo_of(Path(folder), customers, seed, clock)

    # -- keeping safe ------------------------------------------------------------------------------------------------

    def backup(
        self,
        to: str | Path,
        *,
        with_ledgers: bool = False,
        replace: bool = False,
        progress: BackupProgress = lambda _, __: None,
    ) -> Manifest:
        """Write the book to one archive, whole or not at all; others can read and write it meanwhile.

        Ledgers can be built anew and are left out, unless asked for. `progress` is told the file and the bytes done.
        UsageError if the file is there and not to be replaced.
        """
        from rollforward.book.backup import back_up

        made_at = self._clock()
        return back_up(
            self.path, Path(to), made_at=made_at, with_ledgers=with_ledgers, replace=replace, progress=progress
        )

    def planned_backup(self, to: str | Path, *, with_ledgers: bool = False, replace: bool = False) -> dict[str, int]:
        """The files that `backup` would write, with their sizes in bytes; nothing is written."""
        from rollforward.book.backup import planned

        return planned(self.path, Path(to), with_ledgers=with_ledgers, replace=replace)

    @staticmethod
    def restore(
        file: str | Path,
        folder: str | Path,
        *,
        dry_run: bool = False,
        progress: BackupProgress = lambda _, __: None,
    ) -> Manifest:
        """Put the book of a backup in a folder that is empty or not there, once every byte was checked.

        BackupError, and nothing put in place, if the archive is not whole or not one of `backup`.
        """
        from rollforward.book.restoring import restore

        return restore(Path(file), Path(folder), dry_run=dry_run, progress=progress)

    # -- building ----------------------------------------------------------------------------------------------------

    def build(self, view: View = View(), *, progress: Progress = _quiet, force: bool = True) -> KeptLedger:
        """Build the ledger of a view anew and prove it; with `force=False` only if it is not up to date."""
        view = replace(view, policy=self._used(view))
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            found = None if force else self._found(connection, self._key(view))
            return found or self._build(connection, view, progress)

    # -- looking at --------------------------------------------------------------------------------------------------

    def today(self, as_of: datetime | None = None) -> date:
        """The last day that the book looks at: its setting, or the clock's day in the book's time zone.

        As known at a time, it is that time's day at most.
        """
        local = self._day_of(as_of or self._clock())
        return min(self.settings.today or local, local)

    def policy(self, name: str | Policy | None = None) -> Policy:
        """A policy by name or by name and version: the book's own, or a built-in one. A policy stands for itself."""
        return name if isinstance(name, Policy) else self.shelf.find(name or self.settings.policy)

    def policies(self) -> list[str]:
        """The names of the policies: the book's own and the built-in ones."""
        return self.shelf.names()

    def policy_bridge(
        self,
        first: str | Policy,
        other: str | Policy,
        *,
        on: date | None = None,
        view: View = View(),
        accounts: bool = False,
    ) -> PolicyBridge:
        """What each rule in which two policies differ is worth on a day (default: today), and the residual, 0.

        With `accounts`, `changed` lists every account that a rule changes. The view's own policy is not read.
        """
        from rollforward.book import bridging

        today = self.today(view.as_of)
        day = on or today
        if day > today:
            raise UsageError(f"{day} is yet to come. The book looks up to {today}.")
        one, two = (self._used(replace(view, policy=name)) for name in (first, other))
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            lacks = (self._lacking(connection, replace(view, policy=policy), day) for policy in (one, two))
            lacking = "; ".join(dict.fromkeys(lack for lack in lacks if lack)) or None
            stamp = replace(self._stamp_of(connection, one, view, f"{two.label} ({two.hash})", day), stale=lacking)
            at = bridging.Standpoint(connection, stamp.currency, today, view.as_of, day)
            return bridging.bridge(at, one, two, stamp, accounts=accounts)

    def what_if(
        self,
        changes: Mapping[str, Any],
        *,
        on: date | None = None,
        view: View = View(),
        accounts: bool = False,
    ) -> PolicyBridge:
        """The bridge from the view's policy to what it would be with some keys changed; PolicyError for a wrong key."""
        now = self.policy(view.policy)
        other = now.with_settings(f"{now.label} with {said(changes)}", dict(changes))
        return self.policy_bridge(now, other, on=on, view=view, accounts=accounts)

    def rollforward(
        self,
        *,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        by: str | None = None,
        view: View = View(),
    ) -> Result:
        """Opening + movements = closing MRR for each period, and for each group if `by` names a field.

        Where the policy books what is learned of closed months in the next open one, the whole book by month, quarter
        or year shows closed months as they were reported, and the column `restated`.
        """
        if as_reported := self._as_reported(every, (start, end), where, by, view):
            return as_reported
        with self._asking(view, where, by, every, start, end) as asked:
            from rollforward.metrics import answers

            figures = answers.figures(asked.source, asked.question)
            sql = asked.sql(answers.flow_query(asked.source, asked.question))
        placed = any(one.flows.get("transfer") for one in figures)
        shown = flow_columns(segmented=asked.question.segment.follows_items, placed=placed)
        moved = {one.group for one in figures if one.opening or any(one.flows.values())}
        rows = [rollforward_row(one, shown, by) for one in figures if one.group in moved or not by]
        columns = [column("period", "text"), *_group_column(by), column("opening", "money")]
        columns += [column(kind, "money") for kind in shown] + [column("closing", "money")]
        return Result("rollforward", tuple(columns), asked.stamp, sql, lambda: rows)

    def constant_currency(
        self,
        *,
        at: date,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """Each period's reported opening, exchange and closing beside the closing at the rates of one day, `at`.

        `exchange_in_closing` is what exchange made of the closing, None where some reported record lacks a rate on the
        day; growth rates are closing / opening - 1, None without MRR at the opening. UsageError for a day after today,
        or if the policy never converts; IncompleteError if no record has a rate on the day.
        """
        from rollforward.book import constant

        held = self._held(view, at)
        reported, asked = self._figures(view, every, start, end, where)
        try:
            figures, _ = self._figures(held, every, start, end, where)
        except IncompleteError as error:
            raise constant.nothing_held(at, asked.stamp.currency) from error
        comparable = not self.uncounted_constant(at=at, view=view).records
        rows = constant.side_by_side(reported, figures, at, comparable=comparable)
        return Result("constant_currency", constant.COLUMNS, asked.stamp, asked.flow_sql(), lambda: rows)

    def uncounted_constant(self, *, at: date, view: View = View()) -> constant.Uncounted:
        """The records that lack a rate on the day of `constant_currency` though they are reported."""
        from rollforward.book import constant

        held = self._held(view, at)
        sides = (self.problems(severity="set aside", view=side).to_dicts() for side in (view, held))
        return constant.uncounted(*sides)

    def metrics(
        self,
        *names: str,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        by: str | None = None,
        view: View = View(),
    ) -> Result:
        """The values of metrics for each period and group. Without names: every metric."""
        from rollforward.metrics import answers
        from rollforward.metrics.registry import every_metric, find

        listed = [find(name) for name in names] or every_metric()
        with self._asking(view, where, by, every, start, end, listed) as asked:
            figures = answers.figures(asked.source, asked.question)
            sql = asked.sql(answers.flow_query(asked.source, asked.question))
        rows = [
            (one.period.label, *([one.group] if by else []), *(_exact(value) for value in answers.values(listed, one)))
            for one in figures
        ]
        columns = [
            column("period", "text"),
            *_group_column(by),
            *(column(metric.name, metric.unit) for metric in listed),
        ]
        return Result("metrics", tuple(columns), asked.stamp, sql, lambda: rows)

    def movements(
        self,
        *,
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        kind: str | None = None,
        account: str | None = None,
        causes: bool = False,
        view: View = View(),
    ) -> Listing:
        """Every movement: day, account, kind, MRR moved, before and after. Amounts of 0 are left out.

        With `causes` a row for each cause of a movement, whose MRR is what that cause moved.
        """
        with self._asking(view, where, None, "day", start, end, whole_ledger=True) as asked:
            from rollforward.metrics.causes import caused_movement_list
            from rollforward.metrics.listings import movement_list

            source, of = asked.source, {"kind": kind, "account": account}
            if causes:
                expression = caused_movement_list(source.ledger, source.records, asked.question, **of)
            else:
                expression = movement_list(source.ledger, asked.question, **of)
        kinds = {"day": "day", "mrr": "money", "before": "money", "after": "money"}
        return self._listing("movements", expression, kinds, asked)

    def causes(
        self,
        *,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """What moved MRR in each period: kind, cause, MRR and how many movements it had a part in. Losses are negative.

        The rows of a period and kind add up to that kind in the roll-forward.
        """
        with self._asking(view, where, None, every, start, end) as asked:
            from rollforward.metrics.causes import cause_sums

            expression = cause_sums(asked.source.ledger, asked.source.records, asked.question)
            found = asked.run(expression)
            sql = asked.sql(expression)
        rows = cause_rows(found, asked.question.periods)
        columns = [column(name, "text") for name in ("period", "kind", "cause")]
        columns += [column("mrr", "money"), column("movements", "count")]
        return Result("causes", tuple(columns), asked.stamp, sql, lambda: rows)

    def annual_movements(self, *, view: View = View()) -> list[tuple[date, str, str, int]]:
        """Every movement up to today as it is stored: day, account, kind, annual amount in stored units."""
        with self._ready(view) as (connection, kept):
            return connection.execute(
                f"SELECT day, account, kind, amount FROM {kept.name}.movements "
                "WHERE amount <> 0 AND day <= ? ORDER BY ALL",
                [self.today(view.as_of)],
            ).fetchall()

    def annual_causes(
        self, *, start: date | None = None, end: date | None = None, view: View = View()
    ) -> list[tuple[date, str, str, int]]:
        """Why MRR moved, as it is stored: day, account, cause, annual amount in stored units, by item."""
        with self._asking(view, None, None, "day", start, end, whole_ledger=True) as asked:
            from rollforward.ledger.causes import causes

            days = (asked.question.periods[0].start, asked.question.today) if start else None
            found = causes(asked.source.ledger, asked.source.records, days)
            kept = found.filter(found.day <= asked.question.today)
            return asked.source.run(kept.select("day", "account", "cause", "amount"))

    def accounts(self, *, where: Where | None = None, search: str | None = None, view: View = View()) -> Listing:
        """Every account: its MRR now, since when, its last movement, and its plans."""
        with self._asking(view, where, None, "day", None, None, whole_ledger=True) as asked:
            from rollforward.metrics.listings import account_list

            expression = account_list(asked.source.ledger, asked.question, search)
        kinds = {"mrr": "money", "arr": "money", "since": "day", "last_moved": "day"}
        return self._listing("accounts", expression, kinds, asked)

    def customer_months(self, *, where: Where | None = None, view: View = View()) -> Listing:
        """The customer cube: the MRR of every customer at every month end at which it has some."""
        with self._asking(view, where, None, "month", None, None) as asked:
            from rollforward.metrics.listings import customer_month_list

            expression = customer_month_list(asked.source.ledger, asked.question)
            months = asked.question.period_rows()
        return self._listing("customer_months", expression, {"month_end": "day", "mrr": "money"}, asked, months)

    def explain(  # noqa: PLR0913  each names a part of what is to be explained
        self,
        metric: str | None = None,
        period: str | None = None,
        *,
        account: str | None = None,
        on: date | None = None,
        movement: date | None = None,
        every: Every | None = None,
        where: Where | None = None,
        limit: int | None = SHOWN,
        view: View = View(),
    ) -> Explanation:
        """Why a number is what it is: a metric of a period, or an account's MRR on a day, or its movements of a day.

        A metric opens by its formula, then into at most `limit` accounts and movements a figure (None: all); an account
        into the spans, records and rows that make its MRR, and those that do not count; a movement into its causes.
        `period` is written `2026-06-30`, `2026-06`, `2026-Q2`, `2026` or `2026-W27`. NotFoundError for an account that
        the book does not know and a day without a movement, UsageError for a day before the first record,
        ReconciliationError where the parts of a number do not add up to it.
        """
        from rollforward.book.explaining.asked import (
            explained_account,
            explained_metric,
            explained_movement,
            subject_of,
        )

        subject = subject_of(metric, period, account, on, movement, every, where, self.settings.fiscal_year_start)
        with self._asking(
            view,
            where,
            None,
            subject.every,
            subject.start,
            subject.end,
            subject.metrics,
            whole_ledger=subject.of_account,
        ) as asked:
            if account is None:
                return explained_metric(asked, str(metric), limit)
            explained = explained_account if movement is None else explained_movement
            return explained(asked, account, subject.end)

    def history(
        self, account: str, *, on: date | None = None, month: str | None = None, view: View = View()
    ) -> Explanation:
        """What the book said about an account over time: its MRR on a day (today if none), or a month's movements.

        A part for each time the book learned something that changed the answer, with the movements that changed and
        the facts that changed them. NotFoundError for an account that the book does not know.
        """
        from rollforward.book.explaining.asked import history_of
        from rollforward.book.explaining.history import history

        with self._asking(replace(view, as_of=None), None, None, "day", None, None, whole_ledger=True) as now:
            asked = history_of(now, account, on, month, view.as_of)

        def said(kept_in: Database) -> list[tuple[date, str, int]]:
            then = Book(self.path, replace(self.settings, segments=()), self._clock, kept_in)
            moves = then.annual_movements(view=replace(view, as_of=None))
            return [(day, kind, amount) for day, of, kind, amount in moves if of == account]

        with self._database.reading() as connection:
            return history(connection, asked, said).stamped(replace(now.stamp, known_at=view.as_of), [])

    def cohorts(
        self,
        *,
        measure: str = "customers",
        every: Every = "month",
        percent: bool = True,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """Accounts by the period of their first MRR, and what is left of them at the end of each period after it."""
        if measure not in {"customers", "mrr"}:
            raise UnknownNameError("measure", measure, ["customers", "mrr"])
        if every not in {"month", "quarter", "year"}:
            raise UnknownNameError("cohort period", every, ["month", "quarter", "year"])
        with self._asking(view, where, "cohort", every, None, None) as asked:
            from rollforward.metrics.cohorts import cohorts
            from rollforward.metrics.listings import cohort_flows

            expression = cohort_flows(asked.source, asked.question)
            today = asked.question.today
            made = cohorts(asked.source.run(expression), today, every, measure, self.settings.fiscal_year_start)
            sql = asked.sql(expression)
        kind: ColumnKind = "count" if measure == "customers" else "money"
        width = max((len(cohort.left) for cohort in made), default=0)
        cells = [[_exact(value) for value in (cohort.shares() if percent else cohort.left)] for cohort in made]
        rows = [
            (cohort.period.label, _exact(cohort.size), *row, *[None] * (width - len(row)))
            for cohort, row in zip(made, cells, strict=True)
        ]
        columns = [column("cohort", "text"), column("size", kind)]
        columns += [column(f"{every}_{number}", "ratio" if percent else kind) for number in range(width)]
        return Result("cohorts", tuple(columns), asked.stamp, sql, lambda: rows)

    def problems(self, *, severity: str | None = None, view: View = View()) -> Result:
        """What could not be read or does not count: from imports, and records that the build set aside."""
        with self._ready(view) as (connection, kept):
            rows = problems.listed(connection, kept.name, severity, view.as_of)
            stamp = self._stamp(connection, kept, view)
        names = ("source", "table", "file", "row", "field", "value", "reason", "remedy", "severity")
        columns = tuple(ResultColumn(name, "count" if name == "row" else "text") for name in names)
        return Result("problems", columns, stamp, problems.LISTED, lambda: rows)

    def uncounted(self, *, view: View = View()) -> Uncounted:
        """How many rows are in no figure of a view: in quarantine, or set aside by the build."""
        from rollforward.book.doctor import uncounted

        with self._ready(view) as (connection, kept):
            return uncounted(connection, kept.name, view.as_of)

    def quarantined(self) -> int:
        """How many rows are in quarantine, and so in no figure of any view."""
        with self._database.reading() as connection:
            return problems.counted(connection, "quarantined")

    def doctor(self, *, view: View = View()) -> Result:
        """The state of the book: each check with ok, look or fails, what it found, examples, and what to do."""
        from rollforward.book.doctor import Examined, examine

        with self._ready(view) as (connection, kept):
            stamp = self._stamp(connection, kept, view)
            policy, today, sources = self.policy(view.policy), self.today(view.as_of), self._sources(connection, view)
            found = examine(Examined(connection, kept, policy, self.settings, today, sources))
        rows: list[tuple[Cell, ...]] = [
            (one.check, one.state, one.found, "; ".join(one.examples), one.remedy) for one in found
        ]
        columns = tuple(column(name, "text") for name in ("check", "state", "found", "examples", "remedy"))
        return Result("doctor", columns, stamp, "", lambda: rows)

    def sources(self, *, imports: bool = False, view: View = View()) -> Result:
        """Every source: what came, what became of it, the day it is good to, its state and what to do.

        Its state is that for figures of today under the view's policy: ok, stale, incomplete, ended. With `imports`
        a row for each import.
        """
        with self._ready(view) as (connection, kept):
            stamp = self._stamp(connection, kept, view)
            sources = self._sources(connection, view)
            rows = import_rows(sources) if imports else source_rows(sources, self.today(view.as_of))
        columns = import_columns() if imports else source_columns()
        return Result("imports" if imports else "sources", columns, stamp, "", lambda: rows)

    def imports(self) -> list[dict[str, Any]]:
        """The imports so far: rows in = booked + unchanged + quarantined, each."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT * EXCLUDE (map) FROM imports ORDER BY import")
            names = [part[0] for part in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def planned_build(self, view: View = View()) -> tuple[Policy, str, bool]:
        """What `build` would build: the policy, the currency, and whether a ledger is there that is up to date."""
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            there = self._found(connection, self._key(view))
        return self.policy(view.policy), self._currency(view), there is not None

    def entry_list(self) -> Result:
        """What people entered, as a table: entry, kind, about, reason, by, at (UTC), undone by."""
        kept = self.entries()
        with self._database.reading() as connection:
            stamp = self._stamp_of(connection, self.policy(), View(), "", self.today())
        rows: list[tuple[Cell, ...]] = [
            (
                one.entry,
                one.kind,
                one.about,
                one.reason,
                one.entered_by,
                f"{one.recorded_at:%Y-%m-%d %H:%M}",
                one.undone_by,
            )
            for one in kept
        ]
        kinds = {"entry": "count", "undone_by": "count"}
        names = ("entry", "kind", "about", "reason", "by", "at", "undone_by")
        columns = tuple(ResultColumn(name, kinds.get(name, "text")) for name in names)  # type: ignore[arg-type]
        return Result("entries", columns, stamp, "", lambda: rows)

    def likely(self, *, view: View = View()) -> Result:
        """Customers that may be one, or may have moved: kind, customer, other, evidence, and the command for it."""
        from rollforward.book.likely import likely, people_of

        with self._ready(view) as (connection, kept):
            found = likely(people_of(connection, kept.name))
            stamp = self._stamp(connection, kept, view)
        rows: list[tuple[Cell, ...]] = [(one.kind, one.customer, one.other, one.evidence, one.command) for one in found]
        columns = tuple(column(name, "text") for name in ("kind", "customer", "other", "evidence", "command"))
        return Result("likely", columns, stamp, "", lambda: rows)

    def ledger(self, view: View = View()) -> KeptLedger:
        """The ledger of a view, built if it is not up to date."""
        with self._ready(view) as (_, kept):
            return kept

    # -- within ------------------------------------------------------------------------------------------------------

    def _counted_table(self, policy: str | Policy | None = None) -> str:
        from rollforward.ledger.build import BASIS

        return BASIS[self.policy(policy).basis]

    def _sources(self, connection: duckdb.DuckDBPyConnection, view: View) -> Sources:
        return Sources(connection, self.settings, self._counted_table(view.policy), view.as_of)

    def _lacking(self, connection: duckdb.DuckDBPyConnection, view: View, last: date) -> str | None:
        """What figures up to a day lack, where the view allows it; WithheldError where not."""
        return stale(self._sources(connection, view), last, allowed=view.allow_stale)

    def _used(self, view: View) -> Policy:
        """The policy of a view that is about to be used: a new version of it is noted."""
        return self.shelf.keep(self.policy(view.policy), self._clock())

    def _held(self, view: View, at: date) -> View:
        """The view whose policy holds the rates of one day."""
        from rollforward.book.constant import at_rates_of

        return replace(view, policy=at_rates_of(self.policy(view.policy), at, self.today()))

    def _figures(
        self, view: View, every: Every, start: date | None, end: date | None, where: Where | None
    ) -> tuple[list[Figures], Asked]:
        """The flows of every period of a view."""
        with self._asking(view, where, None, every, start, end) as asked:
            from rollforward.metrics import answers

            return answers.figures(asked.source, asked.question), asked

    @contextmanager
    def _ready(self, view: View) -> Iterator[tuple[duckdb.DuckDBPyConnection, KeptLedger]]:
        """A connection for reading, and an up-to-date ledger of the view; built first if there is none."""
        view = replace(view, policy=self._used(view))
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            yield connection, self._also(connection, view)

    def _also(self, connection: duckdb.DuckDBPyConnection, view: View) -> KeptLedger:
        """An up-to-date ledger of a view that the connection sees from now on, built if there is none."""
        return self._found(connection, self._key(view)) or self._build(connection, view, _quiet)

    def _found(self, connection: duckdb.DuckDBPyConnection, key: LedgerKey) -> KeptLedger | None:
        """The ledger of a key if it is there and up to date; the connection then sees it under its name."""
        if not self._database.attach(connection, key.name):
            return None
        return ledgers.find(connection, key, self.today(key.known_at))

    def _key(self, view: View) -> LedgerKey:
        return LedgerKey(self.policy(view.policy).hash, view.currency or self.settings.currency, view.as_of)

    def _currency(self, view: View) -> str:
        return Settings(currency=view.currency).currency if view.currency else self.settings.currency

    def _build(self, connection: duckdb.DuckDBPyConnection, view: View, progress: Progress) -> KeptLedger:
        key = self._key(view)
        with self._database.building(connection, key.name):
            return self._make(connection, view, key, progress)

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
        return ledgers.build(connection, key, ground, _dimensions(self.settings, ground), self._clock(), progress)

    def _stamp(
        self, connection: duckdb.DuckDBPyConnection, kept: KeptLedger, view: View, lacking: str | None = None
    ) -> Stamp:
        # The ledger may have been built under another name with the same rules.
        stamp = self._stamp_of(connection, self.policy(view.policy), view, "", self.today(view.as_of))
        return replace(stamp, ledger_hash=kept.ledger_hash, stale=lacking)

    def _stamp_of(
        self, connection: duckdb.DuckDBPyConnection, policy: Policy, view: View, beside: str, to: date
    ) -> Stamp:
        row = connection.execute(
            "SELECT max(recorded_at) FROM imports WHERE $known_at IS NULL OR recorded_at <= $known_at::TIMESTAMP",
            {"known_at": view.as_of},
        ).fetchone()
        return Stamp(
            policy.name,
            policy.hash,
            self._currency(view),
            self.settings.timezone,
            to,
            row[0] if row else None,
            view.as_of,
            "",
            self.settings.fiscal_year_start,
            policy.version if self.shelf.folder else None,
            beside,
        )

    @contextmanager
    def _asking(
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
    ) -> Iterator[Asked]:
        if every not in EVERY:
            raise UnknownNameError("period", every, list(EVERY))
        with self._ready(view) as (connection, kept):
            asked = Asking(connection, kept, self.settings, self.policy(view.policy), self.today(view.as_of))
            segment = asked.segment(where or {}, by)
            try:
                question = asked.question(segment, every, start, end, metrics, whole_ledger=whole_ledger)
            except IncompleteError as error:
                raise _why_nothing(error, connection, kept) from error
            lacking = self._lacking(connection, view, question.today)
            yield Asked(asked.source(), question, self._stamp(connection, kept, view, lacking), kept)

    def _listing(
        self,
        subject: str,
        expression: ir.Table,
        kinds: Mapping[str, str],
        asked: Asked,
        periods_asked: list[tuple[Any, ...]] | None = None,
    ) -> Listing:
        sql = asked.sql(expression)

        def run(statement: str) -> list[tuple[Cell, ...]]:
            with self._database.reading() as connection:
                if not self._database.attach(connection, asked.kept.name):
                    raise NotFoundError(f"the ledger that {subject} were asked of is gone. Ask for them again.")
                if periods_asked is not None:
                    hand_in(
                        connection, "asked_periods", {"number": "int64", "start": "date", "end": "date"}, periods_asked
                    )
                return connection.execute(statement).fetchall()

        columns = tuple(ResultColumn(name, kinds.get(name, "text")) for name in expression.columns)  # type: ignore[arg-type]
        return Listing(subject, columns, asked.stamp, sql, lambda: run(sql), expression, run)


def _is_book(folder: Path) -> bool:
    """Whether a folder holds a book. Settings come last, so an empty database alone is what a dead `create` left."""
    if (folder / settings.FILE).exists():
        return True
    kept_in = Database(folder)
    if not kept_in.file.exists():
        return False
    try:
        with kept_in.reading() as connection:
            return bool(connection.execute("SELECT 1 FROM imports LIMIT 1").fetchall())
    except RollforwardError:
        return True


def _refuse_file(folder: Path) -> None:
    """Refuse a file where a book's folder is to be."""
    if other := next((part for part in (folder, *folder.parents) if part.exists() and not part.is_dir()), None):
        raise UsageError(f"{other} is a file, and a book is a folder. Name the folder.")


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


def _dimensions(found: Settings, ground: Any) -> list[str]:  # noqa: ANN401
    """The dimensions whose cube the build keeps: the book's segments that its records have, and cohorts."""
    known = {"plan", "product", "currency", "country", *ground.traits.attributes}
    kept = [field for field in found.segments if field in known]
    return [*kept, "cohort"]


def _group_column(by: str | None) -> list[ResultColumn]:
    return [column(by, "text")] if by else []


def _exact(value: Any) -> Cell:  # noqa: ANN401
    return None if value is None else exact(value)
