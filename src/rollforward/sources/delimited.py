"""Rows of delimited text: CSV, TSV and their kin."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from rollforward.errors import UnreadableFileError
from rollforward.sources.lines import Lines
from rollforward.sources.raw import ROWS_AT_ONCE, RawFault, RawRows, ReadOptions, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_DELIMITERS = (",", ";", "\t", "|")
_AT_ONCE = 2_000
"""Rows that are turned into columns at once: so few stay in the processor's cache, which is quicker."""

_QUOTES = 'Close the quotes of the row (a quote inside a quoted cell is written twice: "")'


def read_delimited(stream: BinaryIO, path: Path, options: ReadOptions) -> Iterator[RawRows]:
    """The rows of a delimited text, in batches."""
    lines = Lines(stream, options.encoding)
    texts = iter(lines)
    skipped, header_line = _to_header(texts, options.header_row, path)
    reader = csv.reader(
        chain((header_line,), texts), delimiter=options.delimiter or _delimiter(header_line, path), strict=True
    )
    try:
        header = next(reader)
    except csv.Error as error:
        raise UnreadableFileError(path, f"the header cannot be read ({error})", _QUOTES) from error
    yield from _batches(reader, unique_names(header), skipped, lines)


def _to_header(texts: Iterator[str], header_row: int, path: Path) -> tuple[int, str]:
    """The lines before the header and the header's line: the first with anything in it from `header_row` on."""
    for number, line in enumerate(texts, 1):
        if number >= header_row and line.strip():
            return number - 1, line
    raise UnreadableFileError(path, "has no header", "Export it again, or correct header_row in the map")


def _delimiter(header: str, path: Path) -> str:
    """The delimiter that splits the header most, outside of quotes."""
    bare = "".join(header.split('"')[::2])
    most = max(_DELIMITERS, key=bare.count)
    return most if bare.count(most) else "\t" if ".tsv" in path.suffixes else ","


@dataclass(slots=True)
class _Gathered:
    """The columns of a batch while its rows come in."""

    columns: tuple[str, ...]
    values: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    faults: list[RawFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = [[] for _ in self.columns]

    def __len__(self) -> int:
        return len(self.numbers) + len(self.faults)

    def add(self, rows: list[list[str]], numbers: Sequence[int]) -> None:
        for column, cells in zip(self.values, zip(*rows, strict=True), strict=False):
            column.extend(cells)
        self.numbers.extend(numbers)

    def batch(self, notes: list[RawFault]) -> RawRows:
        return RawRows(self.columns, tuple(self.values), self.numbers, [*self.faults, *notes])


def _batches(reader: _Reader, columns: tuple[str, ...], skipped: int, lines: Lines) -> Iterator[RawRows]:
    gathered, is_first, is_last = _Gathered(columns), True, False
    while not is_last:
        before = reader.line_num
        rows, broken, is_last = _some_rows(reader, skipped)
        numbers = _numbers(rows, before + skipped + 1, reader.line_num - before)
        kept, kept_numbers, ragged = _even(rows, numbers, columns)
        gathered.add(kept, kept_numbers)
        gathered.faults += [*ragged, *broken]
        if len(gathered) >= ROWS_AT_ONCE or (is_last and (len(gathered) or is_first)):
            yield gathered.batch(lines.take_notes())
            gathered, is_first = _Gathered(columns), False


if TYPE_CHECKING:
    from typing import Protocol

    class _Reader(Protocol):
        @property
        def line_num(self) -> int: ...
        def __iter__(self) -> Iterator[list[str]]: ...
        def __next__(self) -> list[str]: ...


def _some_rows(reader: _Reader, skipped: int) -> tuple[list[list[str]], list[RawFault], bool]:
    """The next rows, up to a broken one, which becomes a fault; and whether the file has ended."""
    rows: list[list[str]] = []
    before = reader.line_num
    try:
        rows.extend(islice(reader, _AT_ONCE))
    except csv.Error as error:
        start = before + skipped + 1 + sum(map(_lines_in, rows))
        return rows, [_broken(start, reader.line_num + skipped, str(error))], False
    return rows, [], len(rows) < _AT_ONCE


def _broken(start: int, end: int, error: str) -> RawFault:
    lines = f"line {start}" if start == end else f"lines {start} to {end}"
    reason = (
        f"a quote is not closed: {lines} cannot be told apart" if end > start else f"the quotes do not match ({error})"
    )
    return RawFault(start, "", "", reason, _QUOTES)


def _numbers(rows: list[list[str]], first: int, lines: int) -> Sequence[int]:
    """The line on which each row starts."""
    if lines == len(rows):
        return range(first, first + lines)
    numbers = []
    for row in rows:
        numbers.append(first)
        first += _lines_in(row)
    return numbers


def _lines_in(row: list[str]) -> int:
    return 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)


def _even(
    rows: list[list[str]], numbers: Sequence[int], columns: tuple[str, ...]
) -> tuple[list[list[str]], Sequence[int], list[RawFault]]:
    """The rows as wide as the header, and a fault for each other one. Lines without any content are no rows."""
    width = len(columns)
    if set(map(len, rows)) <= {width} and all(map(any, rows)):
        return rows, numbers, []
    kept: list[list[str]] = []
    kept_numbers: list[int] = []
    faults: list[RawFault] = []
    for number, row in zip(numbers, rows, strict=True):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) == width or (len(row) > width and not any(row[width:])):
            kept.append(row[:width])
            kept_numbers.append(number)
        else:
            faults.append(_ragged(number, row, width))
    return kept, kept_numbers, faults


def _ragged(number: int, row: list[str], width: int) -> RawFault:
    import json

    reason = f"the row has {len(row)} cells where the header has {width}"
    remedy = "Quote cells that hold the delimiter, or correct the row"
    return RawFault(number, "", "", reason, remedy, raw=json.dumps(row, ensure_ascii=False))
