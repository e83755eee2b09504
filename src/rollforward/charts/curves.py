"""Curves: several metrics on one scale, such as MRR with what is committed, or NRR with GRR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.lines import lines
from rollforward.charts.overlays import compared_line, note_marks

if TYPE_CHECKING:
    from rollforward.charts.picture import Picture, Row


def draw(picture: Picture) -> Row:
    """A line for each column; the first may be compared with that of other periods."""
    columns, look = rows.chosen(picture)[: len(picture.look.groups)], picture.look
    names = [column.name for column in columns]
    is_level = all(column.kind != "ratio" for column in columns)
    encoding = {
        "x": axes.periods(picture, rows.labels_of(picture.result), width=picture.across),
        "y": axes.values(picture, rows.axis_label(columns[0]), rows.unit_title(columns, picture.result), zero=is_level),
    }
    colour: Row = {"value": look.groups[0]}
    if len(names) > 1:
        colour = axes.by_name(names, look.groups[: len(names)], picture, field="name", stroke=True)
    layers = compared_line(picture, columns[0], encoding)
    for column in columns:
        layers += lines(picture, rows.long(picture, [column]), {**encoding, "color": colour})
    return {"layer": [*layers, *note_marks(picture, encoding)], "width": picture.across, "height": picture.tall}
