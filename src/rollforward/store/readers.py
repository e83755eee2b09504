"""Readers: one engine that holds the files of a book open for many questions, from several threads at once.

Files are never written in place, so that an open one says the same for ever. When another stands in the place of one
of them, the next question gets a new engine; who still reads goes on with the former one, which closes after the last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rollforward.store import engine
from rollforward.store.memory import bound_memory, memory_size
from rollforward.store.workplace import new_name, path_of, workplace_if_any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from pathlib import Path

    import duckdb

TABLES_KEPT = 32
"""How many tables of flows an engine keeps beside the files of a book."""

LONGEST_TABLE = 500_000
"""The rows of the longest of them. What has more is worked out each time, so that memory stays bounded."""

Found = TypeVar("Found")
Identity = tuple[int, int, int, int]

RECORDS = "book"
"""The name under which a connection sees the file of records."""

REMEMBERED = 2_048
"""How many answers about one state of a book are kept. The one that was not asked for the longest gives way."""


class Memory:
    """What was found in one state of a book, so that it is not looked up twice."""

    def __init__(self, *, keeps_tables: bool = False) -> None:
        self.keeps_tables = keeps_tables
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._tables: dict[str, str | None] = {}
        self._lock, self._making = threading.Lock(), threading.Lock()

    def recall(
        self, key: Hashable, find: Callable[[], Found], worth_keeping: Callable[[Found], bool] = lambda _: True
    ) -> Found:
        """What was found under a key, or what is found now. Two threads may both look; they find the same."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                known: Found = self._found[key]
                return known
        found = find()
        if worth_keeping(found):
            self.keep(key, found)
        return found

    def known(self, key: Hashable) -> Any | None:  # noqa: ANN401  what was kept
        """What is kept under a key; None where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def keep(self, key: Hashable, found: object) -> None:
        """Keep what was found under a key."""
        with self._lock:
            self._found[key] = found
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)

    def recall_table(self, sql: str, connection: duckdb.DuckDBPyConnection) -> str | None:
        """The name of a table that holds the rows of a query, made now if there is none; None if they are too many."""
        with self._making:
            if sql not in self._tables:
                if len(self._tables) >= TABLES_KEPT:
                    return None
                self._tables[sql] = _made_table(f"memory.main.kept_{len(self._tables)}", sql, connection)
            return self._tables[sql]


def _made_table(name: str, sql: str, connection: duckdb.DuckDBPyConnection) -> str | None:
    connection.execute(f"CREATE TABLE {name} AS {sql}")
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()
    if rows <= LONGEST_TABLE:
        return name
    connection.execute(f"DROP TABLE {name}")
    return None


@dataclass
class _Open:
    """An engine with one state of the book, who reads in it, and what was found in it."""

    connection: duckdb.DuckDBPyConnection
    files: dict[Path, Identity | None]
    place: str
    memory: Memory = field(default_factory=lambda: Memory(keeps_tables=True))
    names: set[str] = field(default_factory=set)
    readers: int = 0
    spilling: ExitStack = field(default_factory=ExitStack)

    @property
    def is_current(self) -> bool:
        return all(_identity(file) == identity for file, identity in self.files.items())


class Readers:
    """The reading side of a book's database."""

    def __init__(self, folder: Path, file: Path, attach: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        self._folder, self._file, self._attach_records = folder, file, attach
        self._lock = threading.RLock()
        self._current: _Open | None = None
        self._memory: str | None = None
        self._leased: dict[int, _Open] = {}

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the shared engine. It sees one state as long as it is open."""
        with self._lock:
            found = self._entered()
            connection = found.connection.cursor()
            self._leased[id(connection)] = found
        try:
            connection.execute(f"SET {engine.QUIET}; USE {RECORDS}")
            yield connection
        finally:
            connection.close()
            with self._lock:
                del self._leased[id(connection)]
                self._left(found)

    def memory_of(self, connection: duckdb.DuckDBPyConnection) -> Memory | None:
        """What was found in the state that a connection sees; None for a connection that is not from here."""
        found = self._leased.get(id(connection))
        return found.memory if found else None

    def attach(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        files: Iterable[Path],
        attaching: Callable[[duckdb.DuckDBPyConnection], None],
    ) -> None:
        """Let the engine of a connection read files under a name, if it does not yet. Some may not be there."""
        with self._lock:
            found = self._leased[id(connection)]
            if name in found.names:
                return
            identities = {file: _identity(file) for file in files}
            attaching(found.connection)
            found.files.update(identities)
            found.names.add(name)

    def bound(self, memory: str) -> None:
        """Let each engine from now on hold no more than a size at a time, such as 512MB; UsageError if it is none."""
        memory_size(memory)
        self._memory = memory
        self.let_go()

    def let_go(self) -> None:
        """Close the engine, or leave it to the last who reads in it."""
        with self._lock:
            former, self._current = self._current, None
            if former and not former.readers:
                former.connection.close()

    def _entered(self) -> _Open:
        if self._current and not self._current.is_current:
            self.let_go()
        if self._current is None:
            self._current = self._opened()
        found = self._current
        if not found.readers:
            found.spilling.enter_context(workplace_if_any(self._folder, found.place))
        found.readers += 1
        return found

    def _left(self, found: _Open) -> None:
        found.readers -= 1
        if not found.readers:
            found.spilling.close()
            if found is not self._current:
                found.connection.close()

    def _opened(self) -> _Open:
        identity = _identity(self._file)
        connection = engine.connected()
        place = new_name()
        try:
            connection.execute("SET temp_directory = ?", [str(path_of(self._folder, place))])
            if self._memory is not None:
                bound_memory(connection, self._memory)
            self._attach_records(connection)
        except BaseException:
            connection.close()
            raise
        return _Open(connection, {self._file: identity}, place)


def _identity(file: Path) -> Identity | None:
    """What tells a file from another that stands in its place, while it is held open."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size
