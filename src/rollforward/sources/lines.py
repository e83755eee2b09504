"""The lines of a text file as text, whatever its encoding: UTF-8, UTF-16 by its mark, or as the map says."""

from __future__ import annotations

import codecs
import io
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from rollforward.errors import MapError
from rollforward.sources.raw import RawFault

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOM = "\ufeff"
_FALLBACK = "cp1252"
_CHUNK = 1 << 20
_STATEFUL = ("utf-16", "utf-32", "utf-7", "iso2022")


class Lines:
    """The lines of a stream with their ends. `notes` gathers the lines that were read with a doubt."""

    def __init__(self, stream: BinaryIO, encoding: str | None = None) -> None:
        self._encoding = _known(encoding) if encoding else _by_mark(stream)
        self._given = encoding is not None
        self._stream = stream
        self.notes: list[RawFault] = []

    def __iter__(self) -> Iterator[str]:
        whole = self._encoding.startswith(_STATEFUL) or _ends_lines_with_returns(self._stream)
        return self._whole_text() if whole else self._line_by_line()

    def take_notes(self) -> list[RawFault]:
        """The notes since the last call."""
        notes, self.notes = self.notes, []
        return notes

    def _whole_text(self) -> Iterator[str]:
        """Lines of an encoding, or of line ends, in which a byte alone does not tell where a line ends."""
        text = io.TextIOWrapper(self._stream, self._encoding, errors="replace")
        for number, line in enumerate(text, 1):
            if "\ufffd" in line:
                self._note(number, f"the line is not {self._encoding}; what cannot be read stands as \ufffd")
            yield line.removeprefix(_BOM) if number == 1 else line
        text.detach()

    def _line_by_line(self) -> Iterator[str]:
        # Lists of lines are chained, so that no step in Python is taken for each of a million lines.
        return chain.from_iterable(self._some_lines())

    def _some_lines(self) -> Iterator[list[str]]:
        first = 1
        while lines := self._stream.readlines(_CHUNK):
            texts = self._decoded(lines, first)
            if first == 1:
                texts[0] = texts[0].removeprefix(_BOM)
            yield texts
            first += len(lines)

    def _decoded(self, lines: list[bytes], first: int) -> list[str]:
        whole = b"".join(lines)
        try:
            whole.decode(self._encoding)
        except UnicodeDecodeError:
            return [self._doubtful(line, number) for number, line in enumerate(lines, first)]
        if b"\0" in whole:
            return [self._doubtful(line, number) for number, line in enumerate(lines, first)]
        return [line.decode(self._encoding) for line in lines]

    def _doubtful(self, line: bytes, number: int) -> str:
        """A line of which something may have to be said."""
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError:
            text = self._otherwise(line, number)
        if "\0" in text:
            self._note(number, "the line held NUL characters, which were taken out")
            text = text.replace("\0", "")
        return text

    def _otherwise(self, line: bytes, number: int) -> str:
        reason = f"the line is not {self._encoding}"
        if self._given:
            self._note(number, f"{reason}; what cannot be read stands as \ufffd")
            return line.decode(self._encoding, errors="replace")
        self._note(number, f"{reason} and was read as {_FALLBACK}")
        return line.decode(_FALLBACK, errors="replace")

    def _note(self, number: int, reason: str) -> None:
        remedy = "Check the names in it; say the encoding in the map if it is another"
        self.notes.append(RawFault(number, "", "", reason, remedy, "note"))


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise MapError(
            "encoding", f"{encoding!r} is no encoding", "Use a name such as utf-8, cp1252 or latin-1"
        ) from error


def _by_mark(stream: BinaryIO) -> str:
    head = stream.read(4)
    stream.seek(0)
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def _ends_lines_with_returns(stream: BinaryIO) -> bool:
    """Whether lines end with a lone carriage return, as old spreadsheets for the Mac write them."""
    head = stream.read(65_536)
    stream.seek(0)
    return b"\r" in head and b"\n" not in head
