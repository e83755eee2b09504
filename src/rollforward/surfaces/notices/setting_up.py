"""Setting up: the scheduled work of a book, with the mail server, webhooks and address that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.links import links_from_environment
from rollforward.surfaces.notices.keeping import FolderKeeper, Keeper
from rollforward.surfaces.notices.mailing import mail_of
from rollforward.surfaces.notices.posting import post_from_environment
from rollforward.surfaces.notices.scheduled import Scheduled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollforward.book import Book
    from rollforward.book.view import Clock

FOLDER = "notices"
"""The folder of a book in which its notices are kept."""


def keeper_of(folder: Path) -> Keeper:
    """Where the notices of the book in a folder are kept. The command line and the server keep them in one place."""
    return FolderKeeper(folder / FOLDER)


def scheduled_of(folder: Path, open_book: Callable[[], Book], clock: Clock) -> Scheduled:
    """The scheduled work of the book in a folder, which `open_book` opens anew for each run."""
    mail, post = mail_of(folder), post_from_environment()
    return Scheduled(open_book, keeper_of(folder), clock, mail, post, links=links_from_environment())
