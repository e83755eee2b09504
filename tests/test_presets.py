"""The presets: each sets what its vendor documents and nothing else, and makes the vendor's numbers.

`RULES` is read off the collection of documented rules, the presets are held to it. `REFRESH_SNAPSHOTS=1` writes the
tables of docs/presets.md anew.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest

from rollforward.book import View
from rollforward.book.cases import book_of, differences
from rollforward.policy.policy import DEFAULT, PRESETS, preset, preset_names
from test_docs import generated, table

# -- what each sets --------------------------------------------------------------------------------------------------

RULES = {
    "baremetrics": {
        "basis": "subscriptions",
        "trials": "exclude",
        "free": "ignore",
        "discounts": "all",
        "past_due_days": 31,
        "returning": "reactivation",
        "same_month_new_and_churn": "count",
        "churn_rate_joined": "count",
        "ltv_churn": "period",
    },
    "chargebee": {
        "basis": "subscriptions",
        "months_per": {"year": "1/12"},
        "trials": "exclude",
        "discounts": "recurring",
        "tax": "exclude",
        "usage": "exclude",
        "level": "subscription",
        "churn_at": "service_end",
        "paused": "exclude",
        "exchange_rate": "period_end",
        "same_month_new_and_churn": "ignore",
    },
    "chartmogul-2025-01-29": {
        "free": "ignore",
    },
    "chartmogul": {
        "basis": "invoices",
        "months_per": {"month": "1", "year": "1/12"},
        "discounts": "all",
        "tax": "exclude",
        "trials": "exclude",
        "usage": "exclude",
        "free": "count",
        "past_due_days": "null",
        "churn_at": "service_end",
        "level": "customer",
        "returning": "reactivation",
        "returning_days": "null",
        "netting": "day",
        "exchange_rate": "service_start",
        "round": "line:2",
        "proration": "restore",
        "same_month_new_and_churn": "count",
        "churn_rate_base": "start",
        "churn_rate_joined": "exclude",
        "churn_rate_formula": "period",
        "ltv_churn": "trailing:6",
        "trial_window": "cohort",
    },
    "dbt-playbook": {
        "free": "ignore",
        "level": "customer",
        "netting": "month",
        "returning": "reactivation",
        "returning_days": "null",
        "same_month_new_and_churn": "ignore",
    },
    "killbill": {
        "basis": "subscriptions",
        "months_per": {"day": "0", "week": "0", "month": "1", "year": "1/12"},
        "discounts": "none",
        "usage": "exclude",
        "free": "ignore",
        "level": "subscription",
        "churn_at": "service_end",
        "round": "subscription:4",
    },
    "lago": {
        "basis": "subscriptions",
        "months_per": {"week": "52/12", "month": "1", "year": "1/12"},
        "discounts": "none",
        "tax": "exclude",
        "usage": "exclude",
        "level": "customer",
        "churn_at": "service_end",
        "returning": "expansion",
        "netting": "day",
        "exchange_rate": "none",
    },
    "odoo-15": {
        "months_per": {"day": "30", "week": "30/7"},
    },
    "odoo": {
        "basis": "subscriptions",
        "months_per": {"day": "30437/1000", "week": "30437/7000"},
        "tax": "exclude",
        "past_due_days": "null",
        "paused": "include",
        "level": "subscription",
        "churn_at": "service_end",
        "gap_days": 30,
        "returning": "new",
        "netting": "day",
        "same_month_new_and_churn": "count",
    },
    "paddle-classic": {
        "basis": "subscriptions",
        "months_per": {"day": "30", "week": "4.33", "month": "1", "year": "1/12"},
        "discounts": "none",
        "trials": "exclude",
        "usage": "exclude",
    },
    "polar": {
        "basis": "subscriptions",
        "months_per": {"day": "365/12", "week": "52/12", "month": "1", "year": "1/12"},
        "trials": "exclude",
        "free": "count",
        "discounts": "all",
        "tax": "exclude",
        "usage": "exclude",
        "past_due_days": "null",
        "paused": "include",
        "level": "subscription",
        "churn_at": "service_end",
        "round": "subscription:2",
    },
    "posthog": {
        "basis": "invoices",
        "discounts": "all",
        "usage": "include",
        "invoice_expiry_days": 45,
        "level": "subscription",
        "returning": "new",
        "netting": "day",
    },
    "profitwell": {
        "basis": "subscriptions",
        "months_per": {"month": "1", "year": "1/12"},
        "trials": "exclude",
        "free": "ignore",
        "discounts": "all",
        "tax": "exclude",
        "paused": "exclude",
        "churn_at": "service_end",
        "level": "customer",
        "returning": "reactivation",
        "returning_days": "null",
        "exchange_rate": "purchase",
        "same_month_new_and_churn": "ignore",
    },
    "recurly": {
        "basis": "invoices",
        "months_per": {"day": "30", "month": "1", "year": "1/12"},
        "trials": "exclude",
        "free": "ignore",
        "discounts": "all",
        "tax": "exclude",
        "usage": "exclude",
        "past_due_days": "null",
        "paused": "exclude",
        "churn_at": "service_end",
        "proration": "as_is",
    },
    "revenuecat": {
        "basis": "subscriptions",
        "months_per": {"day": "30", "week": "4", "month": "1", "year": "1/12"},
        "trials": "exclude",
        "discounts": "all",
        "tax": "include",
        "usage": "exclude",
        "past_due_days": "null",
        "paused": "exclude",
        "churn_at": "service_end",
        "level": "subscription",
        "returning": "less_churn",
        "churn_rate_base": "start",
    },
    "stripe-older": {
        "discounts": "forever",
        "churn_at": "request",
    },
    "stripe": {
        "basis": "subscriptions",
        "trials": "exclude",
        "free": "ignore",
        "tax": "exclude",
        "usage": "exclude",
        "past_due_days": "null",
        "level": "customer",
        "returning": "reactivation",
        "returning_days": "null",
        "netting": "day",
        "same_month_new_and_churn": "count",
        "churn_rate_base": "start_plus_new",
        "churn_rate_joined": "count",
        "churn_rate_formula": "period",
        "ltv_churn": "period",
        "trial_window": "ended",
    },
}
"""By preset and key: the value that the vendor documents."""

BASES = {"chartmogul-2025-01-29": "chartmogul", "stripe-older": "stripe"}
"""The presets that begin from another one."""


def text_of(name):
    return (PRESETS / f"{name}.toml").read_text("utf-8")


def settings_of(name):
    """The keys that a preset's file sets itself."""
    return {key: value for key, value in tomllib.loads(text_of(name)).items() if key != "extends"}


def comment_of(block):
    return " ".join(line.lstrip("# ") for line in block.splitlines() if line.startswith("#"))


def reason_of(name, key):
    """The comment over a key."""
    (block,) = (part for part in text_of(name).split("\n\n") if re.search(rf"^{key} = ", part, re.MULTILINE))
    return comment_of(block)


def limits_of(name):
    """What a preset cannot say: the list at the end of its file."""
    block = text_of(name).split("# What this preset cannot say:\n")[1]
    return [" ".join(limit.replace("\n#", " ").split()) for limit in block.split("# - ")[1:]]


def dates_of(name):
    """The sentence about a preset's dates."""
    head = comment_of(text_of(name).split("\n\n")[0].split("\n#\n")[0])
    return head.split("Dates: ")[1]


def test_every_preset_has_its_rules_here():
    assert set(RULES) == set(preset_names()) - {"default"}


@pytest.mark.parametrize("name", RULES)
def test_a_preset_sets_what_is_documented_and_nothing_else(name):
    assert settings_of(name) == RULES[name]
    assert tomllib.loads(text_of(name)).get("extends") == BASES.get(name)


@pytest.mark.parametrize("name", RULES)
def test_each_key_says_its_rule_and_how_it_is_known(name):
    for key in RULES[name]:
        reason = reason_of(name, key)
        assert re.fullmatch(r"[A-Z].*\. \[(published|source code)\]", reason), (key, reason)
        assert "secondhand" not in reason, (key, reason)


@pytest.mark.parametrize("name", RULES)
def test_the_keys_that_are_not_set_keep_the_default(name):
    policy = preset(name)
    documented = {**RULES.get(BASES.get(name), {}), **RULES[name]}
    for key, value in DEFAULT.settings.items():
        if key not in documented:
            assert policy.settings[key] == value, key
    assert set(policy.settings["months_per"]) == {"day", "week", "month", "year"}


@pytest.mark.parametrize("name", RULES)
def test_every_preset_tells_its_dates_and_its_limits(name):
    assert limits_of(name)
    assert all(limits_of(name))
    assert dates_of(name)


# -- the numbers of each ---------------------------------------------------------------------------------------------


def item(customer, amount="100", starts="2024-01-01", ends=None, **more):
    terms = {"customer": customer, "amount": amount, "currency": "USD", "interval": "month"}
    return {**terms, "starts": starts, "ends": ends, **more}


def line(customer, start, end, amount="100", **more):
    """An invoice line; its subscription is the customer's only one unless it says otherwise."""
    ids = {"invoice": f"{customer}-{start}", "line": more.get("subscription", "1"), "customer": customer}
    return {
        **ids,
        "amount": amount,
        "currency": "USD",
        "period_start": start,
        "period_end": end,
        "issued": start,
        **more,
    }


def monthly_lines(customer, start, end, amount="100", **more):
    """One line a month, from the first of one month to the first of another."""
    days = [f"2024-{month:02d}-01" for month in range(int(start[5:7]), int(end[5:7]) + 1)]
    return [line(customer, one, two, amount, **more) for one, two in pairwise(days)]


def moves(*told):
    return [{"date": day, "customer": customer, "kind": kind, "amount": amount} for day, customer, kind, amount in told]


def cents(value):
    return {"value": value, "places": 2}


HALF_OFF = [{"percent": "50", "duration": "repeating", "starts": "2024-01-01", "ends": "2024-04-01"}]
COUPON = [item("c", discounts=HALF_OFF)]
CANCELLED = [item("c", ends="2024-06-15", cancel_requested="2024-06-08")]
SECOND = [item("c", subscription="s1"), item("c", "50", "2024-02-01", "2024-03-01", subscription="s2")]
AWAY = [item("c", ends="2024-02-01"), item("c", starts="2024-06-01")]
EUROS = [item("c", starts="2024-01-10", ends="2024-03-10", currency="EUR")]
EURO_RATES = [
    {"date": day, "from": "EUR", "to": "USD", "rate": rate}
    for day, rate in (("2024-01-10", "1.10"), ("2024-01-31", "1.09"), ("2024-02-10", "1.08"), ("2024-02-29", "1.05"))
]
PAST_DUE = [item("c", ends="2024-03-01"), item("c", starts="2024-03-01", status="past_due")]
PAUSED = [item("c", ends="2024-03-01"), item("c", starts="2024-03-01", status="paused")]
UP_AND_DOWN = [
    item("c", "100", "2024-01-01", "2024-02-05"),
    item("c", "150", "2024-02-05", "2024-02-20"),
    item("c", "120", "2024-02-20"),
]
SHORT_STAY = [item("c", starts="2024-02-05", ends="2024-02-25")]


def weekly(count=1):
    return [item("c", "10", interval="week", interval_count=count)]


def daily():
    return [item("c", "10", interval="day")]


def items(rows, **expect):
    return {"subscription_items": rows}, expect


def lines(rows, **expect):
    return {"invoice_lines": rows}, expect


def mrr(value, day="2024-01-31"):
    return {day: value}


COUPON_COUNTS = items(COUPON, mrr={"2024-01-31": "50", "2024-03-31": "50", "2024-04-01": "100"})
LIST_PRICE = items(COUPON, mrr={"2024-01-31": "100", "2024-04-01": "100"})
LOST_ON_8_JUNE = items(CANCELLED, mrr={"2024-06-07": "100", "2024-06-08": "0"})
LOST_ON_15_JUNE = items(CANCELLED, mrr={"2024-06-14": "100", "2024-06-15": "0"})
EXPANSION_AND_CONTRACTION = moves(
    ("2024-01-01", "c", "new", "100"), ("2024-02-01", "c", "expansion", "50"), ("2024-03-01", "c", "contraction", "-50")
)
NEW_AND_CHURN = moves(
    ("2024-01-01", "c", "new", "100"), ("2024-02-01", "c", "new", "50"), ("2024-03-01", "c", "churn", "-50")
)


def away_as(kind):
    return moves(
        ("2024-01-01", "c", "new", "100"), ("2024-02-01", "c", "churn", "-100"), ("2024-06-01", "c", kind, "100")
    )


def in_dollars(rows, records, expect):
    """Records in euros with their rates."""
    return {**records, "exchange_rates": EURO_RATES, rows: records[rows]}, expect


TWO_LINES = [
    *monthly_lines("c", "2024-01", "2024-05", subscription="s1"),
    *monthly_lines("c", "2024-02", "2024-03", "50", subscription="s2"),
]
AWAY_LINES = [*monthly_lines("c", "2024-01", "2024-02"), *monthly_lines("c", "2024-06", "2024-07")]
EURO_LINES = [
    line("c", "2024-01-10", "2024-02-10", currency="EUR"),
    line("c", "2024-02-10", "2024-03-10", currency="EUR"),
]
FREE_LINES = [*monthly_lines("c", "2024-01", "2024-02"), *monthly_lines("c", "2024-02", "2024-12", "0")]
TEN_AND_ONE = [
    *(item(f"c{number}", ends="2024-02-10" if number == 0 else None) for number in range(10)),
    item("new", starts="2024-02-05"),
]

CASES = {
    "chartmogul": {
        "a second subscription is expansion, one of two cancelled is contraction": lines(
            TWO_LINES, movements=[*EXPANSION_AND_CONTRACTION, *moves(("2024-05-01", "c", "churn", "-100"))]
        ),
        "a return after four months is a reactivation": lines(
            AWAY_LINES, movements=[*away_as("reactivation"), *moves(("2024-07-01", "c", "churn", "-100"))]
        ),
        "100 euros are 110, then 108, and the 2 are the rate's": in_dollars(
            "invoice_lines",
            *lines(
                EURO_LINES,
                movements=moves(
                    ("2024-01-10", "c", "new", "110"),
                    ("2024-02-10", "c", "exchange", "-2"),
                    ("2024-03-10", "c", "churn", "-108"),
                ),
            ),
        ),
        "three times 100 a year are 24.99, rounded line by line": lines(
            [line(f"c{number}", "2024-01-01", "2025-01-01") for number in range(3)], mrr=mrr("24.99")
        ),
        "a customer who goes to a free plan stays": lines(
            FREE_LINES,
            customers={"2024-02-29": 1},
            movements=moves(("2024-01-01", "c", "new", "100"), ("2024-02-01", "c", "contraction", "-100")),
        ),
        "who joins and leaves in the month is not in the churn rate": lines(
            [
                *(row for number in range(10) for row in monthly_lines(f"c{number}", "2024-01", "2024-12")),
                line("short", "2024-02-02", "2024-02-20"),
            ],
            metrics=[{"metric": "customer_churn_rate", "month": "2024-02", "value": "0"}],
        ),
    },
    "chartmogul-2025-01-29": {
        "a customer who goes to a free plan is lost": lines(
            FREE_LINES,
            customers={"2024-02-29": 0},
            movements=moves(("2024-01-01", "c", "new", "100"), ("2024-02-01", "c", "churn", "-100")),
        ),
    },
    "stripe": {
        "the churn rate divides by the start and the new: 1 of 10 + 1": items(
            TEN_AND_ONE, metrics=[{"metric": "customer_churn_rate", "month": "2024-02", "value": "0.090909"}]
        ),
        "past due counts, unpaid is churn": items(
            [*PAST_DUE, item("u", ends="2024-03-01"), item("u", starts="2024-03-01", status="unpaid")],
            mrr={"2024-02-29": "200", "2024-12-31": "100"},
        ),
        "a second subscription is an upgrade, the first of two cancellations a downgrade": items(
            SECOND, movements=EXPANSION_AND_CONTRACTION
        ),
        "a return is a reactivation": items(AWAY, movements=away_as("reactivation")),
    },
    "stripe-older": {
        "a coupon of three months does not lower MRR": LIST_PRICE,
        "a coupon forever does": items(
            [item("c", discounts=[{"percent": "50", "duration": "forever"}])], mrr=mrr("50", "2024-12-31")
        ),
        "cancelled on 8 June, lost on 8 June": LOST_ON_8_JUNE,
    },
    "baremetrics": {
        "more than 30 days past due is churn: 31 March counts, 1 April does not": items(
            PAST_DUE, mrr={"2024-03-31": "100", "2024-04-01": "0"}
        ),
        "a coupon counts while it lasts": COUPON_COUNTS,
        "all of it off is a free user": items(
            [item("c", discounts=[{"percent": "100", "duration": "forever"}])],
            mrr=mrr("0"),
            customers={"2024-01-31": 0},
        ),
    },
    "profitwell": {
        "cancelled on 8 June, paid to 15 June, lost on 15 June": LOST_ON_15_JUNE,
        "a coupon counts while it lasts": COUPON_COUNTS,
        "a stay within one month leaves no trace": items(SHORT_STAY, movements=[]),
        "100 euros stay 110": in_dollars(
            "subscription_items",
            *items(EUROS, movements=moves(("2024-01-10", "c", "new", "110"), ("2024-03-10", "c", "churn", "-110"))),
        ),
        "on hold is 0": items(PAUSED, mrr=mrr("0", "2024-03-31")),
    },
    "paddle-classic": {
        "10 a week are 43.30": items(weekly(), mrr=mrr("43.30")),
        "10 a day are 300": items(daily(), mrr=mrr("300")),
        "a coupon does not lower MRR": LIST_PRICE,
    },
    "recurly": {
        "a daily price makes 30: 10 days at 100 are 300": lines(
            [line("c", "2024-01-20", "2024-01-30")], mrr=mrr("300", "2024-01-25")
        ),
        "a discount lowers MRR": lines(
            monthly_lines("c", "2024-01", "2024-04", "50", discount="50"), mrr=mrr("50", "2024-03-31")
        ),
        "a prorated line counts as it is": lines(
            [
                *monthly_lines("c", "2024-01", "2024-03", subscription="s"),
                line("c", "2024-01-16", "2024-02-01", "26", subscription="s", item="more", kind="proration"),
            ],
            mrr=mrr("126"),
        ),
    },
    "chargebee": {
        "a coupon of twelve months lowers a monthly plan": items(
            [item("c", discounts=[{**HALF_OFF[0], "ends": "2025-01-01"}])], mrr=mrr("50", "2024-12-31")
        ),
        "a coupon of one charge does not": items(
            [item("c", discounts=[{**HALF_OFF[0], "duration": "once", "ends": "2024-02-01"}])], mrr=mrr("100")
        ),
        "a second subscription is new, one of two cancelled is churn": items(SECOND, movements=NEW_AND_CHURN),
        "100 euros are 109, then 105, and the 4 are the rate's": in_dollars(
            "subscription_items",
            *items(
                [{**EUROS[0], "ends": None}],
                mrr={"2024-01-31": "109", "2024-02-29": "105"},
                rollforward=[{"month": "2024-02", "opening": "109", "exchange": "-4", "closing": "105"}],
            ),
        ),
        "a cancellation in the month of the activation is left out": items(SHORT_STAY, movements=[]),
    },
    "revenuecat": {
        "10 a week are 40": items(weekly(), mrr=mrr("40")),
        "10 every two weeks are 20": items(weekly(2), mrr=mrr("20")),
        "10 every four weeks are 10": items(weekly(4), mrr=mrr("10")),
        "10 every three days are 100": items([item("c", "10", interval="day", interval_count=3)], mrr=mrr("100")),
        "a return lowers churn": items(AWAY, movements=away_as("churn")),
        "cancelled on 8 June, lost at expiry": LOST_ON_15_JUNE,
    },
    "lago": {
        "10 a week are 43.33": items(weekly(), mrr=mrr(cents("43.33"))),
        "a coupon does not lower MRR": LIST_PRICE,
        "a return is expansion": items(AWAY, movements=away_as("expansion")),
        "one of two cancelled is contraction": items(SECOND, movements=EXPANSION_AND_CONTRACTION),
        "100 a month to 1,200 a year is no movement": items(
            [item("c", ends="2024-06-01"), item("c", "1200", "2024-06-01", interval="year", plan="yearly")],
            movements=moves(("2024-01-01", "c", "new", "100")),
        ),
    },
    "polar": {
        "10 a week are 43.33": items(weekly(), mrr=mrr("43.33")),
        "10 a day are 304.17": items(daily(), mrr=mrr("304.17")),
        "three times 100 a year are 24.99, rounded one by one": items(
            [item(f"c{number}", interval="year") for number in range(3)], mrr=mrr("24.99")
        ),
        "paused counts": items(PAUSED, mrr=mrr("100", "2024-12-31")),
        "past due counts": items(PAST_DUE, mrr=mrr("100", "2024-12-31")),
        "free is active with MRR 0": items([item("c", "0")], mrr=mrr("0"), customers={"2024-01-31": 1}),
        "MRR ends with the paid period": LOST_ON_15_JUNE,
    },
    "posthog": {
        "lost 45 days after the last charge": lines(
            monthly_lines("c", "2024-01", "2024-02"), mrr={"2024-02-14": "100", "2024-02-15": "0"}
        ),
        "a second subscription is new": lines(
            [line("c", "2024-01-01", "2025-01-01", "1200", subscription="s1"), *TWO_LINES[-1:]],
            movements=[*NEW_AND_CHURN[:2], *moves(("2024-03-17", "c", "churn", "-50"))],
        ),
        "a return is new": lines(
            AWAY_LINES,
            movements=moves(
                ("2024-01-01", "c", "new", "100"),
                ("2024-02-15", "c", "churn", "-100"),
                ("2024-06-01", "c", "new", "100"),
                ("2024-07-16", "c", "churn", "-100"),
            ),
        ),
    },
    "killbill": {
        "10 a week are 0": items(weekly(), mrr=mrr("0")),
        "30 days are 0": items([item("c", interval="day", interval_count=30)], mrr=mrr("0")),
        "2,400 for two years are 100": items([item("c", "2400", interval="year", interval_count=2)], mrr=mrr("100")),
        "100 a year are 8.3333": items([item("c", interval="year")], mrr=mrr("8.3333")),
        "a coupon does not lower MRR": LIST_PRICE,
    },
    "odoo": {
        "10 a week are 43.48": items(weekly(), mrr=mrr(cents("43.48"))),
        "10 a day are 304.37": items(daily(), mrr=mrr("304.37")),
        "a renewal 30 days late carries on": items(
            [item("c", ends="2024-03-01"), item("c", starts="2024-03-31")],
            movements=moves(("2024-01-01", "c", "new", "100")),
        ),
        "a renewal 31 days late is churn and new": items(
            [item("c", ends="2024-03-01"), item("c", starts="2024-04-01")],
            movements=moves(
                ("2024-01-01", "c", "new", "100"),
                ("2024-03-01", "c", "churn", "-100"),
                ("2024-04-01", "c", "new", "100"),
            ),
        ),
        "up and down in one month are two movements": items(
            UP_AND_DOWN,
            movements=moves(
                ("2024-01-01", "c", "new", "100"),
                ("2024-02-05", "c", "expansion", "50"),
                ("2024-02-20", "c", "contraction", "-30"),
            ),
        ),
    },
    "odoo-15": {
        "10 a week are 42.86": items(weekly(), mrr=mrr(cents("42.86"))),
        "10 a day are 300": items(daily(), mrr=mrr("300")),
    },
    "dbt-playbook": {
        "up and down in one month are one movement of 20": items(
            UP_AND_DOWN, movements=moves(("2024-01-31", "c", "new", "100"), ("2024-02-29", "c", "expansion", "20"))
        ),
        "a stay within one month leaves no trace": items(SHORT_STAY, movements=[]),
        "a return is a reactivation": items(
            AWAY,
            movements=moves(
                ("2024-01-31", "c", "new", "100"),
                ("2024-02-29", "c", "churn", "-100"),
                ("2024-06-30", "c", "reactivation", "100"),
            ),
        ),
    },
}
"""By preset: a number or rule that its vendor documents, with the records and what is to come out."""


def test_every_preset_has_a_case():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize(("name", "about"), [(name, about) for name, cases in CASES.items() for about in cases])
def test_a_preset_makes_the_number_of_its_vendor(name, about):
    records, expect = CASES[name][about]
    case = {"id": f"{name}: {about}", "policy": {"preset": name}, "currency": "USD", "today": "2024-12-31"}
    assert list(map(str, differences({**case, "records": records, "expect": expect}))) == []


# -- one input under all of them -------------------------------------------------------------------------------------

TODAY = date(2024, 6, 10)

ITEMS = [
    item("weekly", "10", interval="week"),
    item("coupon", starts="2024-05-01", discounts=[{**HALF_OFF[0], "starts": "2024-05-01", "ends": "2024-08-01"}]),
    item("cancelled", starts="2024-04-15", ends="2024-06-15", cancel_requested="2024-06-08"),
    item("past due", starts="2024-04-01", ends="2024-05-01"),
    item("past due", starts="2024-05-01", status="past_due"),
    item("paused", starts="2024-04-01", ends="2024-06-01"),
    item("paused", starts="2024-06-01", status="paused"),
    item("trial", starts="2024-06-01", status="trialing"),
    item("metered", "20", "2024-06-01", kind="usage"),
    item("taxed", "119", "2024-06-01", tax_included="19"),
    item("free", "0", "2024-06-01"),
    item("second", subscription="s1"),
    item("second", "50", "2024-06-05", subscription="s2"),
    item("returned", ends="2024-02-01"),
    item("returned", starts="2024-06-01"),
]

LINES = [
    *(
        line("weekly", f"{start}", f"{start + timedelta(7)}", "10")
        for start in (date(2024, 1, 1) + timedelta(7 * week) for week in range(24))
    ),
    *monthly_lines("coupon", "2024-05", "2024-07", "50", discount="50"),
    line("cancelled", "2024-04-15", "2024-05-15"),
    line("cancelled", "2024-05-15", "2024-06-15"),
    *monthly_lines("past due", "2024-04", "2024-05"),
    *monthly_lines("past due", "2024-05", "2024-07", status="open"),
    *monthly_lines("paused", "2024-04", "2024-06"),
    *monthly_lines("metered", "2024-06", "2024-07", "20", kind="usage"),
    *monthly_lines("taxed", "2024-06", "2024-07", "119", tax="19"),
    *monthly_lines("free", "2024-06", "2024-07", "0"),
    *monthly_lines("second", "2024-01", "2024-07", subscription="s1"),
    line("second", "2024-06-05", "2024-07-05", "50", subscription="s2"),
    *monthly_lines("returned", "2024-01", "2024-02"),
    *monthly_lines("returned", "2024-06", "2024-07"),
]
"""The invoices of the same subscriptions."""

SHOWN = ("weekly", "coupon", "cancelled", "past due", "paused", "trial", "metered", "taxed")
"""The customers whose own MRR is shown."""

ANSWERS = """
    preset                 week coupon cancel    due  pause trial meter  taxed    MRR n second    returned
    default               43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    baremetrics           43.33  50.00 100.00   0.00   0.00  0.00  0.00 100.00 543.33 6 expansion reactivation
    chargebee             43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 new       reactivation
    chartmogul            43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 8 expansion reactivation
    chartmogul-2025-01-29 43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    dbt-playbook          43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    killbill               0.00 100.00 100.00 100.00   0.00  0.00  0.00 100.00 650.00 6 new       reactivation
    lago                  43.33 100.00 100.00 100.00   0.00  0.00  0.00 100.00 693.33 7 expansion expansion
    odoo                  43.48  50.00 100.00 100.00 100.00  0.00  0.00 100.00 743.48 8 new       new
    odoo-15               42.86  50.00 100.00 100.00   0.00  0.00  0.00 100.00 642.86 7 expansion reactivation
    paddle-classic        43.30 100.00 100.00 100.00   0.00  0.00  0.00 100.00 693.30 7 expansion reactivation
    polar                 43.33  50.00 100.00 100.00 100.00  0.00  0.00 100.00 743.33 9 new       reactivation
    posthog               43.33  50.00 100.00 100.00 100.00  0.00 20.00 100.00 763.33 9 new       new
    profitwell            43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    recurly               43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    revenuecat            40.00  50.00 100.00 100.00   0.00  0.00  0.00 119.00 659.00 7 new       churn
    stripe                43.33  50.00 100.00 100.00   0.00  0.00  0.00 100.00 643.33 7 expansion reactivation
    stripe-older          43.33 100.00   0.00 100.00   0.00  0.00  0.00 100.00 593.33 6 expansion reactivation
"""
"""What each preset makes of it on 10 June 2024: worked out by hand from the rules."""


@cache
def the_book():
    records = {"subscription_items": ITEMS, "invoice_lines": LINES}
    book, refused = book_of({"currency": "USD", "today": f"{TODAY}", "records": records})
    assert refused == []
    return book


@cache
def answer(name):
    """A preset's row: the MRR of each customer shown, all MRR, the customers, and the last movement of two of them."""
    view = View(policy=preset(name))
    moved = the_book().movements(start=date(2024, 1, 1), view=view).to_dicts()
    own = [sum(row["mrr"] for row in moved if row["account"] == customer) for customer in SHOWN]
    kinds = [[row["kind"] for row in moved if row["account"] == customer][-1] for customer in ("second", "returned")]
    total, customers = (
        the_book().metrics(metric, every="day", start=TODAY, end=TODAY, view=view).rows[-1][-1]
        for metric in ("mrr", "customers")
    )
    return [name, *(f"{amount:.2f}" for amount in [*own, total]), f"{customers:.0f}", *kinds]


def test_one_input_under_all_presets():
    _, *expected = (row.split() for row in ANSWERS.strip().splitlines())
    assert [row[0] for row in expected] == ["default", *sorted(RULES)]
    assert [answer(row[0]) for row in expected] == expected


# -- the page --------------------------------------------------------------------------------------------------------


def sets(name):
    """What a preset sets, as its file writes it."""
    base = tomllib.loads(text_of(name)).get("extends")
    own = [f"`{line}`" for line in text_of(name).splitlines() if re.match(r"(?!extends)\w+ = ", line)]
    return "<br>".join([*([f"all of `{base}`"] if base else []), *own])


def presets_part():
    rows = [[f"`{name}`", dates_of(name), sets(name), "<br>".join(limits_of(name))] for name in sorted(RULES)]
    return table(["preset", "dates", "what it sets", "what it cannot say"], rows)


def answers_part():
    head = ["preset", *SHOWN, "all MRR", "customers", "second", "returned"]
    return table(head, [[f"`{row[0]}`", *row[1:]] for row in map(answer, ["default", *sorted(RULES)])])


@pytest.mark.parametrize(("part", "make"), [("presets", presets_part), ("answers", answers_part)])
def test_the_page_follows_from_the_presets(part, make):
    generated("docs/presets.md", part, make())
