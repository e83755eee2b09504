"""Charts: a result as a picture, the same in notebooks, reports and pages."""

from __future__ import annotations

from rollforward.charts.drawing import KINDS, Sketch, chart, drawn, remarks, sketch, svg, title_of
from rollforward.charts.looks import GROUP_COLOURS, KIND_COLOURS
from rollforward.charts.picture import WIDTH, Links, Mark, Note
from rollforward.charts.renderer import ChartsMissingError, warm
from rollforward.charts.rows import is_under_way
from rollforward.charts.sparkline import sparkline

__all__ = [
    "GROUP_COLOURS",
    "KINDS",
    "KIND_COLOURS",
    "WIDTH",
    "ChartsMissingError",
    "Links",
    "Mark",
    "Note",
    "Sketch",
    "chart",
    "drawn",
    "is_under_way",
    "remarks",
    "sketch",
    "sparkline",
    "svg",
    "title_of",
    "warm",
]
