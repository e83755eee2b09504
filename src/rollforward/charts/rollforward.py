"""A roll-forward: the line of closing MRR above the bars of its movements."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.bars import bars, zero_line
from rollforward.charts.lines import lines, panel
from rollforward.charts.looks import RARE_KINDS
from rollforward.charts.overlays import compared_line, note_marks

if TYPE_CHECKING:
    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Result, ResultColumn


def draw(picture: Picture) -> Row:
    """The line above the bars; by group, a line for each."""
    closing = next(column for column in picture.result.columns if column.name == "closing")
    if rows.group_of(picture.result):
        return panel(picture, rows.long(picture, [closing]), closing, (picture.across, picture.tall))
    above = _closing_line(picture, closing)
    below = _movement_bars(picture)
    return {
        "vconcat": [above, below],
        "spacing": 18 if not picture.look.is_page else 30,
        "resolve": {"scale": {"x": "shared"}},
    }


def _closing_line(picture: Picture, closing: ResultColumn) -> Row:
    result = picture.result
    encoding = {
        "x": axes.periods(picture, rows.labels_of(result), width=picture.across, shown=False, as_they_come=True),
        "y": axes.values(picture, rows.AMOUNT, rows.axis_title(closing, result), zero=True),
        "color": {"value": picture.look.ink},
    }
    layers = [
        *compared_line(picture, closing, encoding),
        *lines(picture, rows.long(picture, [closing]), encoding),
        *note_marks(picture, encoding),
    ]
    return {"layer": layers, "width": picture.across, "height": picture.look.heights[0]}


def _movement_bars(picture: Picture) -> Row:
    """Stacked bars: gains above 0, losses below."""
    result, kinds = picture.result, shown_kinds(picture)
    drawn = [row for row in rows.long(picture, kinds) if row["value"] and Decimal(row["value"])]
    names = [column.name for column in kinds]
    encoding = {
        "x": axes.periods(picture, rows.labels_of(result), width=picture.across, as_they_come=True),
        "y": axes.values(picture, rows.AMOUNT, f"Movements ({result.stamp.currency})", zero=True),
        "color": axes.by_name(names, [picture.look.kinds[name] for name in names], picture, field="name"),
        "order": {"field": "order", "type": "quantitative"},
    }
    layers = [*bars(picture, drawn, encoding), zero_line(picture)]
    return {"layer": layers, "width": picture.across, "height": picture.look.heights[1]}


def shown_kinds(picture: Picture) -> list[ResultColumn]:
    """The movements that are drawn: rare ones only where there are any."""
    result = picture.result
    kinds = [column for column in result.columns if column.name in picture.look.kinds]
    return [column for column in kinds if column.name not in RARE_KINDS or _ever(result, column)]


def _ever(result: Result, column: ResultColumn) -> bool:
    place = result.names.index(column.name)
    return any(row[place] for row in result.rows)
