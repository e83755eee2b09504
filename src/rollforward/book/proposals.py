"""Proposals on their way into a book: one for each kind of file, in the order in which they are best booked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.errors import RollforwardError, UnreadableFileError, UsageError
from rollforward.formats import Answer, exact_text
from rollforward.records.tables import TABLES
from rollforward.results import ResultColumn
from rollforward.sources.opening import format_of
from rollforward.sources.proposal import propose
from rollforward.sources.reading import files_of, read
from rollforward.store import database, lock, policies, settings, workplace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rollforward.records.batch import Batch
    from rollforward.records.tables import Column
    from rollforward.results import Cell, ColumnKind
    from rollforward.sources.proposal import Proposal

FIRST_BOOKED = ("exchange_rates", "customers")
"""The tables that others lean on; the rest follows in the order of the files' names."""

_OWN_FILES = {settings.FILE, database.FILE, f"{database.FILE}.wal", lock.FILE, "notices.lock", "mail.toml"}
_OWN_FOLDERS = {database.LEDGERS, policies.FOLDER, workplace.FOLDER, "notices"}
"""What a book itself has in its folder, so that an import of the folder it stands in passes it by."""


@dataclass(frozen=True)
class Refused:
    """A file of which nothing will be booked, and why."""

    file: Path
    reason: str


@dataclass(frozen=True)
class Sorted:
    """Files sorted by kind: a proposal for each kind, and the files that no map could be proposed for."""

    proposals: tuple[Proposal, ...]
    refused: tuple[Refused, ...]


def sort_files(paths: Iterable[Path], *, timezone: str) -> Sorted:
    """A proposal for each kind of file: those with the same columns share one. What was named must be there."""
    kinds: dict[tuple[str, ...], list[Path]] = {}
    refused: list[Refused] = []
    for file in _listed(paths):
        try:
            kinds.setdefault(_columns(file), []).append(file)
        except UsageError as error:
            refused.append(Refused(file, _reason(error, file)))
    proposals: list[Proposal] = []
    for files in kinds.values():
        try:
            proposals.append(propose(files, timezone=timezone))
        except UsageError as error:
            refused += [Refused(file, _reason(error, files[0])) for file in files]
    return Sorted(in_order(proposals), tuple(sorted(refused, key=lambda one: one.file)))


def in_order(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """Proposals in the order in which they are booked."""
    return tuple(sorted(proposals, key=_turn))


def _turn(proposal: Proposal) -> int:
    table = proposal.column_map.table
    return FIRST_BOOKED.index(table) if table in FIRST_BOOKED else len(FIRST_BOOKED)


def _listed(paths: Iterable[Path]) -> list[Path]:
    """The files of files and folders, those of no known kind too, without hidden ones and a book's own."""
    found = [file for path in paths for file in (_inside(path) if path.is_dir() else [_there(path)])]
    if not found:
        raise UnreadableFileError(", ".join(map(str, paths)), "holds no file", "Name the file or folder to import")
    return list(dict.fromkeys(found))


def _there(path: Path) -> Path:
    if not path.exists():
        raise UnreadableFileError(path, "does not exist", "Check the path")
    return path


def _inside(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file() and not _is_a_books_own(file, folder))
    return sorted(file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts))


def _is_a_books_own(file: Path, within: Path) -> bool:
    """Whether a file is a book's: by its name, or by the folder of a book that it stands in."""
    if file.name in _OWN_FILES:
        return True
    folders = [parent for parent in file.parents if parent.is_relative_to(within) and parent != within]
    return any(one.name in _OWN_FOLDERS and (one.parent / settings.FILE).exists() for one in folders)


def _columns(file: Path) -> tuple[str, ...]:
    """What tells the kind of a file: its columns. A workbook stands alone, for its sheet may have to be asked for."""
    files_of([file])
    if format_of(file) == "xlsx":
        return (str(file),)
    return tuple(sorted(next(read(file)).columns))


def _reason(error: RollforwardError, file: Path) -> str:
    """What an error says about a file, without the file's name in front."""
    said = str(error).removeprefix(f"{file}: ").replace(" Nothing was booked.", "")
    return said if said.endswith(".") else f"{said}."


# -- what a proposal shows -------------------------------------------------------------------------------------------


def preview_of(proposal: Proposal) -> Answer | None:
    """The first rows as they would be booked, in the columns that say something; None if there are none yet."""
    batch: Batch | None = proposal.preview
    rows = batch.rows.to_pylist() if batch else []
    if batch is None or not rows:
        return None
    shown = [column for column in TABLES[batch.table].columns if _is_told(column, rows)]
    columns = tuple(ResultColumn(column.name, _kind(column)) for column in shown)
    return Answer("preview", columns, list(_texts(rows, shown)))


def unread(proposal: Proposal) -> tuple[str, ...]:
    """The columns of the files that the map does not read; a customer's further columns are all read, as attributes."""
    batch: Batch | None = proposal.preview
    raws = batch.rows.column("raw").to_pylist() if batch else []
    if not raws or proposal.column_map.table == "customers" or proposal.column_map.months:
        return ()
    read_ones = proposal.column_map.source_columns()
    return tuple(name for name in json.loads(raws[0]) if name not in read_ones)


def _texts(rows: list[dict[str, object]], shown: Sequence[Column]) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        yield tuple(_text(row[column.name]) for column in shown)


def _is_told(column: Column, rows: list[dict[str, object]]) -> bool:
    """Whether some row says something about a column."""
    return any(row[column.name] not in (None, []) for row in rows) and column.type != "flag"


def _kind(column: Column) -> ColumnKind:
    return "day" if column.type == "day" else "text"


def _text(value: object) -> str | None:
    if isinstance(value, Decimal):
        return exact_text(value)
    if isinstance(value, list):
        return ", ".join(_discount(part) if isinstance(part, dict) else "=".join(map(str, part)) for part in value)
    return None if value in (None, "") else str(value)


def _discount(discount: dict[str, object]) -> str:
    said = (f"{name} {_text(value)}" for name, value in discount.items() if value is not None)
    return " ".join(said)
