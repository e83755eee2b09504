"""A lake: the folder that a build from record tables writes, as the database of a book that is only read.

    OUT/
      book.toml      the settings, with the last day that the ledger looks at
      result.json    what it is: policy, currency, stamp, hash, proofs, and where its tables lie
      ledger/        a folder of Parquet files for each stage, by bucket of the account where it has one
      records/       the tables that the records had none of
      policies/      the policies of the records, and the version that was used

The records stay where they are. Everything is read as views over the files.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from rollforward.errors import DamagedError, ReadOnlyError
from rollforward.store import engine
from rollforward.store.database import Database
from rollforward.store.embedded import literal, scan
from rollforward.store.record_tables import TableFolder, given_name
from rollforward.store.schema import quoted
from rollforward.store.workplace import workplace_if_any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from rollforward.store.revising import Revision

ABOUT = "result.json"
LEDGER, RECORDS = "ledger", "records"
LAYOUT = 1
"""The version of this layout."""

REGISTERED = "about_ledger"
_PLACE = "ledger_place"
_BOOK = "book"


def database_in(folder: Path) -> Database:
    """The database of the book in a folder."""
    return Lake(folder) if (folder / ABOUT).is_file() else Database(folder)


class Lake(Database):
    """What a build from record tables wrote. It is read as any book is, and never written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.about = _about(folder)

    def create(self) -> None:
        """Not done: a build makes the folder."""
        self._refuse("a new book needs a folder of its own")

    def require_own_records(self, wanted: str) -> None:
        """Refused: the records lie elsewhere."""
        self._refuse(wanted, f"Copy the folder, and the records in {self.about['records']}.")

    @contextmanager
    def sharing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for reading; each has an engine of its own, which holds nothing but views."""
        with self.reading() as connection:
            yield connection

    def state(self) -> str:
        """What tells one state of the folder from another: it is replaced whole."""
        found = (self.folder / ABOUT).stat()
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    @contextmanager
    def _looking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees records and bookkeeping as views."""
        with workplace_if_any(self.folder) as spill, engine.opened(spill) as connection:
            connection.execute(f"ATTACH ':memory:' AS {_BOOK}")
            connection.execute(f"USE {_BOOK}")
            self._lay_out_records(connection)
            yield connection

    @contextmanager
    def writing(
        self,
        memory: str | None = None,  # noqa: ARG002  nothing is written
        *,
        kept: bool = True,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Refused, unless nothing is to be kept."""
        if kept:
            self._refuse("nothing can be imported into it, entered or closed")
        with self.reading() as connection, engine.transaction(connection, kept=False):
            yield connection

    def attach(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> bool:
        """Let a connection read the ledger under its name: whether it is the one that is asked for."""
        if ledger != self.about["ledger"]:
            return False
        self.lay_out_ledger(connection)
        files = [str(self.folder / LEDGER / REGISTERED / "*.parquet")]
        connection.execute(f"CREATE VIEW {ledger}.{REGISTERED} AS {scan(files)}")
        return True

    @contextmanager
    def building(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[None]:  # noqa: ARG002
        """Refused: it holds the ledger that it was built for."""
        self._refuse_another()
        yield

    @contextmanager
    def held(self, connection: duckdb.DuckDBPyConnection, ledger: str) -> Iterator[Revision]:  # noqa: ARG002
        """Refused: its ledger does not change."""
        self._refuse_another()
        yield

    def _refuse_another(self) -> NoReturn:
        """Refuse a ledger that is not the one in the folder."""
        told = self.about
        known = f" as known at {told['known_at']}" if told["known_at"] else ""
        self._refuse(
            f"the ledger in it is under policy {told['policy']} ({told['policy_hash']}) in {told['currency']}{known}, "
            f"by release {told['release']}, and another one is asked for",
            f"Build that one: rollforward build --records {told['records']} --out OTHER, with --policy, --currency or "
            "--as-of.",
        )

    def kept_ledgers(self) -> list[str]:
        """The name of the ledger."""
        return [str(self.about["ledger"])]

    def lay_out_ledger(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The stages of the ledger as views under its name."""
        ledger = self.about["ledger"]
        connection.execute(f"ATTACH ':memory:' AS {ledger}")
        for name, stage in self.about["stages"].items():
            view = f"{ledger}.{quoted(name)}"
            if "query" in stage:
                self._view(connection, view, stage["query"].replace(_PLACE, ledger))
                continue
            columns = ", ".join(f"CAST({quoted(one)} AS {kind}) AS {quoted(one)}" for one, kind in stage["columns"])
            files = scan([str(self.folder / LEDGER / name / "**" / "*.parquet")])
            self._view(connection, view, f"SELECT {columns} FROM ({files})")

    def _lay_out_records(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, table in self.about["tables"].items():
            folder = TableFolder(self.folder / table["path"])
            if not folder.is_there:
                raise DamagedError(folder.path, f"the table {name}, which {self.folder} was built of, is not there")
            own = "query" not in table
            connection.execute(f"CREATE VIEW {quoted(name if own else given_name(name))} AS {scan(folder.files())}")
            if not own:
                self._view(connection, quoted(name), table["query"])

    def _view(self, connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
        """Make a view of a query that a file holds: one query, and nothing but a query."""
        import duckdb

        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise DamagedError(self.folder / ABOUT, f"what stands for {name} is not a query")
        connection.execute(f"CREATE VIEW {name} AS {query}")

    def _refuse(self, wanted: str, remedy: str = "") -> NoReturn:
        source = self.about["records"]
        remedy = remedy or f"Change the records in {source}, or the book that they were exported from, and build again."
        raise ReadOnlyError(self.folder, wanted, remedy)


def _about(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedError(folder / ABOUT, f"it cannot be read as JSON ({error})") from error
    if not isinstance(about, dict) or about.get("layout") != LAYOUT:
        raise DamagedError(folder / ABOUT, f"it is not of layout {LAYOUT}")
    return about


def copy_to(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    """Write a table to a new folder as Parquet."""
    folder.mkdir(parents=True)
    connection.execute(f"COPY (SELECT * FROM {table}) TO {literal(folder / 'part-0.parquet')} (FORMAT parquet)")
