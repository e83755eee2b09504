"""Closing: months kept as they were reported, reopened on record, and held against what is known now."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rollforward.book import restating
from rollforward.book.asking import Asking
from rollforward.book.flows import flow_columns, rollforward_row
from rollforward.book.restating import COARSE, RESTATED, Line, Restatement
from rollforward.book.short import short_rates, short_sources
from rollforward.book.taking_in import TakingIn
from rollforward.book.view import View
from rollforward.calendar import months_named
from rollforward.errors import CloseError, NotFoundError, RollforwardError, UsageError
from rollforward.money import exact, monthly
from rollforward.results import Cell, Result, ResultColumn, column
from rollforward.store import closes
from rollforward.store.closes import Close

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    import duckdb

    from rollforward.book.asking import Where
    from rollforward.calendar import Every, Period
    from rollforward.policy.policy import Policy
    from rollforward.results import Stamp
    from rollforward.store.ledgers import KeptLedger

SQL = "SELECT * FROM closes ORDER BY close"


@dataclass(frozen=True)
class Changed:
    """A closed month whose figures are no longer those that were reported. MRR, exact."""

    period: str
    reported: Decimal
    now: Decimal


class Closing(TakingIn):
    """The side of a book that closes months. A series of closes is that of one policy, by name, and one currency."""

    # -- closing and reopening ---------------------------------------------------------------------------------------

    def close(self, period: str, *, by: str, note: str = "", view: View | None = None, dry_run: bool = False) -> Result:
        """Keep the roll-forward of a month, or of the months of a quarter or year, as it is reported.

        CloseError for a month that is not over, that is closed already, before the first record, or before which
        another one is open. IncompleteError where there is nothing to report, WithheldError where a source is stale or
        incomplete for it and the view does not allow that.
        """
        view = self._closing_view(view)
        with self._ready(view) as (connection, kept):
            listed = self._series(connection, view)
            standing = closes.standing(listed)
            months = self._to_close(period, standing)
            if not standing:
                _refuse_unfit_first(connection, kept.name, months[0], listed)
            lacking = self._lacking(connection, view, months[-1].last_day, None)
            lines = self._lines(connection, kept, view, months[0].start, months[-1].last_day)
            known = closes.last_import(connection)
            digests = [closes.movements_digest(connection, kept.name, one.start, one.end) for one in months]
            stamp = self._stamp(connection, kept, view, lacking)
        moment = max(self._clock(), known[1] or self._clock())
        made = [
            self._close(view, kept, line, _Told(by, note, moment, known[0], movements))
            for line, movements in zip(lines, digests, strict=True)
        ]
        with self._database.writing(kept=not dry_run) as connection:
            _refuse_news(connection, known, standing, self._series(connection, view))
            closes.add(connection, made)
        shown = restating.as_reported(lines, {}, [*standing, *made]) if _books_next(self.policy(view.policy)) else lines
        return _rollforward(shown, stamp, restated=shown is not lines)

    def short_of(self, period: str, *, view: View | None = None) -> list[str]:
        """What ends within a period before its last day, in words: data of a source, rates of a counted currency."""
        view = self._closing_view(view)
        month = self._months_of(period)[-1]
        with self._sharing() as connection:
            sources = self._sources(connection, view)
            looks_up = self.policy(view.policy).exchange_rule not in {"none", "fixed"}
            rates = short_rates(sources, self._currency(view), month) if looks_up else []
            return [*short_sources(sources, month), *rates]

    def reopen(
        self, period: str, *, by: str, reason: str, view: View | None = None, later: bool = False, dry_run: bool = False
    ) -> list[str]:
        """Reopen a closed month, or the months of a quarter or year: the months that were, in order.

        CloseError where later months are closed: they are reopened first, or along with it if `later` says so.
        """
        view = self._closing_view(view)
        with self._database.writing(kept=not dry_run) as connection:
            standing = closes.standing(self._series(connection, view))
            wanted = {month.label for month in self._months_of(period)}
            first = next((one.starts for one in standing if one.period in wanted), None)
            if first is None:
                raise NotFoundError(f"{period} is not closed{_closed_up_to(standing)}.")
            reopened = [one for one in standing if one.starts >= first]
            others = [one.period for one in reopened if one.period not in wanted]
            if others and not later:
                raise CloseError(
                    f"{', '.join(others)} {'is' if len(others) == 1 else 'are'} closed and later than {period}. "
                    "Reopen the latest first, or add --yes to reopen them along with it."
                )
            closes.add(connection, [_reopening(one, by, reason, self._clock()) for one in reopened])
        return [one.period for one in reopened]

    def _closing_view(self, view: View | None) -> View:
        found = view or View()
        if found.as_of is not None:
            raise UsageError("a close is made and shown as things are known now. Leave out --as-of.")
        return found

    def _series(self, connection: duckdb.DuckDBPyConnection, view: View) -> list[Close]:
        memory = self._database.memory_of(connection)
        listed = memory.recall("closes", lambda: closes.every(connection))
        return closes.of_series(listed, self.policy(view.policy).name, self._currency(view))

    def _months_of(self, period: str) -> list[Period]:
        months = months_named(period, self.settings.fiscal_year_start)
        if not months:
            raise UsageError(
                f"{period!r} is not a month, quarter or year. Write one such as 2026-10, 2026-Q4 or 2026, "
                "or FY2026-Q4 where the fiscal year does not begin in January."
            )
        return months

    def _to_close(self, period: str, standing: Sequence[Close]) -> list[Period]:
        """The months of a period that are to be closed, all of them over and none left out before."""
        closed = {one.period for one in standing}
        months = [month for month in self._months_of(period) if month.label not in closed]
        if not months:
            raise CloseError(f"{period} is closed already. To close it anew, reopen it first: rollforward reopen.")
        over = min(self._day_of(self._clock()), self.today() + timedelta(days=1))
        if late := next((month for month in months if month.end > over), None):
            raise CloseError(
                f"{late.label} is not over: it ends with {late.last_day}, and the book looks up to {self.today()} "
                f"({self.settings.timezone}). Close it from {late.end} on."
            )
        if standing and months[0].start != standing[-1].ends:
            self._refuse_gap(months[0], standing)
        return months

    def _refuse_gap(self, month: Period, standing: Sequence[Close]) -> None:
        if month.start < standing[0].starts:
            raise CloseError(
                f"{month.label} comes before {standing[0].period}, which was closed first. Months are closed in order; "
                f"to begin earlier, reopen {standing[0].period} and those after it."
            )
        following = months_named(standing[-1].ends.isoformat()[:7])[0]
        raise CloseError(f"{following.label} is open and comes before {month.label}. Close {following.label} first.")

    def _close(self, view: View, kept: KeptLedger, line: Line, told: _Told) -> Close:
        rules = self.policy(view.policy)
        return Close(
            close=0,
            action="close",
            period=line.period.label,
            starts=line.period.start,
            ends=line.period.end,
            policy=rules.name,
            policy_version=rules.version,
            policy_hash=rules.hash,
            settings=json.dumps(rules.settings, sort_keys=True),
            currency=kept.currency,
            timezone=self.settings.timezone,
            ledger_hash=kept.ledger_hash,
            known_at=told.moment,
            closed_by=told.by,
            reason=told.note,
            figures=json.dumps({**line.amounts, "last_import": told.last_import}),
            movements=told.movements,
        )

    def _lines(
        self, connection: duckdb.DuckDBPyConnection, kept: KeptLedger, view: View, first: date, last: date
    ) -> list[Line]:
        """The months that hold the days from `first` to `last`, as a ledger has them."""
        from rollforward.metrics import answers

        asking = Asking(connection, kept, self.settings, self.policy(view.policy), self.today())
        question = asking.question(asking.segment({}, None), "month", first, last, [], whole_ledger=False)
        return [restating.line_of(figures) for figures in answers.figures(asking.source(), question)]

    # -- what was closed ---------------------------------------------------------------------------------------------

    def closes(self, *, view: View | None = None) -> Result:
        """Every close: what was reported, what the month is now, and whether it is closed, restated or reopened."""
        view = self._closing_view(view)
        with self._ready(view) as (connection, kept):
            listed = self._series(connection, view)
            standing = closes.standing(listed)
            made = [one for one in listed if one.action == "close"]
            now = self._now_of(connection, kept, view, made)
            changed = {one.close for one in standing if _is_restated(connection, kept.name, one, now[one.period])}
            stamp = self._stamp(connection, kept, view)
        reopened = _reopened_by(listed)
        rows = [_listed(one, now[one.period], one.close in changed, reopened.get(one.close)) for one in made]
        return Result("closes", _CLOSES, stamp, SQL, lambda: rows)

    def _now_of(
        self, connection: duckdb.DuckDBPyConnection, kept: KeptLedger, view: View, made: Sequence[Close]
    ) -> dict[str, Line]:
        """Closed months as they are known now, by label."""
        if not made:
            return {}
        first, last = min(one.starts for one in made), max(one.ends for one in made) - timedelta(days=1)
        return {line.period.label: line for line in self._lines(connection, kept, view, first, last)}

    def changed_closes(
        self, *, start: date | None = None, end: date | None = None, view: View | None = None
    ) -> list[Changed]:
        """The closed months between two days that are shown otherwise than they were reported."""
        view = view or View()
        if view.as_of is not None or _books_next(self.policy(view.policy)) or not self.has_closes(view=view):
            return []
        with self._ready(view) as (connection, kept):
            standing = closes.standing(self._series(connection, view))
            shown = [one for one in standing if (not start or one.ends > start) and (not end or one.starts <= end)]
            now = self._now_of(connection, kept, view, shown)
        return [
            Changed(one.period, _mrr(one.amounts["closing"]), _mrr(now[one.period].closing))
            for one in shown
            if restating.line_of_close(one).amounts != now[one.period].amounts
        ]

    def has_closes(self, *, view: View | None = None) -> bool:
        """Whether any month is closed under the policy and in the currency of a view."""
        with self._sharing() as connection:
            return bool(closes.standing(self._series(connection, view or View())))

    def restatement(self, period: str, *, view: View | None = None) -> Restatement:
        """A closed month as it was reported and as it is now, and each movement that makes the difference.

        The movements add up, exactly, to the difference of every column. NotFoundError if the month is not closed.
        """
        from rollforward.ledger.build import BASIS

        asked = self._closing_view(view)
        with self._database.reading() as connection:
            close, former = _named(period, closes.standing(self._series(connection, asked)))
        then = View(restating.policy_of(close), close.currency, close.known_at)
        same = View(restating.policy_of(close), close.currency)
        now = View(self._rules_now(close), close.currency)
        with self._built(then) as (connection, first):
            ledgers = [first, self._also(connection, same), self._also(connection, now)]
            names = [kept.name for kept in ledgers]
            rows = closes.differing_movements(connection, names, close.starts, close.ends)
            learned = closes.learned_since(connection, close, BASIS[str(close.rules["basis"])], *names[:2])
            line = self._lines(connection, ledgers[2], now, close.starts, close.ends - timedelta(days=1))[0]
            stamp = self._stamp(connection, ledgers[2], asked)
        reported, opening = restating.line_of_close(close), "opening"
        if close.rules.get("closed_months") == "next_open":
            before = former.amounts["closing"] if former else reported.opening
            reported, line, opening = restating.carried(reported, before), restating.carried(line, before), RESTATED
        found = restating.differences(rows, opening, learned)
        restating.require_footing(reported, line, found, opening)
        return Restatement(
            close.period,
            _side_by_side(reported, line, stamp),
            Result("restatement movements", _DIFFERENCES, stamp, SQL, lambda: list(map(_difference_row, found))),
            now.policy != same.policy,
        )

    def closed_month(self, period: str, *, view: View | None = None) -> Result:
        """A closed month as it was reported and as it is now; of one that was reopened, its rows of `closes`."""
        try:
            return self.restatement(period, view=view).figures
        except NotFoundError:
            listed = self.closes(view=view)
            rows = [row for row in listed.rows if row[0] == period]
            if not rows:
                raise
            return Result(listed.subject, listed.columns, listed.stamp, listed.sql, lambda: rows)

    def _rules_now(self, close: Close) -> Policy:
        """The policy of a close as it is now; as it was then, if nothing in it moves MRR otherwise or it is gone."""
        kept = restating.policy_of(close)
        with suppress(RollforwardError):
            now = self.policy(close.policy)
            return kept if restating.is_same_rules(now, kept) else now
        return kept

    # -- as reported -------------------------------------------------------------------------------------------------

    def _as_reported(
        self, every: Every, days: tuple[date | None, date | None], where: Where | None, by: str | None, view: View
    ) -> Result | None:
        """The roll-forward with closed months as they were reported; None where it is not to be shown so."""
        if where or by or not self.shows_as_reported(every=every, end=days[1], view=view):
            return None
        with self._ready(view) as (connection, kept):
            standing = closes.standing(self._series(connection, view))
            asking = Asking(connection, kept, self.settings, self.policy(view.policy), self.today())
            question = asking.question(asking.segment({}, None), every, *days, [], whole_ledger=False)
            first = question.periods[0].start
            months = self._lines(connection, kept, view, first, question.today)
            before = self._before(standing[0], first)
            stamp = self._stamp(connection, kept, view)
        lines = restating.together(restating.as_reported(months, before, standing), question.periods)
        return _rollforward(lines, stamp, restated=True)

    def shows_as_reported(self, *, every: Every = "month", end: date | None = None, view: View | None = None) -> bool:
        """Whether closed months are shown as they were reported, up to a day: by policy, for whole months."""
        view = view or View()
        if view.as_of is not None or every not in COARSE or not _books_next(self.policy(view.policy)):
            return False
        with self._sharing() as connection:
            standing = closes.standing(self._series(connection, view))
        last = min(end, self.today()) if end else self.today()
        return bool(standing) and not any(one.starts <= last < one.ends - timedelta(days=1) for one in standing)

    def _before(self, first: Close, start: date) -> dict[date, Line]:
        """The months before the first close, as they were known then."""
        if start >= first.starts:
            return {}
        view = View(restating.policy_of(first), first.currency, first.known_at)
        with self._ready(view) as (connection, kept):
            lines = self._lines(connection, kept, view, start, first.starts - timedelta(days=1))
        return {line.period.start: line for line in lines}


@dataclass(frozen=True)
class _Told:
    """What is said of a close: by whom, why, when, what was known, and the digest of its movements."""

    by: str
    note: str
    moment: datetime
    last_import: int
    movements: str


_CLOSES = (
    column("period", "text"),
    *(column(name, "money") for name in ("reported", "now", "difference")),
    *(column(name, "text") for name in ("state", "by", "at", "policy", "note")),
)
_DIFFERENCES = (
    column("column", "text"),
    column("day", "day"),
    column("account", "text"),
    column("kind", "text"),
    *(column(name, "money") for name in ("then", "now", "difference", "by_rules")),
    column("learned", "text"),
)


def _books_next(policy: Policy) -> bool:
    return bool(policy.settings["closed_months"] == "next_open")


def _mrr(amount: int) -> Decimal:
    return exact(monthly(amount))


def _refuse_news(
    connection: duckdb.DuckDBPyConnection,
    known: tuple[int, datetime | None],
    standing: Sequence[Close],
    series: Sequence[Close],
) -> None:
    """Refuse to close what was worked out before something else was written."""
    if closes.last_import(connection) != known or closes.standing(series) != list(standing):
        raise CloseError("the book was written to meanwhile, and nothing was closed. Close again.")


def _refuse_unfit_first(
    connection: duckdb.DuckDBPyConnection, ledger: str, month: Period, listed: Sequence[Close]
) -> None:
    """Refuse to begin with a month before the first record, or after one that was reopened and is open still."""
    reopened = min(listed, key=lambda one: one.starts, default=None)
    if reopened and reopened.starts < month.start:
        raise CloseError(
            f"{reopened.period} was reopened and comes before {month.label}. Close {reopened.period} first."
        )
    first = connection.execute(f"SELECT min(day) FROM {ledger}.movements").fetchall()[0][0]
    if first is not None and month.end <= first:
        raise CloseError(f"{month.label} has nothing to report: records begin on {first}. Close {first:%Y-%m} first.")


def _closed_up_to(standing: Sequence[Close]) -> str:
    periods = dict.fromkeys((standing[0].period, standing[-1].period)) if standing else ()
    return f"; {'closed are' if len(periods) > 1 else 'closed is'} {' to '.join(periods)}" if periods else ""


def _reopening(close: Close, by: str, reason: str, moment: datetime) -> Close:
    return replace(
        close, action="reopen", known_at=moment, closed_by=by, reason=reason, figures="", movements="", chain=""
    )


def _reopened_by(listed: Sequence[Close]) -> dict[int, Close]:
    """The reopening of each close that has one, by the number of the close."""
    open_now: dict[str, Close] = {}
    found = {}
    for one in listed:
        if one.action == "close":
            open_now[one.period] = one
        elif one.period in open_now:
            found[open_now.pop(one.period).close] = one
    return found


def _named(period: str, standing: Sequence[Close]) -> tuple[Close, Close | None]:
    """The close of a month that stands, and the one before it; NotFoundError if there is none."""
    place = next((place for place, one in enumerate(standing) if one.period == period), None)
    if place is None:
        raise NotFoundError(f"{period} is not a closed month{_closed_up_to(standing)}.")
    return standing[place], standing[place - 1] if place else None


def _is_restated(connection: duckdb.DuckDBPyConnection, ledger: str, close: Close, now: Line) -> bool:
    """Whether a month is not what was reported, be it in movements that cancel each other out."""
    if restating.line_of_close(close).amounts != now.amounts:
        return True
    return close.movements != closes.movements_digest(connection, ledger, close.starts, close.ends)


def _listed(close: Close, now: Line, is_changed: bool, reopening: Close | None) -> tuple[Cell, ...]:
    reported = close.amounts["closing"]
    state = "reopened" if reopening else "restated" if is_changed else "closed"
    note = f"reopened by {reopening.closed_by}: {reopening.reason}" if reopening else close.reason
    amounts = (_mrr(amount) for amount in (reported, now.closing, now.closing - reported))
    at, rules = f"{close.known_at:%Y-%m-%d %H:%M:%S} UTC", _rules_said(close)
    return (close.period, *amounts, state, close.closed_by, at, rules, note)


def _rules_said(close: Close) -> str:
    """The policy of a close: name, version and hash."""
    version = f"@{close.policy_version}" if close.policy_version else ""
    return f"{close.policy}{version} ({close.policy_hash})"


def _rollforward(lines: Sequence[Line], stamp: Stamp, *, restated: bool) -> Result:
    """Lines as a roll-forward."""
    shown = flow_columns(segmented=False, placed=any(line.flows.get("transfer") for line in lines), restated=restated)
    rows = [rollforward_row(line, shown, None) for line in lines]
    columns = (column("period", "text"), *_money("opening", *shown, "closing"))
    return Result("rollforward", columns, stamp, SQL, lambda: rows)


def _side_by_side(reported: Line, now: Line, stamp: Stamp) -> Result:
    """A month as it was reported, as it is now, and the difference, column by column."""
    placed = any(line.flows.get("transfer") for line in (reported, now))
    shown = flow_columns(segmented=False, placed=placed, restated=RESTATED in now.flows)
    kinds = {*reported.flows, *now.flows}
    between = Line(
        now.period,
        now.opening - reported.opening,
        {kind: now.flows.get(kind, 0) - reported.flows.get(kind, 0) for kind in kinds},
        now.closing - reported.closing,
        now.customers - reported.customers,
    )
    named = {"reported": reported, "now": now, "difference": between}
    rows: list[tuple[Cell, ...]] = [
        (name, *rollforward_row(line, shown, None)[1:], line.customers) for name, line in named.items()
    ]
    columns = (column("figures", "text"), *_money("opening", *shown, "closing"), column("customers", "count"))
    return Result("restatement", columns, stamp, SQL, lambda: rows)


def _money(*names: str) -> list[ResultColumn]:
    return [column(name, "money") for name in names]


def _difference_row(one: restating.Difference) -> tuple[Cell, ...]:
    amounts = (_mrr(amount) for amount in (one.then, one.now, one.now - one.then, one.by_rules))
    return (one.column, one.day, one.account, one.kind, *amounts, "; ".join(one.learned) or None)
