"""The engine against the oracle: thousands of random books under random policies, every movement of every account.

Many books are laid into one, each with customers of its own, because one account's ledger depends on nobody else's.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from depth import deep
from oracle import Oracle
from rollforward.book import View
from rollforward.book.cases import book_of, policy_of
from rollforward.errors import IncompleteError
from rollforward.money import SCALE, UNIT
from strategies import books, policies

Case = dict[str, Any]

BOOKS_A_SHELF = 40
SHELVES = deep(16)
"""16 shelves of up to 40 books are some 640 books a run, and some 2,560 of a soak."""

PARTS = 4
ASKED = (
    *("mrr", "arr", "customers", "subscriptions", "arpa", "asp", "new_mrr", "expansion_mrr", "reactivation_mrr"),
    *("contraction_mrr", "churned_mrr", "net_new_mrr", "customer_churn_rate", "gross_mrr_churn_rate"),
    *("net_mrr_churn_rate", "nrr", "grr", "quick_ratio", "growth_rate", "ltv", "acv"),
)
"""The metrics compared. `cmgr` is a root; `tcv`, `committed_mrr` and the trials are compared in the cases, where the
rate of a day to come and the trial of a meter have one answer."""


def collected(strategy: st.SearchStrategy[Any], number: int, of: int) -> list[Any]:
    """So many draws of a strategy, the same for the same seed."""
    drawn: list[Any] = []

    @seed(of)
    @settings(
        max_examples=number,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(strategy)
    def draw(value: Any) -> None:
        drawn.append(value)

    draw()
    return drawn


def shelf_under(policy: dict[str, Any], of: int) -> list[Case]:
    """Books under one policy, in one currency, on one day, with the same rates."""
    drawn = collected(books(policy=st.just(policy)), BOOKS_A_SHELF, of)
    rates = {"exchange_rates": drawn[-1]["records"].get("exchange_rates", [])}
    shared = {key: drawn[-1][key] for key in ("currency", "today", "timezone")}
    return [{**book, **shared, "records": {**book["records"], **rates}} for book in drawn]


def laid_together(shelf: list[Case]) -> Case:
    """One book of many, each book's customers and invoices under a name of its own."""
    rows = {
        table: [_named(row, number) for number, book in enumerate(shelf) for row in book["records"].get(table, [])]
        for table in ("subscription_items", "invoice_lines")
    }
    return {**shelf[0], "records": {**rows, "exchange_rates": shelf[0]["records"]["exchange_rates"]}}


def _named(row: dict[str, Any], number: int) -> dict[str, Any]:
    return row | {key: f"{number}/{row[key]}" for key in ("customer", "invoice") if key in row}


def engine_movements(case: Case) -> list[tuple[str, str, str, Fraction]]:
    book, _ = book_of(case)
    rows = book.annual_movements(view=View(policy=policy_of(case)))
    return sorted((day.isoformat(), account, kind, Fraction(amount, UNIT) / 12) for day, account, kind, amount in rows)


def oracle_movements(case: Case, prefix: str = "") -> list[tuple[str, str, str, Fraction]]:
    found = Oracle(case, annual_places=SCALE).movements()
    return [(str(move.date), f"{prefix}{move.customer}", move.kind, move.amount) for move in found]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_movement_of_every_account_is_the_oracles(part: int):
    for number, policy in enumerate(collected(policies(), SHELVES // PARTS, 20_240_229 + part)):
        shelf = shelf_under(policy, number)
        expected = sorted(move for place, book in enumerate(shelf) for move in oracle_movements(book, f"{place}/"))
        found = engine_movements(laid_together(shelf))
        wrong = {account.split("/")[0] for _, account, *_ in set(found) ^ set(expected)}
        assert found == expected, min((shelf[int(place)] for place in wrong), key=lambda book: len(str(book)))


def _month_ends(case: Case) -> list[tuple[str, date, date]]:
    today = date.fromisoformat(case["today"])
    months = sorted({"2024-03", case["today"][:7]})
    first_days = [(month, date.fromisoformat(f"{month}-01")) for month in months]
    return [
        (month, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        for month, first in first_days
        if first <= today
    ]


def _metrics_differ(case: Case) -> list[str]:
    book, _ = book_of(case)
    oracle = Oracle(case, annual_places=SCALE)
    differences = []
    for month, first, last in _month_ends(case):
        try:
            found = book.metrics(*ASKED, every="month", start=first, end=last, view=View(policy=policy_of(case)))
        except IncompleteError:
            continue
        for name, value in found.to_dicts()[-1].items():
            if name != "period" and not _agree(value, oracle.metric(name, month)):
                differences.append(f"{name} of {month}: {value}, oracle {oracle.metric(name, month)}")
    return differences


def _agree(value: Any, expected: Fraction | None) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    return abs(Fraction(value) - expected) < Fraction(1, 10**9)


def _is_comparable(case: Case) -> bool:
    """A one-time charge of a day to come has no rate yet, and more than one answer."""
    return not any(
        row.get("kind") == "one_time" and row["starts"] > case["today"] and row["currency"] != case["currency"]
        for row in case["records"].get("subscription_items", [])
    )


@seed(20_240_301)
@settings(
    max_examples=deep(15),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)
@given(case=st.one_of(books(), books(policy=policies())).filter(_is_comparable))
def test_every_metric_of_a_month_is_the_oracles(case: Case):
    assert _metrics_differ(case) == [], case
