"""Records that have the canonical columns already: those of cases, and of whoever sends them as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.errors import UnknownNameError
from rollforward.records.tables import TABLES, Table
from rollforward.sources.checks import check_rows
from rollforward.sources.column_map import DISCOUNT_PARTS
from rollforward.sources.dates import zone
from rollforward.sources.discounts import DiscountReading, parse_discounts
from rollforward.sources.draft import Cells, Draft, finished, parse_columns
from rollforward.sources.faults import Fault, RowFault
from rollforward.sources.identity import fill_identity
from rollforward.sources.json_rows import as_text
from rollforward.sources.parsers import Reading
from rollforward.sources.raw import well_formed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollforward.records.batch import Batch

_NESTED = ("discounts", "attributes")


def translate_records(
    table: str, rows: Sequence[Mapping[str, object]], *, source: str, timezone: str, file: str = "", first: int = 0
) -> Batch:
    """The batch of some records in canonical columns. The row number is the record's place, from `first`.

    A missing column or a null takes its default; an unknown column or word is a problem. Words are the canonical ones.
    """
    if table not in TABLES:
        raise UnknownNameError("table", table, list(TABLES))
    zone(timezone)
    draft = _draft(TABLES[table], rows, Reading(timezone, strict=True, empty=frozenset({""})), first)
    _refuse_unknown_columns(draft, rows)
    _refuse_inexact(draft, rows)
    parse_columns(draft)
    _parse_nested(draft, rows)
    fill_identity(draft)
    check_rows(draft)
    return finished(draft, source, file)


def _draft(table: Table, rows: Sequence[Mapping[str, object]], reading: Reading, first: int) -> Draft:
    given = {name for row in rows for name in row}
    cells = {
        name: Cells(name, [_text(row.get(name)) for row in rows], reading)
        for name in table.names
        if name in given and name not in _NESTED
    }
    numbers = range(first, first + len(rows))
    return Draft(table, cells, numbers, [as_text(dict(row)) or "" for row in rows])


def _text(value: object) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else as_text(value)


def _refuse_unknown_columns(draft: Draft, rows: Sequence[Mapping[str, object]]) -> None:
    known = set(draft.table.names)
    for index, row in enumerate(rows):
        for name in row:
            if name not in known:
                fault = Fault(f"{draft.table.name} has no such column", f"It has: {', '.join(draft.table.names)}")
                draft.add(RowFault(index, well_formed(str(name)), _text(row[name]) or "", fault), name)


def _refuse_inexact(draft: Draft, rows: Sequence[Mapping[str, object]]) -> None:
    fault = Fault("a binary fraction is not exact", "Hand it over as text or as a Decimal")
    for index, row in enumerate(rows):
        for name, value in row.items():
            if isinstance(value, float):
                draft.add_fault(index, name, fault)


def _parse_nested(draft: Draft, rows: Sequence[Mapping[str, object]]) -> None:
    if "discounts" in draft.table.names:
        reading = Reading(draft_timezone(draft), strict=True)
        parse_discounts(
            draft, [row.get("discounts") for row in rows], DiscountReading(dict.fromkeys(DISCOUNT_PARTS, reading))
        )
    if "attributes" in draft.table.names:
        _parse_attributes(draft, rows)


def draft_timezone(draft: Draft) -> str:
    """The time zone in which the draft's columns are read."""
    return next((cells.reading.timezone for cells in draft.cells.values()), "UTC")


def _parse_attributes(draft: Draft, rows: Sequence[Mapping[str, object]]) -> None:
    import pyarrow as pa

    from rollforward.records.batch import arrow_type

    fault = Fault("attributes are not an object of texts", 'Write them as {"segment": "SMB"}')
    values: list[list[tuple[str, str | None]]] = []
    for index, row in enumerate(rows):
        given = row.get("attributes") or {}
        if not isinstance(given, dict):
            draft.add_fault(index, "attributes", fault)
            given = {}
        values.append([(well_formed(str(name)), _text(value)) for name, value in given.items()])
    draft.arrays["attributes"] = pa.array(values, arrow_type("attributes"))
