"""The writer's lock: one process at a time writes to a book, and another is told which one does."""

from __future__ import annotations

import fcntl  # The lock is the kernel's, which frees it however its holder ends. Windows has none of this kind.
import os
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import BookLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "book.lock"
_SAID_BYTES = 400


@contextmanager
def writers_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a book's folder, never waiting for it; BookLockedError with the process that holds it."""
    file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BookLockedError(folder, _holder(file)) from error
        _sign(file, f"process {os.getpid()}, {_command()}".encode()[:_SAID_BYTES])
        try:
            yield
        finally:
            _sign(file, b"")
    finally:
        os.close(file)


def _sign(file: int, text: bytes) -> None:
    """Say in the file who holds the lock. On a full disk it goes unsaid; the lock holds all the same."""
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, text, 0)


def _holder(file: int) -> str:
    said = os.pread(file, _SAID_BYTES, 0).decode("utf-8", "replace")
    since = datetime.fromtimestamp(os.fstat(file).st_mtime, UTC)
    return f"{said or 'a process that has not said its name'}, since {since:%Y-%m-%d %H:%M:%S} UTC"


def _command() -> str:
    """The command of this process as a person would type it."""
    program, *arguments = sys.argv or [""]
    return " ".join(["`" + (Path(program).name or "python"), *arguments]) + "`"
