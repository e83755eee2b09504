"""Files as a source: read some files and folders under one column map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.sources.opening import format_of
from rollforward.sources.reading import files_of, read
from rollforward.sources.translate import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from rollforward.records.batch import Batch
    from rollforward.sources.column_map import ColumnMap
    from rollforward.sources.raw import RawRows

    Progress = Callable[[str, int], None]
    """Told the file and the rows read from it so far."""


def read_files(
    paths: Iterable[Path | str],
    column_map: ColumnMap,
    *,
    source: str,
    timezone: str,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """The batches of some files and folders, in the order of their names; all names are checked before any is read."""
    for file in files_of(paths):
        done = 0
        for raw in _read(file, column_map):
            batch = translate(raw, column_map, source=source, file=str(file), timezone=timezone)
            done += batch.rows_in
            if progress is not None:
                progress(str(file), done)
            yield batch


def _read(file: Path, column_map: ColumnMap) -> Iterator[RawRows]:
    """The file's rows. Only the first batch of JSON shows whether a column is there; later rows may leave it out."""
    seen: tuple[str, ...] = ()
    for raw in read(file, column_map.reading):
        if format_of(file) in {"json", "jsonl"} and seen:
            yield _widened(raw, seen)
        else:
            seen = raw.columns
            yield raw


def _widened(raw: RawRows, columns: tuple[str, ...]) -> RawRows:
    missing = tuple(name for name in columns if name not in raw.columns)
    empty: list[str | None] = [None] * len(raw.numbers)
    return replace(raw, columns=(*raw.columns, *missing), values=(*raw.values, *(empty for _ in missing)))
