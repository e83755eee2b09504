"""The people of a book: one object through which surfaces ask who may come in and what was left."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rollforward.people.answered import Answers
from rollforward.people.attempts import Attempts
from rollforward.people.audit import Audit
from rollforward.people.database import Database
from rollforward.people.flights import Flights
from rollforward.people.keys import Keys
from rollforward.people.notes import Notes
from rollforward.people.passwords import Passwords
from rollforward.people.pseudonyms import Pseudonyms
from rollforward.people.segments import Segments
from rollforward.people.sessions import Sessions
from rollforward.people.shares import Shares
from rollforward.people.users import Users

if TYPE_CHECKING:
    from pathlib import Path

    from rollforward.people.database import Clock


@dataclass
class People:
    """Who reads a book and what they leave in it, each side as an attribute. Many threads may use it at once."""

    database: Database
    passwords: Passwords = field(default_factory=Passwords)

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, url: str | None = None, passwords: Passwords | None = None) -> People:
        """The people of the book in a folder, kept there or in the database of a URL.

        `clock` tells the time in UTC, without an offset. UsageError if the database cannot be used, FormatError if
        it is of a later release.
        """
        return cls(Database(folder, clock, url), passwords or Passwords())

    @cached_property
    def users(self) -> Users:
        """Who may come in."""
        return Users(self.database, self.passwords)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        return Sessions(self.database)

    @cached_property
    def attempts(self) -> Attempts:
        """Who tried to sign in."""
        return Attempts(self.database)

    @cached_property
    def flights(self) -> Flights:
        """Single sign-ons under way."""
        return Flights(self.database)

    @cached_property
    def keys(self) -> Keys:
        """API keys."""
        return Keys(self.database, self.users)

    @cached_property
    def shares(self) -> Shares:
        """Share links."""
        return Shares(self.database, self.users)

    @cached_property
    def notes(self) -> Notes:
        """Notes pinned to dates."""
        return Notes(self.database)

    @cached_property
    def segments(self) -> Segments:
        """Saved segments."""
        return Segments(self.database)

    @cached_property
    def answers(self) -> Answers:
        """What writes with an idempotency key were answered."""
        return Answers(self.database)

    @cached_property
    def audit(self) -> Audit:
        """Who did what."""
        return Audit(self.database)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """What stands for accounts where no personal data is seen."""
        return Pseudonyms(self.database.secret)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
