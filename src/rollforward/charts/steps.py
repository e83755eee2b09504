"""Steps: the MRR of one account from entry to entry, each of which can be met."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.calendar import add_months
from rollforward.charts import axes, rows
from rollforward.charts.picture import Mark
from rollforward.formats import answer_of, footed_rows
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Cell


_HALF_A_DATE = 30
"""The room that the last date takes beyond its day, in pixels."""


def draw(picture: Picture) -> Row:
    """The line from the first entry to today, and a point for each entry, in the colour of its kind."""
    result, look = picture.result, picture.look
    entries = [_entry(picture, row) for row in footed_rows(answer_of(result))]
    levels = [{"day": row["day"], "value": row["value"]} for row in entries]
    levels += [{"day": result.stamp.today.isoformat(), "value": entries[-1]["value"]}]
    if Decimal(entries[0]["before"]):
        levels.insert(0, {"day": entries[0]["day"], "value": entries[0]["before"]})
    first = date.fromisoformat(entries[0]["day"])
    kinds = [kind for kind in look.kinds if any(row["kind"] == kind for row in entries)]
    encoding = {
        "x": _days(picture, first, max(first, result.stamp.today)),
        "y": axes.values(picture, rows.AMOUNT, f"MRR ({result.stamp.currency})", zero=True),
    }
    colour = axes.by_name(kinds, [look.kinds[kind] for kind in kinds], picture, field="kind")
    if look.is_page:
        # One scale whatever kinds there are, so that all accounts have pictures of one shape.
        colour["scale"] = {"domain": list(look.kinds), "range": list(look.kinds.values())}
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
    return {"layer": layers, "width": picture.across - _HALF_A_DATE, "height": picture.tall}


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


def _days(picture: Picture, first: date, last: date) -> Row:
    """The axis of days: as many dates as there is room for, of first days of months if they lie months apart."""
    most = max(2, int(picture.across // (10 * picture.look.letter + 16)))
    # Dates as the renderer counts them, which is the only way in which they can be told apart from the shape.
    shown = [(day - _EPOCH).days * _MILLISECONDS for day in _dates(first, last, most)]
    axis = {"title": None, "format": "%Y-%m-%d", "labelAngle": 0, "values": shown, "labelFlush": False, "aria": False}
    return {"field": "day", "type": "temporal", "axis": axis, "scale": {"type": "utc"}}


_EPOCH, _MILLISECONDS = date(1970, 1, 1), 86_400_000


def _dates(first: date, last: date, most: int) -> list[date]:
    """At most so many days between two, at even distances that people use."""
    days = (last - first).days
    if days < _LONG:
        step = next(step for step in (1, 2, 7, 14, 30) if days < step * most)
        return [first + timedelta(days=number) for number in range(0, days + 1, step)]
    months = [add_months(first.replace(day=1), number) for number in range(1, days // 28 + 1)]
    step = next(step for step in (1, 2, 3, 6, *range(12, 1212, 12)) if len(months) < step * most)
    return [day for day in months if day <= last and (day.year * 12 + day.month - 1) % step == 0]


_LONG = 62
"""The days from which a span is told by its months."""
