"""What a hurried reading would book as revenue or as customers, and what is made of it instead."""

from __future__ import annotations

import pytest

from rollforward.errors import NothingRecurringError
from rollforward.sources.proposal import answer, propose


@pytest.fixture
def proposed(write):
    """The proposal for a file of that content."""
    return lambda content, name="file.csv": propose([write(name, content)], timezone="UTC")


def asked(proposal):
    return [question.name for question in proposal.questions]


@pytest.mark.parametrize(
    "text",
    [
        "id,account_id,amount,currency,effective_date,gateway,payment_number\np1,a,5,EUR,2024-01-01,g,P-1\n",
        "id,amount,currency,customer_id,invoice_id,paid,captured,failure_code\nch1,5,EUR,a,i1,FALSE,FALSE,declined\n",
        "id,account_id,invoice_id,amount,currency,payment_id\n1,a,i1,5,EUR,p1\n",
        "id,collected_at,account_id,invoice_id,currency,amount,status,gateway_reference\nt,2024-01-01,a,,EUR,5,success,r\n",
    ],
)
def test_money_that_moves_on_a_day_is_a_payment(proposed, text):
    proposal = proposed(text)
    assert proposal.column_map.table == "payments"
    assert set(asked(proposal)) <= {"paid"}


def test_payments_that_name_no_payment_go_by_their_rows_own_id(proposed):
    proposal = proposed("id,collected_at,customer,currency,amount,gateway_reference\nt1,2024-01-01,a,EUR,5,r\n")
    assert proposal.is_ready
    (row,) = proposal.preview.rows.to_pylist()
    assert (row["payment"], row["paid"].isoformat()) == ("t1", "2024-01-01")


def test_whether_something_is_paid_is_no_day(proposed):
    proposal = proposed("payment_id,customer,amount,currency,paid,created\np,a,5,EUR,true,2024-01-01\n")
    assert asked(proposal) == ["paid"]
    assert answer(proposal, {"paid": "created"}).is_ready


def test_customers_go_by_their_own_id_where_nothing_else_names_them(proposed):
    proposal = proposed("id,name,email,country\nc1,Acme,a@acme.example,DE\n")
    assert proposal.is_ready
    assert proposal.column_map.table == "customers"
    (row,) = proposal.preview.rows.to_pylist()
    assert (row["customer"], row["name"], row["country"]) == ("c1", "Acme", "DE")


@pytest.mark.parametrize("text", ["id,name,price\np1,Pro,5\n", "id,name,country,price,start\ns1,A,DE,5,2024-01-01\n"])
def test_the_id_of_what_is_sold_is_no_customer(proposed, text):
    with pytest.raises(NothingRecurringError, match="no column looks like a customer"):
        proposed(text)


def test_terms_with_a_way_of_paying_stay_terms(proposed):
    text = "customer,price,currency,interval,start,end,payment_method_id,gateway\na,5,EUR,month,2024-01-01,,m,g\n"
    assert proposed(text).column_map.shape == "terms"


def test_invoice_lines_with_their_payment_stay_lines(proposed):
    text = "invoice,line,customer,amount,currency,period_start,period_end,charge_id,payment_intent\n"
    assert proposed(text + "i,1,a,5,EUR,2024-01-01,2024-02-01,c,p\n").column_map.shape == "invoice_lines"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,customer,invoice,amount,coupon_id,promotion_code,start\nd,a,i,5,c,p,2024-01-01\n", "list of discounts"),
        ("id,customer,amount,currency,invoice,adjustment_date\nx,a,5,EUR,i,2024-01-01\n", "list of credits"),
        (
            "customer,subscription,status,created\na,s,active,2024-01-01\n",
            "'subscription' tells of more than customers",
        ),
        ("customer_id,name,current_period_end\na,Acme,2024-01-01\n", "'current_period_end' tells of more"),
        ("id,customer_id,country,created\ncard1,a,DE,2024-01-01\n", "each row has an 'id' of its own"),
        (
            "account,sector,revenue,employees\nAcme,retail,1100.04,2822\n",
            "it describes customers: 'revenue' has no date",
        ),
        ("account_id,name,annual_revenue\n1,Acme,1100\n", "it describes customers: 'annual_revenue'"),
    ],
)
def test_what_carries_no_revenue_is_refused_with_the_reason(proposed, text, says):
    with pytest.raises(NothingRecurringError, match=says):
        proposed(text)


def test_a_refusal_names_only_as_many_columns_as_a_person_reads(proposed):
    names = [f"c{number}" for number in range(40)]
    with pytest.raises(NothingRecurringError, match="c10 and 29 more"):
        proposed("customer," + ",".join(names) + "\na" + ",x" * 40 + "\n")


def test_customers_beside_plans_may_be_subscriptions(proposed):
    text = "account_id,account_name,country,plan_tier,seats\na,Acme,DE,Pro,5\n"
    proposal = proposed(text)
    assert asked(proposal) == ["rows"]
    customers = answer(proposal, {"rows": "a customer"})
    assert (customers.is_ready, customers.column_map.table) == (True, "customers")
    with pytest.raises(NothingRecurringError, match="subscriptions without amounts"):
        answer(proposal, {"rows": "a subscription or something else"})


def test_customers_with_an_id_and_a_name_go_by_what_their_owner_says(proposed):
    proposal = proposed("id,company,country\n1,Acme,DE\n")
    assert (asked(proposal), proposal.questions[0].options) == (["customer"], ("id", "company"))
    for said, name in (("id", "Acme"), ("company", None)):
        (row,) = answer(proposal, {"customer": said}).preview.rows.to_pylist()
        assert (row["customer"], row["name"]) == ("1" if said == "id" else "Acme", name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"id": "cn", "object": "credit_note", "customer": "a", "invoice": "i", "amount": 5}',
            "credit notes as wholes",
        ),
        ('{"id": "ii", "object": "invoiceitem", "customer": "a", "invoice": "i", "amount": 5}', "Export the lines"),
        (
            '{"id": "s", "customer": "a", "items": {"data": [{"id": "si", "price": 5}]}}',
            "several of its own in 'items.data'",
        ),
        ('{"id": "pi", "customer": "a", "amount": 5, "amount_capturable": 0}', "intended payments"),
    ],
)
def test_an_object_that_is_no_row_of_revenue_is_refused(proposed, text, says):
    with pytest.raises(NothingRecurringError, match=says):
        proposed(text, "file.json")


def test_an_object_with_an_id_is_a_row_whatever_it_holds(proposed):
    text = '{"id": "1", "customer": "a", "mrr_eur": "5", "start": "2024-01-01", "end": null, "notes": [{"text": "x"}]}'
    assert proposed(text, "file.json").preview.rows.column("customer").to_pylist() == ["a"]


def test_what_programs_write_for_an_empty_cell_is_said_to_be_one(proposed):
    proposal = proposed("customer,plan,mrr_eur,start,end\na,None,5,2024-01-01,NaT\nb,x,5,2024-01-01,2025-01-01\n")
    assert proposal.column_map.empty == ("NaT",)
    assert proposal.reasons["empty"] == "'NaT' is taken for an empty cell"
    first, second = proposal.preview.rows.to_pylist()
    assert (first["plan"], first["ends"]) == ("None", None)
    assert second["ends"].isoformat() == "2025-01-01"


def test_a_word_that_is_a_name_somewhere_is_left_as_it_is(proposed):
    proposal = proposed("customer,country,plan,mrr_eur,start,end\na,None,None,5,2024-01-01,\n")
    assert proposal.column_map.empty == ()


def test_a_range_of_no_days_names_the_line_of_the_map(imported):
    text = "customer,amount,currency,interval,starts,Last day\na,1,EUR,month,2024-01-01,2024-01-01\n"
    column_map = """
shape = "terms"
[columns]
customer = "customer"
amount = "amount"
currency = "currency"
interval = "interval"
starts = "starts"
ends = "Last day"
"""
    (problem,) = imported(text, column_map).problems
    assert problem.remedy.endswith('write in the map: ends = {column = "Last day", last_day = true}')
