"""Start-up, questions of a book that is built, and what a second policy beside the first one costs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from book import TODAY, benchmark_book
from measures import Figure, command, median_seconds, paired, seconds
from places import FOLDER
from rollforward.book import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollforward.book import Book

RUNS = 3
_ASKED = 5
_DIFF = ("-m", "rollforward", "policy", "diff", "default", "stripe")
_FILTERS = {"country": ("DE", "FR", "US"), "segment": ("Small", "Mid-size")}


def startup_rows(customers: int) -> Iterator[Figure]:  # noqa: ARG001  a small book always
    """What a command takes from its start to its end."""
    helped = median_seconds(lambda: command("-m", "rollforward", "--help"), 5)
    yield Figure("`rollforward --help`", f"{helped:.2f} s", "under 0.3 s", helped < 0.3)
    demo = FOLDER / "demo-2000"
    if not (demo / "book.toml").exists():
        command("-m", "rollforward", "demo", str(demo))
    mrr = median_seconds(lambda: command("-m", "rollforward", "mrr", "--book", str(demo)), 5)
    yield Figure("`rollforward mrr` on the demo book of 2,000 customers", f"{mrr:.2f} s", "under 1.5 s", mrr < 1.5)
    differing = median_seconds(lambda: command(*_DIFF, "--book", str(demo)), 5)
    yield Figure("`rollforward policy diff default stripe` on it", f"{differing:.2f} s", "under 3 s", differing < 3)


def query_rows(customers: int) -> Iterator[Figure]:
    """Questions in a process that runs on, such as a server: the second time they are asked and after."""
    book = benchmark_book(FOLDER, customers)
    book.ledger()
    for what, goal, ask in _questions(book):
        ask()
        took = median_seconds(ask, _ASKED) * 1000
        yield Figure(what, f"{took:.0f} ms", f"under {goal} ms" if goal else "", took < goal if goal else None)


def _questions(book: Book) -> list[tuple[str, int | None, Callable[[], object]]]:
    account = _some_account(book)
    year = date(TODAY.year - 1, TODAY.month + 1, 1)
    return [
        ("a metric by month (`quick_ratio`)", 50, lambda: book.metrics("quick_ratio")),
        (
            "a metric by month with two filters and a group (`mrr` by plan)",
            50,
            lambda: book.metrics("mrr", where=_FILTERS, by="plan"),
        ),
        ("the roll-forward by month", None, book.rollforward),
        ("the roll-forward by month and plan", None, lambda: book.rollforward(by="plan")),
        ("NRR over 12 months, by month of the last year", 300, lambda: book.metrics("nrr_12m", start=year)),
        ("NRR over 12 months, by month", None, lambda: book.metrics("nrr_12m")),
        ("the cohorts by month", 300, book.cohorts),
        ("the movements of one account", 10, lambda: book.movements(account=account).part(0, 50)),
    ]


def _some_account(book: Book) -> str:
    return str(book.movements(start=TODAY.replace(day=1)).part(0, 1)[0][1])


SECOND = "list-price"
"""A policy beside the book's: other rules for discounts, returns and past-due days."""


def policy_rows(customers: int) -> Iterator[Figure]:
    """What a second policy costs, in turn with the first, and what it costs the questions of the first."""
    book = benchmark_book(FOLDER, customers)
    folder = book.path / "policies"
    folder.mkdir(exist_ok=True)
    (folder / f"{SECOND}.toml").write_text('discounts = "none"\nreturning = "new"\npast_due_days = 14\n', "utf-8")
    second = View(SECOND)
    for file in (book.path / "ledgers").glob("*.duckdb"):
        file.unlink()
    book.build()
    alone = median_seconds(lambda: book.metrics("quick_ratio"), _ASKED)
    ours, theirs, ratio = paired(lambda: seconds(lambda: book.build(second)), lambda: seconds(book.build), RUNS)
    what = "a build under a second policy kept beside, to one under the first"
    yield Figure(what, f"{ours:.2f} s to {theirs:.2f} s, {ratio:.2f} x", "no more than a build", ratio <= 1.1)
    beside = median_seconds(lambda: book.metrics("quick_ratio"), _ASKED)
    what = "`quick_ratio` by month with a second ledger beside, to without"
    yield Figure(what, f"{beside * 1000:.0f} ms to {alone * 1000:.0f} ms", "no more")
    took = median_seconds(lambda: book.metrics("quick_ratio", view=second), _ASKED)
    yield Figure("`quick_ratio` by month under the second policy", f"{took * 1000:.0f} ms", "")
    month = date(TODAY.year, TODAY.month, 1)
    took = median_seconds(lambda: book.causes(start=month), 3)
    yield Figure("the causes of the last month", f"{took:.2f} s", "")
    took = seconds(book.causes)
    yield Figure("the causes of every month", f"{took:.2f} s", "")
