"""The policies of a book: its own files, what they extend, and the versions that are kept of them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

import rollforward
from rollforward.book import Book, View
from rollforward.book.policies import Policies
from rollforward.errors import NotFoundError, PolicyError, UnknownNameError, UnknownVersionError, UsageError
from rollforward.policy.policy import DEFAULT, preset, preset_names
from rollforward.sources.canonical import translate_records

CLOCK = datetime(2024, 7, 1, 9)  # noqa: DTZ001  the book's clock speaks UTC
ITEM = {"amount": "100", "currency": "USD", "interval": "month", "starts": "2024-01-01"}
ROWS = [
    {"customer": "acme", **ITEM},
    {"customer": "crest", **ITEM, "discounts": [{"percent": "20"}]},
]


@pytest.fixture
def book(tmp_path):
    made = rollforward.create(tmp_path / "acme", clock=lambda: CLOCK, today=date(2024, 6, 30))
    made.take_in([translate_records("subscription_items", ROWS, source="test", timezone="UTC")], source="test")
    (made.path / "policies").mkdir()
    return made


def write(book, name, text):
    (book.path / "policies" / f"{name}.toml").write_text(text, "utf-8")


def kept(book):
    return sorted(path.name for path in (book.path / "policies").glob("versions/*"))


def mrr(book, policy):
    result = book.metrics("mrr", every="day", start=date(2024, 6, 30), view=View(policy=policy))
    return int(result.rows[-1][-1]), result.stamp


# -- versions --------------------------------------------------------------------------------------------------------


def test_a_policy_that_is_changed_becomes_a_new_version_and_the_old_one_still_runs(book):
    write(book, "ours", 'discounts = "all"')
    first, stamp = mrr(book, "ours")
    assert (first, stamp.policy_version) == (180, 1)
    write(book, "ours", 'discounts = "none"')
    second, stamp = mrr(book, "ours")
    assert (second, stamp.policy_version, "policy ours@2 (" in str(stamp)) == (200, 2, True)
    old, stamp = mrr(book, "ours@1")
    assert (old, stamp.policy, stamp.policy_version) == (180, "ours", 1)
    assert kept(book) == ["ours@1.toml", "ours@2.toml"]


def test_a_policy_is_noted_when_it_is_used_and_once(book):
    write(book, "ours", 'discounts = "none"')
    assert book.policy("ours").label == "ours@1"
    assert kept(book) == []
    mrr(book, "ours")
    before = (book.path / "policies" / "versions" / "ours@1.toml").read_bytes()
    mrr(book, "ours")
    write(book, "ours", '# the same rules in other words\ndiscounts = "none"\ntax = "exclude"\n')
    assert mrr(book, "ours")[1].policy_version == 1
    assert kept(book) == ["ours@1.toml"]
    assert (book.path / "policies" / "versions" / "ours@1.toml").read_bytes() == before
    assert before.startswith(b"# ours@1, noted 2024-07-01 09:00:00 UTC, hash ")


def test_a_way_back_is_a_version_too(book):
    for discounts in ("all", "none", "all"):
        write(book, "ours", f'discounts = "{discounts}"')
        mrr(book, "ours")
    assert len(kept(book)) == 3
    assert book.policy("ours@1").hash == book.policy("ours@3").hash == DEFAULT.hash


def test_a_version_has_every_rule_so_that_nothing_moves_it(book):
    write(book, "base", 'discounts = "none"')
    write(book, "ours", 'extends = "base"')
    mrr(book, "ours")
    write(book, "base", 'discounts = "all"')
    assert mrr(book, "ours@1")[0] == 200
    assert mrr(book, "ours")[1].policy_version == 2
    layers = book.shelf.layers("ours@1")
    assert set(layers[0].settings) == set(DEFAULT.settings)


def test_a_version_outlives_its_policy(book):
    write(book, "ours", 'discounts = "none"')
    mrr(book, "ours")
    (book.path / "policies" / "ours.toml").unlink()
    assert mrr(book, "ours@1")[0] == 200
    with pytest.raises(UnknownNameError):
        book.policy("ours")


def test_a_version_that_was_changed_by_hand_is_refused(book):
    write(book, "ours", 'discounts = "none"')
    mrr(book, "ours")
    file = book.path / "policies" / "versions" / "ours@1.toml"
    file.write_text(file.read_text("utf-8").replace('discounts = "none"', 'discounts = "all"'), "utf-8")
    with pytest.raises(PolicyError, match=r"ours@1\.toml: file: it is not as it was noted"):
        mrr(book, "ours@1")


def test_a_version_that_there_is_not_names_those_there_are(book):
    write(book, "ours", 'discounts = "none"')
    with pytest.raises(UnknownVersionError, match=r"has no version 1\. There is none yet"):
        book.policy("ours@1")
    mrr(book, "ours")
    with pytest.raises(UnknownVersionError, match=r"policy ours has no version 7\. There is ours@1\."):
        mrr(book, "ours@7")
    with pytest.raises(UnknownVersionError, match=r"There is stripe@1\."):
        book.policy("stripe@2")
    assert book.policy("stripe@1").hash == preset("stripe").hash


def test_the_hash_knows_no_name_and_no_version(book):
    write(book, "ours", 'extends = "stripe"')
    assert book.policy("ours").hash == preset("stripe").hash == preset("stripe").with_settings("x", {}).hash
    assert DEFAULT.hash == "42b3e1c87fd5", "kept ledgers and reported figures are known by it"


def test_a_book_in_memory_counts_no_versions():
    book = Book.in_memory(clock=lambda: CLOCK, today=date(2024, 6, 30))
    book.take_in([translate_records("subscription_items", ROWS, source="test", timezone="UTC")], source="test")
    assert "policy default (" in str(mrr(book, None)[1])


def test_rules_that_a_program_puts_together_have_no_version(book):
    policy = preset("default").with_settings("ad hoc", {"discounts": "none"})
    found, stamp = mrr(book, policy)
    assert (found, stamp.policy_version) == (200, None)
    assert kept(book) == []


def test_a_policy_that_cannot_be_used_hides_no_other(book):
    write(book, "ours", 'extends = "ours_too"')
    write(book, "ours_too", 'extends = "ours"')
    write(book, "typo", 'discuonts = "none"')
    policies = Policies(book.shelf)
    rows = {row[0]: row[-1] for row in policies.listed().rows}
    assert policies.broken() == ["ours", "ours_too", "typo"]
    assert "a circle" in rows["ours"]
    assert "discuonts" in rows["typo"]
    assert {"default", "stripe"} <= rows.keys()


# -- what a policy extends -------------------------------------------------------------------------------------------


def test_a_policy_extends_another_of_the_book_or_a_version_of_it(book):
    write(book, "base", 'extends = "stripe"\ndiscounts = "none"')
    write(book, "ours", 'extends = "base"\npaused = "include"')
    policy = book.policy("ours")
    assert (policy.discounts, policy.paused, policy.churn_rate_base) == ("none", "include", "start_plus_new")
    mrr(book, "base")
    write(book, "later", 'extends = "base@1"')
    write(book, "base", 'discounts = "all"')
    assert book.policy("later").discounts == "none"


def test_a_policy_may_extend_the_built_in_one_of_its_own_name(book):
    write(book, "stripe", 'extends = "stripe"\ndiscounts = "none"')
    assert (book.policy("stripe").discounts, book.policy("stripe").trial_window) == ("none", "ended")


@pytest.mark.parametrize("circle", [("ours", "ours"), ("ours", "base"), ("base", "third")])
def test_a_circle_is_told_with_its_way(book, circle):
    write(book, "third", f'extends = "{circle[0]}"')
    write(book, "ours", f'extends = "{circle[1]}"')
    write(book, "base", 'extends = "ours"')
    with pytest.raises(PolicyError, match=r"\.toml: extends: a circle: .*ours extends"):
        book.policy("ours")


WRONG = {
    "discount = 1": r"ours\.toml: discount: unknown key 'discount'\. Did you mean discounts",
    'discounts = "non"': r'ours\.toml: discounts: "non" is not allowed\. Write one of all, recurring, forever, none',
    "past_due_days = -1": r"ours\.toml: past_due_days: -1 is not allowed\. Write null, or a number of days from 0",
    'extends = "strip"': r"ours\.toml: extends: unknown policy 'strip'\. Did you mean stripe",
    "extends = 3": r"ours\.toml: extends: 3 is not allowed",
    "version = 3": r"ours\.toml: version: the book counts the versions",
    "discounts": r"ours\.toml: file: not TOML",
    'netting = "month"\nchurn_rate_formula = "daily_sum"': (
        r"ours\.toml: netting: 'month' contradicts churn_rate_formula 'daily_sum'.*Write churn_rate_formula = period"
    ),
    "gap_days = 30\nreturning_days = 29": r"ours\.toml: returning_days: 29 contradicts gap_days 30.*at least gap_days",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_policy_is_told_with_its_file_its_key_and_what_is_allowed(book, text):
    write(book, "ours", text)
    with pytest.raises(PolicyError, match=WRONG[text]):
        book.policy("ours")


def test_rules_contradict_each_other_across_files(book):
    write(book, "base", "gap_days = 30")
    write(book, "ours", 'extends = "base"\nreturning_days = 10')
    with pytest.raises(PolicyError, match=r"ours\.toml: returning_days"):
        book.policy("ours")


def test_what_only_has_no_effect_is_no_contradiction(book):
    write(book, "ours", 'gap_days = 30\nreturning_days = 30\nbasis = "invoices"\npaused = "include"')
    assert book.policy("ours").gap_days == 30


@pytest.mark.parametrize("name", preset_names())
def test_no_preset_contradicts_itself(name):
    assert preset(name).version == 1


# -- a policy of one's own -------------------------------------------------------------------------------------------


def test_a_new_policy_says_every_key_and_sets_what_was_asked(book):
    policies = Policies(book.shelf)
    path = policies.make("ours", "stripe", ["past_due_days=14", "months_per.week=4", "returning_days=null"])
    policy = book.policy("ours")
    assert (policy.past_due_days, policy.months_per["week"], policy.months_per["year"]) == (14, "4", "1/12")
    assert policy.differing(preset("stripe")) == ["months_per", "past_due_days"]
    assert all(f"{key} = " in path.read_text("utf-8") for key in DEFAULT.settings)


def test_each_line_of_a_new_policy_may_be_switched_on_as_it_stands(book):
    path = Policies(book.shelf).make("ours", "odoo", [])
    text = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in text), "utf-8")
    assert book.policy("ours").hash == preset("odoo").hash


@pytest.mark.parametrize("name", ["ours", "stripe", "a@1", "../up", "", ".hidden"])
def test_a_new_policy_takes_no_name_that_is_taken_or_none(book, name):
    write(book, "ours", "")
    with pytest.raises(UsageError, match=r"taken|no name|there already|built-in"):
        Policies(book.shelf).make(name, "stripe", [])


def test_a_new_policy_with_a_wrong_rule_is_not_written(book):
    for change in ("discounts=non", "discount=none", "discounts", "months_per=4", "gap_days=x"):
        with pytest.raises(PolicyError):
            Policies(book.shelf).make("ours", "stripe", [change])
    assert "ours" not in book.policies()


def test_where_a_value_comes_from_is_told(book):
    write(book, "ours", 'extends = "stripe"\ndiscounts = "none"')
    came_from = {row[0]: row[2] for row in Policies(book.shelf).rules("ours").rows}
    assert [came_from[key] for key in ("discounts", "trial_window", "paused")] == [
        "policies/ours.toml",
        "preset stripe",
        "default",
    ]


def test_no_book_is_needed_for_what_is_built_in(tmp_path):
    with pytest.raises(NotFoundError):
        Book.open(tmp_path)
    from rollforward.book.policies import built_in

    assert built_in().rules("stripe").rows[0][1] == "subscriptions"
    assert [row[0] for row in built_in().listed().rows] == preset_names()
