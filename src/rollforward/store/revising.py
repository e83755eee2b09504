"""Revising: a kept ledger is changed in a copy of its file, which then takes its place, whole."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollforward.store import engine
from rollforward.store.placing import copy, to_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    import duckdb


class Revision:
    """A ledger's file and the copy of it that is to be changed. The copy is made while others look at the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, ledger: str, place: Path, stack: ExitStack) -> None:
        self._connection = connection
        self._ledger = ledger
        self._stack = stack
        self._former = place / f"former-{ledger}.duckdb"
        self._copying: Future[None] | None = None
        self.made = place / f"{ledger}.duckdb"
        self.is_changed = False

    def pin(self, file: Path) -> None:
        """Let the connection read the ledger from a file that nobody replaces meanwhile."""
        engine.detach(self._connection, self._ledger)
        try:
            os.link(file, self._former)
        except OSError:
            shutil.copyfile(file, self._former)
        engine.attach(self._connection, self._former, self._ledger)

    def copy(self) -> None:
        """Begin to copy the file. It is on the disk before the copy is opened, so that only changes are left to write.

        Most of the time goes by in the disk, and the engine works meanwhile.
        """
        worker = self._stack.enter_context(ThreadPoolExecutor(1))
        self._copying = worker.submit(self._copy)

    def _copy(self) -> None:
        copy(self._former, self.made)
        to_disk(self.made)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let the connection change the ledger, in one transaction."""
        if self._copying is not None:
            self._copying.result()
        engine.detach(self._connection, self._ledger)
        engine.attach_new(self._connection, self.made, self._ledger)
        with engine.transaction(self._connection):
            yield
        self.is_changed = True


class MemoryRevision:
    """A ledger that is a schema, and changed in place."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def copy(self) -> None:
        """There is nothing to copy."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let the connection change the ledger, in one transaction."""
        with engine.transaction(self._connection):
            yield
