"""Axes and data, as Vega-Lite writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.charts.picture import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row


_STEPS = (1, 2, 3, 4, 6, 12, 24, 36, 60, 120, 365)
"""Every which label is written: months then stand at the same places in each year."""

_FEW = 5
"""Fewer bars than that are kept from filling the width."""


def data(rows: Sequence[Row], *numbers: str) -> Row:
    """Rows as the data of a chart. Numbers are handed over as text, exact, and read where they are drawn."""
    return {"values": list(rows), "format": {"parse": dict.fromkeys(numbers, "number")}}


def periods(
    picture: Picture, labels: Sequence[str], *, width: int, shown: bool = True, as_they_come: bool = False
) -> Row:
    """The axis of periods, with as many labels as it has room for.

    With `as_they_come` the first rows that are drawn have every period in its order, which need not be said then.
    """
    room = picture.look.letter * max(map(len, labels)) + 12
    step = next((step for step in _STEPS if step * width >= len(labels) * room), len(labels))
    inner = 0.15 if len(labels) >= _FEW else 0.5
    axis = {
        "title": None,
        "labelAngle": 0,
        "values": list(labels[::step]),
        "ticks": shown,
        "labels": shown,
        "labelFlush": False,
        "aria": False,
    }
    scale = {"type": "band", "paddingInner": inner, "paddingOuter": 0.1 if len(labels) >= _FEW else 0.5}
    order = None if as_they_come else list(labels)
    return {"field": "period", "type": "ordinal", "sort": order, "axis": axis, "scale": scale}


def values(picture: Picture, label: str, title: str | None, *, zero: bool) -> Row:
    """The axis of values, with thin lines across."""
    grid = "var(--grid)" if picture.look.is_page else "#EEEEEE"
    axis = {"title": title, "labelExpr": label, "grid": True, "gridColor": grid, "aria": False}
    return {"field": "value", "type": "quantitative", "axis": axis, "scale": {"zero": zero}}


def by_name(names: Sequence[str], colours: Sequence[str], picture: Picture, *, field: str, stroke: bool = False) -> Row:
    """Colours by a field. In a notebook with the legend; a page's stands above the picture."""
    legend: Row = {"title": None}
    if stroke:
        legend |= {"columns": 4, "symbolType": "stroke", "symbolOpacity": 1, "symbolStrokeWidth": 3}
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
