"""The engine against the oracle: thousands of random books under random policies, every movement of every account."""

from __future__ import annotations

import os
from datetime import date, timedelta
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from oracle import Oracle
from strategies import books, policies

from rollforward.cases import book_of, policy_of
from rollforward.errors import IncompleteError
from rollforward.book import View

BOOKS_A_POLICY = 12
POLICIES = int(os.environ.get("ROLLFORWARD_ORACLE_POLICIES", "60"))


def engine_movements(case: dict) -> list[tuple[str, str, str, Fraction]]:
    book, _ = book_of(case)
    rows = book.annual_movements(view=View(policy=policy_of(case)))
    return sorted((day.isoformat(), account, kind, Fraction(amount, 10**6) / 12) for day, account, kind, amount in rows)


def oracle_movements(case: dict) -> list[tuple[str, str, str, Fraction]]:
    found = Oracle(case, annual_places=6).movements()
    return sorted((str(move.date), move.customer, move.kind, move.amount) for move in found)


@st.composite
def shelves(draw: st.DrawFn) -> list[dict]:
    policy = draw(policies())
    return draw(st.lists(books(policy=st.just(policy)), min_size=1, max_size=BOOKS_A_POLICY))


@pytest.mark.parametrize("part", range(4))
@settings(max_examples=POLICIES // 4, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(shelf=shelves())
def test_every_movement_of_every_account_is_the_oracles(part: int, shelf: list[dict]):
    for case in shelf:
        assert engine_movements(case) == oracle_movements(case), case


ASKED = (
    "mrr arr customers subscriptions arpa asp new_mrr expansion_mrr reactivation_mrr contraction_mrr churned_mrr net_new_mrr "
    "customer_churn_rate gross_mrr_churn_rate net_mrr_churn_rate nrr grr quick_ratio growth_rate ltv committed_mrr "
    "acv tcv trial_conversion_rate"
).split()
"""The metrics that the case format defines; `cmgr` is a root and compared in the cases."""


def engine_metrics(case: dict, months: list[str]) -> dict[tuple[str, str], Fraction | None]:
    book, _ = book_of(case)
    view = View(policy=policy_of(case))
    found = {}
    for month in months:
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        try:
            row = book.metrics(*ASKED, every="month", start=first, end=last, view=view).to_dicts()[-1]
        except IncompleteError:
            continue
        found |= {(name, month): None if row[name] is None else Fraction(row[name]) for name in ASKED}
    return found
