"""Watching: files that are new or changed in a folder are imported, once they are whole."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from rollforward.book.taking_in import Reach
from rollforward.errors import BookLockedError, RollforwardError
from rollforward.formats import Answer
from rollforward.results import column
from rollforward.surfaces.notices.delivering import note
from rollforward.surfaces.notices.notice import Block, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from rollforward.book import Book
    from rollforward.store.intake import ImportReport
    from rollforward.surfaces.notices.keeping import Keeper
    from rollforward.surfaces.notices.subscriptions import Watch

_NOT_WHOLE = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".swp", "~")
"""Endings of files that somebody is writing still."""

_PROBLEMS = ("file", "row", "field", "value", "reason", "remedy")


def look(book: Book, watch: Watch, keeper: Keeper, now: datetime) -> Iterator[Notice]:
    """Import the files that are new or changed, each for itself: word of each that has something to tell.

    A file is whole when two looks in a row find the same size and time of change. One that is refused is tried again
    when it changes; while somebody else writes to the book, files wait.
    """
    kept: dict[str, Any] = keeper.get(f"watched/{watch.name}") or {"files": {}}
    files: dict[str, Any] = kept["files"]
    if not watch.folder.is_dir():
        note(keeper, watch.name, now, f"{watch.folder} is no folder that can be read")
        return
    for file in _files(watch):
        state = _state(file)
        known = files.get(file.name, {})
        if known.get("taken") == state:
            continue
        is_whole = known.get("state") == state
        files[file.name] = {**known, "state": state}
        if is_whole:
            notice = _taken(book, watch, keeper, file, now)
            if notice is None:
                continue
            if notice.blocks or notice.withheld:
                yield notice
            files[file.name]["taken"] = state
            keeper.put(f"watched/{watch.name}", {"files": files})
    keeper.put(f"watched/{watch.name}", {"files": files})


def _files(watch: Watch) -> list[Path]:
    """The files that may be imported, by name."""
    there = (file for file in watch.folder.iterdir() if not file.name.startswith((".", "~")))
    fit = (file for file in there if fnmatch(file.name, watch.pattern) and not file.name.endswith(_NOT_WHOLE))
    return sorted(file for file in fit if file.is_file() and file.stat().st_size)


def _state(file: Path) -> str:
    found = file.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def _taken(book: Book, watch: Watch, keeper: Keeper, file: Path, now: datetime) -> Notice | None:
    """What became of a file; None while the book cannot be written to."""
    try:
        column_map = book.load_map(watch.column_map)
        report = book.import_files([file], column_map, source=watch.source, reach=Reach(complete=watch.complete))
    except BookLockedError:
        return None
    except (RollforwardError, OSError) as error:
        note(keeper, watch.name, now, f"{file.name}: refused, {error}")
        title = f"{file.name} could not be imported ({book.path.name})"
        lines = (f"Folder {watch.folder}, source {watch.source}. Nothing of the file was booked.",)
        return Notice("import", _about(file), title, lines, (), str(error))
    note(keeper, watch.name, now, f"{file.name}: {_counted(report)}")
    return _imported(book, watch, file, report)


def _about(file: Path) -> str:
    return f"{file.name} {_state(file)}"


def _counted(report: ImportReport) -> str:
    removed = f"; {report.removed:,} removed" if report.removed else ""
    counted = f"{report.booked:,} booked + {report.unchanged:,} unchanged + {report.quarantined:,} quarantined"
    return f"import {report.number}, {report.rows_in:,} rows in = {counted}{removed}"


def _imported(book: Book, watch: Watch, file: Path, report: ImportReport) -> Notice:
    """Word of an import; with a table of the first problems where rows are in quarantine."""
    title = f"{file.name}: {report.quarantined:,} of {report.rows_in:,} rows are in quarantine ({book.path.name})"
    columns = tuple(column(name, "count" if name == "row" else "text") for name in _PROBLEMS)
    rows = [tuple(getattr(one, name) for name in _PROBLEMS) for one in report.first_problems]
    blocks = (Block("problems", "The first problems", Answer("problems", columns, list(rows))),)
    lines = (f"Folder {watch.folder}, source {watch.source}. {_counted(report)}.",)
    data = tuple((name, getattr(report, name)) for name in ("rows_in", "booked", "unchanged", "quarantined", "removed"))
    return Notice("import", _about(file), title, lines, blocks if report.quarantined else (), "", None, data)
