"""The book on data that others made, beside the answers that others published.

The data lies beside the project and is left out elsewhere. Nothing is compared within a tolerance: where a published
figure is rounded, the book's exact figure is rounded the same way.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import re
import shlex
import struct
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rollforward.book import Book, View
from rollforward.errors import IncompleteError, NothingRecurringError
from rollforward.policy.policy import preset
from rollforward.sources.map_file import load_map

MAPS = Path(__file__).parent / "sources" / "maps"
DATA = Path(os.environ.get("ROLLFORWARD_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLOCK = datetime(2200, 1, 1)  # noqa: DTZ001  a clock that no book of past data depends on

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")

Row = dict[str, str]

GROWTH_2024 = [
    *("0.20646", "0.23057", "0.21480", "0.18933", "0.22496", "0.15595"),
    *("0.17733", "0.13465", "0.17858", "0.17622", "0.19185", "0.20078"),
]
"""The published growth of each month of 2024."""

WITH_TRIALS = {"trials": "include", "free": "count"}
"""The rules under which a customer on a free trial is a customer."""

KINDS = {"upgrade": "expansion", "downgrade": "contraction"}
"""The playbook's words for two kinds of movement."""


def rows_of(file: str) -> list[Row]:
    """The rows of a published file, as text."""
    opened = gzip.open if file.endswith(".gz") else open
    with opened(DATA / file, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@cache
def book_of(map_name: str, file: str, today: date) -> Book:
    """A book of one file, read with one of the maps, that looks up to a day."""
    book = Book.in_memory(clock=lambda: CLOCK, currency="USD", today=today)
    column_map = load_map(MAPS / f"{map_name}.toml")
    beside = tuple(replace(lookup, folder=(DATA / file).parent) for lookup in column_map.lookups)
    book.import_files([DATA / file], replace(column_map, lookups=beside), source="public")
    return book


def under(**rules: Any) -> View:
    """The book under the default policy with some rules of it set otherwise."""
    return View(policy=preset("default").with_settings("test", rules))


def series(book: Book, metric: str, **asked: Any) -> dict[str, Any]:
    """A metric by period."""
    return {str(period): value for period, value in book.metrics(metric, **asked).rows}


class TestRavenstack:
    """Five hundred accounts with ten overlapping subscriptions each.

    Its three well-known figures for December 2024 are three questions. What is there after the 31st, without the
    subscriptions that end on it: 10,159,608. What was there on any day of December: 10,734,251. The third, 12.1
    million, comes from a copy of the data that was changed on the way; nothing makes it from this file.
    """

    FILE = "ravenstack/ravenstack_subscriptions.csv"
    TODAY = date(2024, 12, 31)

    @property
    def book(self) -> Book:
        """Ends as the first day without service."""
        return book_of("ravenstack_subscriptions", self.FILE, self.TODAY)

    @property
    def to_last_day(self) -> Book:
        """Ends as the last day with service."""
        return book_of("ravenstack_subscriptions_to_last_day", self.FILE, self.TODAY)

    def test_the_month_end_levels_are_the_published_ones(self) -> None:
        levels = series(self.book, "mrr")
        published = {"2023-12": 1_262_113, "2024-06": 3_833_405, "2024-11": 8_460_824, "2024-12": 10_159_608}
        assert {month: levels[month] for month in published} == published

    def test_the_twelve_growth_rates_are_the_published_ones(self) -> None:
        rates = series(self.book, "growth_rate", start=date(2024, 1, 1)).values()
        assert [round(rate, 5) for rate in rates] == list(map(Decimal, GROWTH_2024))

    def test_what_was_there_in_any_part_of_december_is_the_second_published_figure(self) -> None:
        """Its rule counts the end date itself, so the map has to say that it is the last day with service."""
        assert series(self.to_last_day, "mrr_in_period", start=date(2024, 12, 1)) == {"2024-12": 10_734_251}

    def test_read_with_open_ends_the_same_question_leaves_out_only_the_rows_of_no_days(self) -> None:
        of_no_days = [row for row in rows_of(self.FILE) if row["start_date"] == row["end_date"]]
        in_december = sum(int(row["mrr_amount"]) for row in of_no_days if row["start_date"] >= "2024-12-01")
        found = series(self.book, "mrr_in_period", start=date(2024, 12, 1))["2024-12"]
        assert (found, found + in_december) == (10_688_803, 10_734_251)

    def test_net_retention_of_the_year_is_the_published_one_when_ends_are_last_days(self) -> None:
        found = series(self.to_last_day, "nrr_12m", start=self.TODAY)["2024-12"]
        assert round(found * 100, 2) == Decimal("293.21")

    def test_the_trials_are_all_there_and_worth_nothing(self) -> None:
        assert sum(series(self.to_last_day, "trials").values()) == 778
        assert set(series(self.book, "trial_mrr").values()) == {0}

    def test_the_ranges_of_no_days_are_reported_and_no_other_row_is(self) -> None:
        """The line of a row is its number, counted from 1 with the header."""
        lines = enumerate(rows_of(self.FILE), start=2)
        wanted = [(line, row["end_date"]) for line, row in lines if row["start_date"] == row["end_date"]]
        problems = self.book.problems().to_dicts()
        assert [(problem["row"], problem["value"]) for problem in problems] == wanted
        assert {problem["severity"] for problem in problems} == {"quarantined"}
        assert all("last_day = true" in str(problem["remedy"]) for problem in problems)
        (taken,) = self.book.imports()
        assert (taken["rows_in"], taken["booked"], taken["quarantined"]) == (5000, 4987, 13)

    def test_as_last_days_no_range_is_empty(self) -> None:
        assert self.to_last_day.problems().rows == []


class TestFoodieFi:
    """A thousand customers and a log of their changes of plan; each begins with a week's trial.

    A customer on trial has no MRR and is no customer by the default policy. The published mix counts them, so it is
    asked for under a policy that counts trials, and customers at 0.
    """

    FILE = "foodie_fi/subscriptions.csv"
    YEAR_END, LAST_DAY = date(2020, 12, 31), date(2021, 4, 30)

    @property
    def book(self) -> Book:
        return book_of("foodie_fi", self.FILE, self.LAST_DAY)

    def test_the_plan_mix_at_the_end_of_the_year(self) -> None:
        asked = self.book.metrics(
            "customers", every="day", start=self.YEAR_END, end=self.YEAR_END, by="plan", view=under(**WITH_TRIALS)
        )
        mix = {plan: customers for _, plan, customers in asked.rows}
        assert mix == {"trial": 19, "basic monthly": 224, "pro monthly": 326, "pro annual": 195}

    def test_the_churned_at_the_end_of_the_year_and_in_all(self) -> None:
        churned = series(self.book, "churned_customers", every="year", view=under(**WITH_TRIALS))
        assert (churned["2020"], sum(churned.values())) == (236, 307)

    def test_those_who_left_straight_after_the_trial_never_had_mrr(self) -> None:
        """They left in the book that counts trials, and neither came nor left in the one that does not."""
        everyone = sum(series(self.book, "churned_customers", every="year", view=under(**WITH_TRIALS)).values())
        payers = sum(series(self.book, "churned_customers", every="year").values())
        assert everyone - payers == 92
        assert len({row["account"] for row in self.book.movements().to_dicts()}) == 1000 - 92

    def test_the_plans_after_the_trial(self) -> None:
        found: Counter[Any] = Counter()
        for _, plan, customers in self.book.metrics("new_customers", every="year", by="plan").rows:
            found[plan] += int(str(customers))
        assert +found == {"basic monthly": 546, "pro monthly": 325, "pro annual": 37}

    def test_the_four_month_end_levels(self) -> None:
        levels = series(self.book, "mrr")
        published = {"2020-06": "5891.40", "2020-12": "11938.75", "2021-01": "12159.15", "2021-04": "11704.90"}
        assert {month: levels[month] for month in published} == {
            month: Decimal(said) for month, said in published.items()
        }

    def test_the_price_list_beside_the_file_gives_the_same_book(self) -> None:
        by_prices = book_of("foodie_fi_with_prices", self.FILE, self.LAST_DAY)
        assert by_prices.rollforward().rows == self.book.rollforward().rows


class TestDbtPlaybook:
    """The subscriptions of 55 customers, and what the playbook's own models make of them by customer and month.

    The playbook looks at the first day of a month and the book at its last. In this data everything starts and ends on
    the first of a month, so both see the same. Within a month the playbook sees one change, so the book nets by month.
    """

    FILE = "dbt_mrr_playbook/subscription_periods.csv"
    SNAPSHOTS = "dbt_mrr_playbook/reference_output_customer_month.csv"
    TODAY = date(2020, 2, 29)

    @property
    def book(self) -> Book:
        return book_of("dbt_mrr_playbook", self.FILE, self.TODAY)

    def test_every_day_in_the_data_is_the_first_of_a_month(self) -> None:
        days = {row[name][-2:] for row in rows_of(self.FILE) for name in ("start_date", "end_date")}
        assert days == {"01"}

    def test_the_mrr_of_every_customer_and_month(self) -> None:
        """A month of a customer without a row in the book is one without MRR."""
        found = {
            (f"{row['month_end']:%Y-%m}", row["account"]): row["mrr"] for row in self.book.customer_months().to_dicts()
        }
        published = {
            (row["date_month"][:7], row["customer_id"]): Decimal(row["mrr"]) for row in rows_of(self.SNAPSHOTS)
        }
        assert len(published) == 417
        assert {key: found.pop(key, 0) for key in published} == published
        assert found == {}

    def test_the_category_of_every_customer_and_month(self) -> None:
        found = {
            (f"{row['day']:%Y-%m}", row["account"], row["kind"], row["mrr"])
            for row in self.book.movements(view=under(netting="month")).to_dicts()
        }
        changed = [row for row in rows_of(self.SNAPSHOTS) if row["change_category"]]
        named = [KINDS.get(row["change_category"], row["change_category"]) for row in changed]
        assert found == {
            (row["date_month"][:7], row["customer_id"], kind, Decimal(row["mrr_change"]))
            for row, kind in zip(changed, named, strict=True)
        }

    @pytest.mark.parametrize(
        ("map_name", "file", "rules"),
        [
            ("dbt_mrr_playbook", FILE, {"netting": "month"}),
            ("dbt_mrr_playbook_snapshots", SNAPSHOTS, {"basis": "snapshots"}),
        ],
        ids=["from subscriptions", "from the playbook's own customer-months"],
    )
    def test_the_roll_forward_of_every_month(self, map_name: str, file: str, rules: dict[str, str]) -> None:
        asked = book_of(map_name, file, self.TODAY).rollforward(view=under(**rules))
        months = {str(row["period"]): row for row in asked.to_dicts()}
        for row in rows_of("dbt_mrr_playbook/reference_output_monthly.csv"):
            found = months.pop(row["date_month"][:7])
            assert found["closing"] == Decimal(row["mrr"])
            for name in ("new", "reactivation", "upgrade"):
                assert found[KINDS.get(name, name)] == Decimal(row[name])
            for name in ("downgrade", "churn"):
                assert found[KINDS.get(name, name)] == -Decimal(row[name])
        # The playbook's table has no line for a month without any row of a customer.
        assert [(month, row["closing"]) for month, row in months.items()] == [("2017-12", 0)]

    def test_the_mass_churn_is_where_the_data_ends(self) -> None:
        """Every period in the file ends by February 2020. A book that looks no further than the data keeps its MRR."""
        assert max(row["end_date"] for row in rows_of(self.FILE)) == "2020-02-01"
        known = book_of("dbt_mrr_playbook", self.FILE, date(2019, 12, 31))
        assert series(known, "mrr")["2019-12"] == 1255
        assert series(known, "committed_mrr")["2019-12"] == 0


@dataclass(frozen=True)
class Levels:
    """The MRR of every account on any day, told by its movements."""

    steps: dict[str, tuple[list[date], list[Decimal]]]

    def on(self, day: date) -> dict[str, Decimal]:
        """The accounts with MRR at the end of a day."""
        found = {account: self._of(days, after, day) for account, (days, after) in self.steps.items()}
        return {account: mrr for account, mrr in found.items() if mrr}

    @staticmethod
    def _of(days: list[date], after: list[Decimal], day: date) -> Decimal:
        place = bisect_right(days, day)
        return after[place - 1] if place else Decimal(0)


def levels_of(book: Book) -> Levels:
    """The levels of a book's accounts."""
    steps: dict[str, tuple[list[date], list[Decimal]]] = defaultdict(lambda: ([], []))
    for row in book.movements().to_dicts():
        days, after = steps[str(row["account"])]
        days.append(row["day"])  # type: ignore[arg-type]
        after.append(row["after"])  # type: ignore[arg-type]
    return Levels(steps)


def single_precision(value: float) -> float:
    """The nearest 32-bit number."""
    (found,) = struct.unpack("f", struct.pack("f", value))
    return float(found)


class TestChurnsim:
    """Renewals of 2,599 accounts, and the churn of 22 months by the SQL of the book that the simulator belongs to.

    Its rule: a row is there on a day when it starts on or before the day and ends after it, as in the book. A month
    goes from one first day to the next, so the book is asked about days and not about calendar months. Retained is what
    the accounts of the first day pay on the second, and churned are those of them that pay nothing then.
    """

    FILE = "churnsim/crm6_subscription.csv.gz"
    TODAY = date(2023, 12, 31)

    @property
    def book(self) -> Book:
        return book_of("churnsim", self.FILE, self.TODAY)

    @property
    def published(self) -> list[Row]:
        return rows_of("churnsim/crm6_reference_book_sql.csv")

    def test_there_are_22_months(self) -> None:
        assert len(self.published) == 22

    def test_the_amounts_and_counts_of_every_month(self) -> None:
        levels = levels_of(self.book)
        for row in self.published:
            first, last = (levels.on(date.fromisoformat(row[name])) for name in ("from_date", "to_date"))
            stayed = first.keys() & last.keys()
            assert sum(first.values()) == Decimal(row["start_mrr"])
            assert sum(last[account] for account in stayed) == Decimal(row["retained_mrr"])
            assert sum(first[account] for account in first.keys() - stayed) == Decimal(row["churned_mrr"])
            lowered = (first[account] - last[account] for account in stayed if first[account] > last[account])
            assert sum(lowered) == Decimal(row["downsell_mrr"])
            assert (len(first), len(first) - len(stayed)) == (int(row["n_start"]), int(row["n_churn"]))

    @pytest.mark.parametrize(
        ("metric", "name"), [("mrr", "start_mrr"), ("customers", "n_start")], ids=["MRR", "customers"]
    )
    def test_the_opening_of_every_month_is_the_level_of_its_first_day(self, metric: str, name: str) -> None:
        found = series(self.book, metric, every="day", start=date(2022, 2, 1), end=date(2023, 12, 1))
        assert [found[row["from_date"]] for row in self.published] == [Decimal(row[name]) for row in self.published]

    def test_net_retention_is_that_of_the_month_to_the_next_first_day(self) -> None:
        found = series(self.book, "nrr_1m", every="day", start=date(2022, 3, 1), end=date(2023, 12, 1))
        for row in self.published:
            assert round(found[row["to_date"]], 6) == Decimal(row["net_mrr_retention"])

    def test_mrr_churn_is_what_gross_retention_lacks_to_one(self) -> None:
        found = series(self.book, "grr_1m", every="day", start=date(2022, 3, 1), end=date(2023, 12, 1))
        for row in self.published:
            assert round(1 - found[row["to_date"]], 6) == Decimal(row["mrr_churn_rate"])

    def test_logo_churn_is_the_count_of_the_book_divided_in_single_precision(self) -> None:
        """The published digits are those of a 32-bit number: 26 / 1003 is 0.025922233300..., not 0.02592223323881626.

        So the counts, which the book gives exactly, make every published digit.
        """
        for row in self.published:
            start, churned = int(row["n_start"]), int(row["n_churn"])
            assert float(row["churn_rate"]) == single_precision(churned / start)
            assert float(row["retention_rate"]) == single_precision((start - churned) / start)

    def test_a_renewal_is_not_new_mrr(self) -> None:
        """Of 71,220 billing periods only the first of an account is new, and most move nothing at all."""
        movements = Counter(row["kind"] for row in self.book.movements().to_dicts())
        begun = {row["account_id"] for row in rows_of(self.FILE) if row["start_date"] <= self.TODAY.isoformat()}
        assert movements["new"] == len(begun)
        assert sum(movements.values()) < 6000


class TestNothingRecurring:
    """Files from which a tool in a hurry would make an MRR that is none."""

    @pytest.mark.parametrize(
        ("file", "reason"),
        [
            ("maven_crm/sales_pipeline.csv.gz", "a list of sales .*what is won once does not recur"),
            ("maven_crm/accounts.csv", "it describes customers: 'revenue' has no date"),
            ("maven_crm/products.csv", "no column looks like a customer"),
            ("maven_crm/sales_teams.csv", "no column looks like a customer"),
            ("maven_crm/data_dictionary.csv", "no column looks like a customer"),
            ("foodie_fi/plans.csv", "no column looks like a customer"),
            ("ravenstack/ravenstack_churn_events.csv", "no column looks like an amount"),
            ("dbt_mrr_playbook/reference_output_monthly.csv", "no column looks like a customer"),
            ("churnsim/crm6_reference_book_sql.csv", "no column looks like a customer"),
            ("mrr_series/buffer_mobile_month_end.csv", "no column looks like a customer"),
            ("stripe_objects/payment_intent.json", "intended payments"),
            ("stripe_objects/subscription.json", "several of its own in 'items.data'"),
            ("warehouse_tables/stripe/subscription_data.csv", "no column looks like an amount"),
            ("stripe_objects/product.json", "no column looks like a customer"),
        ],
    )
    def test_a_file_with_nothing_recurring_is_refused_and_leaves_no_trace(self, file: str, reason: str) -> None:
        book = Book.in_memory(clock=lambda: CLOCK, currency="USD", today=date(2024, 12, 31))
        with pytest.raises(NothingRecurringError, match=reason):
            book.propose([DATA / file])
        assert book.imports() == []
        with pytest.raises(IncompleteError, match="the book has none"):
            book.metrics("mrr")

    def test_customers_alone_make_no_mrr(self) -> None:
        book = book_of("ravenstack_accounts", "ravenstack/ravenstack_accounts.csv", date(2024, 12, 31))
        assert [taken["booked"] for taken in book.imports()] == [500]
        with pytest.raises(IncompleteError, match="the book has none"):
            book.metrics("mrr")


PAGE = Path(__file__).parents[1] / "docs" / "real-data.md"
REFRESH = bool(os.environ.get("REFRESH_SNAPSHOTS"))


def said_by(command: str) -> str:
    """What a command prints: its answer, or the error that it ends with."""
    from rollforward.surfaces.cli.app import run

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(shlex.split(command)[1:])
    said = out if status == 0 else err
    return said.buffer.getvalue().decode()


def follow(kind: str, block: str, said: str) -> str:
    """One block of the page followed: a file is written, commands are run, a text is replaced by what was said last."""
    if kind == "toml":
        file = Path(block.splitlines()[0].removeprefix("# "))
        file.parent.mkdir(exist_ok=True)
        file.write_text(block, "utf-8")
    if kind == "sh":
        return [said_by(command) for command in block.splitlines()][-1]
    return said


def test_the_page_says_what_the_commands_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`REFRESH_SNAPSHOTS=1` writes the page anew."""
    (tmp_path / "data").symlink_to(DATA.resolve())
    (tmp_path / "maps").symlink_to(MAPS)
    monkeypatch.chdir(tmp_path)
    for name, value in {"COLUMNS": "120", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    page, said = PAGE.read_text("utf-8"), ""

    def followed(found: re.Match[str]) -> str:
        nonlocal said
        said = follow(found[1], found[2], said)
        return f"```text\n{said}```" if found[1] == "text" else found[0]

    made = re.sub(r"^```(sh|toml|text)\n(.*?)^```$", followed, page, flags=re.DOTALL | re.MULTILINE)
    if REFRESH:
        PAGE.write_text(made, "utf-8")
    assert made == PAGE.read_text("utf-8")
