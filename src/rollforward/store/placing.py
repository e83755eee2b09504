"""Putting a whole file in the place of another, so that a power cut leaves the one or the other."""

from __future__ import annotations

import errno
import fcntl  # Not on Windows, which is no target.
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollforward.errors import DiskFullError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLONE = 0x40049409
"""FICLONE of Linux: a copy that shares its blocks with the original, on file systems that know how."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_SAID = (*map(os.strerror, sorted(_FULL)), "max_temp_directory_size")
"""How the system, and the engine when it runs out of room for what it lays aside, say that a disk is full."""


def put_in_place(made: Path, place: Path) -> None:
    """Put a finished file in a place: its bytes are on the disk before its name is, and its name when this returns."""
    to_disk(made)
    os.replace(made, place)  # noqa: PTH105  the one call that must not become another
    to_disk(place.parent)


def write_in_place(place: Path, data: bytes) -> None:
    """Write a small file whole or not at all."""
    made = place.with_name(f".{place.name}.part")
    try:
        made.write_bytes(data)
        put_in_place(made, place)
    finally:
        made.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Have the bytes of a file, or the names in a folder, on the disk before this returns."""
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def copy(original: Path, to: Path) -> None:
    """Copy a file, sharing its blocks where the file system can; DiskFullError, before a byte, if there is no room."""
    with original.open("rb") as source, to.open("wb") as target:
        try:
            fcntl.ioctl(target.fileno(), _CLONE, source.fileno())
        except OSError:
            _require_room(to.parent, os.fstat(source.fileno()).st_size)
            shutil.copyfileobj(source, target, 16 * 1024 * 1024)


def _require_room(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise DiskFullError(folder, os.strerror(errno.ENOSPC), needed)


@contextmanager
def full_disk_told(folder: Path, written: Path) -> Iterator[None]:
    """Turn what the system or the engine say of a full disk into DiskFullError.

    `written` is the file or folder that was being written; its size then is the least that was needed.
    """
    try:
        yield
    except Exception as error:
        if is_full(error):
            raise DiskFullError(folder, _reason(error), _bytes_in(written)) from error
        raise


def _bytes_in(written: Path) -> int:
    return sum(file.stat().st_size for file in (written, *written.rglob("*")) if file.is_file())


def is_full(error: Exception) -> bool:
    """Whether an error says that a disk is full."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return type(error).__module__.endswith("duckdb") and any(said in str(error) for said in _FULL_SAID)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    return next(said for said in _FULL_SAID if said in str(error))


def put_folder_in_place(made: Path, place: Path) -> None:
    """Put a finished folder in a place. The one that is there is set aside first, beside the new one, and then gone."""
    for path in (*made.rglob("*"), made):
        to_disk(path)
    if place.exists():
        former = made.with_name("former")
        os.replace(place, former)  # noqa: PTH105  as above
    os.replace(made, place)  # noqa: PTH105  as above
    to_disk(place.parent)
