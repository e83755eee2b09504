"""Exchange as a user meets it: the ECB's rates and own ones, one day's rates held, currencies of 0 to 3 decimals."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from rollforward.book import Book, View
from rollforward.errors import IncompleteError, UsageError
from rollforward.formats import answer_of, csv_text, json_text, table
from rollforward.policy.policy import preset
from rollforward.sources.canonical import translate_records

NOW = datetime(2026, 6, 30, 12)  # noqa: DTZ001
RULES = ("service_start", "purchase", "period_end", "month_average", "fixed:2025-03-31")


def book_in(currency, *items, rates=(), source="test", today=date(2026, 6, 30)):
    book = Book.in_memory(clock=lambda: NOW, currency=currency, today=today)
    take(book, "subscription_items", items)
    take(book, "exchange_rates", rates, source)
    return book


def take(book, table, rows, source="test"):
    if rows:
        book.take_in([translate_records(table, rows, source=source, timezone="UTC")], source=source)


def item(customer, amount, currency, starts="2025-01-15", **said):
    given = {"amount": amount, "currency": currency, "interval": "month", "starts": starts, **said}
    return {"customer": customer, "subscription": customer, "item": customer, **given}


def rate(day, value, currency="EUR", to="USD"):
    return {"date": day, "from": currency, "to": to, "rate": value}


def under(**rules):
    return View(policy=preset("default").with_settings("test", rules))


def closings(book, view=View(), **asked):  # noqa: B008  a view is frozen
    return {row["period"]: row["closing"] for row in book.rollforward(view=view, **asked).to_dicts()}


# -- the ECB's rates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_the_ecb_has_every_rate_that_records_need_under_every_rule(rule):
    book = book_in("USD", item("a", "120", "EUR"), item("b", "100", "GBP"), item("c", "60000", "JPY", interval="year"))
    assert len(book.problems(view=under(exchange_rate=rule))) == 3
    done = book.take_in_ecb()
    assert (done.report.quarantined, done.plan.first) == (0, date(2024, 12, 25))
    assert len(book.problems(view=under(exchange_rate=rule))) == 0


def test_an_amount_is_converted_at_what_the_ecb_published_that_day():
    # 1 EUR = 1.0956 USD = 0.86645 GBP
    book = book_in("USD", item("a", "100", "GBP", "2024-01-02"), today=date(2024, 1, 31))
    book.take_in_ecb()
    assert closings(book) == {"2024-01": Decimal("126.4469963333")}


def test_booking_the_ecbs_rates_again_changes_nothing():
    book = book_in("USD", item("a", "120", "EUR"))
    first, again = book.take_in_ecb().report, book.take_in_ecb().report
    assert (first.booked, first.unchanged) == (first.rows_in, 0)
    assert (again.booked, again.unchanged) == (0, first.rows_in)
    earlier = book.take_in_ecb(start=date(2024, 11, 1)).report
    assert (earlier.unchanged, earlier.booked > 30) == (first.rows_in, True)


def test_a_dry_run_of_the_ecbs_rates_books_nothing():
    book = book_in("USD", item("a", "120", "EUR"))
    assert book.take_in_ecb(dry_run=True).report.booked > 300
    assert len(book.problems()) == 1


def test_a_book_in_one_currency_needs_no_rates_unless_it_is_looked_at_in_another():
    book = book_in("USD", item("a", "120", "USD"))
    assert book.take_in_ecb().plan is None
    assert book.take_in_ecb(currency="EUR").report.booked > 300
    assert len(book.problems(view=View(currency="EUR"))) == 0


def test_another_currency_must_be_one():
    with pytest.raises(UsageError, match="'XYQ' is not an ISO 4217 code"):
        book_in("USD").take_in_ecb(currency="XYQ")


def test_what_the_ecb_does_not_quote_is_named_and_stays_a_problem():
    book = book_in("USD", item("a", "120", "EUR"), item("b", "12.345", "KWD"), item("c", "9", "HRK", "2024-01-01"))
    assert [str(pair) for pair in book.take_in_ecb().plan.unquoted] == ["HRK to USD", "KWD to USD"]
    assert [row["value"][:3] for row in book.problems().to_dicts()] == ["KWD", "HRK"]


def test_a_book_whose_currency_the_ecb_does_not_quote_books_none_of_its_rates():
    book = book_in("KWD", item("a", "120", "EUR"))
    assert book.take_in_ecb().report is None
    assert [one["source"] for one in book.imports()] == ["test"]


def test_the_currencies_of_invoices_and_snapshots_are_looked_for_too():
    book = book_in("USD")
    line = {"invoice": "1", "line": "1", "customer": "a", "amount": "10", "currency": "EUR"}
    line |= {"period_start": "2025-02-01", "period_end": "2025-03-01"}
    take(book, "invoice_lines", [line])
    take(book, "mrr_snapshots", [{"date": "2025-05-31", "customer": "b", "mrr": "10", "currency": "GBP"}])
    plan = book.take_in_ecb().plan
    assert ([str(pair) for pair in plan.pairs], plan.first) == (["EUR to USD", "GBP to USD"], date(2025, 1, 25))


# -- own rates -------------------------------------------------------------------------------------------------------

ECB_RATES = [rate("2025-01-01", "1.1"), rate("2025-02-01", "1.2"), rate("2025-03-01", "1.3"), rate("2025-04-01", "1.4")]
OWN = [rate("2025-03-01", "2")]
INVERSE = [rate("2025-03-01", "0.5", "USD", "EUR")]


@pytest.mark.parametrize("own", [OWN, INVERSE], ids=["direct", "inverse"])
def test_from_its_first_day_on_an_own_rate_goes_before_the_ecbs(own):
    book = book_in("USD", item("a", "100", "EUR", "2025-01-01"), rates=own, today=date(2025, 4, 30))
    take(book, "exchange_rates", ECB_RATES, "ecb")
    assert [closings(book)[f"2025-0{month}"] for month in range(1, 5)] == [110, 120, 200, 200]
    assert closings(book, under(exchange_rate="month_average"))["2025-04"] == 200


def test_own_rates_of_one_currency_leave_the_ecbs_of_another():
    book = book_in("USD", item("a", "100", "GBP", "2025-01-01"), rates=OWN, today=date(2025, 4, 30))
    take(book, "exchange_rates", [rate("2025-01-01", "1.5", "GBP")], "ecb")
    assert closings(book)["2025-04"] == 150


def test_two_sources_of_ones_own_are_equals():
    book = book_in("USD", item("a", "100", "EUR", "2025-01-01"), rates=OWN, today=date(2025, 4, 30))
    take(book, "exchange_rates", [rate("2025-01-01", "1.1"), rate("2025-04-01", "1.4")], "bank")
    assert [closings(book)[f"2025-0{month}"] for month in range(1, 5)] == [110, 110, 200, 140]


# -- one day's rates held --------------------------------------------------------------------------------------------

MOVING = [rate("2025-01-01", "1"), rate("2025-02-01", "1.1"), rate("2025-03-01", "1.2")]


def test_constant_currency_shows_the_growth_that_no_rate_made():
    sold = [item("a", "100", "EUR", "2025-01-01"), item("b", "10", "EUR", "2025-03-01"), item("c", "50", "USD")]
    book = book_in("USD", *sold, rates=MOVING, today=date(2025, 3, 31))
    result = book.constant_currency(at=date(2025, 1, 1))
    assert [row[:6] for row in result.rows] == [
        ("2025-01", 0, 0, 150, 150, 0),
        ("2025-02", 150, 10, 160, 150, 10),
        ("2025-03", 160, 10, 182, 160, 22),
    ]
    by_name = result.to_dicts()[-1]
    assert by_name["growth_rate"] == Decimal("0.1375")
    assert by_name["growth_rate_constant"] == Decimal("0.0666666667")
    assert by_name["rates_of"] == date(2025, 1, 1)
    assert result.to_dicts()[0]["growth_rate"] is None
    assert closings(book, start=date(2025, 2, 1)) == {
        row["period"]: row["closing"]
        for row in book.constant_currency(at=date(2025, 3, 1), start=date(2025, 2, 1)).to_dicts()
    }


def test_constant_currency_of_a_part_of_the_book():
    sold = [item("a", "100", "EUR", "2025-01-01"), item("c", "50", "USD")]
    book = book_in("USD", *sold, rates=MOVING, today=date(2025, 3, 31))
    last = book.constant_currency(at=date(2025, 2, 1), where={"currency": "EUR"}).to_dicts()[-1]
    assert (last["closing"], last["closing_constant"], last["exchange_in_closing"]) == (120, 110, 10)


def test_in_a_book_of_one_currency_both_sides_are_equal():
    rows = book_in("USD", item("c", "50", "USD")).constant_currency(at=date(2025, 1, 1)).to_dicts()
    assert all(row["closing"] == row["closing_constant"] == 50 for row in rows)
    assert all(row["growth_rate"] == row["growth_rate_constant"] for row in rows)


def test_a_day_without_a_rate_leaves_the_effect_of_exchange_unknown():
    sold = [item("a", "100", "EUR", "2025-01-01"), item("c", "50", "USD")]
    book = book_in("USD", *sold, rates=MOVING, today=date(2025, 3, 31))
    early = date(2024, 12, 31)
    last = book.constant_currency(at=early).to_dicts()[-1]
    assert (last["closing"], last["closing_constant"], last["exchange_in_closing"]) == (170, 50, None)
    assert last["growth_rate_constant"] is None
    missing = book.uncounted_constant(at=early)
    assert (missing.records, missing.lacking) == (1, ("EUR",))
    assert book.uncounted_constant(at=date(2025, 1, 1)).records == 0


def test_a_day_without_any_rate_is_no_figure():
    book = book_in("USD", item("a", "100", "EUR", "2025-01-01"), rates=MOVING, today=date(2025, 3, 31))
    with pytest.raises(
        IncompleteError, match=r"no record has a rate to USD on or before 2024-12-31.*--from 2024-12-31"
    ):
        book.constant_currency(at=date(2024, 12, 31))


def test_what_cannot_be_held_constant_says_why():
    book = book_in("USD", item("c", "50", "USD"))
    with pytest.raises(UsageError, match="the rates of 2026-07-01 are not known yet: the book looks up to 2026-06-30"):
        book.constant_currency(at=date(2026, 7, 1))
    with pytest.raises(UsageError, match="policy test never converts"):
        book.constant_currency(at=date(2026, 1, 1), view=under(exchange_rate="none"))


# -- currencies of 0, 2 and 3 decimals -------------------------------------------------------------------------------

SOLD = [
    item("fils", "12.345", "KWD", "2025-01-01"),
    item("yearly", "1.005", "BHD", "2025-01-01", interval="year"),
    item("yen", "60001", "JPY", "2025-01-01", interval="year"),
    item("cents", "49.99", "USD", "2025-01-01"),
]
TO = {
    "JPY": {"KWD": "480.5", "BHD": "390", "USD": "150"},
    "USD": {"KWD": "3.25", "BHD": "2.65", "JPY": "0.0065"},
    "KWD": {"BHD": "0.816", "USD": "0.307", "JPY": "0.0021"},
}


@pytest.mark.parametrize(
    ("currency", "printed", "exact"),
    [
        # 12.345 x 480.5 + 1.005 x 390 / 12 + 60001 / 12 + 49.99 x 150
        ("JPY", "18,463", "18463.0183333333"),
        # 12.345 x 3.25 + 1.005 x 2.65 / 12 + 60001 x 0.0065 / 12 + 49.99
        ("USD", "122.83", "122.8337291667"),
        # 12.345 + 1.005 x 0.816 / 12 + 60001 x 0.0021 / 12 + 49.99 x 0.307
        ("KWD", "38.260", "38.260445"),
    ],
)
def test_money_is_exact_within_and_printed_in_the_places_of_its_currency(currency, printed, exact):
    rates = [rate("2025-01-01", value, own, currency) for own, value in TO[currency].items()]
    book = book_in(currency, *SOLD, rates=rates, today=date(2025, 1, 31))
    answer = answer_of(book.rollforward())
    assert table(answer).decode().splitlines()[-1].split()[-1] == printed
    assert csv_text(answer).decode().splitlines()[-1].split(",")[-1] == exact
    assert f'"closing": "{exact}"' in json_text(answer).decode()
    assert len(book.problems()) == 0


@pytest.mark.parametrize(
    ("currency", "amount", "decimals"), [("JPY", "100.5", 0), ("USD", "9.995", 2), ("KWD", "1.0005", 3)]
)
def test_an_amount_finer_than_its_currency_is_booked_with_a_note(currency, amount, decimals):
    book = book_in(currency, item("a", amount, currency))
    assert [row["reason"] for row in book.problems().to_dicts()] == [f"more decimals than {currency} has ({decimals})"]
    assert set(closings(book).values()) == {Decimal(amount)}


def test_rates_that_ended_long_ago_are_worth_a_look():
    book = book_in("USD", item("a", "100", "EUR", "2025-01-01"), rates=MOVING)
    found = {row["check"]: (row["state"], row["found"]) for row in book.doctor().to_dicts()}
    assert found["rates"] == ("ok", "no rows without an exchange rate; rates reach 2025-03-01")
    assert found["rate gaps"] == ("look", "1 currency without a rate for more than 45 days")
