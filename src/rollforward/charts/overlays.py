"""What is laid over a picture: the result that it is compared with, and notes that are pinned to days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.charts import axes, rows
from rollforward.charts.lines import line
from rollforward.charts.picture import Mark

if TYPE_CHECKING:
    from rollforward.charts.picture import Picture, Row
    from rollforward.results import ResultColumn


def compared_line(picture: Picture, column: ResultColumn, encoding: Row) -> list[Row]:
    """A thin line of the same column of another result, its last period under the last."""
    other = picture.compared
    if other is None or not other.rows or rows.group_of(other):
        return []
    drawn, labels = rows.long(picture, [column], of=other), rows.labels_of(picture.result)
    paired = list(zip(reversed(labels), reversed(drawn), strict=False))[::-1]
    placed = [{**row, "period": label, "under_way": False} for label, row in paired]
    looks = {**encoding, "color": {"value": picture.look.compared}}
    before = rows.labels_of(other)
    picture.legend.append((f"compared: {before[0]} to {before[-1]}", picture.look.compared))
    known = [row for row in placed if row["value"] is not None]
    met = {"type": "point", "filled": True, "opacity": 0, "size": 50}
    points = {"data": axes.data(known, "value"), "mark": met, "encoding": {**looks, **picture.naming}}
    return [line(placed, looks, strokeWidth=1.2, strokeDash=[2, 2]), points]


def note_marks(picture: Picture, encoding: Row) -> list[Row]:
    """A small mark for each note, from the top of its period down; its name is the text."""
    labels = rows.labels_of(picture.result)
    found: dict[str, list[Row]] = {}
    for note in sorted(picture.notes, key=lambda note: (note.day, note.text)):
        label = rows.label_of(note.day, labels, picture.fiscal)
        if label:
            mark = Mark("notes", note.day.isoformat(), note.kind, note.text)
            found.setdefault(label, []).append({"period": label, **picture.named(mark)})
    if not found:
        return []
    at = {"x": encoding["x"], "color": {"value": picture.look.muted}}
    rule = {"type": "rule", "strokeDash": [1, 3], "aria": False}
    firsts = [{"period": label} for label in found]
    ranks = range(max(map(len, found.values())))
    nth = [[notes[rank] for notes in found.values() if rank < len(notes)] for rank in ranks]
    pins = [_pins(picture, drawn, at, rank) for rank, drawn in enumerate(nth)]
    return [{"data": axes.data(firsts), "mark": rule, "encoding": at}, *pins]


def _pins(picture: Picture, drawn: list[Row], at: Row, rank: int) -> Row:
    pin = {"type": "point", "shape": "triangle-down", "filled": True, "opacity": 1, "size": 80}
    named = {**at, **picture.naming, "y": {"value": 11 * rank}}
    return {"data": axes.data(drawn), "mark": pin, "encoding": named}
