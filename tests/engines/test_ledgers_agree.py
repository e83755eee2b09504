"""One ledger, whichever engine makes it: built in a book and from record tables on each engine, the same to the bit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from depth import DEPTH, deep
from engines.desk import DUCKDB, built, differences, exported, tables_of
from rollforward.book import View
from rollforward.book.cases import load, policy_of
from strategies import policies
from test_engine_against_oracle import collected, laid_together, shelf_under

CASES = Path(__file__).parents[2] / "cases"
PARTS = 4
SHELVES = deep(2)
OF_METRICS = {
    *("churn_rate_base", "churn_rate_joined", "churn_rate_formula", "ltv_churn", "trial_window"),
    *("one_time_in_contract_value", "closed_months"),
}
"""The rules that no table of a ledger follows."""

NAMED = ("customer", "account", "from_customer", "invoice", "payment")


def cases_by_policy():
    """The cases of each policy laid into one book, each with customers of its own.

    A run that is not deep has books of the policies with a rule that none before them has. The cases of the other ones
    go into the first book of their basis.
    """
    found, first, rules = {}, {}, set()
    for number, (_, case) in enumerate(load([CASES])):
        policy = policy_of(case)
        own = {(key, str(value)) for key, value in policy.settings.items() if key not in OF_METRICS}
        is_kept = DEPTH > 1 or policy.hash in found or own - rules
        place = policy.hash if is_kept else first[policy.basis]
        first.setdefault(policy.basis, place)
        rules |= own
        together = found.setdefault(place, {**case, "records": {}})
        together["today"] = max(together["today"], case["today"])
        for table, rows in case["records"].items():
            here = together["records"].setdefault(table, [])
            if table == "exchange_rates":
                known = {(row["date"], row["from"], row["to"]) for row in here}
                here += [row for row in rows if (row["date"], row["from"], row["to"]) not in known]
            else:
                here += [row | {key: f"{number}/{row[key]}" for key in NAMED if row.get(key)} for row in rows]
    return list(found.values())


@pytest.fixture
def engines(sail):
    """Every engine, by its name."""
    return {DUCKDB: DUCKDB, "sail": sail}


def agrees(case, engines, folder):
    book, policy, records = exported(case, folder)
    view = View(policy=policy)
    told = tables_of(book, view)
    for name, engine in engines.items():
        out = built(records, folder / name, engine, policy)
        assert differences(told, tables_of(out, view)) == [], (name, case["policy"], case["currency"])


@pytest.mark.parametrize("part", range(PARTS))
def test_the_cases_make_the_same_ledger_on_every_engine(part, engines, tmp_path):
    for number, case in enumerate(cases_by_policy()[part::PARTS]):
        agrees(case, engines, tmp_path / str(number))


@pytest.mark.parametrize("number", range(SHELVES))
def test_random_books_make_the_same_ledger_on_every_engine(number, engines, tmp_path):
    policy = collected(policies(), SHELVES, 20_261_201)[number]
    agrees(laid_together(shelf_under(policy, 7 * number)), engines, tmp_path)


def item(customer, starts, ends=None, amount="10"):
    terms = {"customer": customer, "currency": "USD", "interval": "month", "amount": amount, "starts": starts}
    return terms | ({"ends": ends} if ends else {})


def test_what_people_entered_makes_the_same_ledger_on_every_engine(engines, tmp_path):
    """Two customers merged from a day on, one that carries another one on, and one that does not count."""
    entered = {"reason": "told", "entered_by": "me"}
    records = {
        "subscription_items": [
            *(item(name, "2024-01-15", amount=amount) for name, amount in (("a", "10"), ("b", "20"), ("test", "99"))),
            item("old", "2024-01-01", "2024-05-20", "30"),
            item("now", "2024-06-01", amount="35"),
        ],
        "account_links": [{"customer": "b", "account": "a", "starts": "2024-04-01", **entered}],
        "transfers": [{"customer": "now", "from_customer": "old", "day": "2024-06-01", **entered}],
        "exclusions": [{"customer": "test", **entered}],
    }
    case = {"today": "2024-12-31", "currency": "USD", "policy": {}, "records": records}
    book, _, _ = exported(case, tmp_path / "seen")
    assert {"transfer", "expansion"} <= {kind for _, _, kind, _ in book.annual_movements()}
    agrees(case, engines, tmp_path)


def test_the_books_hold_what_makes_engines_differ():
    """Conversion, discounts, trials, returns, prorated invoices, snapshots: each is among the cases."""
    cases = cases_by_policy()
    items = [row for case in cases for row in case["records"].get("subscription_items", [])]
    lines = [row for case in cases for row in case["records"].get("invoice_lines", [])]
    assert any(len(row.get("discounts", [])) > 1 for row in items)
    assert any(row.get("trial_end") for row in items)
    assert any(row.get("status") == "trialing" for row in items)
    assert any(row.get("kind") == "proration" for row in lines)
    assert any(case["records"].get("mrr_snapshots") for case in cases)
    assert len({policy_of(case).exchange_rule for case in cases if case["records"].get("exchange_rates")}) > 2
    assert max(date.fromisoformat(case["today"]) for case in cases).year < 2200
