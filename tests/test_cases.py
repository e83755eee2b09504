"""The cases: the project's own collection and, where it lies beside the project, a shared one; all by the engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollforward.book.cases import differences, verify

OWN = sorted((Path(__file__).resolve().parents[1] / "cases").glob("*.json"))
FOLDER = Path(os.environ.get("ROLLFORWARD_TEST_CASES", Path(__file__).resolve().parents[2] / "shared" / "cases"))
FILES = sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []

YEARLY = {
    "id": "a-yearly-price",
    "currency": "USD",
    "today": "2024-12-31",
    "records": {
        "subscription_items": [
            {"customer": "c1", "amount": "1200", "currency": "USD", "interval": "year", "starts": "2024-01-01"}
        ]
    },
    "expect": {
        "mrr": {"2024-01-31": "100"},
        "movements": [{"date": "2024-01-01", "customer": "c1", "kind": "new", "amount": "100"}],
    },
}


def test_there_is_a_collection():
    assert len(OWN) >= 25


@pytest.mark.parametrize("file", OWN + FILES, ids=lambda file: f"{'own' if file in OWN else 'shared'}-{file.stem}")
def test_every_case_of_a_file_holds(file: Path):
    wrong = [str(difference) for verdict in verify([file]) for difference in verdict.differences]
    assert wrong == []


def test_a_case_that_does_not_hold_says_what_came_out():
    assert list(differences(YEARLY)) == []
    wrong = {**YEARLY, "expect": {"mrr": {"2024-01-31": "1200"}, "movements": []}}
    assert [str(difference) for difference in differences(wrong)] == [
        "a-yearly-price: mrr of 2024-01-31: expected 1200, found 100",
        "a-yearly-price: movements: expected no such movement, found 2024-01-01 c1 new 100.000000",
    ]


def test_a_case_without_the_records_that_its_policy_counts_says_so_first():
    wrong = {**YEARLY, "policy": {"preset": "chartmogul"}, "expect": {"mrr": {"2024-01-31": "100"}}}
    first, second = differences(wrong)
    assert (first.where, first.found) == ("records", "none")
    assert first.expected == "rows of invoice_lines, which the policy counts (basis = invoices)"
    assert str(second) == "a-yearly-price: mrr of 2024-01-31: expected 100, found 0"


def test_a_record_that_is_a_problem_says_why():
    (row,) = YEARLY["records"]["subscription_items"]
    records = {"subscription_items": [row, {**row, "customer": "c2", "interval": "fortnight"}]}
    (found,) = differences({**YEARLY, "records": records})
    assert (found.expected, found.where) == ("no problem", "problems")
    assert found.found.startswith("subscription_items row 1 (")


def test_a_case_of_which_no_record_can_be_read_has_no_movements():
    (row,) = YEARLY["records"]["subscription_items"]
    records = {"subscription_items": [{**row, "interval": "fortnight"}]}
    nothing = {"month": "2024-01", "opening": "0", "new": "0", "closing": "0"}
    expect = {"mrr": {"2024-01-31": "0"}, "movements": [], "rollforward": [nothing]}
    problems = [{"table": "subscription_items", "row": 0}]
    assert list(differences({**YEARLY, "records": records, "expect": {**expect, "problems": problems}})) == []


def test_an_account_that_no_ledger_holds_is_a_difference_in_words():
    (row,) = YEARLY["records"]["subscription_items"]
    three = [{**row, "subscription": name, "amount": "400000000000"} for name in ("s1", "s2", "s3")]
    (found,) = differences({**YEARLY, "records": {"subscription_items": three}})
    assert str(found).startswith("a-yearly-price: the book: expected answers, found none: an account's annual amount")
