"""Maps for public data sets. They run where the data lies beside the project, and are left out elsewhere."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rollforward.errors import NothingRecurringError
from rollforward.sources.canonical import translate_records
from rollforward.sources.files import read_files
from rollforward.sources.map_file import load_map
from rollforward.sources.proposal import propose

MAPS = Path(__file__).parent / "maps"
DATA = Path(os.environ.get("ROLLFORWARD_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")


def imported(map_name, file):
    column_map = load_map(MAPS / f"{map_name}.toml")
    lookups = tuple(replace(lookup, folder=(DATA / file).parent) for lookup in column_map.lookups)
    return list(read_files([DATA / file], replace(column_map, lookups=lookups), source="test", timezone="UTC"))


@pytest.mark.parametrize(
    ("map_name", "file", "rows", "quarantined"),
    [
        ("ravenstack_subscriptions", "ravenstack/ravenstack_subscriptions.csv", 5000, 13),
        ("ravenstack_accounts", "ravenstack/ravenstack_accounts.csv", 500, 0),
        ("foodie_fi", "foodie_fi/subscriptions.csv", 2650, 0),
        ("foodie_fi_with_prices", "foodie_fi/subscriptions.csv", 2650, 0),
        ("dbt_mrr_playbook", "dbt_mrr_playbook/subscription_periods.csv", 121, 0),
        ("dbt_mrr_playbook_snapshots", "dbt_mrr_playbook/reference_output_customer_month.csv", 417, 0),
        ("churnsim", "churnsim/crm6_subscription.csv.gz", 71_220, 0),
    ],
)
def test_every_row_comes_in_and_is_booked_or_shown(map_name, file, rows, quarantined):
    batches = imported(map_name, file)
    assert sum(batch.rows_in for batch in batches) == rows
    assert sum(batch.rows.num_rows for batch in batches) == rows - quarantined


def test_both_maps_of_the_plan_log_read_the_same_terms():
    names = ["customer", "plan", "amount", "interval", "status", "starts", "until_next"]
    by_words, by_prices = (
        imported(name, "foodie_fi/subscriptions.csv")[0] for name in ("foodie_fi", "foodie_fi_with_prices")
    )
    assert by_words.rows.select(names) == by_prices.rows.select(names)
    statuses = Counter(by_words.rows.column("status").to_pylist())
    assert (statuses["trialing"], statuses["canceled"]) == (1000, 307)


def test_a_list_of_opportunities_is_refused():
    with pytest.raises(NothingRecurringError, match="a list of sales"):
        propose([DATA / "maven_crm/sales_pipeline.csv.gz"], timezone="UTC")


ROW_FAULTS = {
    "x-service-period-runs-backwards",
    "x-discount-runs-backwards",
    "x-unknown-interval",
    "x-unknown-status",
}
"""The cases whose problem a row shows by itself; overlaps, doubles and missing rates only show among others."""


def test_the_cases_of_bad_rows_are_reported_and_no_other_row_is():
    path = DATA.parent / "cases" / "problems.json"
    for case in json.loads(path.read_text()):
        found = [
            {"table": problem.table, "row": problem.row}
            for table, rows in case["records"].items()
            for problem in translate_records(table, rows, source="case", timezone=case["timezone"]).problems
        ]
        assert found == (case["expect"]["problems"] if case["id"] in ROW_FAULTS else []), case["id"]
