"""A desk to run commands at: in this process, with a fixed clock, in a folder of its own."""

import io
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOW = "2026-06-30T12:00:00"
SETTING = {"ROLLFORWARD_NOW": NOW, "NO_COLOR": "1", "COLUMNS": "80", "LINES": "40"}


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str
    raw: bytes

    def __str__(self):
        parts = [self.out]
        parts += [f"--- stderr\n{self.err}"] if self.err else []
        parts += [f"--- exit status {self.status}\n"] if self.status else []
        return "".join(parts)


def run(*arguments):
    """Run a command in this process."""
    from rollforward.surfaces.cli.app import run as run_command

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO()
    try:
        status = run_command([str(argument) for argument in arguments])
    finally:
        sys.stdout, sys.stderr, sys.stdin = before
    raw, said = out.buffer.getvalue(), err.buffer.getvalue()
    return Ran(status, raw.decode("utf-8", "replace"), said.decode(), raw)


@contextmanager
def sitting_in(folder):
    """A folder to work in, with the fixed clock."""
    here, there = os.getcwd(), dict(os.environ)  # noqa: PTH109  the folder to come back to
    os.environ.update(SETTING)
    os.environ.pop("ROLLFORWARD_BOOK", None)
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(there)


def make_demo(folder):
    """A small demo book in `demo`, with its files, and cases that hold and that differ."""
    with sitting_in(folder):
        ran = run("demo", "demo", "--customers", "60", "--files")
        (folder / "holds.json").write_text(CASE.replace("EXPECTED", "100"), "utf-8")
        (folder / "differs.json").write_text(CASE.replace("EXPECTED", "90"), "utf-8")
    return ran


def count_in_spite_of_quarantine(book):
    """Let figures come from a book however many of its rows are in quarantine."""
    settings = Path(book) / "book.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("incomplete_above = 0.05", "incomplete_above = 1"), "utf-8")


CASE = """{"id": "one-customer", "currency": "USD", "today": "2024-01-31", "records": {"subscription_items": [
{"customer": "c1", "subscription": "s1", "item": "i1", "amount": "100", "currency": "USD", "interval": "month",
"starts": "2024-01-15"}]}, "expect": {"mrr": {"2024-01-31": "EXPECTED"}}}
"""

TERMS = """Customer,Plan,Price,Currency,Interval,Start,End
acme,Pro,120.00,EUR,month,2026-01-01,
bolt,Pro,100.00,EUR,month,2026-02-01,2026-05-01
core,Basic,600.00,EUR,year,2026-03-15,
dune,Basic,fifty,EUR,month,2026-04-01,
"""
"""A file with four subscriptions, of which one cannot be read."""

CUSTOMERS = "Customer,Name,Country\nacme,Acme Ltd,GB\nbolt,Bolt GmbH,DE\n"
RATES = "Date,From,To,Rate\n2026-01-01,GBP,EUR,1.15\n"
SALES = "Opportunity,Stage,Amount,Close date\no1,Won,500,2026-01-01\n"
"""Files of other kinds: customers, exchange rates, and deals in which nothing recurs."""
