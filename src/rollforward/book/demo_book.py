"""The demo company's book: an empty book in its folder, filled with the records of a company made from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.book import Book
from rollforward.errors import BookExistsError, UsageError
from rollforward.sources.demo import DemoCompany
from rollforward.store import database, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from rollforward.records.batch import Batch
    from rollforward.sources.demo import Truth

SOURCE = "demo"
_SEGMENTS = ("plan", "currency", "country", "segment")
"""What the demo book keeps ready to be grouped by."""


@dataclass(frozen=True)
class Demo:
    """A demo company and the folder of its book."""

    folder: Path
    company: DemoCompany
    clock: Callable[[], datetime]

    @property
    def is_there(self) -> bool:
        """Whether the folder holds a book already."""
        return any(file.exists() for file in self._files())

    @property
    def truth(self) -> Truth:
        """What truly happened at the company."""
        return self.company.truth()

    def make(self, progress: Callable[[str, int], None], *, replace: bool = False) -> Book:
        """The book with the company's records, not built yet. BookExistsError if one is there and none is replaced."""
        book = self.empty(replace=replace)
        book.take_in(_told(self.company.batches(), progress), source=SOURCE)
        return book

    def write_files(self) -> list[Path]:
        """Write the records to `files` in the folder, as the files a company would have."""
        return self.company.write_files(self.folder / "files")

    def check(self, *, replace: bool) -> None:
        """BookExistsError if a book is there that is not to be replaced; only a demo's book ever is."""
        if self.is_there and not replace:
            raise BookExistsError(self.folder, "A demo book is replaced with --yes; else choose another folder.")
        if self.is_there and {found["source"] for found in Book.open(self.folder).imports()} - {SOURCE}:
            raise UsageError(
                f"{self.folder} holds records that are not the demo's, and keeps them. Name another folder."
            )

    def empty(self, *, replace: bool) -> Book:
        """The book without records, in place of the one that may be there."""
        self.check(replace=replace)
        company = self.company
        return Book.create(
            self.folder,
            clock=self.clock,
            replace=replace,
            currency=company.currency,
            today=company.today,
            segments=_SEGMENTS,
        )

    def _files(self) -> list[Path]:
        return [self.folder / name for name in (settings.FILE, database.FILE)]


def demo_of(folder: Path, customers: int, seed: int, clock: Callable[[], datetime]) -> Demo:
    """The demo company of a seed up to its last day, or to now if that is earlier, and the folder of its book."""
    return Demo(folder, DemoCompany(customers, seed, today=min(DemoCompany.today, clock().date())), clock)


def _told(batches: Iterator[Batch], tell: Callable[[str, int], None]) -> Iterator[Batch]:
    """The batches, with the customers counted as they pass."""
    done = 0
    for batch in batches:
        done += batch.rows_in if batch.table == "customers" else 0
        tell("customers", done)
        yield batch
