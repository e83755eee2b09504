"""A customer cube with a column a month, turned into a row a month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from rollforward.errors import MapError
from rollforward.sources.column_map import Binding, ColumnMap
from rollforward.sources.dates import parse_snapshot_day
from rollforward.sources.raw import RawFault, RawRows

if TYPE_CHECKING:
    from collections.abc import Sequence

DATE, MRR = "\0date", "\0mrr"
"""The columns that the turned table has in place of its months; no file can have columns of these names."""


def unpivoted(
    raw: RawRows, column_map: ColumnMap, texts: list[str]
) -> tuple[RawRows, ColumnMap, list[str], Sequence[str]]:
    """The rows, one a filled month; the map for them; each one's raw text; and the month's column of each.

    A row without any amount stays visible as a fault.
    """
    months = month_columns(raw.columns, column_map)
    if not months:
        raise MapError(
            column_map.where or column_map.shape, "no column is a month", 'Name them: months = ["2024-01", ...]'
        )
    places = [raw.columns.index(name) for name in months]
    filled = [
        (row, raw.columns[place], value)
        for row in range(len(raw.numbers))
        for place in places
        if (value := raw.values[place][row]) and value.strip() not in column_map.nulls
    ]
    faults = [*raw.faults, *_without_amounts(raw, texts, {row for row, _, _ in filled})]
    return (
        _turned(raw, filled, faults),
        _map_for(column_map),
        [texts[row] for row, _, _ in filled],
        [name for _, name, _ in filled],
    )


def month_columns(columns: Sequence[str], column_map: ColumnMap) -> list[str]:
    """The columns that hold a month's MRR: those the map names, else those whose names are months or days."""
    if column_map.months:
        return [name for name in column_map.months if name in columns]
    used = column_map.source_columns()
    return [name for name in columns if name not in used and is_month(name, column_map.date_format)]


def is_month(name: str, formats: Sequence[str] = ()) -> bool:
    """Whether a column's name is a month or a day."""
    return isinstance(parse_snapshot_day(name, formats, "UTC", None), date)


def _turned(raw: RawRows, filled: list[tuple[int, str, str]], faults: list[RawFault]) -> RawRows:
    rows = [row for row, _, _ in filled]
    kept = tuple([values[row] for row in rows] for values in raw.values)
    turned = ([name for _, name, _ in filled], [value for _, _, value in filled])
    numbers = [raw.numbers[row] for row in rows]
    return replace(raw, columns=(*raw.columns, DATE, MRR), values=(*kept, *turned), numbers=numbers, faults=faults)


def _map_for(column_map: ColumnMap) -> ColumnMap:
    dates = replace(column_map.columns.get("date", Binding()), columns=(DATE,), constant=None)
    amounts = replace(column_map.columns.get("mrr", Binding()), columns=(MRR,), constant=None)
    return replace(column_map, columns={**column_map.columns, "date": dates, "mrr": amounts})


def _without_amounts(raw: RawRows, texts: list[str], filled: set[int]) -> list[RawFault]:
    reason, remedy = "the row holds no amount in any month", "Fill in a month, or 0 for a customer without MRR"
    empty = [row for row in range(len(raw.numbers)) if row not in filled]
    return [RawFault(raw.numbers[row], "", "", reason, remedy, raw=texts[row]) for row in empty]
