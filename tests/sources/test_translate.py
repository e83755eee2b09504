"""What becomes of the rows of a file under a column map."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from rollforward.errors import MapError
from rollforward.records.batch import arrow_schema
from rollforward.records.tables import TABLES
from rollforward.sources.files import read_files
from rollforward.sources.map_file import parse_map

HEADER = "customer,amount,currency,interval,starts,ends\n"
BASE = """
shape = "{shape}"
[columns]
customer = "customer"
amount = "amount"
currency = {{constant = "USD"}}
interval = {{constant = "month"}}
starts = "starts"
"""


def problems(batch):
    return [(problem.row, problem.field, problem.value, problem.reason) for problem in batch.problems]


def test_a_row_is_booked_with_its_place_and_what_the_source_said(imported):
    batch = imported(HEADER + "c1, 19.90 ,usd,Monthly,2024-01-01,\n")
    (row,) = batch.rows.to_pylist()
    assert batch.rows.schema == arrow_schema(TABLES["subscription_items"])
    assert (row["customer"], row["amount"], row["currency"], row["interval"]) == (
        "c1",
        Decimal("19.90"),
        "USD",
        "month",
    )
    assert (row["starts"], row["ends"], row["status"], row["kind"]) == (date(2024, 1, 1), None, "active", "recurring")
    assert (row["quantity"], row["interval_count"], row["until_next"]) == (1, 1, False)
    assert row["file"].endswith("file.csv")
    assert row["row"] == 2
    assert json.loads(row["raw"]) == {
        "customer": "c1",
        "amount": " 19.90 ",
        "currency": "usd",
        "interval": "Monthly",
        "starts": "2024-01-01",
        "ends": "",
    }


@pytest.mark.parametrize(
    ("row", "field", "value", "says"),
    [
        ("c1,10,USD,fortnight,2024-01-01,", "interval", "fortnight", "not a billing interval"),
        ("c1,10,USD,,2024-01-01,", "interval", "", "the interval is missing"),
        ("c1,10,dollars,month,2024-01-01,", "currency", "dollars", "not an ISO 4217"),
        ("c1,10,,month,2024-01-01,", "currency", "", "the currency is missing"),
        ('c1,"1,234",USD,month,2024-01-01,', "amount", "1,234", "not a number as it stands"),
        ("c1,,USD,month,2024-01-01,", "amount", "", "the amount is missing"),
        ("c1,-10,USD,month,2024-01-01,", "amount", "-10", "is negative"),
        ("c1,\u20ac10,USD,month,2024-01-01,", "amount", "\u20ac10", "written in \u20ac but its row is in USD"),
        ("c1,10,USD,month,03/04/2024,", "starts", "03/04/2024", "order of day and month"),
        ("c1,10,USD,month,2024-02-30,", "starts", "2024-02-30", "no such day"),
        ("c1,10,USD,month,,", "starts", "", "the first day is missing"),
        ("c1,10,USD,month,2024-02-01,2024-01-01", "ends", "2024-01-01", "ends before it starts"),
        ("c1,10,USD,month,2024-02-01,2024-02-01", "ends", "2024-02-01", "a range of no days"),
        (",10,USD,month,2024-02-01,", "customer", "", "the customer is missing"),
        ("NULL,10,USD,month,2024-02-01,", "customer", "NULL", "the customer is missing"),
    ],
)
def test_a_bad_row_is_a_problem_that_names_its_place_and_the_way_out(imported, row, field, value, says):
    batch = imported(HEADER + "c0,1,USD,month,2024-01-01,\n" + row + "\n")
    (problem,) = batch.problems
    assert (problem.row, problem.field, problem.value, problem.severity) == (3, field, value, "quarantined")
    assert says in problem.reason
    assert problem.remedy
    assert problem.file.endswith("file.csv")
    assert problem.raw.startswith('{"customer": ')
    assert batch.rows.column("customer").to_pylist() == ["c0"]
    assert batch.rows_in == 2


def test_a_row_with_several_faults_is_one_problem_that_tells_them_all(imported):
    batch = imported(HEADER + ",x,USD,fortnight,2024-01-01,\n")
    (problem,) = batch.problems
    assert problem.reason.startswith("not a number")
    assert "also interval: not a billing interval" in problem.reason
    assert "also customer: the customer is missing" in problem.reason


def test_an_amount_finer_than_its_currency_is_booked_with_a_note(imported):
    batch = imported(HEADER + "c1,9.995,USD,month,2024-01-01,\nc2,9.995,KWD,month,2024-01-01,\n")
    assert batch.rows.column("amount").to_pylist() == [Decimal("9.995"), Decimal("9.995")]
    assert [(problem.row, problem.severity) for problem in batch.problems] == [(2, "note")]
    assert batch.problems[0].reason == "more decimals than USD has (2)"


def test_a_ragged_row_counts_as_one_row_in(imported):
    batch = imported(HEADER + "c1,10,USD,month,2024-01-01,\nc2,10\n")
    assert (batch.rows.num_rows, batch.rows_in, batch.problems[0].row) == (1, 2, 3)


def test_a_quarter_is_three_months_unless_a_column_counts_too(imported):
    text = "customer,amount,starts,every,n\nc1,30,2024-01-01,quarterly,1\nc2,30,2024-01-01,month,3\n"
    plain = BASE.format(shape="terms").replace('{constant = "month"}', '"every"')
    (quarterly, monthly) = imported(text, plain).rows.to_pylist()
    assert (quarterly["interval"], quarterly["interval_count"], monthly["interval_count"]) == ("month", 3, 1)
    counted = imported(text, plain + 'interval_count = "n"\n')
    assert problems(counted)[0][:2] == (2, "every")
    assert counted.rows.column("interval_count").to_pylist() == [3]


def test_the_words_of_the_map_win_and_a_plan_without_a_price_is_a_problem(imported):
    text = "customer,plan,starts\nc1,1,2024-01-01\nc2,2,2024-01-01\nc3,7,2024-01-01\n"
    column_map = """
    shape = "terms"
    [columns]
    customer = "customer"
    plan = "plan"
    amount = {column = "plan", words = {1 = "9.90", 2 = "199"}}
    interval = {column = "plan", words = {2 = "year", "*" = "month"}}
    currency = {constant = "USD"}
    starts = "starts"
    """
    batch = imported(text, column_map)
    assert [(row["amount"], row["interval"]) for row in batch.rows.to_pylist()] == [
        (Decimal("9.90"), "month"),
        (Decimal(199), "year"),
    ]
    assert problems(batch) == [(4, "plan", "7", "has no entry in the map's words")]


def test_without_ids_there_is_one_subscription_per_customer_and_plan(imported):
    text = "customer,plan,amount,starts\nc1,pro,10,2024-01-01\nc2,,10,2024-01-01\n"
    batch = imported(text, BASE.format(shape="terms") + 'plan = "plan"\n')
    assert [(row["subscription"], row["item"]) for row in batch.rows.to_pylist()] == [("pro", "pro"), ("", "")]


def test_in_a_change_log_the_plan_changes_and_a_later_row_ends_the_former(imported):
    text = "customer,plan,amount,starts\nc1,pro,10,2024-01-01\nc1,team,20,2024-02-01\n"
    batch = imported(text, BASE.format(shape="change_log") + 'plan = "plan"\n')
    assert [(row["subscription"], row["item"], row["until_next"]) for row in batch.rows.to_pylist()] == [
        ("", "", True)
    ] * 2
    named = imported(text, BASE.format(shape="change_log") + 'subscription = "customer"\n')
    assert [(row["subscription"], row["item"]) for row in named.rows.to_pylist()] == [("c1", "c1")] * 2


def test_an_end_may_be_the_last_day(imported):
    text = "customer,amount,starts,ends\nc1,10,2024-01-01,2024-01-31\nc2,10,2024-01-01,2024-01-01\n"
    batch = imported(text, BASE.format(shape="terms") + 'ends = {column = "ends", last_day = true}\n')
    assert batch.rows.column("ends").to_pylist() == [date(2024, 2, 1), date(2024, 1, 2)]


def test_amounts_in_cents_and_columns_that_are_joined(imported):
    text = "customer,region,amount,starts\n7,eu,1999,2024-01-01\n"
    column_map = (
        BASE.format(shape="terms")
        .replace('"amount"', '{column = "amount", times = "0.01"}')
        .replace('customer = "customer"', 'customer = {columns = ["region", "customer"], separator = "-"}')
    )
    (row,) = imported(text, column_map).rows.to_pylist()
    assert (row["customer"], row["amount"]) == ("eu-7", Decimal("19.99"))


def test_an_empty_cell_may_have_a_default(imported):
    text = "customer,amount,starts\nc1,,2024-01-01\n"
    column_map = BASE.format(shape="terms").replace('"amount"', '{column = "amount", default = "0"}')
    assert imported(text, column_map).rows.column("amount").to_pylist() == [0]


def test_a_price_list_is_joined_by_its_key_and_a_missing_entry_is_a_problem(imported, write):
    write("plans.csv", "id,price\n1,9.90\n2,19.90\n")
    lookup = '\n[[lookup]]\nfile = "plans.csv"\non = "plan"\nkey = "id"\n'
    text = "customer,plan,starts\nc1,1,2024-01-01\nc2,3,2024-01-01\n"
    batch = imported(text, BASE.format(shape="terms").replace('"amount"', '"plans.price"') + lookup)
    assert batch.rows.column("amount").to_pylist() == [Decimal("9.90")]
    assert problems(batch)[0][:3] == (3, "plan", "3")
    assert problems(batch)[0][3].startswith("has no entry in plans.csv")


def test_a_price_list_with_two_prices_for_one_plan_is_an_error(imported, write):
    write("plans.csv", "plan,price\n1,9.90\n1,19.90\n")
    lookup = '\n[[lookup]]\nfile = "plans.csv"\non = "plan"\n'
    with pytest.raises(MapError, match="has '1' twice"):
        imported(
            "customer,plan,starts\nc1,1,2024-01-01\n",
            BASE.format(shape="terms").replace('"amount"', '"plans.price"') + lookup,
        )


def test_rows_that_the_map_leaves_out_are_still_counted(imported):
    text = "customer,amount,starts\nc1,10,2024-01-01\ntest,x,2024-01-01\n"
    batch = imported(text, BASE.format(shape="terms") + '\n[[skip_where]]\ncolumn = "customer"\nvalues = ["test"]\n')
    assert (batch.rows.num_rows, batch.rows_in) == (1, 2)
    assert problems(batch)[0][:3] == (3, "customer", "test")
    assert problems(batch)[0][3].startswith("left out by the map")


def test_a_column_that_is_not_there_is_an_error_and_not_an_empty_column(imported):
    text = "customer,amount,starts\nc1,10,2024-01-01\n"
    with pytest.raises(MapError, match=r"has no column 'end'.*It has: customer, amount, starts"):
        imported(text, BASE.format(shape="terms") + 'ends = "end"\n')
    optional = imported(text, BASE.format(shape="terms") + 'ends = {column = "end", optional = true}\n')
    assert optional.rows.column("ends").to_pylist() == [None]


def test_one_discount_may_stand_in_columns(imported):
    text = "customer,amount,starts,off\nc1,10,2024-01-01,0.15\nc2,10,2024-01-01,0.0\nc3,10,2024-01-01,2\n"
    column_map = BASE.format(shape="terms") + 'discount_percent = {column = "off", times = "100"}\n'
    batch = imported(text, column_map)
    first, second = batch.rows.column("discounts").to_pylist()
    assert first == [{"percent": Decimal(15), "amount": None, "duration": "forever", "starts": None, "ends": None}]
    assert second is None
    assert problems(batch)[0][3] == "a discount's percent is not between 0 and 100"


def test_a_list_of_discounts_comes_from_json(imported):
    rows = [
        {"customer": "c1", "amount": 10.50, "starts": "2024-01-01", "discounts": [{"amount": 0.10, "duration": "once"}]}
    ]
    batch = imported(json.dumps(rows), BASE.format(shape="terms") + 'discounts = "discounts"\n', name="file.json")
    assert batch.rows.column("discounts").to_pylist()[0][0]["amount"] == Decimal("0.1")


def test_invoice_lines_need_their_period_only_if_they_recur(imported):
    column_map = """
    shape = "invoice_lines"
    [columns]
    invoice = "invoice"
    line = "line"
    customer = "customer"
    amount = "amount"
    currency = {constant = "EUR"}
    kind = "kind"
    period_start = "from"
    period_end = "to"
    """
    text = """invoice,line,customer,amount,kind,from,to
i1,1,c1,-10,credit,,
i1,2,c1,10,recurring,2024-01-01,2024-02-01
i1,3,c1,10,recurring,,
i1,4,c1,10,setup fee,2024-01-01,
i1,,c1,10,recurring,2024-01-01,2024-02-01
i1,6,c1,10,recurring,2024-01-01,2024-01-01
"""
    batch = imported(text, column_map)
    assert batch.rows.column("line").to_pylist() == ["1", "2"]
    assert [(row, field, reason) for row, field, _, reason in problems(batch)] == [
        (4, "from", "the service period is missing"),
        (5, "to", "the end of the period is missing"),
        (6, "line", "the line is missing"),
        (7, "to", "a range of no days: it ends on the day it starts"),
    ]


def test_a_customer_cube_with_a_row_a_month(imported):
    text = "customer,month,mrr\nc1,2024-01,100\nc1,Feb 2024,120.555\nc1,2024-03,-5\n"
    column_map = """
    shape = "snapshots"
    [columns]
    date = "month"
    customer = "customer"
    mrr = "mrr"
    currency = {constant = "USD"}
    """
    batch = imported(text, column_map)
    assert [(row["date"], row["mrr"]) for row in batch.rows.to_pylist()] == [
        (date(2024, 1, 31), Decimal(100)),
        (date(2024, 2, 29), Decimal("120.555")),
    ]
    assert problems(batch) == [(4, "mrr", "-5", "is negative")]


WIDE = 'shape = "snapshots_wide"\n[columns]\ncustomer = "customer"\ncurrency = {constant = "USD"}\n'


def test_a_customer_cube_with_a_column_a_month(imported):
    batch = imported("customer,segment,2024-01,2024-02,Total\nc1,x,100,,100\nc2,y,0,oops,0\nc3,z,,,0\n", WIDE)
    assert [(row["customer"], row["date"], row["mrr"], row["row"]) for row in batch.rows.to_pylist()] == [
        ("c1", date(2024, 1, 31), Decimal(100), 2),
        ("c2", date(2024, 1, 31), Decimal(0), 3),
    ]
    assert problems(batch)[0] == (3, "2024-02", "oops", "not a number as it stands")
    assert problems(batch)[1][0] == 4
    assert batch.rows_in == 4


def test_a_wide_cube_without_months_is_an_error(imported):
    with pytest.raises(MapError, match="no column is a month"):
        imported("customer,total\nc1,5\n", WIDE)


def test_what_a_map_does_not_use_stays_with_the_customer(imported):
    column_map = 'shape = "customers"\n[columns]\ncustomer = "id"\nname = "name"\n'
    batch = imported("id,name,segment,size\nc1,Acme,SMB,\n", column_map)
    (row,) = batch.rows.to_pylist()
    assert (row["name"], row["attributes"]) == ("Acme", [("segment", "SMB")])


def test_exchange_rates_are_above_nothing(imported):
    names = ("date", "from", "to", "rate")
    column_map = 'shape = "exchange_rates"\n[columns]\n' + "".join(f'{name} = "{name}"\n' for name in names)
    batch = imported("date,from,to,rate\n2024-01-01,eur,usd,1.10\n2024-01-02,EUR,USD,0\n", column_map)
    assert batch.rows.column("from").to_pylist() == ["EUR"]
    assert problems(batch)[0][:3] == (3, "rate", "0")


def test_several_files_are_read_one_after_the_other_and_tell_how_far_they_are(write, tmp_path):
    for name in ("b.csv", "a.csv"):
        write(f"in/{name}", HEADER + f"{name},10,USD,month,2024-01-01,\n")
    heard = []
    from conftest import TERMS

    parsed = parse_map(TERMS)
    batches = list(
        read_files([tmp_path / "in"], parsed, source="s", timezone="UTC", progress=lambda *a: heard.append(a))
    )
    assert [batch.rows.column("customer").to_pylist() for batch in batches] == [["a.csv"], ["b.csv"]]
    assert [rows for _, rows in heard] == [1, 1]


def test_a_column_that_later_rows_of_json_leave_out_is_empty_there(write):
    rows = [{"customer": "c0", "amount": 1, "starts": "2024-01-01", "ends": "2024-02-01"}]
    rows += [{"customer": f"c{n}", "amount": 1, "starts": "2024-01-01"} for n in range(20_000)]
    parsed = parse_map(BASE.format(shape="terms") + 'ends = "ends"\n')
    path = write("a.jsonl", "\n".join(map(json.dumps, rows)))
    assert [batch.rows.num_rows for batch in read_files([path], parsed, source="s", timezone="UTC")] == [20_000, 1]
