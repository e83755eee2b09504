"""Entries by people: merges, transfers, exclusions, contracts and corrections, each with a reason and an undo."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rollforward.book import Book, View
from rollforward.errors import EntryError, NotFoundError, UnknownNameError
from rollforward.sources.canonical import translate_records

if TYPE_CHECKING:
    from decimal import Decimal

WHO: dict[str, Any] = {"reason": "told by sales", "by": "ada"}


class Clock:
    """A clock that goes on by an hour each time it is looked at."""

    def __init__(self) -> None:
        self.time = datetime(2024, 7, 1, 9)  # noqa: DTZ001  book times are UTC without saying so

    def __call__(self) -> datetime:
        self.time += timedelta(hours=1)
        return self.time


def book_of(*rows: dict[str, Any], names: dict[str, str] | None = None) -> Book:
    book = Book.in_memory(clock=Clock(), currency="USD", today=date(2024, 6, 30))
    deliver(book, *rows)
    if names:
        people = [{"customer": customer, "name": name} for customer, name in names.items()]
        book.take_in([translate_records("customers", people, source="billing", timezone="UTC")], source="billing")
    return book


def deliver(book: Book, *rows: dict[str, Any], source: str = "billing"):
    items = [{"currency": "USD", "interval": "month", "subscription": f"s-{row['customer']}", **row} for row in rows]
    batch = translate_records("subscription_items", items, source=source, timezone="UTC")
    assert batch.problems == []
    return book.take_in([batch], source=source)


def sub(customer: str, amount: str, starts: str, ends: str | None = None, **more: Any) -> dict[str, Any]:
    return {"customer": customer, "amount": amount, "starts": starts, "ends": ends, **more}


def told(book: Book, **view: Any) -> list[tuple[str, str, str, Decimal]]:
    rows = book.movements(view=View(**view)).to_dicts()
    return [(f"{row['day']:%m-%d}", str(row["account"]), str(row["kind"]), row["mrr"].normalize()) for row in rows]


ACME = sub("acme", "100", "2024-01-01")
LABS = sub("acme-labs", "40", "2024-02-01")


# -- one account ------------------------------------------------------------------------------------------------------


def test_two_customers_merged_from_the_beginning_are_one_account_that_expanded():
    book = book_of(ACME, LABS)
    book.merge("acme-labs", into="acme", **WHO)
    assert told(book) == [("01-01", "acme", "new", 100), ("02-01", "acme", "expansion", 40)]


def test_two_customers_merged_from_a_day_on_keep_their_past_and_change_place_on_that_day():
    book = book_of(ACME, LABS)
    book.merge("acme-labs", into="acme", start=date(2024, 4, 15), **WHO)
    assert told(book)[2:] == [("04-15", "acme", "transfer", 40), ("04-15", "acme-labs", "transfer", -40)]
    (april,) = [row for row in book.rollforward().to_dicts() if row["period"] == "2024-04"]
    assert (april["opening"], april["closing"]) == (140, 140)
    assert "transfer" not in april
    assert book.metrics("customers", end=date(2024, 4, 30)).rows[-1][-1] == 1


def test_a_transfer_shows_in_the_roll_forward_of_each_account():
    book = book_of(ACME, LABS)
    book.merge("acme-labs", into="acme", start=date(2024, 4, 15), **WHO)
    april = {row["customer"]: row for row in book.rollforward(by="customer").to_dicts() if row["period"] == "2024-04"}
    assert (april["acme"]["transfer"], april["acme-labs"]["transfer"]) == (40, -40)


def test_a_merge_is_undone_and_stays_on_record():
    book = book_of(ACME, LABS)
    before = told(book)
    entry = book.merge("acme-labs", into="acme", **WHO)
    undo = book.undo(entry.entry, reason="two companies after all", by="bob")
    assert told(book) == before
    kept = book.entries()
    assert [(one.kind, one.undone_by, one.undoes) for one in kept] == [("merge", undo.entry, None), ("undo", None, 1)]
    assert (kept[0].reason, kept[0].entered_by, kept[0].about) == (
        "told by sales",
        "ada",
        "acme-labs into acme from the beginning",
    )


def test_before_the_merge_was_entered_the_book_knew_two_accounts():
    book = book_of(ACME, LABS)
    entry = book.merge("acme-labs", into="acme", **WHO)
    earlier = told(book, as_of=entry.recorded_at - timedelta(minutes=1))
    assert [row[:3] for row in earlier] == [("01-01", "acme", "new"), ("02-01", "acme-labs", "new")]


def test_who_counts_for_a_merged_customer_comes_along():
    book = book_of(ACME, LABS, sub("acme-east", "5", "2024-03-01"))
    book.merge("acme-east", into="acme-labs", **WHO)
    book.merge("acme-labs", into="acme", start=date(2024, 5, 1), **WHO)
    assert told(book)[2:] == [
        ("03-01", "acme-labs", "expansion", 5),
        ("05-01", "acme", "transfer", 45),
        ("05-01", "acme-labs", "transfer", -45),
    ]


def test_a_merge_in_a_circle_is_refused():
    book = book_of(ACME, LABS)
    book.merge("acme-labs", into="acme", **WHO)
    with pytest.raises(
        EntryError, match="acme-labs counts for acme already, and merging acme into it would be a circle"
    ):
        book.merge("acme", into="acme-labs", **WHO)
    with pytest.raises(EntryError, match="cannot be merged into itself"):
        book.merge("acme", into="acme", **WHO)


def test_a_merge_names_the_customer_it_does_not_know_and_the_nearest():
    book = book_of(ACME, LABS)
    with pytest.raises(EntryError, match=r"no record names a customer 'acme-lab'\. Did you mean acme-labs"):
        book.merge("acme-lab", into="acme", **WHO)


def test_a_merge_before_a_merge_that_stands_is_refused():
    book = book_of(ACME, LABS, sub("other", "1", "2024-01-01"))
    book.merge("acme-labs", into="acme", start=date(2024, 5, 1), **WHO)
    with pytest.raises(EntryError, match="acme-labs counts for acme from 2024-05-01 already"):
        book.merge("acme-labs", into="other", start=date(2024, 4, 1), **WHO)


def test_a_euro_subscription_takes_its_exchange_along_when_it_changes_place():
    book = book_of(sub("acme-labs", "40", "2024-02-01", currency="EUR"), ACME)
    rates = [
        {"date": f"2024-0{month}-01", "from": "EUR", "to": "USD", "rate": rate}
        for month, rate in ((1, "1.1"), (4, "1.2"))
    ]
    book.take_in([translate_records("exchange_rates", rates, source="billing", timezone="UTC")], source="billing")
    book.merge("acme-labs", into="acme", start=date(2024, 4, 1), **WHO)
    assert told(book)[2:] == [
        ("04-01", "acme", "transfer", 44),
        ("04-01", "acme", "exchange", 4),
        ("04-01", "acme-labs", "transfer", -44),
    ]


# -- another system ---------------------------------------------------------------------------------------------------


def test_a_customer_moved_to_another_billing_system_neither_churns_nor_is_new():
    book = book_of(sub("cus_1", "100", "2024-01-01", "2024-03-29"))
    deliver(book, sub("A-77", "120", "2024-04-02"), source="new-billing")
    assert [row[2] for row in told(book)] == ["new", "churn", "new"]
    entry = book.transfer("A-77", from_customer="cus_1", **WHO)
    assert entry.about == "cus_1 to A-77 on 2024-04-02"
    assert told(book) == [("01-01", "cus_1", "new", 100), ("04-02", "cus_1", "expansion", 20)]


def test_both_systems_running_for_a_while_count_once():
    book = book_of(sub("cus_1", "100", "2024-01-01"))
    deliver(book, sub("A-77", "100", "2024-04-02"), source="new-billing")
    book.transfer("A-77", from_customer="cus_1", day=date(2024, 4, 15), drop_earlier=True, **WHO)
    assert told(book) == [("01-01", "cus_1", "new", 100)]


def test_a_transfer_loses_none_of_the_newcomers_own_history_unless_that_is_said():
    book = book_of(sub("gamma", "100", "2024-01-01"), sub("zeta", "40", "2024-02-01"))
    before = told(book)
    with pytest.raises(EntryError, match="zeta has records from 2024-02-01; what it had before 2024-05-01 would count"):
        book.transfer("zeta", from_customer="gamma", day=date(2024, 5, 1), **WHO)
    assert told(book) == before
    book.transfer("zeta", from_customer="gamma", day=date(2024, 2, 1), **WHO)
    assert ("02-01", "gamma", "contraction", -60) in told(book)


def test_a_transfer_on_a_day_to_come_is_refused_even_if_its_loss_is_allowed():
    book = book_of(sub("gamma", "100", "2024-01-01"), sub("zeta", "40", "2024-02-01"))
    with pytest.raises(EntryError, match="2030-01-01 is still to come: the book looks up to 2024-06-30"):
        book.transfer("zeta", from_customer="gamma", day=date(2030, 1, 1), drop_earlier=True, **WHO)


def test_a_customer_moved_twice_is_one_account_all_the_way():
    book = book_of(
        sub("one", "10", "2024-01-01", "2024-02-01"),
        sub("two", "10", "2024-02-01", "2024-03-01"),
        sub("three", "10", "2024-03-01"),
    )
    book.transfer("two", from_customer="one", **WHO)
    book.transfer("three", from_customer="two", **WHO)
    assert told(book) == [("01-01", "one", "new", 10)]
    with pytest.raises(EntryError, match="one <- three <- two <- one is a circle"):
        book.transfer("one", from_customer="three", **WHO)


# -- left out, put in, put right --------------------------------------------------------------------------------------


def test_an_excluded_account_counts_nowhere_and_says_why():
    book = book_of(ACME, sub("test-account", "9999", "2024-01-01"))
    entry = book.exclude("test-account", reason="our own test account", by="ada")
    assert told(book) == [("01-01", "acme", "new", 100)]
    book.undo(entry.entry, reason="it pays after all", by="ada")
    assert len(told(book)) == 2


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_exclusion_without_a_reason_is_refused(reason: str):
    with pytest.raises(EntryError, match="an entry needs a reason"):
        book_of(ACME).exclude("acme", reason=reason, by="ada")


def test_a_contract_that_no_source_has_counts_like_any_other():
    book = book_of(ACME)
    terms = {"customer": "globex", "amount": "1200", "currency": "USD", "interval": "year", "starts": "2024-05-01"}
    book.add_contract(terms, **WHO)
    assert told(book)[-1] == ("05-01", "globex", "new", 100)


def test_a_contract_with_a_word_that_is_none_is_refused_with_what_is_allowed():
    terms = {"customer": "globex", "amount": "1200", "currency": "USD", "interval": "yearly", "starts": "2024-05-01"}
    with pytest.raises(EntryError, match="interval 'yearly'"):
        book_of(ACME).add_contract(terms, **WHO)


def test_what_is_wrong_with_an_entry_speaks_of_no_map():
    terms = {"customer": "globex", "amount": "abc", "currency": "USD", "interval": "month", "starts": "2024-05-01"}
    for wrong, said in (
        ({}, "amount 'abc': not a number as it stands. Write it in its plain form, such as 1234.56"),
        ({"amount": "1", "currency": ""}, "the currency is missing. Fill it in."),
        ({"amount": "1", "starts": "May"}, "Write it as YYYY-MM-DD."),
    ):
        with pytest.raises(EntryError) as refused:
            book_of(ACME).add_contract(terms | wrong, **WHO)
        assert said in str(refused.value)
        assert " map" not in str(refused.value)


def test_a_wrong_price_is_corrected_and_the_source_does_not_bring_it_back():
    book = book_of(sub("acme", "1000", "2024-01-01"))
    book.correct("subscription_items", {"customer": "acme"}, {"amount": "100"}, **WHO)
    assert told(book) == [("01-01", "acme", "new", 100)]
    again = deliver(book, sub("acme", "1000", "2024-01-01"))
    assert (again.unchanged, again.changed) == (1, 0)
    assert told(book) == [("01-01", "acme", "new", 100)]


def test_a_correction_gives_way_when_the_source_says_something_else():
    book = book_of(sub("acme", "1000", "2024-01-01"))
    book.correct("subscription_items", {"customer": "acme"}, {"amount": "100"}, **WHO)
    report = deliver(book, sub("acme", "110", "2024-01-01"))
    assert report.changed == 1
    assert told(book) == [("01-01", "acme", "new", 110)]


def test_a_correction_of_the_first_day_stands_against_a_reimport_too():
    book = book_of(sub("acme", "100", "2024-01-01"))
    book.correct("subscription_items", {"customer": "acme"}, {"starts": "2024-02-01"}, **WHO)
    assert deliver(book, sub("acme", "100", "2024-01-01")).unchanged == 1
    assert told(book) == [("02-01", "acme", "new", 100)]


def test_a_correction_of_a_correction_is_undone_step_by_step():
    book = book_of(sub("acme", "1000", "2024-01-01"))
    first = book.correct("subscription_items", {"customer": "acme"}, {"amount": "100"}, **WHO)
    second = book.correct("subscription_items", {"customer": "acme"}, {"amount": "120"}, **WHO)
    with pytest.raises(EntryError, match="what entry 1 made was replaced since"):
        book.undo(first.entry, **WHO)
    book.undo(second.entry, **WHO)
    assert told(book) == [("01-01", "acme", "new", 1000)]
    with pytest.raises(EntryError, match="entry 2 was undone by entry 3 already"):
        book.undo(second.entry, **WHO)


def test_a_correction_that_fits_several_records_asks_for_more():
    book = book_of(sub("acme", "100", "2024-01-01"), sub("acme", "40", "2024-02-01", subscription="t"))
    with pytest.raises(EntryError, match="2 records of subscription_items have customer=acme"):
        book.correct("subscription_items", {"customer": "acme"}, {"amount": "1"}, **WHO)
    with pytest.raises(EntryError, match="no record of subscription_items has customer=nobody"):
        book.correct("subscription_items", {"customer": "nobody"}, {"amount": "1"}, **WHO)
    with pytest.raises(UnknownNameError, match="unknown column 'amuont'"):
        book.correct("subscription_items", {"customer": "acme"}, {"amuont": "1"}, **WHO)


def test_a_dry_run_enters_nothing():
    book = book_of(ACME, LABS)
    assert book.merge("acme-labs", into="acme", dry_run=True, **WHO).about == "acme-labs into acme from the beginning"
    assert book.entries() == []
    with pytest.raises(NotFoundError, match="there is no entry 7"):
        book.undo(7, **WHO)


# -- what is likely ---------------------------------------------------------------------------------------------------


def test_a_churn_and_a_start_of_a_like_name_and_amount_are_proposed_as_a_transfer_and_not_applied():
    book = book_of(
        sub("cus_1", "100", "2024-01-01", "2024-03-29"),
        sub("A-77", "105", "2024-04-02"),
        names={"cus_1": "Initech GmbH", "A-77": "INITECH"},
    )
    before = told(book)
    ((kind, customer, other, evidence, command),) = book.likely().rows
    assert (kind, customer, other) == ("transfer", "A-77", "cus_1")
    assert evidence == (
        "the same name, 'INITECH' and 'Initech GmbH'; began 4 days after the other ended (2024-03-29), at a like amount"
    )
    assert command == "rollforward entry transfer A-77 --from cus_1 --reason ..."
    assert told(book) == before


def test_two_running_customers_of_one_domain_are_proposed_as_a_merge():
    book = book_of(ACME, sub("zeta", "7", "2024-01-01"))
    people = [
        {"customer": customer, "name": name, "attributes": {"email": email}}
        for customer, name, email in (("acme", "Acme", "pay@acme.test"), ("zeta", "Other Ltd", "ap@acme.test"))
    ]
    book.take_in([translate_records("customers", people, source="billing", timezone="UTC")], source="billing")
    (row,) = book.likely().to_dicts()
    assert (row["kind"], row["customer"], row["other"]) == ("merge", "zeta", "acme")
    assert row["evidence"] == "the same e-mail domain, acme.test"


def test_addresses_that_everybody_has_and_other_names_prove_nothing():
    book = book_of(ACME, sub("zeta", "7", "2024-01-01"))
    people = [
        {"customer": customer, "name": name, "attributes": {"email": f"{customer}@gmail.com"}}
        for customer, name in (("acme", "Acme Foods"), ("zeta", "Acme Motors"))
    ]
    book.take_in([translate_records("customers", people, source="billing", timezone="UTC")], source="billing")
    assert len(book.likely()) == 0


@pytest.mark.parametrize(
    ("one", "other"), [("ALPHA", "Alpha GmbH"), ("Delta SA", "Delta S.A."), ("beta", "Beta Co., Ltd.")]
)
def test_customers_without_names_are_compared_by_their_ids(one: str, other: str):
    book = book_of(sub(one, "10", "2024-01-01"), sub(other, "20", "2024-02-01"))
    (row,) = book.likely().to_dicts()
    assert (row["kind"], row["customer"], row["other"]) == ("merge", other, one)
    assert str(row["evidence"]).startswith("the same name, ")
    assert not book.has_names()


def test_ids_that_are_only_numbered_alike_prove_nothing():
    book = book_of(sub("customer-10001", "10", "2024-01-01"), sub("customer-10002", "10", "2024-01-01"))
    assert len(book.likely()) == 0


def test_the_list_of_imports_names_an_undo_and_the_table_it_is_about():
    book = book_of(ACME, LABS)
    entry = book.merge("acme-labs", into="acme", **WHO)
    book.undo(entry.entry, reason="two companies after all", by="bob")
    last = book.sources(imports=True).to_dicts()[-1]
    assert (last["tables"], last["files"]) == ("account_links", "(undo of entry 1)")
