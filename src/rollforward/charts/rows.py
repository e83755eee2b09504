"""Rows of a picture: what stands in its data. Numbers are text, exact, and read where they are drawn."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from rollforward.calendar import EVERY, Every, Period, period_of
from rollforward.charts.picture import Mark, called
from rollforward.errors import UnknownNameError
from rollforward.formats import answer_of, footed_rows, is_percent, rounded, written
from rollforward.money import quantize
from rollforward.results import ResultColumn, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Cell, Result

AMOUNT = "abs(datum.value) < 1000 ? format(datum.value, '.2~f') : replace(format(datum.value, '.3~s'), 'G', 'B')"
LABELS = {"money": AMOUNT, "count": AMOUNT, "ratio": "format(datum.value, '~%')"}
"""How the labels of axes and legends are written: 250, 12k, 1.5M, 2B; rates in percent."""

NONE = "(none)"
"""What the group of rows without a value is called."""

LOSSES = {"contraction", "churn", "left"}
"""Losses are positive in a roll-forward and stand below 0 in a picture."""


def is_under_way(label: str, today: date, fiscal_year_start: int | None = None) -> bool:
    """Whether the period of a label holds `today` and goes on after it."""
    tomorrow = today + timedelta(days=1)
    return any(period.label == label and tomorrow in period for period in _periods_of(today, fiscal_year_start))


def _periods_of(day: date, fiscal: int | None) -> list[Period]:
    starts = (fiscal,) if fiscal else range(1, 13)
    return [period_of(day, every, start) for every in cast("tuple[Every, ...]", EVERY) for start in starts]


def label_of(day: date, labels: Sequence[str], fiscal: int | None) -> str | None:
    """The period among `labels` that holds a day."""
    return next((period.label for period in _periods_of(day, fiscal) if period.label in labels), None)


def group_of(result: Result) -> str | None:
    """The field that the rows of a roll-forward or of metrics are grouped by."""
    name = result.names[1] if len(result.names) > 1 else "opening"
    return name if result.columns[1:2] and result.columns[1].kind == "text" else None


def measures(result: Result) -> list[ResultColumn]:
    """The columns that hold numbers."""
    return [column for column in result.columns if column.kind in LABELS]


def chosen(picture: Picture) -> list[ResultColumn]:
    """The columns that are drawn: those that were asked for, in that order, or all that hold numbers."""
    found = {column.name: column for column in measures(picture.result)}
    lacking = [name for name in picture.columns if name not in found]
    if lacking:
        raise UnknownNameError("column", lacking[0], list(found))
    return [found[name] for name in picture.columns] if picture.columns else list(found.values())


def labels_of(result: Result) -> list[str]:
    """The periods in their order."""
    return list(dict.fromkeys(plain(row[0]) for row in result.rows))


def number(value: Cell, column: ResultColumn, result: Result) -> str | None:
    """A number as text: money at its currency's places."""
    if not isinstance(value, Decimal | int):
        return None
    exact = Decimal(value)
    return plain(quantize(exact, result.stamp.currency) if column.kind == "money" else exact)


def said(value: Cell, column: ResultColumn, result: Result) -> str:
    """A number as people read it, with its unit."""
    text = written(column, value, answer_of(result).places)
    return f"{text} {result.stamp.currency}" if column.kind == "money" and value is not None else text


def short(value: str, column: ResultColumn) -> str:
    """A number in few letters, as the labels of axes have it: 250, 12k, 1.5M, 86%."""
    exact = Decimal(value)
    if column.kind == "ratio" and is_percent(column.name):
        return f"{exact * 100:.0f}%"
    power = next((power for power in (9, 6, 3) if abs(exact) >= Decimal("0.9995").scaleb(power)), 0)
    scaled = abs(exact).scaleb(-power)
    text = plain(rounded(scaled, max(0, 2 - max(0, scaled.adjusted()))))
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'-' if exact < 0 else ''}{text}{_THOUSANDS[power]}"


_THOUSANDS = {9: "B", 6: "M", 3: "k", 0: ""}


def long(picture: Picture, columns: Iterable[ResultColumn], *, of: Result | None = None) -> list[Row]:
    """A row for each period, group and column, period by period: period, group, name, value, order, under_way."""
    result = of or picture.result
    places = {column.name: place for place, column in enumerate(result.columns)}
    last = labels_of(result)[-1]
    under_way = is_under_way(last, result.stamp.today, picture.fiscal)
    return [
        _long_row(picture, result, row, (places[column.name], order), under_way=under_way and plain(row[0]) == last)
        for row in footed_rows(answer_of(result))
        for order, column in enumerate(columns)
    ]


def _long_row(picture: Picture, result: Result, row: Sequence[Cell], at: tuple[int, int], *, under_way: bool) -> Row:
    place, order = at
    column, value = result.columns[place], row[place]
    if result.subject == "rollforward" and column.name in LOSSES and isinstance(value, Decimal):
        value = -value
    group = (plain(row[1]) or NONE) if group_of(result) else ""
    is_compared = result is picture.compared
    known = value is not None
    mark = Mark(
        result.subject,
        plain(row[0]),
        column.name,
        said(value, column, result),
        group,
        (plain(row[1]),) if group else (),
        is_compared=is_compared,
    )
    return {
        "period": plain(row[0]),
        "group": group,
        "name": column.name,
        "value": number(value, column, result),
        "order": order,
        "under_way": under_way,
        **(picture.named(mark) if known else {}),
    }


def largest(rows: Sequence[Row], most: int) -> list[str]:
    """The groups that are drawn: those with the largest last values, the largest first."""
    last = {row["group"]: Decimal(row["value"]) for row in rows if row["value"] is not None}
    return sorted(last, key=lambda group: (-last[group], group))[:most]


def axis_label(column: ResultColumn) -> str:
    """How the values of a column are written on an axis."""
    plainly = column.kind == "ratio" and not is_percent(column.name)
    return AMOUNT if plainly else LABELS[column.kind]


def axis_title(column: ResultColumn, result: Result) -> str:
    """What an axis says: the name, and for money the currency."""
    name = called(column.name)
    return f"{name} ({result.stamp.currency})" if column.kind == "money" else name


def unit_title(columns: Sequence[ResultColumn], result: Result) -> str:
    """What the axis of several columns says: the currency, or what is counted."""
    if len(columns) == 1:
        return axis_title(columns[0], result)
    return {"money": result.stamp.currency, "ratio": "rate", "count": "number"}[columns[0].kind]
