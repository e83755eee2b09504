"""Reading any file as rows of text: the one door to all formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import UnreadableFileError
from rollforward.sources.delimited import read_delimited
from rollforward.sources.json_rows import read_json, read_json_lines
from rollforward.sources.opening import FORMATS, format_of, opened
from rollforward.sources.parquet import read_parquet
from rollforward.sources.raw import RawRows, ReadOptions
from rollforward.sources.workbook import read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

READERS = {
    "csv": read_delimited,
    "json": read_json,
    "jsonl": read_json_lines,
    "parquet": read_parquet,
    "xlsx": read_workbook,
}
"""The reader of each format."""

_DEFAULT = ReadOptions()


def read(path: Path, options: ReadOptions = _DEFAULT) -> Iterator[RawRows]:
    """The rows of a file, in batches; at least one batch, so that the columns are known."""
    reader = READERS[_known_format(path)]
    with opened(path) as stream:
        yield from reader(stream, path, options)


def _known_format(path: Path) -> str:
    found = format_of(path)
    if found is None:
        known = ", ".join(FORMATS)
        raise UnreadableFileError(
            path, "is of no known kind", f"Files end with {known}, and .gz after it if compressed"
        )
    return found


def files_of(paths: Iterable[Path | str]) -> list[Path]:
    """The files of some files and folders, those of a folder in the order of their names, hidden ones left out."""
    found = [file for path in paths for file in _files_of(Path(path))]
    if not found:
        raise UnreadableFileError(", ".join(map(str, paths)), "holds no file", "Name the file or folder to import")
    for file in found:
        _known_format(file)
    return list(dict.fromkeys(found))


def _files_of(path: Path) -> list[Path]:
    if not path.exists():
        raise UnreadableFileError(path, "does not exist", "Check the path")
    if not path.is_dir():
        return [path]
    inside = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts))
