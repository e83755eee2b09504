"""Rollforward, the open ledger of Monthly Recurring Revenue.

import rollforward
book = rollforward.open("demo")
book.rollforward().to_pandas()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rollforward.book import Book

__version__ = "0.1.0"
__all__ = ["__version__", "create", "open"]


def open(path: str | Path) -> Book:  # noqa: A001  the verb of the Python interface
    """The book in a folder."""
    from rollforward.book import Book

    return Book.open(path)


def create(path: str | Path, **settings: Any) -> Book:  # noqa: ANN401  settings as in `book.toml`
    """A new book in a folder; `settings` are those of `book.toml`."""
    from rollforward.book import Book

    return Book.create(path, **settings)
