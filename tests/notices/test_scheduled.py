"""In a server: scheduled work runs in a thread of its own, in one process at a time, and stops when it is told to."""

import subprocess
import sys
import threading

import pytest

from notices.world import Clock, World, at
from rollforward.book import Book
from rollforward.surfaces.notices import Scheduled
from rollforward.surfaces.notices.scheduled import LOCK, alone


@pytest.fixture
def here(tmp_path):
    clock = Clock(at("2026-06-30T12:00"))
    found = World(Book.create(tmp_path / "book", clock=clock, currency="EUR", stale_after=400), clock)
    found.learn(("acme", "100", "2026-01-01"))
    found.subscribe()
    clock.now = at("2026-07-01T08:00")
    return found


def test_the_thread_does_what_is_due_and_ends(here):
    sent = threading.Event()
    taken = here.mail.__call__

    def mail(letter, moment):
        taken(letter, moment)
        sent.set()

    scheduled = Scheduled(here.book, here.keeper, here.clock, mail, here.hook, pause=0.01)
    scheduled.start()
    assert sent.wait(30)
    scheduled.stop()
    assert here.mail.subjects == ["MRR 2026-06: 100.00 EUR (book)"]
    assert not any(thread.name == "rollforward-notices" for thread in threading.enumerate())


def test_the_thread_goes_on_after_a_failure(here, caplog):
    again = threading.Event()

    class Failing:
        number = 0

        def __call__(self):
            Failing.number += 1
            if Failing.number > 2:
                again.set()
            raise ZeroDivisionError

    scheduled = Scheduled(Failing(), here.keeper, here.clock, here.mail, here.hook, pause=0.01)
    scheduled.start()
    assert again.wait(30)
    scheduled.stop()
    assert "ZeroDivisionError" in caplog.text


HOLD = """
import sys
from pathlib import Path
from rollforward.surfaces.notices.scheduled import alone
with alone(Path(sys.argv[1])) as is_alone:
    print(is_alone, flush=True)
    sys.stdin.read()
"""


def test_of_two_servers_of_one_book_only_one_does_the_work(here):
    program = [sys.executable, "-c", HOLD, str(here.book.path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "True\n"
        here.run(here.clock.now)
        assert here.mail.letters == []
        other.kill()
        other.wait()
    here.run(here.clock.now)
    assert len(here.mail.letters) == 1


def test_a_lock_lets_go_of_itself(here):
    with alone(here.book.path) as first, alone(here.book.path) as second:
        assert (first, second) == (True, False)
    with alone(here.book.path) as again:
        assert again
    assert (here.book.path / LOCK).exists()
