"""Opening a file as what it is: compression by its first bytes, and no file read as what it is not."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from rollforward.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""The format of a file by its extension; each may be compressed (.gz)."""

_NAMES = {"csv": "delimited text", "json": "JSON", "jsonl": "JSON lines", "parquet": "Parquet", "xlsx": "a workbook"}
_HEAD = 65_536
_MAGIC = (
    (b"\x1f\x8b", "gzip-compressed", "Name it with .gz at the end, or unpack it"),
    (b"PAR1", "Parquet", "Name it .parquet"),
    (b"PK\x03\x04", "a zip archive or a workbook", "Name it .xlsx if it is a workbook; else unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Save it as .xlsx or .csv"),
    (b"%PDF", "a PDF", "Export the table itself as .csv or .xlsx"),
    (b"SQLite format 3\x00", "an SQLite database", "Export the table as .csv"),
    (b"BZh", "bzip2-compressed", "Unpack it, or compress it as .gz"),
    (b"(\xb5/\xfd", "zstd-compressed", "Unpack it, or compress it as .gz"),
    (b"\xfd7zXZ", "xz-compressed", "Unpack it, or compress it as .gz"),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_EXPECTED = {"parquet": b"PAR1", "xlsx": b"PK\x03\x04"}


def format_of(path: Path) -> str | None:
    """The format that a file's name claims; None if no reader knows it."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's content, unpacked, once it is known to be what its name says; UnreadableFileError if it is not."""
    try:
        with path.open("rb") as stream:
            yield _content(path, stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(
            path, f"the compressed data is damaged ({error})", "Fetch or pack it again"
        ) from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise UnreadableFileError(path, (error.strerror or "cannot be opened").lower(), "Check the path") from error


def _content(path: Path, stream: BinaryIO) -> BinaryIO:
    named_gzip = path.suffix.lower() == ".gz"
    head = stream.read(_HEAD)
    stream.seek(0)
    if named_gzip and head:
        if not head.startswith(b"\x1f\x8b"):
            raise UnreadableFileError(path, "is named .gz but is not compressed", "Take .gz off its name")
        stream = _unpacked(path, stream)
        head = stream.read(_HEAD)
        stream.seek(0)
    _check(path, head)
    return stream


def _unpacked(path: Path, stream: BinaryIO) -> BinaryIO:
    unpacked = gzip.GzipFile(fileobj=stream)
    # Parquet and workbooks are read from their end, which a stream cannot do.
    return io.BytesIO(unpacked.read()) if format_of(path) in _EXPECTED else cast("BinaryIO", unpacked)


def _check(path: Path, head: bytes) -> None:
    claimed = format_of(path) or "csv"
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFileError(path, "is empty", "Export it again; an empty table still has a header")
    if claimed in _EXPECTED and head.startswith(_EXPECTED[claimed]):
        return
    looks, remedy = _looks_like(head, claimed)
    if looks:
        raise UnreadableFileError(path, f"is named as {_NAMES[claimed]} but looks like {looks}", remedy)


def _looks_like(head: bytes, claimed: str) -> tuple[str, str]:
    for magic, name, remedy in _MAGIC:
        if head.startswith(magic):
            return name, remedy
    if head.startswith(_UTF16):
        is_text = claimed not in _EXPECTED
        return ("", "") if is_text else ("text", "Name it .csv")
    if _is_binary(head):
        return "binary data", "Export the table as .csv, .json, .parquet or .xlsx"
    return _looks_like_text(head.lstrip(b"\xef\xbb\xbf \t\r\n"), claimed)


def _is_binary(head: bytes) -> bool:
    """Whether control characters are more than an odd slip; text in any encoding has next to none."""
    controls = sum(head.count(byte) for byte in (*range(9), *range(14, 32)))
    return controls > max(8, len(head) // 50)


def _looks_like_text(head: bytes, claimed: str) -> tuple[str, str]:
    start = head[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page or XML", "It may be a login or error page: download the export again"
    is_json = start[:1] in b"[{" and start[1:].lstrip()[:1] in (b'"', b"{", b"}", b"]")
    if claimed == "csv" and is_json:
        return "JSON", "Name it .json, or .jsonl if each line is one object"
    if claimed in {"json", "jsonl"} and start[:1] not in (b"[", b"{"):
        return "delimited text", "Name it .csv"
    if claimed in _EXPECTED:
        return "text", "Name it .json" if is_json else "Name it .csv"
    return "", ""
