"""Closed months: what was reported stays on record, what is learned later shows beside it or in the next open month."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rollforward.book import Book, View
from rollforward.errors import CloseError, NotFoundError, ReconciliationError, UsageError, WithheldError
from rollforward.formats import Answer, cells
from rollforward.policy.policy import preset
from rollforward.results import column
from rollforward.sources.canonical import translate_records

if TYPE_CHECKING:
    from pathlib import Path

NOW = View()
STALE = View(allow_stale=True)
NEXT_OPEN = View(policy=preset("default").with_settings("default", {"closed_months": "next_open"}))

RATES: dict[str, Any] = {"table": "exchange_rates"}


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, moment: str):
        self.moment = datetime.fromisoformat(moment)

    def __call__(self) -> datetime:
        return self.moment

    def put(self, moment: str):
        self.moment = datetime.fromisoformat(moment)


class Company:
    """A book and its clock: what it learns and when."""

    def __init__(self, folder: Path, **settings: Any):
        self.clock = Clock("2026-04-01T09:00:00")
        self.book = Book.create(folder / "book", clock=self.clock, currency="USD", **settings)

    def learns(self, at: str, *items: dict[str, Any], table: str = "subscription_items"):
        self.clock.put(at)
        shared = {"currency": "USD", "interval": "month", "subscription": "s", "item": "i"}
        rows = [shared | item if table == "subscription_items" else item for item in items]
        batch = translate_records(table, rows, source="billing", timezone="UTC")
        self.book.take_in([batch], source="billing")

    def closes(self, at: str, period: str, **more: Any):
        self.clock.put(at)
        return self.book.close(period, by="Ada", **more)

    def listed(self, view: View = NOW) -> list[tuple[str, str, int, int]]:
        rows = self.book.closes(view=view).to_dicts()
        return [(row["period"], row["state"], int(row["reported"]), int(row["now"])) for row in rows]


def acme(amount: str = "100", **more: Any) -> dict[str, Any]:
    return {"customer": "acme", "amount": amount, "starts": "2026-01-01", **more}


def bolt(amount: str = "50", **more: Any) -> dict[str, Any]:
    return {"customer": "bolt", "amount": amount, "starts": "2026-02-01", **more}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Two customers, 150 of MRR, and everything up to March learned on the first of April."""
    made = Company(tmp_path)
    made.learns("2026-04-01T09:00:00", acme(), bolt())
    return made


def flat(result: Any) -> list[dict[str, Any]]:
    """The rows of a roll-forward without what did not move."""
    return [{name: value for name, value in row.items() if value or name == "period"} for row in result.to_dicts()]


def test_a_cancellation_learned_after_the_close_shows_both_figures_and_the_movement_between_them(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", note="sent to the board")
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"))
    assert company.listed() == [("2026-03", "restated", 150, 100)]
    found = company.book.restatement("2026-03")
    assert flat_by(found.figures) == {
        "reported": {"opening": 150, "closing": 150, "customers": 2},
        "now": {"opening": 150, "churn": 50, "closing": 100, "customers": 1},
        "difference": {"churn": 50, "closing": -50, "customers": -1},
    }
    (row,) = found.movements.to_dicts()
    assert (row["column"], row["day"], row["account"]) == ("churn", date(2026, 3, 15), "bolt")
    assert (row["then"], row["now"], row["difference"], row["by_rules"]) == (0, -50, -50, 0)
    assert row["learned"].startswith("import 2 (2026-04-20 09:00 UTC): ")
    assert not found.rules_changed


def flat_by(result: Any) -> dict[str, dict[str, Any]]:
    return {
        row["figures"]: {name: value for name, value in row.items() if value and name != "figures"}
        for row in result.to_dicts()
    }


def test_what_is_learned_of_an_earlier_month_changes_the_opening_of_a_closed_one(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", bolt("80"))
    found = company.book.restatement("2026-03")
    assert flat_by(found.figures)["difference"] == {"opening": 30, "closing": 30}
    assert [(row["column"], row["kind"], row["difference"]) for row in found.movements.to_dicts()] == [
        ("opening", "new", 30)
    ]


def test_movements_that_cancel_each_other_out_are_a_restatement_too(company: Company):
    company.learns("2026-04-01T10:00:00", acme("100", ends="2026-03-10"), bolt("50", ends="2026-03-10"))
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", acme("100", ends="2026-03-11"), bolt("50", ends="2026-03-11"))
    assert company.listed() == [("2026-03", "restated", 0, 0)]
    assert company.book.changed_closes() == []
    assert [row["difference"] for row in company.book.restatement("2026-03").movements.to_dicts()] == [
        100,
        50,
        -100,
        -50,
    ]


def test_a_close_that_nothing_changed_since_stays_closed(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-04-10"))
    assert company.listed() == [("2026-03", "closed", 150, 150)]
    assert company.book.restatement("2026-03").movements.rows == []
    assert company.book.changed_closes() == []


def test_a_rate_learned_later_is_named_for_what_it_moves(company: Company):
    rate = {"from": "EUR", "to": "USD"}
    company.learns("2026-04-01T10:00:00", rate | {"date": "2026-01-01", "rate": "1.1"}, table="exchange_rates")
    company.learns("2026-04-01T11:00:00", {**acme("100", currency="EUR"), "customer": "core"})
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", rate | {"date": "2026-03-01", "rate": "1.2"}, table="exchange_rates")
    (row,) = company.book.restatement("2026-03").movements.to_dicts()
    assert (row["kind"], row["difference"]) == ("exchange", 10)
    assert "rates in" in row["learned"]


# -- booked in the next open month -----------------------------------------------------------------------------------


def test_what_is_learned_of_a_closed_month_can_be_booked_in_the_next_open_one(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", view=NEXT_OPEN)
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"), {**acme("30", starts="2026-04-05"), "item": "j"})
    assert flat(company.book.rollforward(view=NEXT_OPEN)) == [
        {"period": "2026-01", "new": 100, "closing": 100},
        {"period": "2026-02", "opening": 100, "new": 50, "closing": 150},
        {"period": "2026-03", "opening": 150, "closing": 150},
        {"period": "2026-04", "opening": 150, "expansion": 30, "restated": -50, "closing": 130},
    ]
    assert flat(company.book.rollforward(every="quarter", view=NEXT_OPEN)) == [
        {"period": "2026-Q1", "new": 150, "closing": 150},
        {"period": "2026-Q2", "opening": 150, "expansion": 30, "restated": -50, "closing": 130},
    ]


def test_the_next_close_reports_what_was_restated_in_it(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", view=NEXT_OPEN)
    company.learns("2026-04-24T09:00:00", bolt(ends="2026-03-15"))
    assert flat(company.closes("2026-05-02T10:00:00", "2026-04", view=NEXT_OPEN)) == [
        {"period": "2026-04", "opening": 150, "restated": -50, "closing": 100}
    ]
    company.learns("2026-05-20T09:00:00", bolt(ends="2026-04-15"))
    found = company.book.restatement("2026-04", view=NEXT_OPEN)
    assert flat_by(found.figures) == {
        "reported": {"opening": 150, "restated": -50, "closing": 100, "customers": 1},
        "now": {"opening": 150, "churn": 50, "closing": 100, "customers": 1},
        "difference": {"churn": 50, "restated": 50},
    }
    assert [(row["column"], row["difference"]) for row in found.movements.to_dicts()] == [
        ("restated", 50),
        ("churn", -50),
    ]
    assert [row["closing"] for row in company.book.rollforward(view=NEXT_OPEN).to_dicts()] == [100, 150, 150, 100, 100]


def test_months_before_the_first_close_stay_as_they_were_known_then(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", view=NEXT_OPEN)
    company.learns("2026-04-20T09:00:00", acme("90"))
    rows = company.book.rollforward(view=NEXT_OPEN).to_dicts()
    assert [row["opening"] for row in rows] == [0, 100, 150, 150]
    assert [row["closing"] for row in rows] == [100, 150, 150, 140]
    assert rows[-1]["restated"] == -10


def test_a_part_of_the_book_is_shown_as_it_is_known_now(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", view=NEXT_OPEN)
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"))
    rows = company.book.rollforward(where={"customer": "bolt"}, view=NEXT_OPEN).to_dicts()
    assert [row["closing"] for row in rows] == [0, 50, 0, 0]
    assert not company.book.shows_as_reported(every="week", view=NEXT_OPEN)


# -- rules that changed ----------------------------------------------------------------------------------------------


def test_what_another_version_of_the_policy_changes_is_told_apart_from_what_was_learned(tmp_path: Path):
    company = Company(tmp_path)
    company.learns("2026-04-01T09:00:00", acme(tax_included="20"), bolt())
    (tmp_path / "book" / "policies").mkdir()
    rules = tmp_path / "book" / "policies" / "ours.toml"
    rules.write_text("", "utf-8")
    ours = View(policy="ours")
    company.closes("2026-04-02T10:00:00", "2026-03", view=ours)
    rules.write_text('tax = "include"\n', "utf-8")
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"))
    found = company.book.restatement("2026-03", view=ours)
    assert found.rules_changed
    assert flat_by(found.figures)["difference"] == {"opening": 20, "churn": 50, "closing": -30, "customers": -1}
    rows = [(row["column"], row["account"], row["difference"], row["by_rules"]) for row in found.movements.to_dicts()]
    assert rows == [("opening", "acme", 20, 20), ("churn", "bolt", -50, 0)]


def test_what_becomes_of_closed_months_is_no_other_version_of_the_rules(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03")
    (company.book.path / "policies").mkdir()
    (company.book.path / "policies" / "default.toml").write_text('closed_months = "next_open"\n', "utf-8")
    assert not company.book.restatement("2026-03").rules_changed


# -- order, refusals, reopening --------------------------------------------------------------------------------------


def test_a_month_that_is_not_over_is_refused(company: Company):
    with pytest.raises(CloseError, match=r"2026-04 is not over: it ends with 2026-04-30.*from 2026-05-01 on"):
        company.closes("2026-04-30T23:59:00", "2026-04")
    company.closes("2026-05-01T00:00:00", "2026-04", view=STALE)


def test_a_month_is_over_when_it_is_in_the_time_zone_of_the_book(tmp_path: Path):
    company = Company(tmp_path, timezone="Europe/Berlin")
    company.learns("2026-04-01T09:00:00", acme())
    with pytest.raises(CloseError, match="not over"):
        company.closes("2026-04-30T21:59:00", "2026-04")
    company.closes("2026-04-30T22:00:00", "2026-04", view=STALE)


def test_a_book_of_past_data_can_close_the_month_it_ends_with(tmp_path: Path):
    company = Company(tmp_path, today=date(2026, 3, 31))
    company.learns("2026-04-10T09:00:00", acme())
    company.closes("2026-04-10T10:00:00", "2026-03")
    with pytest.raises(CloseError, match="2026-04 is not over"):
        company.closes("2026-06-10T10:00:00", "2026-04")


def test_months_are_closed_in_order_and_once(company: Company):
    company.closes("2026-06-02T10:00:00", "2026-02")
    with pytest.raises(CloseError, match=r"2026-03 is open and comes before 2026-05\. Close 2026-03 first"):
        company.closes("2026-06-02T10:00:00", "2026-05")
    with pytest.raises(CloseError, match="2026-01 comes before 2026-02, which was closed first"):
        company.closes("2026-06-02T10:00:00", "2026-01")
    with pytest.raises(CloseError, match="closed already"):
        company.closes("2026-06-02T10:00:00", "2026-02")
    with pytest.raises(UsageError, match="not a month, quarter or year"):
        company.closes("2026-06-02T10:00:00", "March")


def test_a_quarter_closes_the_months_of_it_that_are_open(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-01")
    closed = company.closes("2026-04-02T10:00:00", "2026-Q1")
    assert [row["period"] for row in closed.to_dicts()] == ["2026-02", "2026-03"]
    assert [period for period, *_ in company.listed()] == ["2026-01", "2026-02", "2026-03"]


def test_a_fiscal_quarter_closes_its_own_months(tmp_path: Path):
    company = Company(tmp_path, fiscal_year_start=2)
    company.learns("2026-05-01T09:00:00", acme())
    closed = company.closes("2026-05-02T10:00:00", "FY2027-Q1")
    assert [row["period"] for row in closed.to_dicts()] == ["2026-02", "2026-03", "2026-04"]


def test_a_dry_run_closes_nothing(company: Company):
    assert len(company.closes("2026-04-02T10:00:00", "2026-03", dry_run=True)) == 1
    assert company.listed() == []


def test_each_policy_and_currency_has_closes_of_its_own(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.closes("2026-04-02T10:00:00", "2026-02", view=View(policy="stripe"))
    assert [period for period, *_ in company.listed()] == ["2026-03"]
    assert [period for period, *_ in company.listed(View(policy="stripe"))] == ["2026-02"]


def test_a_reopened_month_stays_on_record_and_can_be_closed_anew(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03", note="sent to the board")
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"))
    assert company.book.reopen("2026-03", by="Bob", reason="a file was late") == ["2026-03"]
    assert company.listed() == [("2026-03", "reopened", 150, 100)]
    assert company.book.closes().to_dicts()[0]["note"] == "reopened by Bob: a file was late"
    with pytest.raises(NotFoundError, match="2026-03 is not a closed month"):
        company.book.restatement("2026-03")
    company.closes("2026-04-21T10:00:00", "2026-03")
    assert company.listed() == [("2026-03", "reopened", 150, 100), ("2026-03", "closed", 100, 100)]


def test_later_months_are_reopened_first_or_along(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-Q1")
    with pytest.raises(CloseError, match="2026-03 is closed and later than 2026-02"):
        company.book.reopen("2026-02", by="Bob", reason="late")
    assert company.book.reopen("2026-02", by="Bob", reason="late", later=True) == ["2026-02", "2026-03"]
    assert [state for _, state, *_ in company.listed()] == ["closed", "reopened", "reopened"]
    with pytest.raises(NotFoundError, match=r"2026-03 is not closed; closed is 2026-01\.$"):
        company.book.reopen("2026-03", by="Bob", reason="late")


def test_the_earliest_month_that_was_reopened_is_closed_first(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-02")
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.book.reopen("2026-02", by="Bob", reason="late", later=True)
    with pytest.raises(CloseError, match=r"2026-02 was reopened and comes before 2026-03\. Close 2026-02 first"):
        company.closes("2026-04-03T10:00:00", "2026-03")
    company.closes("2026-04-03T10:00:00", "2026-02")
    company.closes("2026-04-03T10:00:00", "2026-03")


def test_a_reopened_month_still_shows_what_was_reported(company: Company):
    company.closes("2026-04-02T10:00:00", "2026-03")
    assert company.book.closed_month("2026-03").subject == "restatement"
    company.book.reopen("2026-03", by="Bob", reason="late")
    (row,) = company.book.closed_month("2026-03").to_dicts()
    assert (row["period"], row["reported"], row["state"]) == ("2026-03", 150, "reopened")
    with pytest.raises(NotFoundError, match="2026-02 is not a closed month"):
        company.book.closed_month("2026-02")


@pytest.mark.parametrize("period", ["1016-10", "2025-12", "2025-Q4"])
def test_a_month_before_the_first_record_has_nothing_to_close(company: Company, period: str):
    with pytest.raises(CloseError, match=r"records begin on 2026-01-01\. Close 2026-01 first"):
        company.closes("2026-04-02T10:00:00", period, dry_run=True)


def test_a_month_is_not_closed_on_a_stale_source_unless_that_is_allowed(company: Company):
    with pytest.raises(WithheldError, match="source billing is good to 2026-04-01"):
        company.closes("2026-05-02T10:00:00", "2026-04")
    assert company.listed() == []
    closed = company.closes("2026-05-02T10:00:00", "2026-04", view=STALE)
    assert closed.stamp.stale == "source billing good to 2026-04-01"


def test_a_close_says_what_ends_within_the_month(company: Company):
    company.learns("2026-04-20T08:00:00", {"date": "2026-01-01", "from": "EUR", "to": "USD", "rate": "1.1"}, **RATES)
    company.learns("2026-04-26T08:00:00", acme(customer="cora", currency="EUR", subscription="c"))
    company.clock.put("2026-05-02T10:00:00")
    assert company.book.short_of("2026-04") == [
        "source billing is good to 2026-04-26, and 2026-04 ends with 2026-04-30",
        "the rates of EUR in USD end on 2026-01-01, and 2026-04 ends with 2026-04-30",
    ]
    assert company.book.short_of("2026-01") == [
        "the rates of EUR in USD end on 2026-01-01, and 2026-01 ends with 2026-01-31"
    ]


def test_rates_of_the_last_working_day_suffice_for_a_month(company: Company):
    company.learns("2026-06-02T08:00:00", {"date": "2026-05-29", "from": "USD", "to": "EUR", "rate": "0.9"}, **RATES)
    company.learns("2026-06-02T08:00:00", acme(customer="cora", currency="EUR", starts="2026-05-30", subscription="c"))
    assert company.book.short_of("2026-05") == []


def test_figures_of_a_restatement_that_are_equal_print_equal():
    amounts = (Decimal("0.004"), Decimal("0.004"), Decimal("284.196"), Decimal("284.204"))
    columns = tuple(column(name, "money") for name in ("opening", "new", "expansion", "closing"))
    other = (Decimal("0.004"), Decimal("0.004"), Decimal("284.196"), Decimal("284.206"))
    shown = cells(Answer("restatement", columns, [amounts, other]))
    assert shown[0][:3] == shown[1][:3] == ["0.00", "0.00", "284.20"]


def test_thirds_add_up_exactly_to_the_difference(company: Company):
    yearly = [{"customer": f"c{n}", "amount": "100", "interval": "year", "starts": "2026-03-01"} for n in range(1, 8)]
    company.learns("2026-04-01T10:00:00", *yearly)
    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", *({**one, "ends": "2026-03-20"} for one in yearly))
    found = company.book.restatement("2026-03")
    assert flat_by(found.figures)["difference"]["closing"] == Decimal("-58.3333333333")
    assert len(found.movements) == 7


def test_figures_of_a_close_that_were_changed_by_hand_do_not_pass_for_a_restatement(company: Company):
    import duckdb

    company.closes("2026-04-02T10:00:00", "2026-03")
    company.learns("2026-04-20T09:00:00", bolt(ends="2026-03-15"))
    company.book.let_go()
    with duckdb.connect(str(company.book.path / "book.duckdb")) as connection:
        connection.execute("UPDATE closes SET figures = replace(figures, '\"opening\": 18', '\"opening\": 17')")
    with pytest.raises(ReconciliationError, match="verify --integrity"):
        company.book.restatement("2026-03")
