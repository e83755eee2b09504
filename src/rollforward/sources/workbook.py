"""Rows of a sheet of a workbook (XLSX)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from rollforward.errors import MapError, UnreadableFileError
from rollforward.sources.cells import cell_text
from rollforward.sources.raw import ROWS_AT_ONCE, RawFault, RawRows, ReadOptions, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_workbook(stream: BinaryIO, path: Path, options: ReadOptions) -> Iterator[RawRows]:
    """The rows of a sheet, in batches. The row number is the sheet's."""
    workbook = _workbook(stream, path)
    sheet = workbook.get_sheet_by_name(_sheet_name(workbook, path, options.sheet))
    if sheet.start is None:
        raise UnreadableFileError(path, f"sheet {sheet.name!r} is empty", "Name another with sheet in the map")
    rows = ((number, list(map(cell_text, row))) for number, row in enumerate(_all_rows(sheet), 1))
    header = next(((number, row) for number, row in rows if number >= options.header_row and any(row)), None)
    if header is None:
        raise UnreadableFileError(path, "has no header", "Correct header_row in the map")
    yield from _batches(rows, _named(header[1]))


def _workbook(stream: BinaryIO, path: Path) -> Any:  # noqa: ANN401 - the reader has no types
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_filelike(stream)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        reason = f"is not a workbook that can be read ({error})"
        raise UnreadableFileError(
            path, reason, "Save it again as .xlsx, without a password, or unpack it if it is a zip"
        ) from error


def sheets(stream: BinaryIO, path: Path) -> list[str]:
    """The names of a workbook's sheets that hold anything."""
    workbook = _workbook(stream, path)
    return [name for name in workbook.sheet_names if _holds_anything(workbook, name)]


def _holds_anything(workbook: Any, name: str) -> bool:  # noqa: ANN401 - the reader has no types
    import python_calamine

    try:
        return workbook.get_sheet_by_name(name).start is not None
    except python_calamine.CalamineError:  # a sheet of charts has no cells
        return False


def _sheet_name(workbook: Any, path: Path, wanted: str | None) -> str:  # noqa: ANN401 - the reader has no types
    names = list(workbook.sheet_names)
    if wanted is not None:
        if wanted not in names:
            raise MapError("sheet", f"{path} has no sheet {wanted!r}", f"It has: {', '.join(names)}")
        return wanted
    filled = [name for name in names if _holds_anything(workbook, name)]
    if len(filled) > 1:
        raise MapError("sheet", f"{path} has several sheets", f"Name one in the map: {', '.join(filled)}")
    return str([*filled, *names][0])


def _all_rows(sheet: Any) -> Iterator[list[object]]:  # noqa: ANN401 - the reader has no types
    """Every row of the sheet from its first one on, blank ones too, so that counting gives the sheet's own numbers."""
    top, _ = sheet.start
    rows = sheet.to_python(skip_empty_area=True)
    yield from ([] for _ in range(top))
    yield from rows


def _named(header: list[str | None]) -> tuple[str, ...]:
    while header and not header[-1]:
        header.pop()
    return unique_names([name or "" for name in header])


def _batches(rows: Iterator[tuple[int, list[str | None]]], columns: tuple[str, ...]) -> Iterator[RawRows]:
    first = True
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield _batch([(number, row) for number, row in some if any(row)], columns)
        first = False
    if first:
        yield RawRows(columns, tuple(() for _ in columns), ())


def _batch(numbered: list[tuple[int, list[str | None]]], columns: tuple[str, ...]) -> RawRows:
    width = len(columns)
    even = [(number, (row + [None] * width)[:width]) for number, row in numbered if not any(row[width:])]
    faults = [_too_wide(number, row, width) for number, row in numbered if any(row[width:])]
    values = tuple(zip(*(row for _, row in even), strict=True)) if even else tuple(() for _ in columns)
    return RawRows(columns, values, [number for number, _ in even], faults)


def _too_wide(number: int, row: list[str | None], width: int) -> RawFault:
    import json

    value = next(cell for cell in row[width:] if cell)
    reason = "a cell stands beyond the last column of the header"
    return RawFault(
        number, "", value, reason, "Give its column a name, or clear it", raw=json.dumps(row, ensure_ascii=False)
    )
