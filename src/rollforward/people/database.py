"""The database of people: SQLite in the book's folder, or another one by URL."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from rollforward.errors import FormatError, UsageError
from rollforward.people.schema import ABOUT, METADATA, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection, Engine

    Clock = Callable[[], datetime]

FILE = "people.sqlite"
_PATIENCE = 10_000
"""How long a writer waits for another one, in milliseconds."""

_TURN = 7_655_363_333
"""The number of the lock by which writers take turns in PostgreSQL; SQLite has one of its own."""

MIGRATIONS: dict[int, Callable[[Connection], None]] = {}
"""The step that leads from each version of the layout to the next."""


class Database:
    """A database of people, made where there is none. Many threads may use it at once.

    UsageError if the URL is wrong or the database cannot be reached; FormatError if a later release wrote it.
    """

    def __init__(self, folder: Path, clock: Clock, url: str | None = None) -> None:
        self.clock = clock
        self._engine = _engine(folder, url)
        self._prepare()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it or nothing. Writers come one after the other."""
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @property
    def secret(self) -> bytes:
        """The secret from which pseudonyms are made. It is the database's own and never shown."""
        with self.reading() as connection:
            found = connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == "secret")).scalar_one()
        return bytes.fromhex(found)

    def _prepare(self) -> None:
        try:
            self._migrate()
        except OperationalError as error:
            where = self._engine.url.render_as_string(hide_password=True)
            raise UsageError(
                f"the database of people {where} cannot be used: {error.orig}. Check its address and rights."
            ) from error

    def _migrate(self) -> None:
        with self.writing() as connection:
            METADATA.create_all(connection, tables=[ABOUT])
            found = connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == "version")).scalar()
            if found is None:
                _make(connection)
                return
            version = int(found)
            if version > VERSION:
                remedy = "It was written by a later release: take that one."
                raise FormatError(self._engine.url.render_as_string(), version, VERSION, remedy)
            for step in range(version, VERSION):
                MIGRATIONS[step](connection)
            connection.execute(ABOUT.update().where(ABOUT.c.name == "version").values(value=str(VERSION)))


def _make(connection: Connection) -> None:
    METADATA.create_all(connection)
    rows = [("version", str(VERSION)), ("secret", secrets.token_hex(64))]
    connection.execute(insert(ABOUT), [{"name": name, "value": value} for name, value in rows])


def _engine(folder: Path, url: str | None) -> Engine:
    """The engine of a URL, or of the file in a folder, which only its owner may read."""
    chosen = _url(folder, url)
    if chosen.get_backend_name() == "sqlite" and chosen.database:
        _own_file(folder if url is None else None, chosen.database)
    try:
        engine = create_engine(chosen, pool_pre_ping=chosen.get_backend_name() != "sqlite")
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            f"the database of people cannot be reached: {error}. Install the driver that its URL names."
        ) from error
    if chosen.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
    return engine


def _url(folder: Path, url: str | None) -> URL:
    try:
        return make_url(url or f"sqlite:///{folder / FILE}")
    except ArgumentError as error:
        raise UsageError(
            "the URL of the database of people is not one. Write it as postgresql+psycopg://user:password@host/name."
        ) from error


def _own_file(folder: Path | None, name: str) -> None:
    from pathlib import Path

    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder, so that nobody can be kept in it.")
    try:
        Path(name).touch(mode=0o600)
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}. Check the rights of its folder.") from error


def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401  a connection of whatever driver
    """Readers never wait for a writer, and a power cut loses no transaction that was told to be done."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout={_PATIENCE}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """A writer takes its turn when it begins, so that what it has read still holds when it writes."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
