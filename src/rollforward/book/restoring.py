"""Restoring: the book of a backup put in an empty folder, once every byte of the archive agrees with its manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from rollforward.book.backup import CHUNK, LAYOUT, MANIFEST, Manifest, Part, hold
from rollforward.errors import BackupError, DiskFullError, NotFoundError, UsageError
from rollforward.store import policies, settings
from rollforward.store.database import FILE, LEDGERS, Database
from rollforward.store.placing import full_disk_told, put_in_place, to_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollforward.book.backup import BackupProgress

_LARGEST_MANIFEST = 16 * 1024 * 1024


def restore(
    file: Path, folder: Path, *, dry_run: bool = False, progress: BackupProgress = lambda _, __: None
) -> Manifest:
    """Put the book of a backup in a folder that is empty or not there, once every byte has been checked.

    BackupError if the archive is damaged, hostile or of a later release; with `dry_run` it is checked and nothing more.
    """
    _require_empty(folder)
    with _archive(file) as archive:
        manifest = _manifest(file, archive)
        if dry_run:
            _unpack(file, archive, manifest, None, progress)
            return manifest
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _staging(folder) as staging, full_disk_told(folder.parent, staging):
            _require_room(staging, manifest)
            _unpack(file, archive, manifest, staging, progress)
            Database(staging).check()
            _settle(staging, folder)
    return manifest


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a book is a folder. Name a folder; it is made if it is not there.")
    if folder.resolve() == Path.cwd():
        raise UsageError("a restored folder takes the place of the one named, and you stand in it. Go out of it first.")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty. Name an empty folder or a new one; nothing is ever restored over a book."
        )


@contextmanager
def _archive(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise NotFoundError(f"{file} is not there. Name a file that `rollforward backup` wrote.") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BackupError(file, f"it is damaged, or not an archive of `rollforward backup` ({error})") from error


def _manifest(file: Path, archive: zipfile.ZipFile) -> Manifest:
    """The manifest, once the archive's own list agrees with it and every name in it is one that a book has."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) != len(archive.infolist()):
        raise BackupError(file, "it holds two files of one name")
    if MANIFEST not in entries or entries[MANIFEST].file_size > _LARGEST_MANIFEST:
        raise BackupError(file, "it has no manifest, so it is not an archive of `rollforward backup`")
    manifest = _parsed(file, archive.read(MANIFEST))
    listed = {MANIFEST, *manifest.files}
    if different := sorted(set(entries) ^ listed):
        raise BackupError(file, f"its manifest and its files differ in {different[0]!r}")
    for name, part in manifest.files.items():
        _check_entry(file, entries[name], part)
    if missing := {settings.FILE, FILE} - set(manifest.files):
        raise BackupError(file, f"{min(missing)} is not in it")
    return manifest


def _parsed(file: Path, text: bytes) -> Manifest:
    try:
        said: dict[str, Any] = json.loads(text)
        files = {str(name): Part(int(part["size"]), str(part["sha256"])) for name, part in said.pop("files").items()}
        layout = int(said["layout"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupError(file, "its manifest cannot be read") from error
    if layout != LAYOUT:
        raise BackupError(file, f"it is of layout {layout}, and this release reads {LAYOUT}: take a later release")
    try:
        return Manifest(**said, files=files)
    except TypeError as error:
        raise BackupError(file, "its manifest cannot be read") from error


def _check_entry(file: Path, entry: zipfile.ZipInfo, part: Part) -> None:
    """Refuse what would leave the folder, is no plain file, or claims another size than the manifest."""
    name = entry.filename
    path = PurePosixPath(name)
    is_plain = stat.S_IFMT(entry.external_attr >> 16) in {0, stat.S_IFREG} and not entry.is_dir()
    is_within = not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
    belongs = name in {settings.FILE, FILE} or (len(path.parts) > 1 and path.parts[0] in {policies.FOLDER, LEDGERS})
    if not (is_plain and is_within and belongs and path.as_posix() == name):
        raise BackupError(file, f"{name!r} in it is not a file that a book has")
    if entry.file_size != part.size:
        raise BackupError(file, f"{name!r} has {entry.file_size:,} bytes, and its manifest says {part.size:,}")


def _unpack(
    file: Path, archive: zipfile.ZipFile, manifest: Manifest, to: Path | None, progress: BackupProgress
) -> None:
    """Read every file through, holding it against the manifest; with `to` write it there."""
    done = 0
    for name, part in manifest.files.items():
        with ExitStack() as stack:
            source = stack.enter_context(archive.open(name))
            target = stack.enter_context(_target(to, name)) if to else None
            digest, size = hashlib.sha256(), 0
            while size <= part.size and (chunk := source.read(CHUNK)):
                size += len(chunk)
                digest.update(chunk)
                if target:
                    target.write(chunk)
                progress(name, done + size)
        if (size, digest.hexdigest()) != (part.size, part.sha256):
            raise BackupError(file, f"{name!r} is not what its manifest says")
        done += size


def _target(to: Path, name: str) -> IO[bytes]:
    place = to / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("xb")


def _require_room(staging: Path, manifest: Manifest) -> None:
    if shutil.disk_usage(staging).free < manifest.size:
        raise DiskFullError(staging.parent, "no room for the backup", manifest.size)


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A folder beside the one to be filled, which takes its place. One that a dead process left is emptied."""
    place = folder.resolve()
    staging = place.with_name(f".restoring-{place.name}")
    staging.mkdir(exist_ok=True)
    with hold(staging, folder):
        try:
            for left in staging.iterdir():
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _settle(staging: Path, folder: Path) -> None:
    """Put the folder in place with everything in it on the disk."""
    for path in sorted(staging.rglob("*"), reverse=True):
        to_disk(path)
    to_disk(staging)
    put_in_place(staging, folder.resolve())
