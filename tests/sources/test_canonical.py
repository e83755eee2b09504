"""Records that have the canonical columns already."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from rollforward.calendar import FOREVER
from rollforward.errors import UnknownNameError
from rollforward.sources.canonical import translate_records

TERMS = {"customer": "c1", "amount": "10", "currency": "USD", "interval": "month", "starts": "2024-01-01"}


def translated(*rows, table="subscription_items"):
    return translate_records(table, rows, source="case", timezone="UTC")


def test_missing_columns_take_their_defaults_and_rows_count_from_nothing():
    batch = translated(TERMS, {**TERMS, "ends": None, "plan": "pro", "interval_count": 3})
    first, second = batch.rows.to_pylist()
    assert (first["row"], first["status"], first["subscription"], first["item"]) == (0, "active", "", "")
    assert (second["row"], second["interval_count"], second["subscription"], second["item"]) == (1, 3, "pro", "pro")
    assert json.loads(first["raw"]) == TERMS
    assert batch.problems == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "grandfathered"}, "status"),
        ({"interval": "monthly"}, "interval"),
        ({"interval_count": 0}, "interval_count"),
        ({"colour": "red"}, "colour"),
        ({"amount": 10.5}, "amount"),
        ({"ends": "2023-01-01"}, "ends"),
        ({"customer": None}, "customer"),
        ({"discounts": "half"}, "discounts"),
        ({"discounts": [{"percent": "10", "amount": "5"}]}, "discounts"),
        ({"discounts": [{"duration": "once"}]}, "discounts"),
        ({"discounts": [{"percent": "101"}]}, "discounts"),
        ({"discounts": [{"amount": "-1"}]}, "discounts"),
        ({"discounts": [{"percent": "10", "duration": "sometimes"}]}, "discounts"),
        ({"discounts": [{"percent": "10", "ends": "2023-12-01"}]}, "discounts"),
        ({"discounts": [{"percent": "10", "reason": "kind"}]}, "discounts"),
        ({"discounts": [{"percent": 10.5}]}, "discounts"),
    ],
)
def test_what_breaks_the_format_is_a_problem_of_its_row(change, field):
    batch = translated(TERMS, {**TERMS, **change})
    (problem,) = batch.problems
    assert (problem.row, problem.field, problem.severity) == (1, field, "quarantined")
    assert (batch.rows.num_rows, batch.rows_in) == (1, 2)


def test_one_time_items_need_no_interval():
    assert translated({**TERMS, "kind": "one_time", "interval": None}).problems == []


def test_discounts_keep_their_order():
    given = [{"percent": "50", "duration": "once"}, {"amount": "1", "starts": "2024-03-01", "ends": None}]
    (found,) = translated({**TERMS, "discounts": given}).rows.column("discounts").to_pylist()
    assert [(discount["percent"], discount["amount"], discount["duration"]) for discount in found] == [
        (Decimal(50), None, "once"),
        (None, Decimal(1), "forever"),
    ]


def test_customers_keep_their_attributes():
    batch = translated({"customer": "c1", "attributes": {"segment": "SMB"}}, table="customers")
    assert batch.rows.column("attributes").to_pylist() == [[("segment", "SMB")]]
    assert translated({"customer": "c1", "attributes": "SMB"}, table="customers").problems[0].field == "attributes"


def test_an_unknown_table_is_an_error_and_no_rows_are_an_empty_batch():
    with pytest.raises(UnknownNameError, match="Did you mean customers"):
        translated(table="customer")
    assert translated().rows.num_rows == 0


def test_a_text_that_no_store_can_hold_stays_visible():
    batch = translated({**TERMS, "customer": "c\ud800"})
    assert batch.rows.column("customer").to_pylist() == ["c\\ud800"]


@pytest.mark.parametrize(
    ("terms", "discount", "ends"),
    [
        ({}, {}, date(2024, 2, 1)),
        ({"starts": "2024-01-31"}, {}, date(2024, 2, 29)),
        ({"interval_count": 3}, {}, date(2024, 4, 1)),
        ({"interval": "year"}, {"starts": "2024-03-15"}, date(2025, 3, 15)),
        ({"interval": "week", "interval_count": 2}, {}, date(2024, 1, 15)),
        ({"interval": "day", "interval_count": 30}, {}, date(2024, 1, 31)),
        ({}, {"ends": "2024-06-01"}, date(2024, 6, 1)),
        ({"interval": "year", "starts": "9999-06-01"}, {}, FOREVER),
        ({"interval": None, "kind": "one_time"}, {}, None),
        ({}, {"duration": "repeating"}, None),
    ],
)
def test_a_discount_that_applies_once_ends_with_the_first_billing_period(terms, discount, ends):
    once = {"percent": "50", "duration": "once", **discount}
    (row,) = translated({**TERMS, **terms, "discounts": [once]}).rows.to_pylist()
    assert [each["ends"] for each in row["discounts"]] == [ends]


def test_a_discount_may_end_on_the_day_it_starts():
    withdrawn = {"percent": "10", "starts": "2024-02-01", "ends": "2024-02-01"}
    assert translated({**TERMS, "discounts": [withdrawn]}).problems == []
