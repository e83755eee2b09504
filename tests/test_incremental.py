"""A ledger that is brought up to date where accounts changed is the ledger that is built anew, row for row."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from depth import deep
from rollforward.book import Book, View
from rollforward.book.cases import policy_of
from rollforward.book.taking_in import Reach
from rollforward.errors import RollforwardError
from rollforward.sources.canonical import translate_records
from rollforward.store import incremental, ledgers
from strategies import books, policies
from test_any_order import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollforward.store.database import Database

Case = dict[str, Any]

FIRST = datetime(2199, 1, 1)  # noqa: DTZ001
EXAMPLES, LONGEST = deep(8), 7
OWNERS = ("a", "b", "c")


@pytest.fixture(autouse=True)
def few_accounts_are_worth_it(monkeypatch):
    """Random books have three customers: without this each import would change too many of them to pay."""
    monkeypatch.setattr(incremental, "MOST", 0)


class Clock:
    """A clock that goes on a minute with each look."""

    def __init__(self, minute: int = 0) -> None:
        self.now = FIRST + timedelta(minutes=minute)

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
    return [
        {"customer": one, "country": order.choice("DF"), "attributes": {"region": order.choice("NS")}} for one in some
    ]


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


def database_of(book: Book) -> Database:
    return book._database  # noqa: SLF001  the ledgers of a book in memory are seen from nowhere else


def tables_of(book: Book, kept: ledgers.KeptLedger) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a ledger, its rows in order."""
    with database_of(book).reading() as connection:
        assert database_of(book).attach(connection, kept.name)
        names = [*json.loads(kept.schemas), "set_aside", "sampled_days"]
        return {name: connection.execute(f'FROM {kept.name}."{name}" ORDER BY ALL').fetchall() for name in names}


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
    @given(strategy, st.integers(0, 2**32).map(random.Random))
    def run(case: Case, order: random.Random) -> None:
        hold(case, order)

    run()


BOOKS = st.one_of(books(), books(policy=policies()))


def begin(book: Book, case: Case, order: random.Random) -> list[tuple[str, list[dict[str, Any]]]]:
    """Take in what a book has when it is first asked, rates and customers among it: the deliveries that are left."""
    deliveries = batches_of(case, order)
    first = [one for one in deliveries if one[0] == "exchange_rates"]
    rest = [one for one in deliveries if one[0] != "exchange_rates"]
    for table, rows in [*first, *rest[: len(rest) // 2]]:
        take_in(book, table, rows)
    take_in(book, "customers", [{"customer": one, "country": "D", "attributes": {"region": "N"}} for one in OWNERS])
    return rest[len(rest) // 2 :]


def lived_through(book: Book, case: Case, order: random.Random, seen: Counter[str]) -> None:
    """Imports in any order with late versions, customers, deletions and entries; after each the ledger is asked for."""
    view = View(policy=policy_of(case))
    done: list[object] = [case]
    for table, rows in begin(book, case, order)[:LONGEST]:
        take_in(book, table, rows)
        done.append((table, rows))
        if order.random() < 0.3:
            done.append(customers := customer_rows(order))
            take_in(book, "customers", customers)
        if order.random() < 0.4:
            done.append(what := enter_something(book, order))
            seen[what] += 1
        if order.random() < 0.15:
            done.append("the source has no more than these")
            take_in(book, table, rows, complete=True)
            seen["deleted"] += 1
        seen["caught up" if same_as_anew(book, view, done) else "anew"] += 1


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
        for table, rows in begin(book, case, order):
            take_in(book, table, rows)
            if order.random() < 0.3:
                take_in(book, "customers", customer_rows(order))
            seen["caught up" if bring_up(book, view)[1] else "anew"] += 1
        seen["on changes"] += (book.path / "ledgers" / f"{bring_up(book, view)[0].name}.changes").exists()
        kept, _ = bring_up(book, view)
        found = tables_of(book, kept)
        assert (kept, found) == (anew := book.build(view), tables_of(book, anew)), case

    check(books(policy=st.just({})), 20_261_127, deep(3), hold)
    assert seen["on changes"], seen
    assert seen["caught up"] > 3, seen


# -- what is changed, and what is built anew -------------------------------------------------------------------------

CASE: Case = {"currency": "USD", "today": "2026-06-30", "policy": {"preset": "default", "set": {}}}
CUSTOMERS = [
    {"customer": one, "country": country, "attributes": {"region": "N"}}
    for one, country in zip("abcd", "DDFF", strict=True)
]


def item(customer: str, amount: int = 10, **more: Any) -> dict[str, Any]:
    row = {"customer": customer, "subscription": customer, "item": "i", "plan": "pro", "interval": "month"}
    starts = {"a": "2026-01-01", "b": "2026-01-02", "c": "2026-01-03"}.get(customer, "2026-01-04")
    return {**row, "amount": str(amount), "currency": "USD", "starts": starts, **more}


def settled(folder: Path | None = None, **changes: Any) -> tuple[Book, View]:
    """A book of four customers whose ledger was built, under the default policy or another."""
    case = {**CASE, "policy": {"preset": "default", "set": changes}}
    book, view = book_of(case, folder), View(policy=policy_of(case))
    take_in(book, "customers", CUSTOMERS)
    take_in(book, "subscription_items", [item(one) for one in "abcd"])
    book.build(view)
    return book, view


def said_of(book: Book, view: View) -> list[str]:
    """What bringing the ledger up to date says first, once it is known to be the one that is built anew."""
    said: list[str] = []
    kept = book.build(view, progress=said.append, force=False)
    found = tables_of(book, kept)
    assert (kept, found) == (book.build(view), tables_of(book, kept))
    return said[:1]


ANEW = ["overlapping terms"]
ONE, TWO = ["1 changed account"], ["2 changed accounts"]
BY = {"reason": "so it is", "by": "ada"}


def test_one_account_whose_price_changed_is_one_changed_account():
    book, view = settled()
    take_in(book, "subscription_items", [item("a", 30), item("b")])
    assert said_of(book, view) == ONE


def test_a_new_customer_is_a_changed_account():
    book, view = settled()
    take_in(book, "subscription_items", [item("e")])
    assert said_of(book, view) == ONE


def test_a_customer_that_the_source_no_longer_has_leaves_no_row_behind():
    book, view = settled()
    take_in(book, "subscription_items", [item(one) for one in "abc"], complete=True)
    assert said_of(book, view) == ONE
    assert {row[1] for row in tables_of(book, book.ledger(view))["spans"]} == set("abc")


def test_a_customer_that_moves_to_another_country_moves_in_the_cube_alone():
    book, view = settled()
    before = tables_of(book, book.ledger(view))
    take_in(book, "customers", [{**CUSTOMERS[0], "country": "S"}])
    assert said_of(book, view) == ONE
    after = tables_of(book, book.ledger(view))
    assert after["movements"] == before["movements"]
    assert after["cube"] != before["cube"]


def test_both_accounts_of_a_merge_change_and_come_back_with_its_undoing():
    book, view = settled()
    book.undo(book.merge("c", into="d", start=date(2026, 3, 1), **BY).entry, **BY)
    before = tables_of(book, book.build(view))
    entry = book.merge("a", into="b", start=date(2026, 3, 1), **BY)
    assert said_of(book, view) == TWO
    assert tables_of(book, book.ledger(view)) != before
    book.undo(entry.entry, **BY)
    assert said_of(book, view) == TWO
    assert tables_of(book, book.ledger(view)) == before


def test_a_late_fact_of_a_merged_customer_changes_the_account_that_it_counts_for():
    book, view = settled()
    book.merge("a", into="b", **BY)
    book.build(view)
    take_in(book, "subscription_items", [item("a", 99)])
    assert said_of(book, view) == TWO


def test_a_line_that_changes_its_customer_changes_both():
    book, view = settled(basis="invoices")
    line = {"invoice": "1", "line": "1", "amount": "10", "currency": "USD"}
    line |= {"period_start": "2026-01-01", "period_end": "2026-02-01"}
    take_in(book, "invoice_lines", [{**line, "customer": "a"}])
    book.build(view)
    take_in(book, "invoice_lines", [{**line, "customer": "b"}])
    assert said_of(book, view) == TWO


def test_a_first_record_in_another_currency_is_built_anew():
    book, view = settled()
    take_in(book, "subscription_items", [item("a", currency="EUR")])
    assert said_of(book, view) != ONE


def test_new_exchange_rates_are_built_anew_where_amounts_are_converted_and_of_no_account_where_not():
    rate = {"from": "EUR", "to": "USD", "rate": "2"}
    book, view = settled()
    take_in(book, "exchange_rates", [{**rate, "date": "2025-01-01"}])
    assert said_of(book, view) == ["0 changed accounts"]
    take_in(book, "subscription_items", [item("a", currency="EUR")])
    book.build(view)
    take_in(book, "subscription_items", [item("b", 20)])
    assert said_of(book, view) == ONE
    take_in(book, "exchange_rates", [{**rate, "date": "2026-02-01"}])
    assert said_of(book, view) == ANEW


def test_another_day_is_built_anew_only_where_the_ledger_depends_on_it(tmp_path):
    for changes, expected in (({}, ONE), ({"netting": "month"}, ANEW)):
        book, view = settled(tmp_path, **changes)
        later = Book(book.path, replace(book.settings, today=date(2026, 7, 1)), Clock(60))
        take_in(later, "subscription_items", [item("a", 30)])
        assert said_of(later, view) == expected


def test_snapshots_are_built_anew_for_a_new_day_ends_those_of_every_customer():
    book, view = settled(basis="snapshots")
    for day in ("2026-01-31", "2026-02-28"):
        take_in(book, "mrr_snapshots", [{"date": day, "customer": "a", "mrr": "10", "currency": "USD"}])
        assert said_of(book, view) == ANEW


def test_another_segment_in_the_settings_is_built_anew():
    book, view = settled()
    book.settings = replace(book.settings, segments=("plan",))
    take_in(book, "subscription_items", [item("a", 30)])
    assert said_of(book, view) == ANEW


def test_a_ledger_of_which_too_much_changes_is_built_anew(monkeypatch):
    monkeypatch.setattr(incremental, "MOST", 2)
    book, view = settled()
    take_in(book, "subscription_items", [item("a", 30), item("b", 30)])
    assert said_of(book, view) == ANEW
    take_in(book, "subscription_items", [item("a", 40)])
    assert said_of(book, view) == ONE


def test_changes_that_have_become_too_many_are_taken_into_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(incremental, "MOST", 3)
    book, view = settled(tmp_path)
    file = book.path / "ledgers" / f"{book.ledger(view).name}.changes"
    take_in(book, "subscription_items", [item("a", 30)])
    assert bring_up(book, view)[1]
    assert file.exists()
    take_in(book, "subscription_items", [item("b", 40)])
    assert not bring_up(book, view)[1]
    assert not file.exists()


def test_a_question_after_an_import_is_answered_from_the_changed_ledger(tmp_path):
    book, view = settled(tmp_path)
    before = book.ledger(view)
    take_in(book, "subscription_items", [item("a", 30)])
    june = book.rollforward(view=view).to_dicts()[-1]
    assert june["closing"] == Decimal(60)
    assert book.ledger(view).ledger_hash != before.ledger_hash
    assert all(one.is_whole for one in book.audit())


def test_a_changed_ledger_that_somebody_changed_by_hand_is_found_and_built_anew(tmp_path):
    book, view = settled(tmp_path)
    file = book.path / "ledgers" / f"{book.ledger(view).name}.duckdb"
    book.let_go()
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM packed_spans WHERE account = 'a'")
    take_in(book, "subscription_items", [item("a", 30)])
    said: list[str] = []
    book.build(view, progress=said.append, force=False)
    assert said[0] == "1 changed account"
    assert "the ledger has 0 rows of changed accounts in spans, and their former records make 1" in said[1]
    assert said_of(book, view) == []


def test_changes_of_another_file_are_never_read(tmp_path):
    """A ledger that was built anew has its rows in other places, even if they are the same."""
    book, view = settled(tmp_path)
    take_in(book, "subscription_items", [item("a", 30)])
    bring_up(book, view)
    file = book.path / "ledgers" / f"{book.ledger(view).name}.changes"
    kept = file.read_bytes()
    truth = tables_of(book, book.build(view))
    file.write_bytes(kept)
    assert tables_of(book, book.ledger(view)) == truth


def test_a_reader_goes_on_with_the_ledger_that_it_opened(tmp_path):
    book, view = settled(tmp_path)
    name = book.ledger(view).name
    for amount in (30, 40):
        with database_of(book).reading() as reader:
            assert database_of(book).attach(reader, name)
            before = reader.execute(f"FROM {name}.movements ORDER BY ALL").fetchall()
            take_in(book, "subscription_items", [item("a", amount)])
            assert bring_up(book, view)[1]
            assert reader.execute(f"FROM {name}.movements ORDER BY ALL").fetchall() == before


def test_two_ledgers_of_one_book_catch_up_each_on_its_own(tmp_path):
    book, view = settled(tmp_path)
    other = View(policy=policy_of({**CASE, "policy": {"preset": "default", "set": {"level": "subscription"}}}))
    book.build(other)
    take_in(book, "subscription_items", [item("a", 30), item("a", 5, subscription="second")])
    assert said_of(book, other) == ONE
    assert said_of(book, view) == ONE


def test_a_day_on_which_one_customer_comes_and_another_leaves_stands_alike_where_subscriptions_move():
    book, view = settled(level="subscription")
    take_in(book, "subscription_items", [item("a", ends="2026-02-01"), item("e", starts="2026-02-01")])
    assert said_of(book, view) == TWO
