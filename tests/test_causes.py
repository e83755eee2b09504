"""Causes: why MRR moved. They add up to the movements, and they are what the oracle tells of the same books."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from depth import deep
from oracle import Oracle
from oracle.causes import causes as oracle_causes
from rollforward.book import Book, View
from rollforward.book.cases import book_of, policy_of
from rollforward.errors import UsageError
from rollforward.ledger.causes import CAUSES
from rollforward.money import SCALE, UNIT
from strategies import policies
from test_engine_against_oracle import collected, laid_together, shelf_under

if TYPE_CHECKING:
    from collections.abc import Iterable

SHELVES = deep(5)


def summed(rows: Iterable[tuple[date, str, str, int]]) -> dict[tuple[date, str, str], Fraction]:
    """Annual amounts by day, account and cause."""
    amounts: dict[tuple[date, str, str], Fraction] = defaultdict(Fraction)
    for day, account, cause, amount in rows:
        amounts[day, account, cause] += Fraction(amount, UNIT)
    return {key: amount for key, amount in amounts.items() if amount}


def by_account_and_day(amounts: dict[tuple[date, str, str], Fraction]) -> dict[tuple[date, str], Fraction]:
    totals: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    for (day, account, _), amount in amounts.items():
        totals[day, account] += amount
    return {key: amount for key, amount in totals.items() if amount}


def moved(book: Book, view: View) -> dict[tuple[date, str], Fraction]:
    rows = book.annual_movements(view=view)
    return by_account_and_day(
        {(day, account, f"{kind} {n}"): Fraction(amount, UNIT) for n, (day, account, kind, amount) in enumerate(rows)}
    )


@pytest.mark.parametrize("number", range(SHELVES))
def test_causes_add_up_to_the_movements_and_are_the_oracles(number: int):
    policy = collected(policies(), SHELVES, 20_261_124)[number]
    shelf = shelf_under(policy, number)
    case = laid_together(shelf)
    book, _ = book_of(case)
    view = View(policy=policy_of(case))
    found = summed(book.annual_causes(view=view))
    first, last = date(2024, 2, 10), date(2024, 4, 20)
    some = summed(book.annual_causes(start=first, end=last, view=view))
    assert some == {key: amount for key, amount in found.items() if first <= key[0] <= last}
    assert by_account_and_day(found) == moved(book, view)
    assert {cause for _, _, cause in found} <= set(CAUSES)
    if view.policy.basis == "subscriptions" and not view.policy.round.startswith("subscription"):
        expected = {
            (day, f"{place}/{customer}", cause): amount
            for place, one in enumerate(shelf)
            for (day, customer, cause), amount in oracle_causes(Oracle(one, annual_places=SCALE)).items()
        }
        wrong = {account.split("/")[0] for _, account, _ in dict(found.items() ^ expected.items())}
        assert found == expected, min((shelf[int(place)] for place in wrong), key=lambda one: len(str(one)))


# -- stories ----------------------------------------------------------------------------------------------------------


def book_with(*items: dict[str, Any], rates: tuple[dict[str, Any], ...] = (), policy: dict[str, Any] | None = None):
    rows = [{"customer": "acme", "currency": "USD", "interval": "month", **item} for item in items]
    case = {"currency": "USD", "today": "2024-12-31", "records": {"subscription_items": rows, "exchange_rates": rates}}
    book, _ = book_of(case)
    return book, View(policy=policy_of({"policy": {"set": policy or {}}}))


def told(book: Book, view: View) -> list[tuple[str, str, str, Decimal]]:
    """Day, kind, cause and MRR of every cause of every movement."""
    rows = book.movements(causes=True, view=view).to_dicts()
    return [(row["day"].isoformat(), row["kind"], row["cause"], row["mrr"]) for row in rows]


def terms(amount: str, starts: str, ends: str | None = None, **more: Any) -> dict[str, Any]:
    return {"subscription": "s", "item": "i", "amount": amount, "starts": starts, "ends": ends, **more}


def test_a_discount_that_ends_is_an_expansion_by_its_end():
    half = {"percent": "50", "duration": "repeating", "starts": "2024-01-01", "ends": "2024-04-01"}
    assert told(*book_with(terms("100", "2024-01-01", discounts=[half]))) == [
        ("2024-01-01", "new", "start", 50),
        ("2024-04-01", "expansion", "discount ended", 50),
    ]


def test_a_discount_larger_than_the_price_makes_the_customer_new_when_it_ends():
    gift = {"amount": "150", "duration": "repeating", "starts": "2024-01-01", "ends": "2024-03-01"}
    assert told(*book_with(terms("100", "2024-01-01", discounts=[gift]))) == [
        ("2024-03-01", "new", "discount ended", 100)
    ]


def test_seats_and_price_that_change_on_one_day_are_told_apart():
    # Three seats at 10 become five at 12: two more seats at the old price, then 2 more for each of five.
    book = book_with(terms("10", "2024-01-01", "2024-02-01", quantity="3"), terms("12", "2024-02-01", quantity="5"))
    assert told(*book)[1:] == [("2024-02-01", "expansion", "price", 10), ("2024-02-01", "expansion", "quantity", 20)]


def test_another_plan_takes_what_its_price_makes():
    book = book_with(terms("10", "2024-01-01", "2024-02-01", plan="basic"), terms("25", "2024-02-01", plan="pro"))
    assert told(*book)[1:] == [("2024-02-01", "expansion", "plan", 15)]


def test_a_year_paid_at_once_at_a_lower_price_is_a_contraction_by_interval():
    book = book_with(terms("10", "2024-01-01", "2024-02-01"), terms("96", "2024-02-01", interval="year"))
    assert told(*book)[1:] == [("2024-02-01", "contraction", "interval", -2)]


def test_a_second_subscription_is_an_expansion_by_a_start_and_its_loss_a_contraction_by_an_end():
    second = {"subscription": "t", "item": "j", "amount": "40", "starts": "2024-02-01", "ends": "2024-03-01"}
    assert told(*book_with(terms("10", "2024-01-01"), second))[1:] == [
        ("2024-02-01", "expansion", "start", 40),
        ("2024-03-01", "contraction", "end", -40),
    ]


def test_a_price_in_euros_that_rises_as_the_rate_rises_has_both_causes():
    rates = tuple(
        {"date": day, "from": "EUR", "to": "USD", "rate": rate}
        for day, rate in (("2024-01-01", "1.1"), ("2024-03-01", "1.2"))
    )
    rows = (
        terms("100", "2024-01-01", "2024-03-01", currency="EUR"),
        terms("150", "2024-03-01", currency="EUR", plan="pro"),
    )
    book, view = book_with(*({"plan": "basic", **row} for row in rows), rates=rates)
    assert told(book, view)[1:] == [
        ("2024-03-01", "exchange", "exchange", 10),
        ("2024-03-01", "expansion", "plan", 60),
    ]


def test_the_causes_of_a_kind_add_up_to_it_in_the_roll_forward():
    book, view = book_with(
        terms("10", "2024-01-01", "2024-02-01", quantity="3"),
        terms("12", "2024-02-01", "2024-03-01", quantity="5"),
        terms("12", "2024-03-01", "2024-09-01", quantity="1"),
    )
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in book.causes(every="quarter", view=view).to_dicts():
        totals[str(row["period"]), str(row["kind"])] += row["mrr"]
    rollforward = {row["period"]: row for row in book.rollforward(every="quarter", view=view).to_dicts()}
    signs = {"new": 1, "expansion": 1, "contraction": -1, "churn": -1}
    shown = {
        (period, kind): sign * row[kind]
        for period, row in rollforward.items()
        for kind, sign in signs.items()
        if row[kind]
    }
    assert totals == shown


def test_a_quantity_that_an_invoice_tells_is_a_cause_there_too():
    lines = [
        {
            "invoice": "1",
            "line": "1",
            "amount": "30",
            "quantity": "3",
            "period_start": "2024-01-01",
            "period_end": "2024-02-01",
        },
        {
            "invoice": "2",
            "line": "1",
            "amount": "50",
            "quantity": "5",
            "period_start": "2024-02-01",
            "period_end": "2024-03-01",
        },
        {
            "invoice": "3",
            "line": "1",
            "amount": "25",
            "discount": "25",
            "quantity": "5",
            "period_start": "2024-03-01",
            "period_end": "2024-04-01",
        },
    ]
    rows = [
        {"customer": "acme", "subscription": "s", "currency": "USD", "issued": line["period_start"], **line}
        for line in lines
    ]
    book, _ = book_of({"currency": "USD", "today": "2024-12-31", "records": {"invoice_lines": rows}})
    assert told(book, View(policy=policy_of({"policy": {"set": {"basis": "invoices"}}}))) == [
        ("2024-01-01", "new", "start", 30),
        ("2024-02-01", "expansion", "quantity", 20),
        ("2024-03-01", "contraction", "discount", -25),
        ("2024-04-01", "churn", "end", -25),
    ]


def test_causes_of_a_plan_alone_are_refused_because_they_are_those_of_accounts():
    book, view = book_with(terms("10", "2024-01-01", plan="basic"))
    with pytest.raises(UsageError, match="causes are those of whole accounts"):
        book.causes(where={"plan": "basic"}, view=view)
