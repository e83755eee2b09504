"""The small world of the durability tests: a book, two files to import, what is true of it, and the nursery's door."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from depth import deep
from rollforward.book import Book
from rollforward.store import settings
from rollforward.store.database import Database

FIRST, SECOND, THIRD = "2026-06-01T08:00:00", "2026-06-02T08:00:00", "2026-06-03T08:00:00"
HEAD = "Customer,Plan,Price,Currency,Interval,Start,End\n"
TODAY = date(2026, 6, 1)
KILLS = deep(60)
"""How many random kills there are in all."""


def rows(numbers, price):
    return "".join(f"c{number},Pro,{price + number}.50,EUR,month,2025-{1 + number % 12:02}-01,\n" for number in numbers)


FIRST_FILE = HEAD + rows(range(40), 100) + "lost,Pro,fifty,EUR,month,2025-01-01,\n"
SECOND_FILE = HEAD + rows(range(20), 100) + rows(range(20, 60), 200) + "late,Pro,100,EUR,fortnights,2025-01-01,\n"
"""Twenty facts that stay, twenty that change, twenty that are new, and one that cannot be read."""


def at(moment):
    return lambda: datetime.fromisoformat(moment)


def opened(path, moment=THIRD):
    """The book in a folder. `Book.open` does no more than this to a book of the current format, and costs half."""
    return Book(path, settings.load(path), at(moment))


def digest(connection, place):
    """A digest of every row of every table in a place: equal if nothing is lost, doubled or changed."""
    told = hashlib.sha256()
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND NOT temporary ORDER BY ALL", [place]
    ).fetchall()
    assert tables
    for (table,) in tables:
        told.update(repr((table, connection.execute(f'FROM {place}."{table}" ORDER BY ALL').fetchall())).encode())
    return told.hexdigest()


def records_of(path):
    with Database(path).reading() as connection:
        return digest(connection, "book")


def ledger_of(path, *, built=True):
    """All that the book's ledger says; None if it is not there or not up to date and is not to be built."""
    book = opened(path)
    if not built and not book.planned_build()[2]:
        return None
    kept, database = book.ledger(), Database(path)
    with database.reading() as connection:
        assert database.attach(connection, kept.name)
        tables = [table for table in json.loads(kept.schemas) if table != "trials"]
        return repr(kept) + "".join(
            repr(connection.execute(f'FROM {kept.name}."{table}" ORDER BY ALL').fetchall()) for table in tables
        )


def import_second(path, world, moment=THIRD):
    book = opened(path, moment)
    return book.import_files([world.second], book.load_map(world.map), source="files")


@dataclass
class World:
    """What the tests start from, and what is known from runs that nothing disturbed."""

    folder: Path
    nursery: subprocess.Popen

    former: str = ""
    new: str = ""
    again: str = ""
    late: str = ""
    caught_up: str = ""
    took: dict = None

    @property
    def base(self):
        return self.folder / "base"

    @property
    def second(self):
        return self.folder / "second.csv"

    @property
    def map(self):
        return self.folder / "map.toml"

    def copy(self, name, of="base"):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.folder / of, path)
        return path

    def order(self, do, book, **more):
        return {
            "do": do, "book": str(book), "now": SECOND, "file": str(self.second), "map": str(self.map),
            "to": str(self.folder / "backup.zip"), **more,
        }  # fmt: skip

    def send(self, do, book, **more):
        self.nursery.stdin.write(json.dumps(self.order(do, book, **more)) + "\n")
        self.nursery.stdin.flush()

    def hear(self):
        return json.loads(self.nursery.stdout.readline())

    def run(self, do, book, **more):
        """What a child said, and how it ended."""
        self.send(do, book, **more)
        said = {}
        while "status" not in said:
            said |= self.hear()
        return said


@contextmanager
def made(folder):
    """The world in a folder."""
    first = folder / "first.csv"
    first.write_text(FIRST_FILE, "utf-8")
    (folder / "second.csv").write_text(SECOND_FILE, "utf-8")
    book = Book.create(folder / "base", clock=at(FIRST), currency="EUR", segments=("plan",), today=TODAY)
    proposal = book.propose([first])
    (folder / "map.toml").write_text(book.map_text(proposal.column_map), "utf-8")
    book.import_files([first], proposal.column_map, source="files")
    arguments = [sys.executable, "-m", "durability.nursery"]
    place = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=place, cwd=folder
    ) as nursery:
        world = World(folder, nursery)
        _learn(world)
        yield world
        nursery.stdin.close()


def _learn(world):
    world.former = records_of(world.base)
    path = world.copy("warm")
    world.run("import_and_build", path, warm=True)
    world.new = records_of(path)
    world.copy("built", of="warm")
    import_second(path, world)
    world.again = records_of(path)
    _fall_behind(world)
    world.took = {"catch_up": world.run("catch_up", world.copy("timed", of="behind"))["took"]}
    for do in ("import", "build", "import_and_build", "backup"):
        world.took[do] = min(world.run(do, world.copy("timed"))["took"] for _ in range(3))


def _fall_behind(world):
    """A book whose ledger lacks what its last import said of two customers."""
    path = world.copy("behind", of="built")
    late = world.folder / "late.csv"
    late.write_text(HEAD + rows([1, 70], 900), "utf-8")
    book = opened(path)
    book.import_files([late], book.load_map(world.map), source="files")
    world.late = records_of(path)
    built = world.copy("late", of="behind")
    opened(built).build()
    world.caught_up = ledger_of(built)


def moments(seed, number, took):
    """Delays that spread over the whole of an operation, a little beyond its end: one in each stretch of it."""
    chance = random.Random(seed)
    return [1.1 * took * (stretch + chance.random()) / number for stretch in range(number)]
