"""People of a small book, with a clock that tests turn and hashes that take no time."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher

from rollforward.people import Actor, People
from rollforward.people.passwords import Passwords

PASSWORD = "a plain horse battery"  # noqa: S105  of nobody
KEEPER = Actor("keeper", "203.0.113.9")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

DATABASES = [None, *filter(None, [os.environ.get("ROLLFORWARD_TEST_PEOPLE_URL")])]
"""SQLite, and an empty database of another kind where one is named."""


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: datetime = datetime(2026, 6, 30, 12)  # noqa: DTZ001  the book's clock has no offset

    def __call__(self):
        return self.now

    def turn(self, **parts):
        self.now += timedelta(**parts)


def people_in(folder, clock, url=None):
    return People.open(folder, clock=clock, url=url, passwords=Passwords(CHEAP))


def with_everybody(people):
    """One user of each role."""
    for name, role in (("ada", "admin"), ("ann", "analyst"), ("vic", "viewer"), ("rex", "restricted")):
        people.users.add(name, role, password=PASSWORD, by=KEEPER)
    return people
