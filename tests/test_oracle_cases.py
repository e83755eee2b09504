"""The oracle answers every published and constructed case as the case says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from depth import deep
from oracle import Oracle
from oracle.arithmetic import half_away
from oracle.metrics import METRICS
from rollforward.book.cases import policy_of
from strategies import LAST, books

Json = dict[str, Any]

PROJECT = Path(__file__).resolve().parents[1]
CASES = PROJECT.parent / "shared" / "cases"
EXACT_PLACES = 6


def all_cases(folder: Path = CASES) -> list[Json]:
    cases: list[Json] = []
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        cases += content if isinstance(content, list) else [content]
    return cases


def own_cases() -> list[Json]:
    """The project's own collection, with each preset as its settings. The oracle does not know snapshots."""
    spelled = [{**case, "policy": {"set": policy_of(case).settings}} for case in all_cases(PROJECT / "cases")]
    return [case for case in spelled if case["policy"]["set"]["basis"] != "snapshots"]


def places_of(expected: str | Json | None) -> int:
    return int(expected["places"]) if isinstance(expected, dict) else EXACT_PLACES


def rounded(number: Fraction | None, places: int) -> Fraction | None:
    return None if number is None else half_away(Fraction(number), places)


def assert_equal(found: Fraction | None, expected: str | Json | None, where: object) -> None:
    places = places_of(expected)
    value = expected["value"] if isinstance(expected, dict) else expected
    wanted = None if value is None else Fraction(value)
    assert rounded(found, places) == rounded(wanted, places), where


def check(case: Json) -> None:
    oracle, expect = Oracle(case), case["expect"]
    check_levels(oracle, expect)
    for row in expect.get("rollforward", []):
        found = oracle.rollforward(row["month"])
        for column in row.keys() - {"month"}:
            assert_equal(found[column], row[column], (row["month"], column))
    for metric in expect.get("metrics", []):
        value = oracle.metric(metric["metric"], metric["month"], metric.get("from"))
        assert_equal(value, metric["value"], metric)
    if "movements" in expect:
        check_movements(oracle, expect["movements"])
    assert oracle.problems() == sorted((row["table"], row["row"]) for row in expect.get("problems", []))


def check_levels(oracle: Oracle, expect: Json) -> None:
    for day, value in expect.get("mrr", {}).items():
        assert_equal(oracle.mrr(date.fromisoformat(day)), value, day)
    for day, value in expect.get("arr", {}).items():
        assert_equal(12 * oracle.mrr(date.fromisoformat(day)), value, day)
    for day, value in expect.get("customers", {}).items():
        assert oracle.customers(date.fromisoformat(day)) == value, day


def check_movements(oracle: Oracle, expected: list[Json]) -> None:
    places = {(row["date"], row["customer"], row["kind"]): places_of(row["amount"]) for row in expected}
    found: Counter[object] = Counter()
    for movement in oracle.movements():
        key = (movement.date.isoformat(), movement.customer, movement.kind)
        found[*key, half_away(movement.amount, places.get(key, EXACT_PLACES))] += 1
    wanted: Counter[object] = Counter()
    for row in expected:
        amount = row["amount"]["value"] if isinstance(row["amount"], dict) else row["amount"]
        key = (row["date"], row["customer"], row["kind"])
        wanted[*key, half_away(Fraction(amount), places[key])] += 1
    assert found == wanted


@pytest.mark.parametrize("case", own_cases() + all_cases(), ids=lambda case: str(case["id"]))
def test_the_oracle_agrees_with_the_case(case: Json) -> None:
    check(case)


INLINE: Json = {
    "id": "inline",
    "policy": {"preset": "default", "set": {}},
    "currency": "USD",
    "today": "2024-04-30",
    "records": {
        "subscription_items": [
            {
                "customer": "a",
                "amount": "100",
                "currency": "EUR",
                "interval": "month",
                "starts": "2024-01-10",
                "ends": "2024-04-01",
                "discounts": [{"percent": "50", "starts": "2024-03-20"}],
            },
            {"customer": "b", "amount": "100", "currency": "USD", "interval": "fortnight", "starts": "2024-01-01"},
        ],
        "exchange_rates": [
            {"date": "2024-01-01", "from": "EUR", "to": "USD", "rate": "1.10"},
            {"date": "2024-02-10", "from": "EUR", "to": "USD", "rate": "1.08"},
        ],
    },
    "expect": {
        "mrr": {"2024-01-09": "0", "2024-01-31": "110", "2024-02-29": "108", "2024-03-31": "54", "2024-04-30": "0"},
        "customers": {"2024-03-31": 1, "2024-04-01": 0},
        "movements": [
            {"date": "2024-01-10", "customer": "a", "kind": "new", "amount": "110"},
            {"date": "2024-02-10", "customer": "a", "kind": "exchange", "amount": "-2"},
            {"date": "2024-03-20", "customer": "a", "kind": "contraction", "amount": "-54"},
            {"date": "2024-04-01", "customer": "a", "kind": "churn", "amount": "-54"},
        ],
        "metrics": [{"metric": "customer_churn_rate", "month": "2024-04", "value": "1"}],
        "problems": [{"table": "subscription_items", "row": 1}],
    },
}


def test_a_small_case_of_its_own() -> None:
    check(INLINE)


MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)][9:27]
quick = settings(
    max_examples=deep(15), deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@quick
@given(books())
def test_nothing_happens_between_the_days_it_looks_at(case: Json) -> None:
    usual, daily = Oracle(case), Oracle(case, every_day=True)
    assert usual.levels() == daily.levels()
    assert sorted(usual.movements()) == sorted(daily.movements())


@quick
@given(books())
def test_the_books_of_the_oracle_foot(case: Json) -> None:
    oracle = Oracle(case)
    for month in MONTHS:
        row = oracle.rollforward(month)
        gains = row["new"] + row["expansion"] + row["reactivation"] + row["exchange"]
        assert row["opening"] + gains - row["contraction"] - row["churn"] == row["closing"]
    assert sum((movement.amount for movement in oracle.movements()), Fraction(0)) == oracle.mrr(LAST)


@quick
@given(books())
def test_a_churn_is_told_exactly_when_a_customer_is_gone(case: Json) -> None:
    oracle = Oracle(case)
    for change in oracle.daily_customer_changes:
        before = change.unit[0] in oracle.states(change.day - timedelta(days=1))
        after = change.unit[0] in oracle.states(change.day)
        assert (change.came, change.went) == (after and not before, before and not after)


@quick
@given(books())
def test_every_metric_has_an_answer(case: Json) -> None:
    oracle = Oracle(case)
    for name in METRICS:
        value = oracle.metric(name, "2024-09", "2024-01")
        assert value is None or isinstance(value, Fraction)
