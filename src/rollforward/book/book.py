"""The book: a folder with records and ledgers, and the object that every surface talks to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollforward.book.auditing import Auditing
from rollforward.book.completeness import require_known
from rollforward.book.entering import Entering
from rollforward.book.opening import Opening
from rollforward.book.view import Clock, Progress, View, now, quiet
from rollforward.errors import BookExistsError, RollforwardError, UsageError
from rollforward.store import settings
from rollforward.store.database import Database, MemoryDatabase
from rollforward.store.memory import bound_memory
from rollforward.store.settings import Settings

if TYPE_CHECKING:
    from rollforward.book.backup import BackupProgress, Manifest
    from rollforward.book.demo_book import Demo
    from rollforward.policy.policy import Policy
    from rollforward.store.ledgers import KeptLedger


class Book(Opening, Auditing, Entering):
    """An open book. Its methods answer with frozen results; nothing of it is held open between calls."""

    @classmethod
    def planned(cls, path: str | Path, *, clock: Clock = now, replace: bool = False, **chosen: Any) -> Book:  # noqa: ANN401
        """The book that `create` would make, with nothing written. BookExistsError if there is one already."""
        folder = Path(path)
        if not replace and _is_book(folder):
            raise BookExistsError(folder)
        if other := next((part for part in (folder, *folder.parents) if part.exists() and not part.is_dir()), None):
            raise UsageError(
                f"{other} is a file, and a book is a folder. Name a folder; it is made if it is not there."
            )
        book = cls(folder, Settings(**chosen), clock)
        book.policy()
        return book

    @classmethod
    def create(cls, path: str | Path, *, clock: Clock = now, replace: bool = False, **chosen: Any) -> Book:  # noqa: ANN401
        """A new book in a folder, made if need be. `chosen` are settings.

        BookExistsError if there is one already; with `replace` the new one takes its place.
        """
        book = cls.planned(path, clock=clock, replace=replace, **chosen)
        book.path.mkdir(parents=True, exist_ok=True)
        Database(book.path).create()
        settings.save(book.path, book.settings)
        return book

    @classmethod
    def open(cls, path: str | Path, *, clock: Clock = now, tell: Progress = quiet) -> Book:
        """The book in a folder; NotABookError if there is none.

        A book of an older format is brought to this release's, which `tell` is told; FormatError if it is of a newer.
        """
        folder = Path(path)
        _refuse_file(folder)
        book = cls(folder, settings.load(folder), clock)
        book._database.bring_up_to_date(tell)
        return book

    @classmethod
    def in_memory(cls, *, clock: Clock = now, **chosen: Any) -> Book:  # noqa: ANN401
        """A book that lives as long as its object. `chosen` are settings."""
        kept_in = MemoryDatabase()
        kept_in.create()
        return cls(kept_in.folder, Settings(**chosen), clock, kept_in)

    @staticmethod
    def demo(folder: str | Path, *, customers: int = 2000, seed: int = 1, clock: Clock = now) -> Demo:
        """The demo company of a seed, ready to be made a book of in a folder, with its own truth."""
        from rollforward.book.demo_book import demo_of

        return demo_of(Path(folder), customers, seed, clock)

    def backup(
        self,
        to: str | Path,
        *,
        with_ledgers: bool = False,
        replace: bool = False,
        progress: BackupProgress = lambda _, __: None,
    ) -> Manifest:
        """Write the book to one archive, whole or not at all; others can read and write it meanwhile.

        Ledgers can be built anew and are left out, unless asked for. `progress` is told the file and the bytes done.
        UsageError if the file is there and not to be replaced.
        """
        from rollforward.book.backup import back_up

        made_at = self._clock()
        return back_up(
            self.path, Path(to), made_at=made_at, with_ledgers=with_ledgers, replace=replace, progress=progress
        )

    def planned_backup(self, to: str | Path, *, with_ledgers: bool = False, replace: bool = False) -> dict[str, int]:
        """The files that `backup` would write, with their sizes in bytes; nothing is written."""
        from rollforward.book.backup import planned

        return planned(self.path, Path(to), with_ledgers=with_ledgers, replace=replace)

    @staticmethod
    def restore(
        file: str | Path,
        folder: str | Path,
        *,
        dry_run: bool = False,
        progress: BackupProgress = lambda _, __: None,
    ) -> Manifest:
        """Put the book of a backup in a folder that is empty or not there, once every byte was checked.

        BackupError, and nothing put in place, if the archive is not whole or not one of `backup`.
        """
        from rollforward.book.restoring import restore

        return restore(Path(file), Path(folder), dry_run=dry_run, progress=progress)

    @property
    def settings_told(self) -> list[tuple[str, str]]:
        """Every setting, and what it is."""
        return list(settings.SETTINGS.items())

    def change_settings(self, **changes: Any) -> None:  # noqa: ANN401  settings as in `book.toml`
        """Write other settings to `book.toml`, whole or not at all. UsageError for one that is unknown or wrong."""
        if unknown := sorted(set(changes) - set(settings.SETTINGS)):
            raise UsageError(f"unknown setting {unknown[0]!r}. Known: {', '.join(settings.SETTINGS)}.")
        made = replace(self.settings, **changes)
        self.shelf.find(made.policy)
        settings.save(self.path, made)
        self.settings = made

    def build(
        self, view: View = View(), *, progress: Progress = quiet, force: bool = True, memory: str | None = None
    ) -> KeptLedger:
        """Build the ledger of a view anew and prove it; with `force=False` bring it up to date, if it is not.

        Then only the accounts that changed are made anew, where that is possible; the ledger is the same.
        `memory`, such as "2GB", bounds what the engine holds at a time; the rest lies in the book's folder meanwhile.
        MemoryTooSmallError, and nothing kept, where that does not suffice; UsageError if it is no size.
        """
        view = replace(view, policy=self._used(view))
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            if memory is not None:
                bound_memory(connection, memory)
            if force:
                return self._build(connection, view, progress)
            return self._found(connection, self._key(view)) or self._brought_up(connection, view, progress)

    def planned_build(self, view: View = View()) -> tuple[Policy, str, bool]:
        """What `build` would build: the policy, the currency, and whether a ledger is there that is up to date."""
        with self._database.reading() as connection:
            require_known(connection, view.as_of, self._clock())
            there = self._found(connection, self._key(view))
        return self.policy(view.policy), self._currency(view), there is not None

    def ledger(self, view: View = View()) -> KeptLedger:
        """The ledger of a view, built if it is not up to date."""
        with self._ready(view) as (_, kept):
            return kept


def _is_book(folder: Path) -> bool:
    """Whether a folder holds a book. Settings come last, so an empty database alone is what a dead `create` left."""
    if (folder / settings.FILE).exists():
        return True
    kept_in = Database(folder)
    if not kept_in.file.exists():
        return False
    try:
        with kept_in.reading() as connection:
            return bool(connection.execute("SELECT 1 FROM imports LIMIT 1").fetchall())
    except RollforwardError:
        return True


def _refuse_file(folder: Path) -> None:
    """Refuse a file where a book's folder is to be."""
    if other := next((part for part in (folder, *folder.parents) if part.exists() and not part.is_dir()), None):
        raise UsageError(f"{other} is a file, and a book is a folder. Name the folder.")
