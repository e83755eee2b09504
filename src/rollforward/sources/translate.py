"""From a file's rows to the rows of a canonical table, under a column map. Pure: rows in, rows and problems out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.errors import MapError, Problem
from rollforward.records.batch import arrow_type
from rollforward.records.tables import TABLES
from rollforward.sources.checks import check_rows
from rollforward.sources.column_map import ANY, DISCOUNT_PARTS, Binding, ColumnMap
from rollforward.sources.dates import zone
from rollforward.sources.discounts import DiscountReading, parse_discounts
from rollforward.sources.draft import Cells, Draft, finished, parse_columns
from rollforward.sources.faults import Fault, RowFault
from rollforward.sources.identity import fill_identity
from rollforward.sources.lookups import with_lookups
from rollforward.sources.parsers import Reading
from rollforward.sources.raw_text import raw_texts
from rollforward.sources.wide import unpivoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.records.batch import Batch
    from rollforward.sources.raw import RawRows


def translate(raw: RawRows, column_map: ColumnMap, *, source: str, file: str, timezone: str) -> Batch:
    """The batch of some rows of a file. Each is booked or a quarantined problem; MapError if a column is missing."""
    zone(timezone)
    texts = raw_texts(raw)
    fields: Sequence[str] | None = None
    if column_map.shape == "snapshots_wide":
        raw, column_map, texts, fields = unpivoted(raw, column_map, texts)
    raw, unmatched = with_lookups(raw, column_map)
    _check_columns(raw, column_map, file)
    draft = _draft(raw, column_map, timezone, texts, fields)
    _skip(draft, raw, column_map)
    for fault in unmatched:
        draft.add(fault, "")
    _fill(draft, raw, column_map, timezone)
    return finished(draft, source, file, _raw_problems(raw, column_map, source, file))


def _check_columns(raw: RawRows, column_map: ColumnMap, file: str) -> None:
    """A column that is not there must not pass for an empty one: every subscription would seem to run on."""
    if raw.has_open_columns and not raw.numbers:
        return
    optional = {name for binding in column_map.columns.values() if binding.optional for name in binding.columns}
    missing = [name for name in column_map.source_columns() if name not in raw.columns and name not in optional]
    if missing:
        has = ", ".join(raw.columns)
        remedy = f"It has: {has}. Correct the map, or say optional = true for a column that may be missing"
        raise MapError(column_map.where or column_map.shape, f"{file} has no column {missing[0]!r}", remedy)


def _draft(raw: RawRows, column_map: ColumnMap, timezone: str, texts: list[str], fields: Sequence[str] | None) -> Draft:
    table = TABLES[column_map.table]
    cells = {
        name: Cells(_label(name, binding), _values(raw, binding), reading_of(binding, column_map, timezone))
        for name, binding in column_map.columns.items()
        if name in table.names and name != "discounts"
    }
    if fields is not None:
        cells["mrr"] = replace(cells["mrr"], fields=fields)
    if column_map.shape == "change_log" and "until_next" not in cells:
        yes = ["true"] * len(raw.numbers)
        cells["until_next"] = Cells("until_next", yes, Reading(timezone))
    return Draft(table, cells, raw.numbers, texts)


def _label(name: str, binding: Binding) -> str:
    return binding.separator.join(binding.columns) if binding.columns else name


def reading_of(binding: Binding, column_map: ColumnMap, timezone: str) -> Reading:
    """How a column is written: as its binding says, else as the map does. A constant is written plainly."""
    if binding.constant is not None:
        return Reading(timezone, times=binding.times, round=binding.round)
    return Reading(
        timezone=timezone,
        naive_timezone=column_map.timezone,
        date_format=binding.date_format or column_map.date_format,
        last_day=binding.last_day,
        decimal=column_map.decimal,
        thousands=column_map.thousands,
        times=binding.times,
        round=binding.round,
        default=binding.default,
        words=binding.words,
        empty=column_map.nulls,
    )


def _values(raw: RawRows, binding: Binding) -> Sequence[str | None]:
    size = len(raw.numbers)
    if binding.constant is not None:
        return [binding.constant] * size
    parts = [values for name in binding.columns if (values := raw.column(name)) is not None]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return [None] * size
    return [binding.separator.join(part for part in row if part) or None for row in zip(*parts, strict=True)]


def _skip(draft: Draft, raw: RawRows, column_map: ColumnMap) -> None:
    """Rows that the map leaves out are problems too, so that no row is lost without a word."""
    for rule in column_map.skip_where:
        fault = Fault("left out by the map (skip_where)", "Take the value out of skip_where to book such rows")
        wanted = set(rule.values)
        for index, value in enumerate(raw.column(rule.column) or ()):
            if (value or "").strip() in wanted:
                draft.add(RowFault(index, rule.column, value or "", fault), "")


def _fill(draft: Draft, raw: RawRows, column_map: ColumnMap, timezone: str) -> None:
    parse_columns(draft)
    if "discounts" in draft.table.names:
        parse_discounts(draft, _discounts(raw, column_map), _discount_reading(column_map, timezone))
    if "attributes" in draft.table.names:
        _fill_attributes(draft, raw, column_map)
    fill_identity(draft, is_change_log=column_map.shape == "change_log")
    check_rows(draft)


def _discount_reading(column_map: ColumnMap, timezone: str) -> DiscountReading:
    whole = column_map.columns.get("discounts", Binding())
    bindings = {part: column_map.columns.get(f"discount_{part}", whole) for part in DISCOUNT_PARTS}
    return DiscountReading({part: reading_of(binding, column_map, timezone) for part, binding in bindings.items()})


def _discounts(raw: RawRows, column_map: ColumnMap) -> Sequence[object] | None:
    """The discounts of each row: a column that holds their list, or one discount whose parts stand in columns."""
    if "discounts" in column_map.columns:
        return _values(raw, column_map.columns["discounts"])
    parts = {part: column_map.columns.get(f"discount_{part}") for part in DISCOUNT_PARTS}
    values = {part: _translated(raw, binding, column_map) for part, binding in parts.items() if binding is not None}
    if not values:
        return None
    rows = (dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True))
    return [[_with_duration(row)] if _is_given(row) else None for row in rows]


def _with_duration(row: dict[str, str | None]) -> dict[str, str | None]:
    """The discount of a row: where its columns do not say how long it lasts, its end does."""
    return row if row.get("duration") or not row.get("ends") else {**row, "duration": "repeating"}


def _is_given(row: dict[str, str | None]) -> bool:
    return any(value and value.strip("0., %") for part, value in row.items() if part in {"percent", "amount"})


def _translated(raw: RawRows, binding: Binding, column_map: ColumnMap) -> list[str | None]:
    words = dict(binding.words)
    nulls = column_map.nulls
    values = (None if (value or "").strip() in nulls else (value or "").strip() for value in _values(raw, binding))
    return [words.get(value or "", words.get(ANY, value) if value else value) for value in values]


def _fill_attributes(draft: Draft, raw: RawRows, column_map: ColumnMap) -> None:
    """What the map does not use of a customer's row stays with the customer, to filter and group by."""
    import pyarrow as pa

    used = set(column_map.source_columns())
    names = [name for name in raw.columns if name not in used]
    columns = [values for name, values in zip(raw.columns, raw.values, strict=True) if name not in used]
    rows = zip(*columns, strict=True) if columns else ((),) * len(raw.numbers)
    nulls = column_map.nulls
    pairs = [
        [(name, value.strip()) for name, value in zip(names, row, strict=True) if value and value.strip() not in nulls]
        for row in rows
    ]
    draft.arrays["attributes"] = pa.array(pairs, arrow_type("attributes"))


def _raw_problems(raw: RawRows, column_map: ColumnMap, source: str, file: str) -> list[Problem]:
    return [
        Problem(
            source=source,
            table=column_map.table,
            file=file,
            row=fault.row,
            field=fault.field,
            value=fault.value,
            reason=fault.reason,
            remedy=fault.remedy,
            severity=fault.severity,
            raw=fault.raw,
        )
        for fault in raw.faults
    ]
