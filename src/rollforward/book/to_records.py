"""Writing a book's records as record tables, from which any engine can build."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from rollforward.errors import UsageError
from rollforward.records.tables import TABLES
from rollforward.store import record_tables, settings
from rollforward.store.lake import copy_to
from rollforward.store.placing import full_disk_told, put_folder_in_place
from rollforward.store.policies import FOLDER as POLICIES
from rollforward.store.workplace import sweep_in, workplace_in

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from rollforward.book.kept import Kept
    from rollforward.book.view import Progress


def write_records(book: Kept, connection: duckdb.DuckDBPyConnection, to: Path, progress: Progress) -> dict[str, int]:
    """Write every version of every record, how they came, the settings and the policies: the rows of each table."""
    beside = to.resolve().parent
    beside.mkdir(parents=True, exist_ok=True)
    places = beside / f".{to.resolve().name}.tmp"
    sweep_in(places)
    with workplace_in(places) as place, full_disk_told(beside, place):
        made = place / "records"
        made.mkdir()
        rows = {}
        for name in (*TABLES, *record_tables.BESIDE):
            progress(name)
            copy_to(connection, name, made / name)
            rows[name] = int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
        settings.save(made, book.settings, record_tables.SETTINGS)
        if (book.path / POLICIES).is_dir():
            shutil.copytree(book.path / POLICIES, made / POLICIES)
        put_folder_in_place(made, to)
    return rows


def refuse_replacing(to: Path, *, replace: bool) -> None:
    """UsageError if something is there that record tables would take the place of."""
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return
    if not to.is_dir() or not (to / record_tables.SETTINGS).is_file():
        raise UsageError(f"{to} is there, and no record tables are in it. Name another folder.")
    if not replace:
        raise UsageError(f"{to} holds record tables, which would be replaced. Add --yes, or name another folder.")
