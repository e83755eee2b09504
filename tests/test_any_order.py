"""Any order, any batches: the same facts make the same ledger, late ones too, and what was known then stays known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from depth import deep
from rollforward.book import Book, View
from rollforward.book.cases import policy_of
from rollforward.book.taking_in import Reach
from rollforward.records.tables import TABLES
from rollforward.sources.canonical import translate_records
from strategies import books, policies

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

Case = dict[str, Any]
Delivery = tuple[str, list[dict[str, Any]]]
"""The rows of one import: their table, and what the source says of each."""

NOW = datetime(2200, 1, 1)  # noqa: DTZ001
FIRST = datetime(2199, 1, 1)  # noqa: DTZ001
EXAMPLES = deep(2)


def distinct(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """The facts of a case, each once: the first row of each key."""
    facts: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
    for table, rows in case["records"].items():
        for row in rows:
            facts.setdefault((table, *(row.get(name) for name in TABLES[table].key)), (table, row))
    return list(facts.values())


def changed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A later version of a fact."""
    column = {"exchange_rates": "rate"}.get(table, "amount")
    return {**row, column: format(Decimal(row[column]) + 1, "f")}


def batches_of(case: Case, order: random.Random) -> list[Delivery]:
    """The facts of a case in batches of any size and order, and later versions of some of them after all."""
    facts = distinct(case)
    order.shuffle(facts)
    late = [(table, changed(table, row)) for table, row in facts if order.random() < 0.2]
    return [*_cut(facts, order), *_cut(late, order)]


def _cut(facts: list[tuple[str, dict[str, Any]]], order: random.Random) -> list[Delivery]:
    batches: list[Delivery] = []
    for table, row in facts:
        if batches and batches[-1][0] == table and order.random() < 0.6:
            batches[-1][1].append(row)
        else:
            batches.append((table, [row]))
    return batches


def book_after(case: Case, deliveries: Iterable[Delivery]) -> Book:
    """A book that took deliveries in, one a minute."""
    today = date.fromisoformat(case["today"])
    book = Book.in_memory(
        clock=lambda: NOW, currency=case["currency"], today=today, segments=(), incomplete_above=Decimal(1)
    )
    for number, (table, rows) in enumerate(deliveries):
        batch = translate_records(table, rows, source="case", timezone="UTC", file=f"{number}.json")
        book.take_in([batch], source="case", recorded_at=moment(number))
    return book


def moment(number: int) -> datetime:
    return FIRST + timedelta(minutes=number)


def movements(book: Book, case: Case, as_of: datetime | None = None) -> list[tuple[date, str, str, int]]:
    return book.annual_movements(view=View(policy=policy_of(case), as_of=as_of))


def latest(deliveries: list[Delivery]) -> list[Delivery]:
    """All facts in one import a table, each in its last version."""
    facts: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
    for table, rows in deliveries:
        for row in rows:
            facts[(table, *(row.get(name) for name in TABLES[table].key))] = (table, row)
    return [(name, [row for table, row in facts.values() if table == name]) for name in TABLES]


def check(strategy: st.SearchStrategy[Case], number: int, hold: Any, examples: int = EXAMPLES) -> None:
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


def _is_one(case: Case, order: random.Random) -> None:
    deliveries = batches_of(case, order)
    at_once = [delivery for delivery in latest(deliveries) if delivery[1]]
    assert movements(book_after(case, deliveries), case) == movements(book_after(case, at_once), case), deliveries


def test_any_order_and_batching_makes_the_ledger_of_one_import():
    check(BOOKS, 20_261_124, _is_one)


def _stays_known(case: Case, order: random.Random) -> None:
    deliveries = batches_of(case, order)
    book = book_after(case, deliveries)
    for number in {len(deliveries) // 2, max(len(deliveries) - 2, 0)}:
        then = movements(book, case, as_of=moment(number))
        assert then == movements(book_after(case, deliveries[: number + 1]), case), (number, deliveries)


def test_as_known_at_each_import_it_is_the_book_that_stopped_there():
    check(BOOKS, 20_261_125, _stays_known)


def test_these_tests_see_late_versions_and_several_imports():
    seen = []
    check(BOOKS, 20_261_126, lambda case, order: seen.append(batches_of(case, order)), examples=6)
    assert max(map(len, seen)) > 4
    assert any(len(rows) > 1 for deliveries in seen for _, rows in deliveries)


@pytest.mark.parametrize("number", [0, 1])
def test_a_deletion_at_the_source_is_known_from_then_on(number):
    row = {"customer": "a", "subscription": "a", "item": "a", "amount": "10", "currency": "USD", "interval": "month"}
    case = {"today": "2025-02-28", "currency": "USD", "policy": {}}
    rows = [{**row, "starts": "2024-01-01"}, {**row, "customer": "b", "starts": "2024-02-01"}]
    book = book_after(case, [("subscription_items", rows)])
    batch = translate_records("subscription_items", rows[:1], source="case", timezone="UTC", file="later.json")
    book.take_in([batch], source="case", recorded_at=moment(1), reach=Reach(complete=True))
    assert len(movements(book, case, as_of=moment(number))) == 2 - number
