"""Every number opens, and what it opens into adds up to it: on random books, under random policies, on every basis."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from depth import DEPTH, deep
from rollforward.book import View
from rollforward.book.cases import book_of, policy_of
from rollforward.errors import IncompleteError, UsageError
from rollforward.metrics.registry import every_metric
from rollforward.money import UNIT
from strategies import FIRST, policies
from test_engine_against_oracle import collected, laid_together, shelf_under

if TYPE_CHECKING:
    from rollforward.book.explaining.explanation import Explanation

SHELVES = deep(2)
ASKED = deep(4)
"""The accounts and movements of a shelf that are explained."""

PARTS = (None, {"plan": ["i", "k"]})
"""The whole of a book, and some plans of it. A run that is not deep takes one of them for each metric, in turn."""


def leaves(one: Explanation) -> list[Explanation]:
    """The spans of an account, below its subscriptions where the policy rounds them."""
    return [leaf for part in one.parts for leaf in ([part] if part.way == "steps" or not part.parts else leaves(part))]


def first_day(case: dict[str, Any]) -> date:
    """The day of the first record that counts under the policy."""
    table, column = ("subscription_items", "starts")
    if case["policy"]["set"].get("basis") == "invoices":
        table, column = ("invoice_lines", "period_start")
    return min(date.fromisoformat(row[column]) for row in case["records"][table] if row.get(column))


@pytest.mark.parametrize("number", range(SHELVES))
def test_mrr_of_an_account_is_the_sum_of_its_spans_and_a_movement_that_of_its_causes(number: int):
    policy = collected(policies(), SHELVES, 20_261_125)[number]
    shelf = shelf_under(policy, number)
    case = laid_together(shelf)
    book, _ = book_of(case)
    view = View(policy=policy_of(case))
    chance = random.Random(number)
    today = date.fromisoformat(case["today"])
    moves = book.annual_movements(view=view)
    accounts = sorted({account for _, account, _, _ in moves})
    for account in chance.sample(accounts, min(ASKED, len(accounts))):
        day = FIRST + timedelta(days=chance.randrange((today - FIRST).days + 1))
        level = sum(amount for on, of, _, amount in moves if of == account and on <= day)
        if day < first_day(case):
            with pytest.raises(UsageError, match="is before it"):
                book.explain(account=account, on=day, view=view)
            continue
        found = book.explain(account=account, on=day, view=view)
        assert found.value == Fraction(level, UNIT) / 12
        assert sum((part.value or 0 for part in leaves(found)), Fraction(0)) == found.value
        assert all(part.source for part in leaves(found) if part.about != "rounding")
        assert all(part.rules and part.source for part in found.beside)
    days = sorted({(on, account) for on, account, _, _ in moves})
    for on, account in chance.sample(days, min(ASKED, len(days))):
        found = book.explain(account=account, movement=on, view=view)
        told = sorted((part.value or 0) * 12 * UNIT for part in found.parts if part.value)
        assert told == sorted(amount for day, of, _, amount in moves if (day, of) == (on, account))
        for movement in found.parts:
            assert sum((item.value or 0 for item in movement.parts), Fraction(0)) == movement.value


@pytest.mark.parametrize("number", range(SHELVES))
def test_each_metric_opens_into_what_adds_up_to_it_on_a_book_of_its_own(number: int):
    policy = collected(policies(), SHELVES, 20_261_126)[number]
    case = laid_together(shelf_under(policy, number))
    book, _ = book_of(case)
    view = View(policy=policy_of(case))
    month = case["today"][:7]
    for place, metric in enumerate(every_metric()[number::SHELVES]):
        for where in (*PARTS[place % 2 :], *PARTS[: place % 2])[:DEPTH]:
            try:
                expected = book.metrics(metric.name, start=date.fromisoformat(f"{month}-01"), where=where, view=view)
            except IncompleteError:
                continue
            found = book.explain(metric.name, month, where=where, limit=3, view=view)
            value = expected.rows[-1][-1]
            assert (found.value is None) == (value is None)
            assert value is None or abs(Fraction(value) - (found.value or 0)) < Fraction(1, 10**9)
