"""Two policies side by side: what each rule is worth on a book, and that nothing is left over."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from depth import deep
from oracle import Oracle
from rollforward.book import View
from rollforward.book.cases import book_of, policy_of
from rollforward.errors import IncompleteError, PolicyError, UsageError
from rollforward.formats import answer_of, cells
from rollforward.metrics.registry import METRICS, every_metric
from rollforward.money import SCALE
from rollforward.policy.bearing import BEARS_ON
from rollforward.policy.policy import DEFAULT, preset
from strategies import books, policies

EXAMPLES = deep(4)
"""Each example works out MRR after every rule that differs, some eight times."""


def item(customer, amount="100", starts="2024-01-01", ends=None, **more):
    row = {"customer": customer, "amount": amount, "currency": "USD", "interval": "month"}
    return {**row, "starts": starts, "ends": ends, **more}


ITEMS = [
    item("acme"),
    item("brook", "200", ends="2024-06-01"),
    item("brook", "200", starts="2024-06-01", status="past_due"),
    item("crest", "50", discounts=[{"percent": "20", "duration": "forever"}]),
    item("dune", "30", starts="2024-06-20", status="trialing"),
]
"""On 30 June: acme pays 100, brook owes 200 since 1 June, crest pays 40 of 50, dune tries for 30."""


def book_with(today="2024-06-30", currency="USD", **records):
    book, refused = book_of({"currency": currency, "today": today, "records": records})
    assert refused == []
    return book


def lines(bridge):
    """Each rule with its effect and how many accounts it changes."""
    return [(one.rule, one.effect, one.accounts) for one in bridge.switches]


def under(**changes):
    return DEFAULT.with_settings("other", changes)


# -- what a rule is worth --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "mrr", "effect"),
    [
        ({"past_due_days": 14}, 140, -200),
        ({"past_due_days": 30}, 340, 0),
        ({"discounts": "none"}, 350, 10),
        ({"trials": "include"}, 370, 30),
    ],
)
def test_a_switch_is_worth_what_it_changes_in_the_accounts_it_touches(changes, mrr, effect):
    bridge = book_with(subscription_items=ITEMS).what_if(changes)
    (key,) = changes
    assert (bridge.mrr_before, bridge.mrr_after, bridge.residual) == (340, mrr, 0)
    assert lines(bridge) == [(key, effect, 1 if effect else 0)]


def test_rules_are_switched_one_after_the_other_in_the_order_of_the_keys():
    book = book_with(subscription_items=[*ITEMS, item("elm", "80", status="trialing", discounts=[{"percent": "50"}])])
    other = under(past_due_days=14, trials="include", discounts="none")
    bridge = book.policy_bridge("default", other)
    # The trial of elm counts at its list price, for discounts are off by then.
    assert lines(bridge) == [("discounts", 10, 1), ("trials", 30 + 80, 2), ("past_due_days", -200, 1)]
    assert [one.mrr for one in bridge.switches] == [350, 460, 260]
    assert (bridge.mrr_before, bridge.mrr_after, bridge.residual) == (340, 260, 0)


def test_the_way_back_is_worth_the_opposite():
    book, other = book_with(subscription_items=ITEMS), under(past_due_days=14)
    assert book.policy_bridge(other, "default").switches[0].effect == 200


def test_the_accounts_of_a_rule_add_up_to_its_line():
    book = book_with(
        subscription_items=ITEMS, customers=[{"customer": "brook", "name": "Brook Ltd", "created": "2024-01-01"}]
    )
    bridge = book.policy_bridge("default", under(past_due_days=0, trials="include"), accounts=True)
    assert bridge.changed.rows == [
        ("trials", "dune", None, 0, 30, 30),
        ("past_due_days", "brook", "Brook Ltd", 200, 0, -200),
    ]


def test_a_bridge_stands_on_any_day_up_to_today():
    book = book_with(subscription_items=ITEMS)
    assert book.what_if({"past_due_days": 14}, on=date(2024, 6, 14)).switches[0].effect == 0
    assert book.what_if({"past_due_days": 14}, on=date(2024, 6, 15)).switches[0].effect == -200
    assert book.what_if({"past_due_days": 14}, on=date(2023, 1, 1)).mrr_before == 0
    with pytest.raises(UsageError, match="yet to come"):
        book.what_if({"past_due_days": 14}, on=date(2024, 7, 1))


def test_a_policy_beside_itself_has_nothing_between():
    bridge = book_with(subscription_items=ITEMS).policy_bridge("stripe", preset("stripe"))
    assert (bridge.switches, bridge.residual) == ((), 0)


def test_a_step_on_the_way_may_be_what_no_policy_may():
    first, other = under(churn_rate_formula="daily_sum"), under(netting="month")
    bridge = book_with(subscription_items=ITEMS).policy_bridge(first, other)
    assert lines(bridge) == [("netting", 0, 0), ("churn_rate_formula", None, None)]
    with pytest.raises(PolicyError, match="contradicts"):
        book_with(subscription_items=ITEMS).what_if({"netting": "month", "churn_rate_formula": "daily_sum"})


# -- rules that move no MRR ------------------------------------------------------------------------------------------


def test_a_rule_that_moves_no_mrr_says_what_it_bears_on():
    bridge = book_with(subscription_items=ITEMS).policy_bridge("default", "stripe")
    assert [(one.rule, one.effect, one.note) for one in bridge.switches] == [
        ("churn_rate_base", None, "moves no MRR; bears on customer_churn_rate, ltv"),
        ("trial_window", None, "moves no MRR; bears on trial_conversion_rate"),
    ]


def test_a_rule_bears_on_metrics_that_there_are():
    every_metric()
    assert {metric for metrics in BEARS_ON.values() for metric in metrics} <= set(METRICS)


def test_a_rule_about_invoices_has_no_effect_on_subscriptions():
    bridge = book_with(subscription_items=ITEMS).what_if({"proration": "as_is"})
    assert [(one.effect, one.note) for one in bridge.switches] == [(None, "no effect on basis subscriptions")]


def test_whose_stays_are_looked_at_moves_mrr_only_where_stays_are_filled():
    two = [item("acme", subscription="s"), item("acme", "50", subscription="t", ends="2024-06-25")]
    book = book_with(subscription_items=[*two, item("acme", "50", "2024-07-05", subscription="t")])
    assert lines(book.what_if({"level": "subscription"})) == [("level", None, None)]
    # The customer has no gap; the subscription has one from 25 June to 5 July.
    assert lines(book.policy_bridge(under(gap_days=30), under(gap_days=30, level="subscription"))) == [("level", 50, 1)]


# -- records of other kinds ------------------------------------------------------------------------------------------

LINES = [
    {
        "invoice": "i",
        "line": "l",
        "customer": "acme",
        "amount": "70",
        "currency": "USD",
        "kind": "usage",
        "period_start": "2024-06-01",
        "period_end": "2024-07-01",
        "issued": "2024-06-01",
        "status": "paid",
    }
]


def test_another_basis_is_a_line_like_others():
    book = book_with(subscription_items=ITEMS, invoice_lines=LINES)
    bridge = book.policy_bridge("default", under(basis="invoices", usage="include"))
    assert lines(bridge) == [("basis", -340, 3), ("usage", 70, 1)]
    assert (bridge.mrr_after, bridge.residual) == (70, 0)


def test_a_basis_without_records_is_refused():
    with pytest.raises(IncompleteError, match="policy posthog counts invoice_lines, and the book has none"):
        book_with(subscription_items=ITEMS).policy_bridge("default", "posthog")


def test_records_that_lose_their_rate_are_told():
    rates = [{"date": "2024-01-01", "from": "EUR", "to": "USD", "rate": "1.10"}]
    book = book_with(subscription_items=[item("acme"), item("edel", currency="EUR")], exchange_rates=rates)
    bridge = book.what_if({"exchange_rate": "fixed:2023-12-31"})
    assert lines(bridge) == [("exchange_rate", -110, 1)]
    assert bridge.switches[0].note == "1 row more without an exchange rate, left out"


# -- how it is read --------------------------------------------------------------------------------------------------


def test_printed_effects_lead_from_one_printed_mrr_to_the_next():
    thirds = [item(name, "10.004", discounts=[{"percent": "50"}]) for name in ("acme", "brook", "crest")]
    bridge = book_with(subscription_items=thirds).policy_bridge("default", under(discounts="none", round="line:2"))
    printed = [row[3:5] for row in cells(answer_of(bridge))]
    assert printed == [["–", "15.01"], ["15.00", "30.01"], ["-0.01", "30.00"], ["0.00", "–"], ["–", "30.00"]]  # noqa: RUF001
    assert [one.effect for one in bridge.switches] == [Fraction("15.006"), Fraction("-0.012")]


def test_the_rows_of_a_bridge_add_up_exactly():
    rows = book_with(subscription_items=ITEMS).policy_bridge("default", "lago").to_dicts()
    first, *switched, residual, last = rows
    assert residual["effect"] == 0
    assert first["mrr"] + sum(row["effect"] for row in switched if row["effect"] is not None) == last["mrr"]


def test_a_bridge_builds_no_ledger_and_leaves_nothing_behind():
    book = book_with(subscription_items=ITEMS)
    first, second = (book.policy_bridge("default", "lago") for _ in range(2))
    assert first.rows == second.rows
    assert book.planned_build()[2] is False, "no ledger was built"
    with book._database.reading() as connection:  # noqa: SLF001  whether the book holds anything more
        databases = connection.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert len(databases) == 1


# -- against the oracle ----------------------------------------------------------------------------------------------


def oracles_mrr(case: dict[str, Any], rules: dict[str, Any]) -> Fraction:
    oracle = Oracle({**case, "policy": {"preset": "default", "set": rules}}, annual_places=SCALE)
    return oracle.mrr(date.fromisoformat(case["today"]))


@st.composite
def two_policies(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A random book under a policy, and another policy of the same basis."""
    case = draw(st.one_of(books(), books(policy=policies(max_keys=5))))
    other = {key: value for key, value in draw(policies(max_keys=5)).items() if key != "basis"}
    basis = case["policy"]["set"].get("basis")
    return case, {**other, **({"basis": basis} if basis else {})}


@seed(20_240_401)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)
@given(drawn=two_policies())
def test_every_effect_is_what_the_oracle_finds_between_two_policies(drawn):
    case, rules = drawn
    book, _ = book_of(case)
    first, other = policy_of(case), under(**rules)
    try:
        bridge = book.policy_bridge(first, other, accounts=True)
    except IncompleteError:
        return
    said = (case, rules)
    assert bridge.mrr_before == oracles_mrr(case, first.settings), said
    assert bridge.mrr_after == oracles_mrr(case, other.settings), said
    assert bridge.residual == 0, said
    expected = bridge.mrr_before
    for number, one in enumerate(bridge.switches, start=1):
        step = first.switched(other, [switch.rule for switch in bridge.switches[:number]])
        after = oracles_mrr(case, step.settings)
        assert (one.effect or 0) == after - expected, (one, *said)
        expected = after
    for one in bridge.switches:
        changed = [row for row in bridge.changed.to_dicts() if row["rule"] == one.rule]
        assert len(changed) == (one.accounts or 0), said
        added = sum((Fraction(row["difference"]) for row in changed), Fraction())
        assert abs(added - (one.effect or 0)) < Fraction(1, 10**8), said


def test_the_bridge_ends_where_the_ledgers_stand():
    book, today = book_with(subscription_items=ITEMS), date(2024, 6, 30)
    bridge = book.policy_bridge("default", "lago")
    ledgers = [book.metrics("mrr", every="day", start=today, view=View(policy=name)) for name in ("default", "lago")]
    assert [bridge.mrr_before, bridge.mrr_after] == [Fraction(made.rows[-1][-1]) for made in ledgers]
