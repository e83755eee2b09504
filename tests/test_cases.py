"""The executable definitions beside the project: every case under its policy, by the engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollforward.cases import differences, load, verify

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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
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


def test_the_format_is_checked_before_anything_runs(tmp_path: Path):
    (tmp_path / "case.json").write_text('{"id": "x", "currency": "USD", "today": "2024-01-01", "records": {}}', "utf-8")
    with pytest.raises(Exception, match=r"case.json: x: the key 'expect' is missing"):
        list(load([tmp_path]))
