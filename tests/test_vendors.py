"""One input, every vendor's number: docs/vendors.md, made by running docs/vendors.json under every preset.

An input says what happened to one customer, as subscription items and as the invoices of the same subscription, and
which keys of a policy decide. What each preset makes of it, and the rule that makes the difference, is found by
running.
`REFRESH_SNAPSHOTS=1` writes the page anew.
"""

from __future__ import annotations

import json
import tomllib
from calendar import monthrange
from datetime import date
from functools import cache
from itertools import combinations

import pytest

from rollforward.book import View
from rollforward.book.cases import book_of
from rollforward.policy.policy import DEFAULT, PRESETS, preset, preset_names
from rollforward.policy.words import sentence_of
from test_docs import ROOT, generated, table

INPUTS = {one["id"]: one for one in json.loads((ROOT / "docs" / "vendors.json").read_text("utf-8"))}
TODAY = date(2024, 12, 31)
TABLE = {"subscriptions": "subscription_items", "invoices": "invoice_lines", "snapshots": "mrr_snapshots"}

# -- running ---------------------------------------------------------------------------------------------------------


@cache
def the_book():
    """A book of all inputs: one account's ledger depends on nobody else's."""
    records = {}
    for one in INPUTS.values():
        for kind, rows in one["records"].items():
            records.setdefault(kind, []).extend(rows)
    book, refused = book_of({"currency": "USD", "today": f"{TODAY}", "records": records})
    assert refused == []
    return book


@cache
def moved(policy):
    """Every movement of every input under a policy."""
    return the_book().movements(start=date(2024, 1, 1), view=View(policy=policy)).to_dicts()


def answer(policy, name):
    """What a policy makes of an input, in words; None where the input has no records of the kind that counts."""
    policy = DEFAULT.with_settings("any", policy.settings)
    asks, records = INPUTS[name]["asks"], INPUTS[name]["records"]
    if TABLE[policy.basis] not in records:
        return None
    own = [row for row in moved(policy) if row["account"] == name]
    if "movements" in asks:
        return movements_of(own, asks["movements"])
    if policy.exchange_rate == "none" and "exchange_rates" in records:
        return "never in dollars"
    day = date.fromisoformat(asks["mrr"])
    mrr = f"{sum(row['mrr'] for row in own if row['day'] <= day):.{asks.get('places', 2)}f}"
    return f"{mrr}, {customers_of(policy, name, day)}" if asks.get("customer") else mrr


def movements_of(rows, month):
    told = [f"{row['kind']} {row['mrr']:+.2f}" for row in rows if f"{row['day']:%Y-%m}" == month]
    return ", ".join(told) or "nothing"


@cache
def customers_of(policy, name, day):
    own = {"customer": (name,)}
    found = the_book().metrics("customers", every="day", start=day, end=day, where=own, view=View(policy=policy))
    return "a customer" if found.rows[-1][-1] else "no customer"


# -- which rule ------------------------------------------------------------------------------------------------------


def rules_of(policy):
    """What a policy sets otherwise than the default: key and value; each unit of `months_per` by itself."""
    found = {}
    for key, value in policy.settings.items():
        usual = DEFAULT.settings[key]
        if key == "months_per":
            found |= {f"{key}.{unit}": text for unit, text in value.items() if text != usual[unit]}
        elif value != usual:
            found[key] = value
    return found


@cache
def with_rules(rules):
    """The default policy with some rules changed."""
    changes = {}
    for key, value in rules:
        name, _, unit = key.partition(".")
        changes[name] = {**changes.get(name, {}), unit: value} if unit else value
    return DEFAULT.with_settings("default", changes)


def deciding(policy, name):
    """The fewest rules of a policy that turn the default's answer into its own."""
    own, rules = answer(policy, name), sorted(rules_of(policy).items(), key=str)
    told = [rule for rule in rules if rule[0] in (*INPUTS[name]["decides"], "basis", "invoice_expiry_days")]
    for number in range(len(told) + 1):
        for chosen in combinations(told, number):
            if answer(with_rules(chosen), name) == own:
                return chosen
    raise AssertionError(f"{name}: the keys that decide do not explain {policy.name}")


@cache
def keys_set(name):
    """The keys that a preset sets, since its vendor documents them."""
    found = tomllib.loads((PRESETS / f"{name}.toml").read_text("utf-8"))
    base = keys_set(found["extends"]) if "extends" in found else frozenset()
    units = {f"months_per.{unit}" for unit in found.get("months_per", {})}
    return base | found.keys() | units


def is_documented(name, asked):
    """Whether a preset sets a key that decides. That invoices count does not say yet how a line does."""
    unsaid = {"basis"} if preset(name).basis == "invoices" else set()
    return name == "default" or bool(keys_set(name) & set(INPUTS[asked]["decides"]) - unsaid)


# -- the page --------------------------------------------------------------------------------------------------------


def answers_to(asked):
    """The presets by their answer to an input, the default's first."""
    found = {}
    for name in ["default", *(name for name in preset_names() if name != "default")]:
        found.setdefault(answer(preset(name), asked), []).append(name)
    return found


def said(key, value):
    name, _, unit = key.partition(".")
    text = f"`{key} = {'null' if value is None else value}`"
    return (
        f"{text}: the amount of a {unit} makes {value} monthly ones" if unit else f"{text}: {sentence_of(name, value)}"
    )


def rules_said(asked, names):
    """The rules that make an answer: those of the default in its own group."""
    if "default" in names:
        settings = DEFAULT.settings
        keys = [key.partition(".") for key in INPUTS[asked]["decides"]]
        return [
            said(f"{name}{dot}{unit}", settings[name][unit] if unit else settings[name]) for name, dot, unit in keys
        ]
    return list(dict.fromkeys(said(*rule) for name in names for rule in deciding(preset(name), asked)))


def listed(names):
    return ", ".join(f"`{name}`" for name in names)


def row(asked, found, names):
    if found is None:
        return ["not applicable", listed(names), "", "counts invoices, and the input has none"]
    documented = [name for name in names if is_documented(name, asked)]
    silent = [name for name in names if name not in documented]
    return [f"**{found}**", listed(documented), listed(silent), "<br>".join(rules_said(asked, names))]


def question(asks):
    if "movements" in asks:
        year, month = map(int, asks["movements"].split("-"))
        return f"Movements from {date(year, month, 1)} to {date(year, month, monthrange(year, month)[1])}:"
    return f"MRR on {asks['mrr']}{', and whether it is a customer' if asks.get('customer') else ''}:"


def section(asked):
    one = INPUTS[asked]
    answers = sorted(answers_to(asked).items(), key=lambda found: found[0] is None)
    rows = [row(asked, found, names) for found, names in answers]
    head = ["answer", "whose rule it is", "as the default", "what makes it"]
    return f"## {one['title']}\n\n{one['about']} {question(one['asks'])}\n\n{table(head, rows)}"


def test_the_page_follows_from_running_the_inputs():
    generated("docs/vendors.md", "vendors", "\n".join(section(asked) for asked in INPUTS))


# -- what is documented ----------------------------------------------------------------------------------------------

DOCUMENTED = {
    "weekly": {"revenuecat": "40.00", "odoo-15": "42.86", "paddle-classic": "43.30", "lago": "43.33", "odoo": "43.48"},
    "daily": {"revenuecat": "60.00", "paddle-classic": "60.00", "recurly": "60.00", "polar": "60.83", "odoo": "60.87"},
    "half-off": {"profitwell": "50.00", "recurly": "50.00", "lago": "100.00", "stripe-older": "100.00"},
    "one-charge-off": {"profitwell": "80.00", "chargebee": "100.00", "killbill": "100.00"},
    "all-off": {"baremetrics": "0.00, no customer", "stripe": "0.00, no customer", "lago": "100.00, a customer"},
    "free": {"chartmogul": "0.00, a customer", "polar": "0.00, a customer", "profitwell": "0.00, no customer"},
    "past-due": {"stripe": "100.00", "polar": "100.00", "baremetrics": "0.00"},
    "paused": {"profitwell": "0.00", "polar": "100.00", "odoo": "100.00"},
    "cancelled": {"stripe-older": "0.00", "profitwell": "100.00", "revenuecat": "100.00"},
    "metered": {"posthog": "20.00", "stripe": "0.00"},
    "tax": {"revenuecat": "119.00", "polar": "100.00"},
    "away": {"lago": "expansion +100.00", "posthog": "new +100.00", "revenuecat": "churn +100.00"},
    "one-of-two": {"stripe": "contraction -50.00", "chargebee": "churn -50.00", "killbill": "churn -50.00"},
    "up-and-down": {"dbt-playbook": "expansion +20.00", "lago": "expansion +50.00, contraction -30.00"},
    "short-stay": {"profitwell": "nothing", "dbt-playbook": "nothing", "stripe": "new +100.00, churn -100.00"},
    "euros": {"profitwell": "120.00", "chartmogul": "110.00", "chargebee": "105.00", "lago": "never in dollars"},
    "upgrade": {"chartmogul": "120.00", "recurly": "90.00"},
    "yearly-cents": {"chartmogul": "24.9900", "polar": "24.9900", "killbill": "24.9999", "stripe": "25.0000"},
}
"""What the documentation of a vendor comes to, worked out by hand; the page is held to it."""


@pytest.mark.parametrize("asked", DOCUMENTED)
def test_an_answer_is_what_the_vendor_documents(asked):
    assert {name: answer(preset(name), asked) for name in DOCUMENTED[asked]} == DOCUMENTED[asked]
