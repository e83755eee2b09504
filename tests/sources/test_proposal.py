"""What is proposed for a file, why, and what is asked because only its owner can know it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rollforward.errors import MapError, NothingRecurringError, UnknownNameError, UnreadableFileError, UsageError
from rollforward.sources.map_file import dump_map, parse_map
from rollforward.sources.proposal import answer, propose


@pytest.fixture
def proposed(write):
    """The proposal for a file of that content."""
    return lambda content, name="file.csv": propose([write(name, content)], timezone="UTC")


def asked(proposal):
    return [question.name for question in proposal.questions]


def test_a_file_that_says_everything_needs_no_answer(proposed):
    proposal = proposed(
        "Customer ID,Plan Name,Price,Currency,Billing Interval,Start Date,End Date\nc1,pro,10,USD,annual,2024-01-01,\n"
    )
    assert proposal.is_ready
    assert proposal.column_map.shape == "terms"
    assert proposal.reasons["customer"] == "the column is called 'Customer ID'"
    (row,) = proposal.preview.rows.to_pylist()
    assert (row["customer"], row["amount"], row["interval"], row["starts"]) == ("c1", 10, "year", date(2024, 1, 1))
    assert parse_map(dump_map(proposal.column_map)) == proposal.column_map


def test_a_currency_and_an_interval_that_nothing_names_are_asked_for(proposed):
    proposal = proposed("customer,price,start_date,end_date\nc1,10,2024-01-01,\n")
    assert asked(proposal) == ["currency", "interval"]
    assert not proposal.is_ready
    assert proposal.preview.rows.num_rows == 0
    done = answer(answer(proposal, {"currency": "EUR"}), {"interval": "quarter"})
    assert done.is_ready
    (row,) = done.preview.rows.to_pylist()
    assert (row["currency"], row["interval"], row["interval_count"]) == ("EUR", "month", 3)
    assert done.reasons["currency"] == "you said 'EUR'"


def test_an_answer_that_is_none_of_the_options_is_an_error(proposed):
    proposal = proposed("customer,price,start_date,end_date\nc1,10,2024-01-01,\n")
    with pytest.raises(UsageError, match="not one of day, week, month"):
        answer(proposal, {"interval": "fortnight"})
    with pytest.raises(UnknownNameError, match="Did you mean currency"):
        answer(proposal, {"curency": "EUR"})


def test_an_mrr_is_for_a_month_and_for_all_units_however_it_is_billed(proposed):
    proposal = proposed(
        "account_id,mrr_amount_usd,seats,billing_frequency,is_trial,start_date,end_date\n"
        "a,100,5,annual,True,2024-01-01,\nb,100,5,monthly,False,2024-01-01,\n"
    )
    assert proposal.is_ready
    first, second = proposal.preview.rows.to_pylist()
    assert (first["interval"], first["quantity"], first["currency"], first["status"]) == ("month", 1, "USD", "trialing")
    assert second["status"] == "active"


def test_an_amount_beside_a_quantity_may_be_for_one_or_for_all(proposed):
    text = "customer,amount,seats,currency,interval,start_date,end_date\nc1,100,5,USD,month,2024-01-01,\n"
    proposal = proposed(text)
    assert asked(proposal) == ["quantity"]
    of_one = answer(proposal, {"quantity": "of one unit"})
    of_all = answer(proposal, {"quantity": "of all units together"})
    assert [it.preview.rows.column("quantity").to_pylist() for it in (of_one, of_all)] == [[5], [1]]


def test_dates_that_can_be_read_in_two_ways_are_asked_for(proposed):
    proposal = proposed("customer,mrr_usd,start_date,end_date\nc1,10,03/04/2024,\nc2,10,05/06/2024,\n")
    assert asked(proposal) == ["date_format start_date"]
    assert proposal.questions[0].options == ("dmy", "mdy")
    done = answer(proposal, {"date_format start_date": "mdy"})
    assert done.preview.rows.column("starts").to_pylist() == [date(2024, 3, 4), date(2024, 5, 6)]


def test_one_date_that_fits_one_order_alone_settles_the_column(proposed):
    proposal = proposed("customer,mrr_usd,start_date,end_date\nc1,10,03/04/2024,\nc2,10,25/06/2024,\n")
    assert proposal.is_ready
    assert "only dmy" in proposal.reasons["starts"]
    assert proposal.preview.rows.column("starts").to_pylist() == [date(2024, 4, 3), date(2024, 6, 25)]


def test_the_decimal_mark_is_taken_from_the_values_or_asked_for(proposed):
    header = "customer;mrr_usd;start_date;end_date\n"
    clear = proposed(header + "c1;1.234,50;2024-01-01;\n")
    assert clear.preview.rows.column("amount").to_pylist() == [Decimal("1234.50")]
    assert "thousands '.'" in clear.reasons["decimal"]
    unclear = proposed(header + "c1;1.234;2024-01-01;\n", "other.csv")
    assert asked(unclear) == ["decimal"]
    done = answer(unclear, {"decimal": "decimal ',', thousands '.'"})
    assert done.preview.rows.column("amount").to_pylist() == [Decimal(1234)]


def test_a_sign_that_means_one_currency_names_it_and_another_does_not(proposed):
    header = "customer,mrr,start_date,end_date\n"
    euros = proposed(header + "c1,\u20ac10,2024-01-01,\n")
    assert euros.preview.rows.column("currency").to_pylist() == ["EUR"]
    dollars = proposed(header + "c1,$10,2024-01-01,\n", "other.csv")
    assert asked(dollars) == ["currency"]
    assert dollars.questions[0].options[:2] == ("USD", "CAD")


def test_unknown_words_are_asked_for(proposed):
    text = "customer,price,currency,interval,status,start_date,end_date\nc1,1,USD,fortnight,grandfathered,2024-01-01,\n"
    proposal = proposed(text)
    assert asked(proposal) == ["interval fortnight", "status grandfathered"]
    done = answer(proposal, {"interval fortnight": "week", "status grandfathered": "active"})
    assert done.preview.rows.column("status").to_pylist() == ["active"]


def test_a_cancelled_row_with_an_end_may_have_been_active_until_then(proposed):
    text = (
        "customer,price,currency,interval,status,start_date,end_date\nc1,1,USD,month,cancelled,2024-01-01,2024-02-01\n"
    )
    proposal = proposed(text)
    assert asked(proposal) == ["status"]
    today = answer(proposal, {"status": "of today"})
    days = answer(proposal, {"status": "of each row's own days"})
    assert [it.preview.rows.column("status").to_pylist() for it in (today, days)] == [["active"], ["canceled"]]


def test_rows_that_end_on_the_day_they_start_raise_the_question_what_an_end_is(proposed):
    proposal = proposed("customer,mrr_usd,start_date,end_date\nc1,1,2024-01-01,2024-01-01\n")
    assert asked(proposal) == ["ends"]
    done = answer(proposal, {"ends": "the last day with service"})
    assert done.preview.rows.column("ends").to_pylist() == [date(2024, 1, 2)]


def test_a_log_of_plans_without_prices_asks_what_each_plan_is(proposed):
    text = "customer_id,plan_id,start_date\n1,0,2024-01-01\n1,2,2024-01-08\n1,4,2024-02-08\n"
    proposal = proposed(text)
    assert asked(proposal) == ["shape", "amount", "interval", "status", "currency"]
    done = answer(
        proposal,
        {
            "shape": "change_log",
            "amount": {"0": "0", "2": "19.90", "4": "0"},
            "interval": "month",
            "status": {"0": "trialing", "2": "active", "4": "canceled"},
            "currency": "USD",
        },
    )
    assert done.is_ready
    rows = done.preview.rows.to_pylist()
    assert [(row["amount"], row["status"], row["until_next"]) for row in rows] == [
        (Decimal(0), "trialing", True),
        (Decimal("19.90"), "active", True),
        (Decimal(0), "canceled", True),
    ]


@pytest.mark.parametrize(
    ("text", "shape", "table"),
    [
        ("invoice_id,line,customer,amount_usd\n1,1,c,5\n", "invoice_lines", "invoice_lines"),
        ("customer,2024-01,2024-02\nc1,1,2\n", "snapshots_wide", "mrr_snapshots"),
        ("month,customer,mrr\n2024-01,c1,1\n", "snapshots", "mrr_snapshots"),
        ("customer_id,name,created_at\nc1,Acme,2024-01-01\n", "customers", "customers"),
        ("date,from,to,rate\n2024-01-01,EUR,USD,1.1\n", "exchange_rates", "exchange_rates"),
        ("payment_id,customer,amount,currency,paid_at\np1,c1,5,USD,2024-01-01\n", "payments", "payments"),
    ],
)
def test_the_shape_follows_from_the_columns(proposed, text, shape, table):
    proposal = proposed(text)
    assert (proposal.column_map.shape, proposal.column_map.table) == (shape, table)
    assert proposal.reasons["shape"]


def test_lines_that_nothing_numbers_are_asked_about(proposed):
    proposal = proposed("invoice_id,sku,customer,amount_usd\n1,x,c,5\n")
    assert asked(proposal) == ["line"]
    assert answer(proposal, {"line": "sku"}).column_map.columns["line"].columns == ("sku",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("opportunity_id,account,deal_stage,close_date,close_value\no1,Acme,Won,2024-01-01,500\n", "a list of sales"),
        ("customer,amount\nc1,5\n", "no column says when the amount starts"),
        ("customer,colour\nc1,red\n", "no column looks like an amount"),
        ("product,price\np,5\n", "no column looks like a customer"),
    ],
)
def test_a_file_with_nothing_recurring_in_it_is_refused(proposed, text, says):
    with pytest.raises(NothingRecurringError, match=says) as error:
        proposed(text)
    assert "file.csv" in str(error.value)
    assert "Nothing was booked" in str(error.value)


def test_a_header_without_rows_is_an_error(proposed):
    with pytest.raises(UnreadableFileError, match="a header and no rows"):
        proposed("customer,price,start_date\n")


def test_files_of_two_kinds_need_a_map_each(write):
    one, other = write("a.csv", "customer,mrr,start_date\nc,1,2024-01-01\n"), write("b.csv", "customer,name\nc,Acme\n")
    with pytest.raises(UsageError, match="different columns"):
        propose([one, other], timezone="UTC")


def test_a_workbook_with_several_sheets_asks_which(tmp_path):
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name in ("Notes", "Subscriptions"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["customer", "mrr_usd", "start_date", "end_date"])
        sheet.write_row(1, 0, [name, 19.9, "2024-01-01"])
    book.close()
    proposal = propose([tmp_path / "a.xlsx"], timezone="UTC")
    assert asked(proposal) == ["sheet"]
    assert proposal.preview is None
    done = answer(proposal, {"sheet": "Subscriptions"})
    assert done.preview.rows.column("customer").to_pylist() == ["Subscriptions"]
    assert done.column_map.sheet == "Subscriptions"


def test_an_answer_that_makes_no_map_is_an_error(proposed):
    proposal = proposed("customer,mrr_usd,start_date,end_date\nc1,10,1/2/24,\n")
    with pytest.raises(MapError, match="date_format has 'soon'"):
        answer(proposal, {"date_format start_date": "soon"})


def test_an_unsure_name_is_believed_only_if_the_values_bear_it_out(proposed):
    header = "Customer ID,Company,Unit price,Currency,Billing,Type,Start date,End date,Cancelled\n"
    as_named = proposed(header + "c1,Acme,10,USD,quarterly,one-off,2024-01-01,,2024-02-01\n")
    assert as_named.is_ready
    (row,) = as_named.preview.rows.to_pylist()
    assert (row["interval_count"], row["kind"], row["cancel_requested"]) == (3, "one_time", date(2024, 2, 1))
    otherwise = proposed(header + "c1,Acme,10,USD,by card,B2B,2024-01-01,,yes\n", "other.csv")
    assert asked(otherwise) == ["interval"]
    assert not {"kind", "cancel_requested", "name"} & otherwise.column_map.columns.keys()


def test_a_name_that_is_the_customer_describes_nobody_twice(proposed):
    assert "name" not in proposed("Company,Country\nAcme,DE\n").column_map.columns
    named = proposed("Customer ID,Company,Signed up\nc1,Acme,2024-01-01\n", "other.csv").column_map.columns
    assert (named["name"].columns, named["created"].columns) == (("Company",), ("Signed up",))


def test_a_column_with_intervals_under_a_strange_name_is_offered(proposed):
    proposal = proposed("customer,price_usd,rhythm,start,end\nc1,10,monthly,2024-01-01,\nc2,90,yearly,2024-01-01,\n")
    assert proposal.questions[0].options[-1] == "rhythm"
    done = answer(proposal, {"interval": "rhythm"})
    assert done.preview.rows.column("interval").to_pylist() == ["month", "year"]


DISCOUNTED = "customer,{price},currency,interval,start,end,{discount}\nc1,100,USD,month,2024-01-01,,{value}\n"


def discounts(proposal):
    return [
        (each["percent"], each["amount"], each["duration"], each["ends"])
        for row in proposal.preview.rows.column("discounts").to_pylist()
        for each in row or ()
    ]


@pytest.mark.parametrize(
    ("price", "discount", "value", "answers", "is_found"),
    [
        ("unit price", "Discount %", "20", {}, (20, None)),
        ("unit price", "Discount", "20 %", {}, (20, None)),
        ("unit price", "discount_amount", "20", {}, (None, 20)),
        ("unit price", "Discount", "20", {"discount": "a percentage"}, (20, None)),
        ("unit price", "Discount", "20", {"discount": "an amount"}, (None, 20)),
        ("unit price", "Discount", "20", {"discount": "neither"}, None),
        ("unit price", "discount rate", "0.2", {"discount_percent": "as fractions of 1"}, (20, None)),
        ("unit price", "discount rate", "0.5", {"discount_percent": "in percent"}, (Decimal("0.5"), None)),
        ("amount", "Discount %", "20", {"discounts": "before the discount"}, (20, None)),
        ("amount", "Discount %", "20", {"discounts": "after the discount"}, None),
        ("MRR", "Discount %", "20", {}, None),
        ("unit price", "Discount", "0", {}, None),
    ],
)
def test_a_discount_is_bound_once_it_is_known_what_it_is(proposed, price, discount, value, answers, is_found):
    proposal = proposed(DISCOUNTED.format(price=price, discount=discount, value=value))
    assert asked(proposal) == list(answers)
    done = answer(proposal, answers)
    assert done.is_ready
    assert discounts(done) == ([(*is_found, "forever", None)] if is_found else [])


def test_of_two_discounts_in_one_row_one_is_chosen(proposed):
    proposal = proposed(DISCOUNTED.format(price="price", discount="Discount %,discount_amount", value="20,20.00"))
    assert asked(proposal) == ["discount"]
    assert discounts(answer(proposal, {"discount": "discount_amount"})) == [(None, 20, "forever", None)]


def test_the_dates_of_a_discount_are_read_like_others_and_its_end_makes_it_repeat(proposed):
    columns = "Discount %,Discount start,Discount end"
    proposal = proposed(DISCOUNTED.format(price="price", discount=columns, value="20,03/04/2024,05/06/2024"))
    assert asked(proposal) == ["date_format Discount start", "date_format Discount end"]
    done = answer(proposal, {"date_format Discount start": "dmy", "date_format Discount end": "dmy"})
    assert discounts(done) == [(20, None, "repeating", date(2024, 6, 5))]


def test_a_status_that_the_owner_gave_is_not_asked_for_again(proposed):
    proposal = proposed("customer,plan,start,end\na,Pro,2026-01-01,2027-01-01\nb,Lite,2026-01-01,2027-01-01\n")
    given = {"amount": {"Pro": "20", "Lite": "5"}, "interval": "month", "currency": "EUR"}
    for status in ("active", {"Pro": "active", "Lite": "canceled"}):
        done = answer(proposal, {**given, "status": status})
        assert done.is_ready
        assert done.preview.rows.num_rows == 2
