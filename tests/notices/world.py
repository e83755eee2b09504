"""A small company whose book tells by itself, with a clock that tests set, and a mail and a hook that note it all."""

from dataclasses import dataclass, field
from datetime import datetime

from rollforward.book import Book
from rollforward.sources.canonical import translate_records
from rollforward.surfaces.links import Links
from rollforward.surfaces.notices import MemoryKeeper, Scheduled, Subscription, Told
from rollforward.surfaces.notices.mailing import UnsentError
from rollforward.surfaces.notices.posting import UnansweredError
from rollforward.surfaces.notices.scheduled import subscribe

MAP = """shape = "terms"

[columns]
customer = "Customer"
amount = "Price"
currency = "Currency"
interval = "Interval"
starts = "Start"
"""

HOOK = "https://hooks.example.com/mrr?to=1"


@dataclass
class Clock:
    now: datetime

    def __call__(self):
        return self.now


@dataclass
class Mailbox:
    """A mail server that takes every letter, or none while it is `broken`."""

    letters: list = field(default_factory=list)
    broken: UnsentError | None = None

    def __call__(self, letter, at):
        if self.broken:
            raise self.broken
        self.letters.append((at, letter))

    @property
    def subjects(self):
        return [letter.subject for _, letter in self.letters]


@dataclass
class Hook:
    """A webhook that answers with a status; 0 is no answer at all."""

    status: int = 204
    got: list = field(default_factory=list)

    def __call__(self, url, headers, body):
        self.got.append((url, headers, body.decode()))
        if not self.status:
            raise UnansweredError("hooks.example.com: connection refused")
        return self.status


@dataclass
class World:
    """The book with all around it."""

    book: Book
    clock: Clock
    keeper: MemoryKeeper = field(default_factory=MemoryKeeper)
    mail: Mailbox = field(default_factory=Mailbox)
    hook: Hook = field(default_factory=Hook)

    @property
    def scheduled(self):
        """The scheduled work, as of a server that was just started: all it knows is in the keeper."""
        links = Links("https://mrr.example.com")
        return Scheduled(self.book, self.keeper, self.clock, self.mail, self.hook, links=links, pause=0.01)

    def run(self, *moments):
        for moment in moments:
            self.clock.now = moment
            self.scheduled.run_due(moment)

    def subscribe(self, name="board", to="board@example.com", **more):
        more = {"every": None if "over" in more else "month", "added_at": self.clock.now} | more
        made = Subscription(name, Told(to).signed(), **more)
        subscribe(self.book, self.keeper, made)
        return made

    def learn(self, *terms, source="billing", at=None):
        """Let the book learn of subscriptions: customer, monthly amount, first day, and the day after the last."""
        if at:
            self.clock.now = at
        rows = [TERMS | {"customer": who, "subscription": who, "item": who} | named(*said) for who, *said in terms]
        batch = translate_records("subscription_items", rows, source=source, timezone="UTC", file="items.csv")
        self.book.take_in([batch], source=source)


TERMS = {"currency": "EUR", "interval": "month", "plan": "Pro"}


def named(amount, starts, ends=None):
    return {"amount": amount, "starts": starts} | ({"ends": ends} if ends else {})


def at(text):
    """A time in UTC, such as 2026-06-30 or 2026-06-30T08:00."""
    return datetime.fromisoformat(text)


def world(now="2026-06-30T12:00", **chosen):
    """A world with an empty book in it."""
    clock = Clock(at(now))
    return World(Book.in_memory(clock=clock, currency="EUR", **{"stale_after": 400} | chosen), clock)
