"""Lines: whole periods, broken and paler to the period under way, with a point for each that can be met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollforward.charts import axes, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import ResultColumn

PALE = 0.4
MOST_POINTS = 500
"""More points than that are not to be met with a pointer, and make a picture heavy."""


def panel(picture: Picture, drawn: Sequence[Row], column: ResultColumn, size: tuple[int, int]) -> Row:
    """One column over the periods, a line for each group."""
    result, look = picture.result, picture.look
    colour: Row = {"value": look.groups[0]}
    if rows.group_of(result):
        groups = rows.largest(drawn, len(look.groups))
        drawn = [row for row in drawn if row["group"] in groups]
        colour = axes.by_name(groups, look.groups[: len(groups)], picture, field="group", stroke=True)
    encoding = {
        "x": axes.periods(picture, rows.labels_of(result), width=size[0]),
        "y": axes.values(
            picture, rows.axis_label(column), rows.axis_title(column, result), zero=column.kind != "ratio"
        ),
        "color": colour,
    }
    return {"layer": lines(picture, drawn, encoding), "width": size[0], "height": size[1]}


def lines(picture: Picture, drawn: Sequence[Row], encoding: Row) -> list[Row]:
    """The layers of a line over whole periods and a broken, paler one to the period under way."""
    labels = list(dict.fromkeys(row["period"] for row in drawn))
    going = {row["period"] for row in drawn if row["under_way"]}
    whole = [row for row in drawn if not row["under_way"]]
    tail = [row for row in drawn if going and row["period"] in labels[-2:]]
    ends = [*_lonely(whole), *(row for row in drawn if row["under_way"] and row["value"] is not None)]
    parts = [line(whole, encoding)]
    parts += [line(tail, encoding, opacity=PALE, strokeDash=[4, 3])] if tail else []
    parts += [_ends(picture, ends, encoding)] if ends else []
    parts += [_points(picture, drawn, encoding)] if len(drawn) <= MOST_POINTS else []
    return parts


def _lonely(whole: Sequence[Row]) -> list[Row]:
    """Points that no line leads to: the periods beside them are unknown, or there are none."""
    lines: dict[tuple[str, str], list[Row]] = {}
    for row in whole:
        lines.setdefault((row["group"], row["name"]), []).append(row)
    return [
        row
        for one in lines.values()
        for before, row, after in zip([None, *one[:-1]], one, [*one[1:], None], strict=True)
        if row["value"] is not None and all(beside is None or beside["value"] is None for beside in (before, after))
    ]


def line(drawn: Sequence[Row], encoding: Row, **looks: Any) -> Row:  # noqa: ANN401  properties of a mark
    """A line without points."""
    mark = {"type": "line", "strokeWidth": 2, "aria": False, **looks}
    return {"data": axes.data(_bare(drawn), "value"), "mark": mark, "encoding": encoding}


def _bare(drawn: Sequence[Row]) -> list[Row]:
    """Rows without the names of their marks."""
    return [{name: value for name, value in row.items() if name not in {"mark", "said"}} for row in drawn]


def _ends(picture: Picture, drawn: Sequence[Row], encoding: Row) -> Row:
    """The period under way, and what would be a line of a single point."""
    mark = {
        "type": "point",
        "filled": False,
        "fill": picture.look.surface,
        "size": 30,
        "strokeWidth": 1.5,
        "opacity": 1,
    }
    return {"data": axes.data(_bare(drawn), "value"), "mark": mark | {"aria": False}, "encoding": encoding}


def _points(picture: Picture, drawn: Sequence[Row], encoding: Row) -> Row:
    """Points that are not seen until they are met, and say their exact value."""
    known = [row for row in drawn if row["value"] is not None]
    mark = {"type": "point", "filled": True, "opacity": 0, "size": 120 if picture.look.is_page else 80}
    return {"data": axes.data(known, "value"), "mark": mark, "encoding": {**encoding, **picture.naming}}
