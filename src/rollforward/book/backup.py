"""Backups: a book as one archive with a manifest of what it holds. The way back is `restoring.py`.

The archive is a zip. `manifest.json` in it tells the size and SHA-256 of every other file, the format version, and the
hashes of the ledgers that stood in the book, so that what is built anew after a restore can be held against them.
"""

from __future__ import annotations

import fcntl  # Not on Windows, which is no target.
import hashlib
import json
import os
import stat
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING

from rollforward import __version__
from rollforward.errors import BookLockedError, UsageError
from rollforward.store import ledgers, policies, settings
from rollforward.store.database import FILE, LEDGERS, Database
from rollforward.store.placing import full_disk_told, put_in_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import duckdb

    BackupProgress = Callable[[str, int], None]
    """Told the file and the bytes done so far, of all files together."""

MANIFEST = "manifest.json"
LAYOUT = 1
"""The version of the archive's own layout."""

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """A file of a backup: its size in bytes and its SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `ledgers` are the hashes of the ledgers that were up to date in the book, by name."""

    made_at: str
    format_version: int
    imports: int
    ledgers: dict[str, str]
    files: dict[str, Part] = field(default_factory=dict)
    layout: int = LAYOUT
    rollforward: str = __version__

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(part.size for part in self.files.values())


def planned(folder: Path, to: Path, *, with_ledgers: bool = False, replace: bool = False) -> dict[str, int]:
    """The files that a backup of the book in a folder would hold, with their sizes; nothing is written."""
    _refuse_target(folder, to, replace=replace)
    return {name: file.stat().st_size for name, file in _files_of(folder, with_ledgers=with_ledgers).items()}


def back_up(
    folder: Path,
    to: Path,
    *,
    made_at: datetime,
    with_ledgers: bool = False,
    replace: bool = False,
    progress: BackupProgress = lambda _, __: None,
) -> Manifest:
    """Write the book in a folder to an archive, whole or not at all. Others can read and write the book meanwhile.

    UsageError if the file is there and not to be replaced, or lies within the book; DiskFullError if it does not fit.
    """
    _refuse_target(folder, to, replace=replace)
    with ExitStack() as stack:
        opened, manifest = _held(folder, stack, made_at, with_ledgers=with_ledgers)
        partial = stack.enter_context(_partial(to))
        stack.enter_context(full_disk_told(to.parent, partial))
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, source in opened.items():
                manifest.files[name] = _packed(archive, name, source, manifest, progress)
            archive.writestr(_entry(MANIFEST, manifest), json.dumps(asdict(manifest), indent=1, sort_keys=True))
        put_in_place(partial, to)
    return manifest


def _refuse_target(folder: Path, to: Path, *, replace: bool) -> None:
    if to.is_dir() or (to.exists() and not replace):
        raise UsageError(f"{to} is there already. Name another file{'' if to.is_dir() else ', or add --yes'}.")
    if not to.parent.is_dir():
        raise UsageError(f"{to.parent} is not a folder. Make it, or name a file in another one.")
    if folder.resolve() in to.resolve().parents:
        raise UsageError(f"{to} lies in the book itself, and would be lost with it. Name a file outside of {folder}.")


def _files_of(folder: Path, *, with_ledgers: bool) -> dict[str, Path]:
    """The files of a book by their names in an archive."""
    found = [folder / settings.FILE, folder / FILE, *sorted((folder / policies.FOLDER).rglob("*"))]
    found += sorted((folder / LEDGERS).glob("*.duckdb")) if with_ledgers else []
    return {file.relative_to(folder).as_posix(): file for file in found if file.is_file()}


def _held(
    folder: Path, stack: ExitStack, made_at: datetime, *, with_ledgers: bool
) -> tuple[dict[str, IO[bytes]], Manifest]:
    """The files of a book, open, so that who writes puts others in their place; and what the manifest says of them.

    What is read through the engine must be the file that is held, so this is done again if a writer came between.
    """
    database = Database(folder)
    while True:
        with ExitStack() as held:
            before = database.file.stat()
            with database.reading() as connection:
                files = _files_of(folder, with_ledgers=with_ledgers)
                opened: dict[str, IO[bytes]] = {
                    name: held.enter_context(file.open("rb")) for name, file in files.items()
                }
                manifest = _described(database, connection, made_at)
            if os.path.samestat(before, os.fstat(opened[FILE].fileno())):
                stack.push(held.pop_all())
                return opened, manifest


def _described(database: Database, connection: duckdb.DuckDBPyConnection, made_at: datetime) -> Manifest:
    ((version, imports),) = connection.execute(
        "SELECT (SELECT format_version FROM about), (SELECT count(*) FROM imports)"
    ).fetchall()
    kept = {}
    for file in sorted((database.folder / LEDGERS).glob("*.duckdb")):
        if database.attach(connection, file.stem) and (ledger := ledgers.current(connection, file.stem)):
            kept[ledger.name] = ledger.ledger_hash
    return Manifest(made_at.isoformat(timespec="seconds"), version, imports, kept)


@contextmanager
def _partial(to: Path) -> Iterator[Path]:
    """A file beside the archive to write to. One that a dead process left is written over."""
    partial = to.with_name(f".part-{to.name}")
    partial.touch()
    with hold(partial, to):
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def hold(path: Path, what: Path) -> Iterator[None]:
    """Lock a file or folder in which something is made; BookLockedError if another process makes the same."""
    held = os.open(path, os.O_RDONLY)
    try:
        if not _is_locked(held, path):
            raise BookLockedError(what, "it makes the same file or folder")
        yield
    finally:
        os.close(held)


def _is_locked(held: int, path: Path) -> bool:
    """Whether a path could be locked by its descriptor, and is still what the descriptor was opened on."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(held), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _packed(
    archive: zipfile.ZipFile, name: str, source: IO[bytes], manifest: Manifest, progress: BackupProgress
) -> Part:
    digest, size, before = hashlib.sha256(), 0, manifest.size
    with archive.open(_entry(name, manifest), "w", force_zip64=True) as packed:
        while chunk := source.read(CHUNK):
            packed.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            progress(name, before + size)
    return Part(size, digest.hexdigest())


def _entry(name: str, manifest: Manifest) -> zipfile.ZipInfo:
    made = datetime.fromisoformat(manifest.made_at)
    entry = zipfile.ZipInfo(name, max(made.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry
