"""Bars: stacked by name or group, gains above 0 and losses below; those of the period under way are paler."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.lines import PALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import ResultColumn


def draw(picture: Picture) -> Row:
    """The chosen columns as bars stacked on each other, such as what contraction and churn took."""
    columns, look = rows.chosen(picture), picture.look
    drawn = [row for row in rows.long(picture, columns) if row["value"] and Decimal(row["value"])]
    colours = [look.kinds.get(kind_of(one), look.groups[place % len(look.groups)]) for place, one in enumerate(columns)]
    names = [column.name for column in columns]
    encoding = {
        **across(picture),
        "y": axes.values(picture, rows.axis_label(columns[0]), rows.unit_title(columns, picture.result), zero=True),
        "color": axes.by_name(names, colours, picture, field="name"),
    }
    layers = [*bars(picture, drawn, encoding), zero_line(picture)]
    return {"layer": layers, "width": picture.across, "height": picture.tall}


def kind_of(column: ResultColumn) -> str:
    """The kind of movement that a column is about, as its colour tells."""
    said = {"churned_mrr": "churn", "churned_customers": "churn", "reactivated_customers": "reactivation"}
    return said.get(column.name, column.name.removesuffix("_mrr").removesuffix("_customers").removesuffix("s"))


def across(picture: Picture) -> Row:
    """The axis of periods, and the order in which bars stand on each other."""
    labels = rows.labels_of(picture.result)
    return {
        "x": axes.periods(picture, labels, width=picture.across),
        "order": {"field": "order", "type": "quantitative"},
    }


def bars(picture: Picture, drawn: Sequence[Row], encoding: Row) -> list[Row]:
    """Bars; those of the period under way are paler and have a broken edge."""
    whole = [row for row in drawn if not row["under_way"]]
    going = [row for row in drawn if row["under_way"]]
    named = {**encoding, **picture.naming}
    pale = {"type": "bar", "fillOpacity": PALE, "strokeWidth": 1, "strokeDash": [3, 2]}
    layers = [{"data": axes.data(whole, "value"), "mark": {"type": "bar"}, "encoding": named}]
    if going:
        edged = {**named, "stroke": named["color"]}
        layers += [{"data": axes.data(going, "value"), "mark": pale, "encoding": edged}]
    return layers


def zero_line(picture: Picture) -> Row:
    """The line at 0."""
    mark = {"type": "rule", "color": picture.look.rule, "aria": False}
    return {"data": {"values": [{"at": 0}]}, "mark": mark, "encoding": {"y": {"field": "at", "type": "quantitative"}}}
