"""Workplaces: what a process makes beside a book lies in a folder of its own under `tmp` until it is whole.

A process locks its folder while it works. The kernel frees the lock when the process ends, however it does, so that
what a dead one left can be told from what a living one needs, without looking at process numbers or clocks.
"""

from __future__ import annotations

import fcntl  # Not on Windows, which is no target.
import os
import secrets
import shutil
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "tmp"
_TRIES = 100


def new_name() -> str:
    """The name of a workplace that nobody else has."""
    return secrets.token_hex(8)


def path_of(book: Path, name: str) -> Path:
    """Where the workplace of a name stands while it is held."""
    return book / FOLDER / name


@contextmanager
def workplace(book: Path, name: str | None = None) -> Iterator[Path]:
    """A folder of one's own on the book's disk, under a new name or the one that is given, gone at the end."""
    folder, held = _taken(book / FOLDER, name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)
        _leave(book)


@contextmanager
def workplace_if_any(book: Path, name: str | None = None) -> Iterator[Path | None]:
    """A workplace, or None where none can be made: who only reads needs no right to write and no room on the disk."""
    with ExitStack() as stack:
        folder = None
        with suppress(OSError):
            folder = stack.enter_context(workplace(book, name))
        yield folder


def sweep(book: Path) -> None:
    """Remove what dead processes left."""
    with suppress(FileNotFoundError):
        for folder in (book / FOLDER).iterdir():
            _sweep(folder)
    _leave(book)


def _sweep(folder: Path) -> None:
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink(missing_ok=True)
    except BlockingIOError:
        return
    finally:
        os.close(held)


def _taken(parent: Path, name: str | None) -> tuple[Path, int]:
    """A new folder and the descriptor that locks it. Another process may sweep between the two: then another one."""
    for _ in range(_TRIES):
        folder = parent / (name or new_name())
        with suppress(FileNotFoundError):
            parent.mkdir(exist_ok=True)
            folder.mkdir()
            held = os.open(folder, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, held
            os.close(held)
    raise FileNotFoundError(f"{parent} cannot be made")


def _leave(book: Path) -> None:
    """Remove the folder of workplaces if nobody works."""
    with suppress(OSError):
        (book / FOLDER).rmdir()
