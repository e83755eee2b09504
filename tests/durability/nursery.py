"""A warm process that forks a child for each attempt, and kills it where and when it is told.

It reads orders as lines of JSON on stdin and answers each with how the child ended. What takes long (imports, the plan
of a build) is done once before the first fork, so that an attempt costs what its operation costs.
"""

import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path

from rollforward.book import Book
from rollforward.errors import RollforwardError
from rollforward.store import settings
from rollforward.store.database import Database

FAILED, BROKEN = 3, 4


def opened(order):
    moment = datetime.fromisoformat(order["now"])
    path = Path(order["book"])
    return Book(path, settings.load(path), lambda: moment)


def import_(order):
    book = opened(order)
    book.import_files([Path(order["file"])], book.load_map(order["map"]), source="files")


def build(order):
    opened(order).build()


def catch_up(order):
    """Bring the ledger up to date where accounts changed, and nowhere else."""
    said = []
    opened(order).build(progress=said.append, force=False)
    assert "changed account" in said[0], said


def import_and_build(order):
    import_(order)
    build(order)


def backup(order):
    opened(order).backup(order["to"], replace=True)


def close(order):
    opened(order).close("2026-05", by="ada")


def exclude(order):
    opened(order).exclude("c1", reason="a test account", by="ada")


def restore(order):
    Book.restore(order["from"], order["to"])


def migrate(order):
    Book.open(order["book"])


def hold(order):
    """Write without an end."""
    with Database(Path(order["book"])).writing():
        say({"held": os.getpid()})
        time.sleep(600)


def mrr(order):
    say({"mrr": [str(row["closing"]) for row in opened(order).rollforward().to_dicts()]})


OPERATIONS = {function.__name__.rstrip("_"): function for function in (
    import_, build, catch_up, import_and_build, backup, close, exclude, restore, migrate, hold, mrr,
)}  # fmt: skip


def say(what):
    os.write(1, (json.dumps(what) + "\n").encode())


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(where, when):
    """Let a function of the program be the last thing that is called, or the last that returns."""
    module, name = where.split(":")
    owner = importlib.import_module(module)
    function = getattr(owner, name)

    def last(*arguments, **named):
        if when == "after":
            function(*arguments, **named)
        die()

    setattr(owner, name, last)


def attempt(order):
    """What a child does: the operation under the faults that are ordered. It never returns."""
    try:
        if "dies" in order:
            deadly(*order["dies"])
        if "largest_file" in order:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"],) * 2)
        OPERATIONS[order["do"]](order)
    except RollforwardError as error:
        say({"error": str(error), "kind": type(error).__name__})
        os._exit(FAILED)
    except BaseException:  # noqa: BLE001  whatever it is, the test must hear of it
        say({"error": traceback.format_exc(), "kind": "fault"})
        os._exit(BROKEN)
    os._exit(0)


def run(order):
    began = time.monotonic()
    child = os.fork()
    if not child:
        attempt(order)
    if "kill_after" in order:
        time.sleep(order["kill_after"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "took": time.monotonic() - began}


def main():
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("warm"):
            OPERATIONS[order["do"]](order)
            say({"status": 0})
        else:
            say(run(order))


if __name__ == "__main__":
    main()
