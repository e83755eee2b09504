"""Explanations as stories: what an account's MRR is made of, what does not count and why, and what was known when."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from rollforward.book import Book, View
from rollforward.book.cases import book_of, policy_of
from rollforward.book.explaining.explanation import Explanation
from rollforward.book.explaining.rendering import markdown, text
from rollforward.errors import NotFoundError, ReconciliationError, UsageError
from rollforward.metrics.openings import OPENINGS
from rollforward.metrics.registry import METRICS, every_metric
from rollforward.sources.canonical import translate_records

if TYPE_CHECKING:
    from collections.abc import Iterator

ON = date(2024, 6, 30)


def terms(amount: str, starts: str, ends: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"customer": "acme", "subscription": "s", "item": "i", "currency": "USD", "interval": "month"}
    return {**row, "amount": amount, "starts": starts, "ends": ends, **more}


def book_with(*items: dict[str, Any], policy: dict[str, Any] | None = None, **tables: Any) -> tuple[Book, View]:
    records = {"subscription_items": list(items), **tables}
    book, _ = book_of({"currency": "USD", "today": "2024-12-31", "records": records})
    return book, View(policy=policy_of({"policy": {"set": policy or {}}}))


def every_part(one: Explanation) -> Iterator[Explanation]:
    yield one
    for part in (*one.parts, *one.beside):
        yield from every_part(part)


def rule_of(book: Book, view: View) -> str:
    """The rule by which the one record of the account does not count."""
    (left,) = book.explain(account="acme", on=ON, view=view).beside
    assert left.source is not None
    (rule,) = left.rules
    return rule.key


# -- an account on a day ----------------------------------------------------------------------------------------------


def test_a_yearly_price_in_euros_opens_from_price_to_rate_and_row():
    half = {"percent": "50", "duration": "repeating", "starts": "2024-01-01", "ends": "2025-01-01"}
    rates = [{"date": "2024-01-01", "from": "EUR", "to": "USD", "rate": "1.1"}]
    item = terms("1200", "2024-01-01", interval="year", currency="EUR", quantity="3", discounts=[half])
    book, view = book_with(item, exchange_rates=rates)
    (span,) = book.explain(account="acme", on=ON, view=view).parts
    assert [step.value for step in span.parts] == [1200, 3600, 1800, 150, 165]
    assert [rule.key for step in span.parts for rule in step.rules] == ["discounts", "months_per", "exchange_rate"]
    (rate,) = span.parts[-1].beside
    assert rate.value == Fraction("1.1")
    assert span.source.table == "subscription_items"
    assert json.loads(span.source.raw)["amount"] == "1200"
    assert rate.source.table == "exchange_rates"


@pytest.mark.parametrize(
    ("more", "policy", "rule"),
    [
        ({"status": "trialing"}, {}, "trials"),
        ({"trial_end": "2024-08-01"}, {}, "trials"),
        ({"kind": "usage"}, {}, "usage"),
        ({"kind": "one_time", "interval": None}, {}, "kind"),
        ({"status": "paused"}, {}, "paused"),
        ({"status": "unpaid"}, {}, "status"),
        ({"status": "past_due"}, {"past_due_days": 5}, "past_due_days"),
        ({"cancel_requested": "2024-03-01"}, {"churn_at": "request"}, "churn_at"),
        ({"currency": "EUR"}, {"exchange_rate": "none"}, "exchange_rate"),
        ({"currency": "EUR"}, {}, "problem"),
    ],
)
def test_what_does_not_count_names_the_rule_that_says_so(more: dict[str, Any], policy: dict[str, Any], rule: str):
    assert rule_of(*book_with(terms("10", "2024-01-01", **more), policy=policy)) == rule


def test_an_excluded_customer_names_the_exclusion_and_who_entered_it():
    entry = {"customer": "acme", "reason": "a test account", "entered_by": "kim"}
    book, view = book_with(terms("10", "2024-01-01"), exclusions=[entry])
    assert rule_of(book, view) == "exclusions"
    assert "entered by kim: a test account" in text(book.explain(account="acme", on=ON, view=view)).decode()


def test_a_linked_customer_counts_for_the_other_account_and_says_so():
    link = {"customer": "acme", "account": "zeta", "starts": "2024-02-01", "reason": "one company"}
    book, view = book_with(terms("10", "2024-01-01"), terms("5", "2024-01-01", customer="zeta"), account_links=[link])
    assert book.explain(account="zeta", on=ON, view=view).value == 15
    assert book.explain(account="acme", on=ON, view=view).value == 0
    assert rule_of(book, view) == "account_links"


def test_a_day_before_the_first_record_is_refused_and_an_unknown_account_offers_near_ones():
    book, view = book_with(terms("10", "2024-01-01"))
    with pytest.raises(UsageError, match="begin on 2024-01-01"):
        book.explain(account="acme", on=date(2023, 12, 31), view=view)
    with pytest.raises(NotFoundError, match="The nearest: acme"):
        book.explain(account="acne", on=ON, view=view)
    with pytest.raises(NotFoundError, match="nearest are on 2024-01-01"):
        book.explain(account="acme", movement=ON, view=view)


# -- movements --------------------------------------------------------------------------------------------------------


def test_seats_and_price_that_change_open_into_causes_and_the_terms_before_and_after():
    before, after = terms("10", "2024-01-01", "2024-02-01", quantity="3"), terms("12", "2024-02-01", quantity="5")
    book, view = book_with(before, after)
    (movement,) = book.explain(account="acme", movement=date(2024, 2, 1), view=view).parts
    (item,) = movement.parts
    assert (movement.value, [cause.value for cause in item.parts]) == (30, [10, 20])
    assert movement.note == "MRR rises while it is above 0. It was 30.00 before, and is 60.00 after."
    assert [span.value for span in item.beside] == [30, 60]
    assert all(span.source for span in item.beside)


def test_a_return_says_by_which_rule_it_is_called_so():
    book, view = book_with(terms("10", "2024-01-01", "2024-02-01"), terms("10", "2024-05-01"))
    (movement,) = book.explain(account="acme", movement=date(2024, 5, 1), view=view).parts
    assert movement.note.startswith("MRR leaves 0 again.")
    assert "returning" in [rule.key for rule in movement.rules]


# -- metrics ----------------------------------------------------------------------------------------------------------


def test_every_metric_of_the_registry_has_an_opening():
    every_metric()
    assert set(METRICS) == set(OPENINGS)


def test_a_ratio_opens_into_its_parts_and_these_into_what_can_be_asked_in_turn():
    book, view = book_with(terms("10", "2024-01-01"), terms("30", "2024-01-01", "2024-06-15", customer="bolt"))
    found = book.explain("gross_mrr_churn_rate", "2024-06", view=view)
    assert found.value == Fraction(30, 40)
    assert [part.value for part in found.parts] == [30, 40]
    (churned, _) = found.parts[0].parts
    assert churned.opens == {"metric": "churned_mrr", "period": "2024-06"}
    (row,) = churned.parts
    assert row.opens == {"account": "bolt", "movement": "2024-06-15"}
    opened = book.explain(account="bolt", movement=date.fromisoformat(row.opens["movement"]), view=view)
    assert opened.value == -row.value


def test_what_is_not_named_is_summed_up_in_one_line():
    book, view = book_with(*(terms("10", "2024-01-01", customer=f"c{number}") for number in range(5)))
    found = book.explain("mrr", "2024-06", limit=2, view=view)
    assert [(part.about, part.value) for part in found.parts] == [("c0", 10), ("c1", 10), ("3 more", 30)]
    assert len(book.explain("mrr", "2024-06", limit=None, view=view).parts) == 5


def test_parts_that_do_not_add_up_are_no_explanation():
    with pytest.raises(ReconciliationError, match="its parts make 2, not 3"):
        Explanation("mrr", Fraction(3), "money", way="sum", parts=(Explanation("a part", Fraction(2), "money"),))


def test_each_part_is_rounded_for_itself_and_what_that_leaves_is_named():
    third = terms("100", "2024-01-01", interval="year")
    book, view = book_with(*({**third, "customer": f"c{number}"} for number in range(3)))
    lines = text(book.explain("mrr", "2024-06", view=view)).decode().splitlines()
    assert lines[0] == "mrr of 2024-06: 25.00 USD"
    assert [line.strip() for line in lines if line.startswith(("  c", "  rounding"))] == [
        "c0: 8.33 USD",
        "c1: 8.33 USD",
        "c2: 8.33 USD",
        "rounding of the amounts above: 0.01 USD",
    ]


def test_an_explanation_is_told_as_json_markdown_and_html():
    book, view = book_with(terms("10", "2024-01-01"))
    found = book.explain(account="acme", on=ON, view=view)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["value"] == "10"
    assert told["parts"][0]["source"]["recorded_at"].endswith("Z")
    assert told["stamp"]["policy"] == "case"
    assert "- MRR of acme on 2024-06-30: **10.00 USD**" in markdown(found).decode()
    assert found._repr_html_().count("<ul>") == found._repr_html_().count("</ul>")
    assert "SELECT" in found.sql


def test_one_query_serves_every_account_whatever_its_id():
    odd = "o'brien -- \\ 100 %"
    items = [terms("10", "2024-01-01"), terms("20", "2024-02-01", customer=odd, plan="gold")]
    items += [terms("30", "2024-01-01", customer=odd, item="unpaid", status="unpaid")]
    book, view = book_with(*items, customers=[{"customer": odd, "name": "O'Brien"}])
    assert book.explain(account="acme", on=ON, view=view).about == f"MRR of acme on {ON}"
    found = book.explain(account=odd, on=ON, view=view)
    assert (found.about, found.value) == (f"MRR of {odd} (O'Brien) on {ON}", 20)
    assert [part.source.row for part in (*found.parts, *found.beside)] == [1, 2]
    assert [row[4:6] for row in book.movements(account=odd, view=view).rows] == [("new", 20)]
    told = {
        one.subject: [dict(zip(one.names, row, strict=True)) for row in one.rows]
        for one in book.records_of(odd, view=view)
    }
    assert [row["name"] for row in told["customers"]] == ["O'Brien"]
    assert [row["amount"] for row in told["subscription_items"]] == ["20", "30"]
    assert book.explain(account="acme", on=ON, view=view).value == 10


def test_an_account_that_merged_ones_count_for_is_made_of_all_their_records():
    links = [{"customer": name, "account": "acme", "reason": "one house"} for name in ("a", "b")]
    own = [terms(amount, "2024-01-01", customer=name) for name, amount in (("a", "1"), ("b", "2"), ("acme", "4"))]
    book, view = book_with(*own, account_links=links)
    found = book.explain(account="acme", on=ON, view=view)
    assert found.value == sum(part.value for part in found.parts) == 7
    assert [len(one.rows) for one in book.records_of("acme", view=view) if one.subject == "subscription_items"] == [3]


def test_an_account_that_only_records_name_is_known_and_one_that_nothing_names_is_not():
    book, view = book_with(terms("10", "2024-01-01"), terms("5", "2024-01-01", customer="free", status="unpaid"))
    assert book.explain(account="free", on=ON, view=view).value == 0
    with pytest.raises(NotFoundError, match=r"no account 'acmf'.*acme"):
        book.explain(account="acmf", on=ON, view=view)


# -- what was known when ----------------------------------------------------------------------------------------------


class _Learning:
    """A book that learns one thing a month."""

    def __init__(self) -> None:
        self.now = datetime(2024, 7, 1)  # noqa: DTZ001  the book's clock is in UTC
        self.book = Book.in_memory(clock=lambda: self.now, currency="USD", today=date(2024, 12, 31), stale_after=366)

    def learn(self, month: int, table: str, *rows: dict[str, Any]) -> None:
        self.now = datetime(2024, month, 1)  # noqa: DTZ001
        self.book.take_in([translate_records(table, list(rows), source="billing", timezone="UTC")], source="billing")


@pytest.fixture
def learned() -> _Learning:
    found = _Learning()
    found.learn(7, "subscription_items", terms("10", "2024-01-01"), terms("99", "2024-01-01", customer="other"))
    found.learn(8, "subscription_items", terms("99", "2024-01-01", "2024-05-01", customer="other"))
    found.learn(9, "subscription_items", terms("10", "2024-01-01", "2024-06-01"))
    found.learn(10, "subscription_items", terms("25", "2024-06-15", item="j"))
    found.now = datetime(2024, 12, 1)  # noqa: DTZ001
    return found


def test_the_history_tells_each_time_that_changed_what_the_book_says_and_the_fact(learned: _Learning):
    found = learned.book.history("acme", on=ON)
    assert [(part.about, part.value) for part in found.parts] == [
        ("learned 2024-07-01 00:00:00 UTC", 10),
        ("learned 2024-09-01 00:00:00 UTC", 0),
        ("learned 2024-10-01 00:00:00 UTC", 25),
    ]
    late = found.parts[1]
    assert [(part.about, part.value) for part in late.parts] == [("said before", 10), ("churn of 2024-06-01", -10)]
    assert "ends nothing -> 2024-06-01" in late.beside[0].about
    assert found.value == 25


def test_the_history_says_what_the_book_says_as_known_at_each_time(learned: _Learning):
    for part in learned.book.history("acme", on=ON).parts:
        then = datetime.fromisoformat(part.about.removeprefix("learned ").removesuffix(" UTC"))
        assert learned.book.explain(account="acme", on=ON, view=View(as_of=then)).value == part.value


def test_the_history_of_a_month_is_that_of_its_movements(learned: _Learning):
    found = learned.book.history("acme", month="2024-06")
    assert [part.value for part in found.parts] == [-10, 15]
    assert learned.book.history("acme", month="2024-06", view=View(as_of=datetime(2024, 9, 2))).value == -10  # noqa: DTZ001


def test_a_history_ends_at_the_time_it_is_asked_as_known_at(learned: _Learning):
    found = learned.book.history("acme", on=ON, view=View(as_of=datetime(2024, 8, 1)))  # noqa: DTZ001
    assert (found.value, found.stamp) == (10, replace(found.stamp, known_at=datetime(2024, 8, 1)))  # noqa: DTZ001
    with pytest.raises(NotFoundError):
        learned.book.history("nobody")
