"""Rows of JSON: an array of objects, an object that holds one, or an object a line. Numbers keep their digits."""

from __future__ import annotations

import codecs
import json
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, cast

from rollforward.errors import UnreadableFileError
from rollforward.sources.lines import Lines
from rollforward.sources.raw import ROWS_AT_ONCE, RawFault, RawRows, ReadOptions, well_formed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_SPACE = " \t\r\n"
_NO_OBJECT = "not an object of columns and values"
_REMEDY = 'Each row is written as an object: {"customer": "c1", ...}'


class _Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def read_json(stream: BinaryIO, path: Path, options: ReadOptions) -> Iterator[RawRows]:
    """The rows of a JSON file, in batches. The row number is the element's, from 1."""
    text = _Text(stream, options.encoding, path)
    elements = _array(text) if text.next_mark() == "[" else _members(text)
    yield from _batches(enumerate(elements, 1))


def read_json_lines(stream: BinaryIO, path: Path, options: ReadOptions) -> Iterator[RawRows]:
    """The rows of a file with a JSON object a line, in batches. A broken line is a fault of its own."""
    del path
    lines = Lines(stream, options.encoding)
    numbered = ((number, _line(text)) for number, text in enumerate(lines, 1) if text.strip())
    yield from _batches(numbered, lines)


def _line(text: str) -> object:
    try:
        return cast("object", _DECODER.decode(text.strip()))
    except (ValueError, RecursionError):
        return RawFault(0, "", text.strip()[:200], "the line is not JSON", _REMEDY, raw=well_formed(text.strip()))


class _Text:
    """A JSON text that is read piece by piece."""

    def __init__(self, stream: BinaryIO, encoding: str | None, path: Path) -> None:
        head = stream.read(4)
        stream.seek(0)
        by_mark = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        self._reader = codecs.getreader(encoding or by_mark)(stream)
        self._path = path
        self._buffer = ""
        self._place = 0
        self._ended = False
        self.elements = 0

    def next_mark(self) -> str:
        """The next character that is no space, left where it is; empty at the end."""
        while True:
            while self._place < len(self._buffer) and self._buffer[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._buffer) or not self._more():
                return self._buffer[self._place : self._place + 1]

    def take(self) -> None:
        """One character on."""
        self._place += 1

    def value(self) -> object:
        """The next value, however long."""
        while True:
            try:
                found, self._place = _DECODER.raw_decode(self._buffer, self._place)
            except (ValueError, RecursionError) as error:
                if not self._more():
                    raise self.broken(str(error)) from error
            else:
                self.elements += 1
                return cast("object", found)

    def broken(self, detail: str) -> UnreadableFileError:
        """The error that says where the text stops being JSON."""
        return UnreadableFileError(
            self._path, f"is not JSON after element {self.elements} ({detail})", "Export it again"
        )

    def _more(self) -> bool:
        # The buffer doubles, so that a value of any length is tried only a few times.
        size = max(_CHUNK, len(self._buffer) - self._place)
        try:
            chunk = "" if self._ended else self._reader.read(size)
        except UnicodeDecodeError as error:
            raise UnreadableFileError(self._path, f"is not {error.encoding}", "Say its encoding in the map") from error
        self._ended = not chunk
        self._buffer, self._place = self._buffer[self._place :] + chunk, 0
        return bool(chunk)


def _array(text: _Text) -> Iterator[object]:
    text.take()
    if text.next_mark() == "]":
        return
    while True:
        yield text.value()
        mark = text.next_mark()
        text.take()
        if mark == "]":
            return
        if mark != ",":
            raise text.broken("a comma or the end of the list is missing")
        text.next_mark()


def _members(text: _Text) -> Iterable[object]:
    """The rows of an object: those of its one list of objects, else the object itself.

    An object with an id of its own is a row, whatever it holds: a subscription with its discounts is no list of them.
    """
    whole = text.value()
    if text.next_mark():
        raise text.broken("a second value follows; if each line is an object, name the file .jsonl")
    members = whole.values() if isinstance(whole, dict) and "id" not in whole else ()
    lists = [member for member in members if isinstance(member, list) and member and isinstance(member[0], dict)]
    return lists[0] if len(lists) == 1 else [whole]


def _batches(numbered: Iterator[tuple[int, object]], lines: Lines | None = None) -> Iterator[RawRows]:
    first = True
    while some := list(islice(numbered, ROWS_AT_ONCE)):
        yield _batch(some, lines.take_notes() if lines else [])
        first = False
    if first:
        yield RawRows((), (), ())


def _batch(numbered: list[tuple[int, object]], faults: list[RawFault]) -> RawRows:
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    for number, element in numbered:
        if isinstance(element, dict):
            rows.append(flattened(element))
            numbers.append(number)
        else:
            faults.append(_not_a_row(number, element))
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    values = tuple([row.get(name) for row in rows] for name in columns)
    return RawRows(columns, values, numbers, faults, has_open_columns=True)


def _not_a_row(number: int, element: object) -> RawFault:
    if isinstance(element, RawFault):
        return RawFault(number, "", element.value, element.reason, element.remedy, raw=element.raw)
    text = well_formed(json.dumps(element, ensure_ascii=False))
    return RawFault(number, "", text[:200], _NO_OBJECT, _REMEDY, raw=text)


def flattened(element: dict[str, object], prefix: str = "") -> dict[str, str | None]:
    """An object's values as text, those of objects within it under dotted names, lists as JSON."""
    row: dict[str, str | None] = {}
    for key, value in element.items():
        name = prefix + well_formed(key).strip()
        if isinstance(value, dict) and value:
            row |= flattened(value, f"{name}.")
        else:
            row[name] = as_text(value)
    return row


def as_text(value: object) -> str | None:
    """A JSON value as the text of a cell."""
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return well_formed(json.dumps(value, ensure_ascii=False, default=str))
