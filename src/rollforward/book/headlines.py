"""Headlines: the metrics of the last whole period beside those of another one, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from rollforward.book.view import View
from rollforward.calendar import Every, period_of
from rollforward.errors import WithheldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rollforward.book import Book
    from rollforward.book.asking import Where
    from rollforward.calendar import Period
    from rollforward.results import Cell, ColumnKind, Result

Compared = Literal["previous", "year", "none"]


@dataclass(frozen=True)
class Headline:
    """A metric of a period beside that of another one.

    `change` is the difference; `relative` is the difference as a share of the former value, None where there was none
    and for ratios, whose change is told in percentage points.
    """

    name: str
    kind: ColumnKind
    value: Decimal | None
    before: Decimal | None = None
    change: Decimal | None = None
    relative: Decimal | None = None


@dataclass(frozen=True)
class Headlines:
    """Headlines of a period, the metrics of every period behind them, and why the latest ones are withheld, if so.

    `period` is the last whole period asked for, or the one under way where none is whole; `under_way` is the period
    that goes on after the book's last day, None where there is none or where it is `period`.
    """

    period: Period
    compared: Period | None
    figures: tuple[Headline, ...]
    under_way: Period | None
    behind: Result
    withheld: str | None = None

    def __getitem__(self, name: str) -> Headline:
        return next(one for one in self.figures if one.name == name)


def headlines(
    book: Book,
    names: Sequence[str],
    *,
    every: Every,
    start: date | None = None,
    end: date | None = None,
    compare: Compared = "previous",
    where: Where | None = None,
    view: View = View(),
) -> Headlines:
    """Headlines of a range of periods. Where sources are stale for its end, those of the last period they suffice for.

    WithheldError where they suffice for none.
    """
    fiscal, today = book.settings.fiscal_year_start, book.today(view.as_of)
    last = period_of(min(end or today, today), every, fiscal)
    going = last if last.end > today + timedelta(days=1) else None
    whole = _before(last, every, fiscal) if going else last
    if start and whole.start < period_of(start, every, fiscal).start:
        whole = last
    other = _compared(whole, every, fiscal, compare)
    first = min(start or whole.start, other.start if other else whole.start)
    asked: dict[str, Any] = {"every": every, "start": first, "where": where}
    behind, withheld = _asked(book, names, asked, view, [last.last_day, whole.last_day])
    rows = {row["period"]: row for row in behind.to_dicts()}
    shown = last if whole.label not in rows else whole
    now, then = rows.get(shown.label, {}), rows.get(other.label, {}) if other else {}
    kinds = {column.name: column.kind for column in behind.columns}
    figures = tuple(_headline(name, kinds[name], now, then) for name in names)
    return Headlines(shown, other if then else None, figures, going if going != shown else None, behind, withheld)


def _asked(
    book: Book, names: Sequence[str], asked: Mapping[str, Any], view: View, ends: Sequence[date]
) -> tuple[Result, str | None]:
    """The metrics up to the first of the days that the sources suffice for, and why not up to an earlier one."""
    withheld: WithheldError | None = None
    for end in dict.fromkeys(ends):
        try:
            return book.metrics(*names, **asked, end=end, view=view), str(withheld) if withheld else None
        except WithheldError as error:
            withheld = withheld or error
    raise withheld or WithheldError("nothing was asked for.")


def _before(period: Period, every: Every, fiscal: int) -> Period:
    return period_of(period.start - timedelta(days=1), every, fiscal)


def _compared(period: Period, every: Every, fiscal: int, compare: Compared) -> Period | None:
    if compare == "none":
        return None
    if compare == "previous":
        return _before(period, every, fiscal)
    day = period.start
    # A week or day a year before is the one that holds the same date; the 29th of February has the 28th before it.
    before = day.replace(year=day.year - 1, day=min(day.day, 28) if (day.month, day.day) == (2, 29) else day.day)
    return period_of(before, every, fiscal)


def _headline(name: str, kind: ColumnKind, now: Mapping[str, Cell], then: Mapping[str, Cell]) -> Headline:
    found = Headline(name, kind, _number(now.get(name)), _number(then.get(name)))
    if found.value is None or found.before is None:
        return found
    change = found.value - found.before
    relative = change / abs(found.before) if found.before and kind != "ratio" else None
    return replace(found, change=change, relative=relative)


def _number(value: Cell) -> Decimal | None:
    return Decimal(value) if isinstance(value, Decimal | int) else None


def residual(rollforward: Result) -> Decimal:
    """What opening and movements of a roll-forward leave unexplained of the closing: 0 where it foots."""
    from rollforward.book.flows import FLOW_COLUMNS

    signs = {"opening": 1, "closing": -1, **FLOW_COLUMNS}
    return sum(
        (
            signs[name] * value
            for row in rollforward.to_dicts()
            for name, value in row.items()
            if name in signs and isinstance(value, Decimal)
        ),
        Decimal(0),
    )
