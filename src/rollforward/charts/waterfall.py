"""A waterfall: how the opening became the closing, by kind of movement or by who moved the total."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.picture import Mark, called
from rollforward.charts.rollforward import shown_kinds
from rollforward.formats import answer_of, footed_rows
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.charts.picture import Picture, Row
    from rollforward.results import Cell

_ROW = 26
_ROOM = 64
"""The room of the amounts beside the bars, in pixels."""

_LONGEST = 22
_MOST_STEPS = 12


@dataclass(frozen=True)
class _Step:
    name: str
    moved: Decimal
    colour: str
    group: str = ""
    groups: tuple[str, ...] = ()


def draw(picture: Picture) -> Row:
    """Rows from the opening to the closing, each a bar from where the one before ended."""
    listed = footed_rows(answer_of(picture.result))
    steps = _by_group(picture, listed) if rows.group_of(picture.result) else _by_kind(picture, listed)
    drawn = _placed(picture, steps, _total(picture, listed, "opening", first=True))
    left = _left(picture, [row["name"] for row in drawn])
    across = picture.width - left - _ROOM
    amounts = axes.values(picture, rows.AMOUNT, None, zero=False)
    amounts["axis"] |= {"tickCount": max(2, across // 110), "domain": False, "ticks": False, "labelFlush": False}
    encoding = {
        "y": {"field": "place", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.25}},
        "x": {**amounts, "field": "from"},
        "x2": {"field": "to"},
        "color": {"field": "colour", "type": "nominal", "scale": None},
    }
    layers = [
        _end(picture, drawn[0], encoding),
        _bars(picture, drawn[1:-1], encoding),
        _end(picture, drawn[-1], encoding),
        *_texts(picture, drawn, encoding),
    ]
    return {"layer": layers, "width": across, "height": _ROW * len(drawn), "usermeta": {"left": left}}


def _left(picture: Picture, names: Sequence[str]) -> int:
    return int(max(map(len, names)) * picture.look.letter) + 10


def _by_kind(picture: Picture, listed: Sequence[Sequence[Cell]]) -> list[_Step]:
    """What each kind of movement did over all periods."""
    return [
        _Step(kind.name, -total if kind.name in rows.LOSSES else total, picture.look.kinds[kind.name])
        for kind in shown_kinds(picture)
        for total in [_total(picture, listed, kind.name)]
    ]


def _by_group(picture: Picture, listed: Sequence[Sequence[Cell]]) -> list[_Step]:
    """What each group did over all periods, those that moved most first; the rest are one step."""
    groups = dict.fromkeys(plain(row[1]) for row in listed)
    moved = {group: _moved(picture, [row for row in listed if plain(row[1]) == group]) for group in groups}
    order = sorted((group for group in moved if moved[group]), key=lambda group: (-abs(moved[group]), group))
    steps = [_step(picture, group or rows.NONE, moved[group], (group,)) for group in order[:_MOST_STEPS]]
    rest = order[_MOST_STEPS:]
    if rest:
        total = sum((moved[group] for group in rest), Decimal(0))
        steps.append(_step(picture, f"{len(rest)} others", total, tuple(rest)))
    return steps


def _step(picture: Picture, group: str, moved: Decimal, groups: tuple[str, ...]) -> _Step:
    return _Step("net_change", moved, picture.look.kinds["new" if moved > 0 else "churn"], group, groups)


def _moved(picture: Picture, listed: Sequence[Sequence[Cell]]) -> Decimal:
    return _total(picture, listed, "closing", last=True) - _total(picture, listed, "opening", first=True)


def _total(
    picture: Picture, listed: Sequence[Sequence[Cell]], name: str, *, first: bool = False, last: bool = False
) -> Decimal:
    """The sum of a column over all rows, or over those of the first or the last period."""
    place, labels = picture.result.names.index(name), rows.labels_of(picture.result)
    within = {labels[0]} if first else {labels[-1]} if last else set(labels)
    return sum((Decimal(str(row[place] or 0)) for row in listed if plain(row[0]) in within), Decimal(0))


def _placed(picture: Picture, steps: Sequence[_Step], opening: Decimal) -> list[Row]:
    """The opening, each step from where the one before ended, and the closing."""
    labels, at = rows.labels_of(picture.result), opening
    drawn = [_row(picture, labels[0], _Step("opening", opening, picture.look.ink), at, at)]
    span = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
    for step in steps:
        drawn.append(_row(picture, span, step, at, at + step.moved))
        at += step.moved
    drawn.append(_row(picture, labels[-1], _Step("closing", at, picture.look.ink), at, at))
    return [{**row, "place": place} for place, row in enumerate(drawn)]


def _row(picture: Picture, period: str, step: _Step, before: Decimal, after: Decimal) -> Row:
    result = picture.result
    money = next(column for column in result.columns if column.name == "opening")
    is_end = before == after and step.name in {"opening", "closing"}
    mark = Mark(result.subject, period, step.name, rows.said(step.moved, money, result), step.group, step.groups)
    short = rows.short(plain(step.moved), money)
    name = step.group or (step.name if is_end else called(step.name))
    return {
        "name": name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…",
        "from": plain(before),
        "to": plain(after),
        "value": plain(step.moved),
        "most": plain(max(before, after)),
        "text": short if is_end or step.moved <= 0 else f"+{short}",
        "colour": step.colour,
        **picture.named(mark),
    }


def _bars(picture: Picture, drawn: Sequence[Row], encoding: Row) -> Row:
    return {
        "data": axes.data(drawn, "from", "to"),
        "mark": {"type": "bar", "minBandSize": 1},
        "encoding": {**encoding, **picture.naming},
    }


def _end(picture: Picture, row: Row, encoding: Row) -> Row:
    """The opening or the closing as a tick: a bar that does not begin at 0 would mislead."""
    tick = {"type": "tick", "opacity": 1, "thickness": 4, "bandSize": 18}
    at = {name: channel for name, channel in encoding.items() if name != "x2"}
    return {"data": axes.data([row], "from", "to"), "mark": tick, "encoding": {**at, **picture.naming}}


def _texts(picture: Picture, drawn: Sequence[Row], encoding: Row) -> list[Row]:
    """The names before the bars, the amounts beside them."""
    size: Row = {"fontSize": 0, "baseline": "alphabetic", "dy": 4} if picture.look.is_page else {"fontSize": 11}
    mark = {"type": "text", "aria": False, **size}
    names, amounts = ({"field": field, "type": "nominal"} for field in ("name", "text"))
    at_edge = {"y": encoding["y"], "x": {"value": 0}, "color": {"value": picture.look.muted}}
    beside = {**at_edge, "x": {**encoding["x"], "field": "most"}, "color": {"value": picture.look.ink}}
    data = axes.data(drawn, "most")
    return [
        {"data": data, "mark": mark | {"align": "right", "dx": -8}, "encoding": {**at_edge, "text": names}},
        {"data": data, "mark": mark | {"align": "left", "dx": 6}, "encoding": {**beside, "text": amounts}},
    ]
