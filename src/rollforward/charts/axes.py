"""Axes and data, as Vega-Lite writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.charts.picture import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row


def data(rows: Sequence[Row], *numbers: str) -> Row:
    """Rows as the data of a chart. Numbers are handed over as text, exact, and read where they are drawn."""
    return {"values": list(rows), "format": {"parse": dict.fromkeys(numbers, "number")}}


def periods(picture: Picture, labels: Sequence[str], *, width: int, shown: bool = True) -> Row:
    """The axis of periods, with as many labels as it has room for."""
    room = picture.look.letter * max(map(len, labels)) + 12
    step = int(-(-len(labels) * room // width))
    axis = {
        "title": None,
        "labelAngle": 0,
        "values": list(labels[::step]),
        "ticks": shown,
        "labels": shown,
        "labelFlush": False,
        "aria": False,
    }
    scale = {"type": "band", "paddingInner": 0.15, "paddingOuter": 0.1}
    return {"field": "period", "type": "ordinal", "sort": list(labels), "axis": axis, "scale": scale}


def values(picture: Picture, label: str, title: str | None, *, zero: bool) -> Row:
    """The axis of values, with thin lines across."""
    grid = "var(--grid)" if picture.look.is_page else "#EEEEEE"
    axis = {"title": title, "labelExpr": label, "grid": True, "gridColor": grid, "aria": False}
    return {"field": "value", "type": "quantitative", "axis": axis, "scale": {"zero": zero}}


def by_name(names: Sequence[str], colours: Sequence[str], picture: Picture, *, field: str, stroke: bool = False) -> Row:
    """Colours by a field. In a notebook with the legend; a page's stands above the picture."""
    legend: Row = {"title": None, "columns": 4}
    if stroke:
        legend |= {"symbolType": "stroke", "symbolOpacity": 1, "symbolStrokeWidth": 3}
    if picture.look.is_page:
        pairs = [
            (called(name) if field == "name" else name, colour) for name, colour in zip(names, colours, strict=True)
        ]
        picture.legend.extend(pair for pair in pairs if pair not in picture.legend)
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(names), "range": list(colours)},
        "legend": None if picture.look.is_page else legend,
    }
