"""A sparkline: the shape of one column in a tile, drawn without the renderer because there are many."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from rollforward.charts import rows
from rollforward.charts.picture import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.results import Result

_EDGE = 3


def sparkline(result: Result, name: str, *, width: int = 120, height: int = 28, fiscal: int | None = None) -> str:
    """The values of one column as a thin line for a page, its last point marked; unknown ones leave a gap.

    The piece to the period under way is broken. Empty where fewer than two values are known.
    """
    place = result.names.index(name)
    values = [None if row[place] is None else Decimal(str(row[place])) for row in result.rows]
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004  a line has two ends
        return ""
    points = _points(values, (width, height))
    going = rows.is_under_way(rows.labels_of(result)[-1], result.stamp.today, fiscal or result.stamp.fiscal_year_start)
    whole, tail = (points[:-1], points[-2:]) if going else (points, [])
    last = next(point for point in reversed(points) if point)
    return (
        f'<svg class="chart spark" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{escape(_name(result, name))}">'
        f'<g fill="none" stroke="var(--soft)" stroke-width="1.5" stroke-linejoin="round">{_path(whole)}'
        f'{_path(tail, broken=True)}</g><circle cx="{last[0]}" cy="{last[1]}" r="2.5" fill="var(--ink)"/></svg>'
    )


def _points(values: Sequence[Decimal | None], size: tuple[int, int]) -> list[tuple[str, str] | None]:
    """Where each value stands: the lowest near the foot, the highest near the top."""
    known = [value for value in values if value is not None]
    low, span = min(known), max(known) - min(known)
    step = Decimal(size[0] - 2 * _EDGE) / (len(values) - 1)
    room = size[1] - 2 * _EDGE
    return [
        None
        if value is None
        else (
            _short(_EDGE + place * step),
            _short(_EDGE + room - (room * (value - low) / span if span else Decimal(room) / 2)),
        )
        for place, value in enumerate(values)
    ]


def _short(number: Decimal) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _path(points: Sequence[tuple[str, str] | None], *, broken: bool = False) -> str:
    pieces, pen = [], "M"
    for point in points:
        pieces.append("" if point is None else f"{pen}{point[0]},{point[1]}")
        pen = "M" if point is None else "L"
    drawn = "".join(pieces)
    dash = ' stroke-dasharray="3 2"' if broken else ""
    return f'<path d="{drawn}"{dash}/>' if drawn else ""


def _name(result: Result, name: str) -> str:
    """What is heard: the metric, the first and the last period with their values."""
    column = next(column for column in result.columns if column.name == name)
    place = result.names.index(name)
    ends = [(row[0], rows.said(row[place], column, result)) for row in (result.rows[0], result.rows[-1])]
    said = " to ".join(f"{period} {value}" for period, value in ends)
    return f"{called(name)}, {said}"
