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
    from rollforward.results import Cell, ColumnKind, Result, Stamp

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
    """Headlines of a period, with their stamp, and why the latest ones are withheld, if so.

    `period` is the last whole period asked for, or the one under way where none is whole; `under_way` is the period
    that goes on after the book's last day, None where there is none or where it is `period`.
    """

    period: Period
    compared: Period | None
    figures: tuple[Headline, ...]
    under_way: Period | None
    stamp: Stamp
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
    asked: dict[str, Any] = {"every": every, "where": where, "view": view}
    # One of a year ago is asked for on its own, for those between are not shown.
    firsts = [whole.start, *([other.start] if other and (compare == "previous" or _look_back(names)) else [])]
    firsts += [start] if start and _look_back(names) else []
    found, withheld = _asked(book, names, {**asked, "start": min(firsts)}, [last.last_day, whole.last_day])
    rows = {row["period"]: row for row in found.to_dicts()}
    shown = last if whole.label not in rows else whole
    now, then = rows.get(shown.label, {}), _then(book, names, asked, rows, other)
    kinds = {column.name: column.kind for column in found.columns}
    figures = tuple(_headline(name, kinds[name], now, then) for name in names)
    return Headlines(shown, other if then else None, figures, going if going != shown else None, found.stamp, withheld)


def _look_back(names: Sequence[str]) -> bool:
    """Whether the value of some metric depends on the first period that is asked for."""
    from rollforward.metrics.registry import find

    return any("history" in find(name).needs for name in names)


def _then(
    book: Book,
    names: Sequence[str],
    asked: Mapping[str, Any],
    rows: Mapping[Cell, Mapping[str, Cell]],
    other: Period | None,
) -> Mapping[str, Cell]:
    """The metrics of the period that is compared with."""
    if other is None:
        return {}
    if other.label in rows:
        return rows[other.label]
    return book.metrics(*names, **asked, start=other.start, end=other.last_day).to_dicts()[0]


def _asked(
    book: Book, names: Sequence[str], asked: Mapping[str, Any], ends: Sequence[date]
) -> tuple[Result, str | None]:
    """The metrics up to the first of the days that the sources suffice for, and why not up to an earlier one."""
    withheld: WithheldError | None = None
    for end in dict.fromkeys(ends):
        try:
            return book.metrics(*names, **asked, end=end), str(withheld) if withheld else None
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
