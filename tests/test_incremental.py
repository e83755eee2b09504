"""A ledger that is brought up to date where accounts changed is the ledger that is built anew, row for row."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from rollforward.book import Book, View
from rollforward.book.cases import policy_of
from rollforward.book.taking_in import Reach
from rollforward.errors import RollforwardError
from rollforward.records.tables import TABLES
from rollforward.sources.canonical import translate_records
from rollforward.store import incremental, ledgers
from strategies import books, policies
from test_any_order import batches_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

Case = dict[str, Any]

FIRST = datetime(2199, 1, 1)  # noqa: DTZ001
EXAMPLES, LONGEST = 5, 7
OWNERS = ("a", "b", "c")


@pytest.fixture(autouse=True)
def few_accounts_are_worth_it(monkeypatch):
    """Random books have three customers: without this each import would change too many of them to pay."""
    monkeypatch.setattr(incremental, "MOST", 0)


class Clock:
    """A clock that goes on a minute with each look."""

    def __init__(self) -> None:
        self.now = FIRST

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


def book_of(case: Case, folder: Path | None = None) -> Book:
    """An empty book for a case: in memory, or in a new folder beside those that are there."""
    chosen = {
        "currency": case["currency"],
        "today": date.fromisoformat(case["today"]),
        "segments": ("plan", "country", "region"),
        "incomplete_above": Decimal(1),
    }
    if folder is None:
        return Book.in_memory(clock=Clock(), **chosen)
    return Book.create(folder / str(len(list(folder.iterdir()))), clock=Clock(), **chosen)


def take_in(book: Book, table: str, rows: list[dict[str, Any]], *, complete: bool = False) -> None:
    batch = translate_records(table, rows, source="case", timezone="UTC", file="rows.json")
    book.take_in([batch], source="case", reach=Reach(complete=complete, empty_is_meant=True))


def customer_rows(order: random.Random) -> list[dict[str, Any]]:
    """Customers with a country and now and then another attribute, which change from import to import."""
    some = order.sample(OWNERS, order.randint(1, 3))
    return [{"customer": one, "country": order.choice("DF"), "attributes": {"region": order.choice("NS")}} for one in some]


def enter_something(book: Book, order: random.Random) -> str:
    """What a person may do: merge, transfer, exclude, undo. What the book refuses is no change."""
    one, other = order.sample(OWNERS, 2)
    by = {"reason": "so it is", "by": "ada"}
    day = order.choice((None, date(2024, 6, 1), date(2024, 9, 15)))
    doings: dict[str, Callable[[], object]] = {
        "merge": lambda: book.merge(one, into=other, start=day, **by),
        "transfer": lambda: book.transfer(one, from_customer=other, day=day, drop_earlier=True, **by),
        "exclude": lambda: book.exclude(one, **by),
        "undo": lambda: book.undo(order.randint(1, max(1, len(book.entries()))), **by),
    }
    doing = order.choice(sorted(doings))
    try:
        doings[doing]()
    except RollforwardError:
        return "refused"
    return doing


def tables_of(book: Book, kept: ledgers.KeptLedger) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a ledger, its rows in order."""
    with book._database.reading() as connection:
        assert book._database.attach(connection, kept.name)
        names = [*json.loads(kept.schemas), "set_aside", "sampled_days"]
        return {
            name: connection.execute(f'FROM {kept.name}."{name}" ORDER BY ALL').fetchall() for name in names
        }


def bring_up(book: Book, view: View) -> tuple[ledgers.KeptLedger, bool]:
    """The ledger as the next question finds it, and whether only accounts of it were changed."""
    said: list[str] = []
    kept = book.build(view, progress=said.append, force=False)
    return kept, any("changed account" in one for one in said)


def same_as_anew(book: Book, view: View, told: object) -> bool:
    """Hold the ledger that was brought up to date against one built anew: whether it was not built anew itself."""
    kept, caught_up = bring_up(book, view)
    found = tables_of(book, kept)
    anew = book.build(view)
    assert kept == anew, told
    for name, rows in tables_of(book, anew).items():
        assert found[name] == rows, (name, told)
    return caught_up


def check(strategy: st.SearchStrategy[Case], number: int, examples: int, hold: Callable[..., None]) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(strategy, st.randoms(use_true_random=False))
    def run(case: Case, order: random.Random) -> None:
        hold(case, order)

    run()


BOOKS = st.one_of(books(), books(policy=policies()))


def lived_through(book: Book, case: Case, order: random.Random, seen: Counter[str]) -> None:
    """Imports in any order with late versions, customers, deletions and entries; now and then the ledger is asked for."""
    view = View(policy=policy_of(case))
    done: list[object] = []
    for table, rows in batches_of(case, order)[:LONGEST]:
        take_in(book, table, rows)
        done.append((table, rows))
        if order.random() < 0.3:
            done.append(customers := customer_rows(order))
            take_in(book, "customers", customers)
        if order.random() < 0.3:
            done.append(what := enter_something(book, order))
            seen[what] += 1
        if order.random() < 0.15:
            done.append("the source has no more than these")
            take_in(book, table, rows, complete=True)
            seen["deleted"] += 1
        if order.random() < 0.7:
            seen["caught up" if same_as_anew(book, view, (case, done)) else "anew"] += 1


BOOKS = st.one_of(books(), books(policy=policies()))


def test_after_any_imports_and_entries_the_changed_ledger_is_the_one_that_is_built_anew():
    seen: Counter[str] = Counter()
    check(BOOKS, 20_261_124, EXAMPLES, lambda case, order: lived_through(book_of(case), case, order, seen))
    assert seen["caught up"] > 5, seen
    assert seen["anew"] > 3, seen
    assert {"merge", "deleted"} <= set(seen), seen


def test_changes_upon_changes_stand_beside_the_file_of_the_ledger_and_are_the_ledger_that_is_built_anew(tmp_path):
    """The ledger is never built anew between, so that each change rests on the file of changes before."""
    seen: Counter[str] = Counter()

    def hold(case: Case, order: random.Random) -> None:
        book = book_of(case, tmp_path)
        view = View(policy=policy_of(case))
        for table, rows in batches_of(case, order)[: LONGEST + 3]:
            take_in(book, table, rows)
            if order.random() < 0.3:
                take_in(book, "customers", customer_rows(order))
            seen["caught up" if bring_up(book, view)[1] else "anew"] += 1
        seen["on changes"] += (book.path / "ledgers" / f"{bring_up(book, view)[0].name}.changes").exists()
        kept, _ = bring_up(book, view)
        found = tables_of(book, kept)
        assert (kept, found) == (anew := book.build(view), tables_of(book, anew)), case

    check(books(policy=st.just({})), 20_261_127, 3, hold)
    assert seen["on changes"], seen
    assert seen["caught up"] > 3, seen
