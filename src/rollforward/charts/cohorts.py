"""Cohorts as a heat map: a row a cohort, a column for each period since; small cohorts are grey."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, cast

from rollforward.calendar import Every, period_of
from rollforward.charts import axes, rows
from rollforward.charts.inline import HATCH
from rollforward.charts.looks import HEAT_STEPS
from rollforward.charts.picture import Mark
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Cell, Result, ResultColumn

SMALL_COHORT = 10
"""A cohort of fewer customers is greyed: one of them would move its share by more than ten percent."""

SMALL_SHARE = 10
"""A cohort measured in MRR is greyed below the median size divided by this."""

SMALL_NOTES = {
    "count": f"Grey: cohorts of fewer than {SMALL_COHORT} customers.",
    "money": "Grey: cohorts of less than a tenth of the median size.",
}
_GREY = "#E4E4E4"
_SCALE = ["#F2F7FC", "#08519C"]
_MOST_LABELS = 12
_MOST_WRITTEN_COLUMNS = 13
_WRITTEN_WIDTH = 34
"""The width of a cell that has room for a percentage, in pixels."""

_ROW_HEIGHT = 18
_DARK = Decimal("0.55")


def draw(picture: Picture) -> Row:
    """The cells, and the values in them where there is room."""
    result = picture.result
    columns, drawn = result.columns[2:], _cells(picture)
    encoding = _axes(picture)
    layers = _on_page(picture, drawn, encoding) if picture.look.is_page else _in_notebook(picture, drawn, encoding)
    height = max(120, _ROW_HEIGHT * len(result.rows))
    if picture.look.is_page:
        left = _left(picture)
        across = picture.width - left - picture.look.right
        return {"layer": layers, "width": across, "height": _ROW_HEIGHT * len(result.rows), "usermeta": {"left": left}}
    shown = layers if len(columns) <= _MOST_WRITTEN_COLUMNS else layers[:1]
    return {"layer": shown, "width": picture.width - 190, "height": min(height, 620)}


def _left(picture: Picture) -> int:
    """What the names of cohorts take on a page, in pixels."""
    longest = max(len(_cohort_label(row)) for row in picture.result.rows)
    return int(longest * picture.look.letter) + 8


def _axes(picture: Picture) -> Row:
    """Periods since the first MRR across, cohorts with their sizes down."""
    result = picture.result
    count = len(result.columns) - 2
    most = max(1, min(_MOST_LABELS, picture.across // 40))
    across = {
        "title": f"{every_of(result)}s since the first MRR",
        "labelAngle": 0,
        "values": list(range(0, count, -(-count // most))),
        "orient": "top",
        "domain": False,
        "ticks": False,
        "aria": False,
    }
    if picture.look.is_page:
        across |= {"labelPadding": 5, "titleY": -20, "titleX": 0, "titleAlign": "left"}
    down = {"title": None if picture.look.is_page else "cohort (size)", "labelLimit": 150, "aria": False}
    labels = [_cohort_label(row) for row in result.rows]
    return {
        "x": {"field": "since", "type": "ordinal", "axis": across},
        "y": {"field": "cohort", "type": "ordinal", "sort": labels, "axis": down},
    }


# -- on a page ---------------------------------------------------------------------------------------------------------


def _on_page(picture: Picture, drawn: Sequence[Row], encoding: Row) -> list[Row]:
    """Cells in steps of shade, hatched where the period is under way, with their values where there is room."""
    result, column = picture.result, picture.result.columns[2]
    highest = max((Decimal(row["value"]) for row in drawn if not row["small"]), default=Decimal(0))
    shaded = [{**row, **_shade(row, highest)} for row in drawn]
    going = [row for row in shaded if row["under_way"]]
    edge = {"stroke": picture.look.surface, "strokeWidth": 1}
    colour = {"color": {"field": "shade", "type": "nominal", "scale": None}}
    layers = [_layer(shaded, {"type": "rect", **edge}, {**encoding, **colour, **picture.naming})]
    if going:
        layers += [_layer(going, {"type": "rect", "fill": f"url(#{HATCH})", "aria": False}, encoding)]
    if (picture.width - _left(picture)) // len(result.columns[2:]) >= _WRITTEN_WIDTH:
        layers += _values(shaded, encoding, column)
    picture.legend.extend(_heat_legend(highest, column))
    return layers


def _values(shaded: Sequence[Row], encoding: Row, column: ResultColumn) -> list[Row]:
    """The values in the cells; on hatched ones with a rim of the cell's colour."""
    texts = [{**row, "text": rows.short(row["value"], column)} for row in shaded]
    mark = {"type": "text", "fontSize": 0, "baseline": "alphabetic", "dy": 4, "aria": False}
    ink = {"text": {"field": "text", "type": "nominal"}, "color": {"field": "ink", "type": "nominal", "scale": None}}
    rim = {"stroke": {"field": "shade", "type": "nominal", "scale": None}}
    whole, going = ([row for row in texts if row["under_way"] is going] for going in (False, True))
    layers = [_layer(whole, mark, {**encoding, **ink})] if whole else []
    return layers + ([_layer(going, mark | {"strokeWidth": 4}, {**encoding, **ink, **rim})] if going else [])


def _shade(row: Row, highest: Decimal) -> Row:
    """The colours of a cell and of the text in it."""
    if row["small"] or not highest:
        return {"shade": "var(--small)", "ink": "var(--small-ink)"}
    step = min(HEAT_STEPS - 1, max(0, int(Decimal(row["value"]) / highest * HEAT_STEPS)))
    return {"shade": f"var(--heat-{step})", "ink": f"var(--heat-ink-{step})"}


def _heat_legend(highest: Decimal, column: ResultColumn) -> list[tuple[str, str]]:
    """The shades from the lightest to the darkest, between the values of both ends."""
    shades = [("", f"var(--heat-{step})") for step in range(HEAT_STEPS)]
    return [(rows.short("0", column), ""), *shades, (rows.short(str(highest), column), "")]


def _layer(drawn: Sequence[Row], mark: Row, encoding: Row) -> Row:
    return {"data": axes.data(drawn, "value", "since"), "mark": mark, "encoding": encoding}


# -- in a notebook -----------------------------------------------------------------------------------------------------


def _in_notebook(picture: Picture, drawn: Sequence[Row], encoding: Row) -> list[Row]:
    """Cells on a scale of colours, and the values in them."""
    column = picture.result.columns[2]
    cells = _layer(drawn, {"type": "rect", "stroke": "white", "strokeWidth": 1}, {**encoding, **_heat(picture, column)})
    return [cells, _written(drawn, encoding, column, picture)]


def _heat(picture: Picture, column: ResultColumn) -> Row:
    """The colour of cells: by value, grey for small cohorts, paler while the period is under way."""
    name = {"ratio": "left", "count": "customers", "money": picture.result.stamp.currency}[column.kind]
    scale = {"range": _SCALE, **({"domainMin": 0} if column.kind == "ratio" else {})}
    legend = {"title": name, "orient": "right", "direction": "vertical", "labelExpr": rows.LABELS[column.kind]}
    colour = {"field": "value", "type": "quantitative", "scale": scale, "legend": legend}
    return {
        "color": {"condition": {"test": "datum.small", "value": _GREY}, **colour},
        "opacity": {"condition": {"test": "datum.under_way", "value": 0.55}, "value": 1},
        **picture.naming,
    }


def _written(drawn: Sequence[Row], encoding: Row, column: ResultColumn, picture: Picture) -> Row:
    """The values in the cells, white on the dark ones."""
    dark = _DARK * max((Decimal(row["value"]) for row in drawn), default=Decimal(1))
    test = f"datum.value > {dark} && !datum.small && !datum.under_way"
    colour = {"condition": {"test": test, "value": "white"}, "value": picture.look.ink}
    text = {"field": "text", "type": "nominal"}
    layer = _layer(drawn, {"type": "text", "fontSize": 10}, {**encoding, "text": text, "color": colour})
    return {**layer, "transform": [{"calculate": rows.LABELS[column.kind].replace("'~%'", "'.0%'"), "as": "text"}]}


# -- cells -------------------------------------------------------------------------------------------------------------


def _cells(picture: Picture) -> list[Row]:
    """A row for each cell that is known: cohort, since, value, small, under_way."""
    result = picture.result
    going = is_under_way(result, picture.fiscal)
    drawn = []
    for row in result.rows:
        known = [place for place, value in enumerate(row[2:]) if value is not None]
        small = is_small(result, row[1])
        drawn += [
            _cell(picture, row, place, {"small": small, "under_way": going and place == known[-1]}) for place in known
        ]
    return drawn


def _cell(picture: Picture, row: Sequence[Cell], place: int, looks: Row) -> Row:
    result = picture.result
    column, value = result.columns[2 + place], row[2 + place]
    size = rows.said(row[1], result.columns[1], result)
    mark = Mark(result.subject, plain(row[0]), column.name, rows.said(value, column, result), f"({size})", since=place)
    shown = {"cohort": _cohort_label(row), "since": place, "value": rows.number(value, column, result)}
    return {**shown, **looks, **picture.named(mark)}


def is_small(result: Result, size: Cell) -> bool:
    """Whether a cohort is too small for its shares to say much."""
    if not isinstance(size, Decimal | int):
        return True
    if result.columns[1].kind == "count":
        return size < SMALL_COHORT
    return size * SMALL_SHARE < median(Decimal(row[1]) for row in result.rows if isinstance(row[1], Decimal | int))


def is_under_way(result: Result, fiscal: int | None) -> bool:
    """Whether today's period, in which the last cell of every cohort stands, is under way."""
    is_fiscal = plain(result.rows[-1][0]).startswith("FY")
    starts = (fiscal,) if fiscal else tuple(range(2, 13)) if is_fiscal else (1,)
    today = result.stamp.today
    return any(today + timedelta(days=1) in period_of(today, every_of(result), start) for start in starts)


def every_of(result: Result) -> Every:
    """The length of a cohort's periods, which the names of the columns say."""
    return cast("Every", result.names[2].rsplit("_", 1)[0])


def _cohort_label(row: Sequence[Cell]) -> str:
    size = f"{Decimal(row[1]):,.0f}" if isinstance(row[1], Decimal | int) else ""
    return f"{plain(row[0])} ({size})"
