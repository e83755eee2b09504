"""Steps: the MRR of one account from entry to entry, each of which can be met."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.picture import Mark
from rollforward.formats import answer_of, footed_rows
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Cell


def draw(picture: Picture) -> Row:
    """The line from the first entry to today, and a point for each entry, in the colour of its kind."""
    result, look = picture.result, picture.look
    entries = [_entry(picture, row) for row in footed_rows(answer_of(result))]
    levels = [{"day": row["day"], "value": row["value"]} for row in entries]
    levels += [{"day": result.stamp.today.isoformat(), "value": entries[-1]["value"]}]
    if Decimal(entries[0]["before"]):
        levels.insert(0, {"day": entries[0]["day"], "value": entries[0]["before"]})
    kinds = [kind for kind in look.kinds if any(row["kind"] == kind for row in entries)]
    encoding = {
        "x": _days(picture),
        "y": axes.values(picture, rows.AMOUNT, f"MRR ({result.stamp.currency})", zero=True),
    }
    colour = axes.by_name(kinds, [look.kinds[kind] for kind in kinds], picture, field="kind")
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "aria": False, "color": look.ink}
    point = {"type": "point", "filled": True, "opacity": 1, "size": 70, "stroke": look.surface, "strokeWidth": 1}
    layers = [
        {"data": axes.data(levels, "value"), "mark": line, "encoding": encoding},
        {
            "data": axes.data(entries, "value"),
            "mark": point,
            "encoding": {**encoding, "color": colour, **picture.naming},
        },
    ]
    return {"layer": layers, "width": picture.across, "height": picture.tall}


def _entry(picture: Picture, row: Sequence[Cell]) -> Row:
    result = picture.result
    at = dict(zip(result.names, row, strict=True))
    money = next(column for column in result.columns if column.name == "mrr")
    day, kind = plain(at["day"]), plain(at["kind"])
    mark = Mark(result.subject, day, kind, rows.said(at["mrr"], money, result), account=plain(at["account"]))
    return {
        "day": day,
        "kind": kind,
        "value": rows.number(at["after"], money, result),
        "before": rows.number(at["before"], money, result) or "0",
        **picture.named(mark),
    }


def _days(picture: Picture) -> Row:
    """The axis of days: as many dates as there is room for, written as ISO has them."""
    axis = {
        "title": None,
        "format": "%Y-%m-%d",
        "labelAngle": 0,
        "tickCount": max(2, int(picture.across // (10 * picture.look.letter + 24))),
        "labelFlush": False,
        "aria": False,
    }
    return {"field": "day", "type": "temporal", "axis": axis, "scale": {"type": "utc"}}
