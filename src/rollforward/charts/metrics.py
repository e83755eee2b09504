"""Metrics: a panel for each, with a scale of its own and a line for each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.charts import curves, rows
from rollforward.charts.lines import panel

if TYPE_CHECKING:
    from rollforward.charts.picture import Picture, Row


_TWO = 500
"""The width in pixels from which two panels stand beside each other."""


def draw(picture: Picture) -> Row:
    """The panels, two beside each other where there is room."""
    columns = rows.chosen(picture)
    if len(columns) == 1 and not rows.group_of(picture.result):
        return curves.draw(picture)
    if len(columns) == 1:
        return panel(picture, rows.long(picture, columns), columns[0], (picture.across, picture.tall))
    beside = 1 if picture.width < _TWO else 2
    size = (
        ((picture.width - 30) // beside - picture.look.left - picture.look.right, 130)
        if picture.look.is_page
        else (picture.width // 2 - 75, 130)
    )
    panels = [panel(picture, rows.long(picture, [one]), one, size) for one in columns]
    return {"concat": panels, "columns": beside, "spacing": 30 if picture.look.is_page else 20}
