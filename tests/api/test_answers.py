"""What programs read is what the book says, exact, whole, and with its stamp."""

import csv
import io
import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from api.desk import ROOT, TERMS, is_problem
from rollforward.book import View
from rollforward.metrics.registry import every_metric

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


def nearly(value):
    """MRR is a twelfth of an annual amount, written at ten decimals."""
    return pytest.approx(Decimal(value), abs=Decimal("0.00000001"))


def exact(rows, name):
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def test_the_rollforward_foots_and_is_that_of_the_book(desk):
    rows = desk.rows("/rollforward", from_="2026-01")
    for row in rows:
        gains = sum(Decimal(row[kind]) for kind in ("opening", "new", "expansion", "reactivation", "exchange"))
        assert gains - Decimal(row["contraction"]) - Decimal(row["churn"]) == nearly(row["closing"])
    (january, *_) = [row for row in desk.book.rollforward().to_dicts() if row["period"] == "2026-01"]
    assert Decimal(rows[0]["closing"]) == january["closing"]


def test_every_metric_that_is_listed_can_be_asked_for(desk):
    listed = [row["name"] for row in desk.rows("/metrics")]
    assert listed == [one.name for one in every_metric()]
    (last,) = desk.rows(f"/metrics/{','.join(listed)}", from_="2026-05", to="2026-05")
    assert set(last) == {"period", *listed}


def test_a_metric_over_any_number_of_months_can_be_asked_for(desk):
    assert "nrr_24m" in desk.rows("/metrics/nrr_24m", from_="2026-05")[0]


def test_movements_of_a_kind_add_up_to_the_rollforward(desk):
    (month,) = desk.rows("/rollforward", from_="2026-05", to="2026-05")
    churned = desk.rows("/movements", from_="2026-05", to="2026-05", kind="churn", limit=1000)
    assert -exact(churned, "mrr") == nearly(month["churn"])


def test_causes_add_up_to_the_movements_of_their_period(desk):
    by_cause = desk.rows("/causes", from_="2026-05", to="2026-05")
    moved = desk.rows("/movements", from_="2026-05", to="2026-05", limit=1000)
    assert exact(by_cause, "mrr") == nearly(exact(moved, "mrr"))
    assert any("cause" in row for row in desk.rows("/movements", from_="2026-05", causes="true"))


def test_segments_add_up_to_the_whole(desk):
    (whole,) = desk.rows("/rollforward", from_="2026-05", to="2026-05")
    parts = desk.rows("/segments/plan", from_="2026-05", to="2026-05")
    assert exact(parts, "closing") == nearly(whole["closing"])
    assert {"plan", "country"} <= {row["field"] for row in desk.rows("/segments")}


def test_a_filter_that_is_named_twice_lets_either_value_through(desk):
    both = {row["country"] for row in desk.rows("/accounts", where=["country=US", "country=GB"], limit=1000)}
    assert both == {"US", "GB"}


def test_the_overview_has_the_headlines_and_what_they_were(desk):
    told = desk.get("/overview", to="2026-05").json()
    (mrr,) = [one for one in told["figures"] if one["name"] == "mrr"]
    assert (told["period"], told["compared"], told["residual"]) == ("2026-05", "2026-04", "0.00")
    assert Decimal(mrr["value"]) - Decimal(mrr["before"]) == Decimal(mrr["change"])
    assert mrr["currency"] == "USD"


def test_an_account_has_its_mrr_and_its_movements(desk):
    first = desk.rows("/accounts", limit=1)[0]
    told = desk.get(f"/accounts/{first['account']}").json()
    assert (told["mrr"], told["name"]) == (first["mrr"], first["name"])
    assert told["movements"][0]["after"] == told["mrr"]


def test_a_number_opens_into_parts_that_open_in_turn(desk):
    told = desk.get("/explain", metric="mrr", period="2026-05").json()
    assert sum(Decimal(part["value"]) for part in told["parts"]) == nearly(told["value"])
    part = next(part for part in told["parts"] if "account" in part["opens"])
    assert desk.get("/explain", **part["opens"]).json()["value"] == part["value"]


def test_what_was_known_when_is_told(desk):
    account = desk.rows("/accounts", limit=1)[0]["account"]
    assert desk.get(f"/accounts/{account}/history").json()["parts"]


def test_policies_are_listed_read_and_compared(desk):
    assert "default" in {row["name"] for row in desk.rows("/policies")}
    assert {"rule", "value", "in_words"} <= set(desk.rows("/policies/stripe")[0])
    bridge = desk.rows("/policies/default/diff/stripe")
    assert next(row for row in bridge if row["rule"] == "residual")["effect"] == "0.00"


def test_a_closed_month_is_what_was_reported(desk):
    assert [row["period"] for row in desk.rows("/closes")] == ["2026-04"]
    assert [row["figures"] for row in desk.rows("/closes/2026-04")] == ["reported", "now", "difference"]
    assert desk.rows("/closes/2026-04/movements") == []


def test_sources_and_imports_add_up(desk):
    for row in [*desk.rows("/sources"), *desk.rows("/imports")]:
        assert row["rows_in"] == row["booked"] + row["unchanged"] + row["quarantined"]


# -- stamp and money -------------------------------------------------------------------------------------------------


def test_each_answer_says_what_it_was_made_with(desk):
    found = desk.get("/rollforward", currency="eur", policy="stripe")
    stamp = found.json()["stamp"]
    assert (stamp["currency"], stamp["policy"]) == ("EUR", "stripe")
    assert json.loads(found.headers["Rollforward-Stamp"]) == stamp
    assert stamp["ledger_hash"] in found.headers["ETag"]
    assert {"currency": "EUR", "kind": "money", "name": "closing"} in found.json()["columns"]


def test_money_is_a_decimal_in_quotes_and_unknown_is_null(desk):
    text = desk.get("/metrics/mrr,quick_ratio", from_="2026-05", to="2026-05").text
    (row,) = json.loads(text, parse_float=lambda text: pytest.fail(f"a float: {text}"))["rows"]
    assert isinstance(row["mrr"], str)


def test_what_was_known_earlier_is_asked_for_by_time(desk):
    assert is_problem(desk.get("/rollforward", as_of="2020-01-01"), 409)
    known = desk.get("/rollforward", as_of="2026-07-01T08:59:00Z")
    assert is_problem(known, 409)
    told = desk.get("/rollforward", as_of="2026-07-01T09:00:00Z").json()["stamp"]
    assert told["known_at"] == "2026-07-01T09:00:00Z"


# -- forms -----------------------------------------------------------------------------------------------------------

TABLES = ["/rollforward", "/movements", "/accounts", "/cohorts", "/metrics/mrr,nrr,customers", "/policies", "/sources"]


@pytest.mark.parametrize("path", TABLES)
def test_csv_and_parquet_say_what_json_says(desk, path):
    told = desk.get(path, limit=50)
    rows, names = told.json()["rows"], [column["name"] for column in told.json()["columns"]]
    kinds = {column["name"]: column["kind"] for column in told.json()["columns"]}

    lines = list(csv.reader(io.StringIO(desk.get(path, CSV, limit=50).text)))
    assert lines[0] == names
    assert lines[1:] == [["" if row[name] is None else str(row[name]) for name in names] for row in rows]

    table = pq.read_table(io.BytesIO(desk.get(path, PARQUET, limit=50).content)).to_pylist()
    assert [list(row) for row in table[:1]] == [names][: len(table)]
    assert [[said(row[name], kinds[name]) for name in names] for row in table] == [
        [said(row[name], kinds[name]) for name in names] for row in rows
    ]


def said(value, kind):
    if value is None:
        return None
    return Decimal(value) if kind in {"money", "ratio"} else str(value)


def test_the_form_is_the_one_that_is_liked_best(desk):
    assert desk.get("/rollforward", "text/csv;q=0.5, application/json").headers["content-type"] == "application/json"
    assert desk.get("/rollforward", "text/*, */*;q=0.1").headers["content-type"].startswith("text/csv")
    assert desk.get("/rollforward").headers["content-type"] == "application/json"


def test_the_stamp_goes_along_with_every_form(desk):
    assert "Rollforward-Stamp" in desk.get("/rollforward", CSV).headers
    about = pq.read_table(io.BytesIO(desk.get("/rollforward", PARQUET).content)).schema.metadata
    assert about[b"rollforward.currency"] == b"USD"


# -- pages of a list -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "limit"), [("/movements", 37), ("/accounts", 7), ("/metrics", 10), ("/rollforward", 9)]
)
def test_cursors_walk_a_list_exactly_once(desk, path, limit):
    rows, after, pages = [], {}, 0
    while True:
        told = desk.get(path, limit=limit, **after).json()
        rows, pages = rows + told["rows"], pages + 1
        assert len(told["rows"]) <= limit
        if told["next"] is None:
            break
        after = {"next": told["next"]}
    assert rows == desk.rows(path, limit=1000)
    assert pages == max(-(-len(rows) // limit), 1) > 1


def test_the_next_page_stands_in_the_header_for_every_form(desk):
    first = desk.get("/movements", CSV, limit=5, kind="new")
    address = first.headers["Link"].removeprefix("<").partition(">")[0]
    second = desk.client.get(address, headers={"Accept": CSV})
    whole = desk.get("/movements", CSV, limit=10, kind="new").text
    assert whole == first.text + second.text.partition("\n")[2]


def test_a_cursor_of_another_question_is_refused(desk):
    after = desk.get("/movements", limit=5).json()["next"]
    assert "another question" in is_problem(desk.get("/movements", next=after, kind="new"), 400)
    assert "no cursor" in is_problem(desk.get("/movements", next="abc"), 400)


def test_a_cursor_is_gone_once_the_book_changed(own):
    after = own.get("/movements", limit=5).json()["next"]
    own.send("/records/customers", [{"customer": "new one"}], source="crm")
    assert "Begin it anew" in is_problem(own.get("/movements", limit=5, next=after), 410)


# -- what did not change ---------------------------------------------------------------------------------------------


def test_what_did_not_change_is_not_sent_again(desk):
    found = desk.get("/rollforward")
    again = desk.get("/rollforward", headers={"If-None-Match": found.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == found.headers["ETag"]
    assert desk.get("/rollforward", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("other", [{"accept": CSV}, {"limit": 3}, {"every": "quarter"}, {"currency": "EUR"}])
def test_another_answer_has_another_tag(desk, other):
    assert desk.get("/rollforward").headers["ETag"] != desk.get("/rollforward", **other).headers["ETag"]


def test_a_write_changes_the_tag(own):
    tag = own.get("/accounts").headers["ETag"]
    own.send("/records/subscription_items", [TERMS], source="crm")
    found = own.get("/accounts", headers={"If-None-Match": tag})
    assert found.status_code == 200
    assert "acme" in {row["account"] for row in found.json()["rows"]}
    assert own.book.ledger(View()).ledger_hash in found.headers["ETag"]


def test_an_answer_is_made_once_while_the_book_stands_still(desk):
    desk.get("/cohorts", every="year")
    kept = len(desk.app.state.served.answers)
    assert desk.get("/cohorts", every="year").status_code == 200
    assert len(desk.app.state.served.answers) == kept


def test_the_description_is_where_it_says(desk):
    assert desk.client.get(f"{ROOT}/openapi.json").json()["openapi"] == "3.1.0"
