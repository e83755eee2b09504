"""A break-down: closing MRR, or one metric, stacked by group; what is not among the largest is one group more."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.bars import across, bars, zero_line
from rollforward.charts.picture import Mark
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import ResultColumn


def draw(picture: Picture) -> Row:
    """A bar for each period, the largest group at its foot."""
    column = _measure(picture)
    listed = rows.long(picture, [column])
    groups = rows.largest(listed, len(picture.look.groups))
    drawn = [{**row, "order": groups.index(row["group"])} for row in listed if row["group"] in groups]
    others = [row for row in listed if row["group"] not in groups]
    names, colours = list(groups), list(picture.look.groups[: len(groups)])
    if others:
        names, colours = [*names, OTHERS], [*colours, picture.look.muted]
        drawn = _by_period([*drawn, *_others(picture, others, column, len(groups))])
    drawn = [row for row in drawn if row["value"] and Decimal(row["value"])]
    encoding = {
        **across(picture),
        "y": axes.values(picture, rows.axis_label(column), rows.axis_title(column, picture.result), zero=True),
        "color": axes.by_name(names, colours, picture, field="group"),
    }
    layers = [*bars(picture, drawn, encoding), zero_line(picture)]
    return {"layer": layers, "width": picture.across, "height": picture.tall}


OTHERS = "others"
"""The name of the groups that are not among the largest, together."""


def _measure(picture: Picture) -> ResultColumn:
    result = picture.result
    if result.subject == "rollforward":
        return next(column for column in result.columns if column.name == "closing")
    return rows.chosen(picture)[0]


def _others(picture: Picture, others: Sequence[Row], column: ResultColumn, order: int) -> list[Row]:
    """The sum of the other groups for each period."""
    result, summed = picture.result, []
    for period, found in groupby(others, key=lambda row: str(row["period"])):
        listed = list(found)
        total = sum((Decimal(row["value"]) for row in listed if row["value"] is not None), Decimal(0))
        values = _values_of(picture, {row["group"] for row in listed})
        mark = Mark(result.subject, period, column.name, rows.said(total, column, result), OTHERS, values)
        row = {**listed[0], "group": OTHERS, "value": plain(total), "order": order, **picture.named(mark)}
        summed.append(row)
    return summed


def _values_of(picture: Picture, called: set[str]) -> tuple[str, ...]:
    """The values of the field behind groups as they are called."""
    values = dict.fromkeys(plain(row[1]) for row in picture.result.rows)
    return tuple(value for value in values if (value or rows.NONE) in called)


def _by_period(drawn: Sequence[Row]) -> list[Row]:
    labels = list(dict.fromkeys(row["period"] for row in drawn))
    return sorted(drawn, key=lambda row: (labels.index(row["period"]), row["order"]))
