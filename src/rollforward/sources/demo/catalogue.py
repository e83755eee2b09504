"""What the demo company sells, where and to whom: its plans, prices, countries and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Chosen = TypeVar("Chosen")
Random = Callable[[], float]
"""A source of chance: a number from 0 until before 1. It decides what happens, never what anything costs."""

INTERVAL_OF = {1: ("month", 1), 3: ("month", 3), 12: ("year", 1)}
"""The interval and its count of a term of so many months."""

CURRENCIES = ("USD", "EUR", "GBP", "JPY")

PLANS = ("Starter", "Team", "Business", "Enterprise")
"""The plans of the main product, smallest first."""

SUPPORT = "Support Plus"
INSIGHTS = "Insights"
USAGE = "Messages"
ONBOARDING = "Onboarding"

PRODUCT_OF = {
    **dict.fromkeys(PLANS, "Desk"),
    SUPPORT: "Support",
    INSIGHTS: "Insights",
    USAGE: "Messaging",
    ONBOARDING: "Services",
}

# One unit's list price for a month, or once, in hundredths of the currency, in the order of CURRENCIES.
_LIST = {
    "Starter": (1_490, 1_390, 1_250, 220_000),
    "Team": (2_900, 2_750, 2_400, 430_000),
    "Business": (4_900, 4_500, 3_990, 720_000),
    "Enterprise": (7_900, 7_400, 6_500, 1_180_000),
    SUPPORT: (19_900, 18_500, 15_900, 2_980_000),
    INSIGHTS: (9_900, 9_250, 7_900, 1_480_000),
    USAGE: (4, 4, 3, 600),
    ONBOARDING: (150_000, 140_000, 120_000, 22_000_000),
}

# What a term costs in hundredths of a month's price: a quarter saves 5 %, a year two months.
_TERM = {1: 100, 3: 285, 12: 1_000}


def smallest(currency: str) -> int:
    """The smallest amount that can be charged in a currency, in hundredths of its unit."""
    return 100 if currency == "JPY" else 1


def _price(plan: str, currency: str, months: int) -> int:
    step = smallest(currency)
    return _LIST[plan][CURRENCIES.index(currency)] * _TERM[months] // 100 // step * step


PRICE = {
    (plan, currency, months): _price(plan, currency, months)
    for plan in _LIST
    for currency in CURRENCIES
    for months in _TERM
}
"""One unit's list price for one term, in hundredths of the currency, by plan, currency and months."""


def weighted(*choices: tuple[Chosen, int]) -> tuple[Chosen, ...]:
    """Each choice as often as it weighs, so that a draw is one look into a tuple."""
    return tuple(choice for choice, weight in choices for _ in range(weight))


def draw(random: Random, choices: tuple[Chosen, ...]) -> Chosen:
    """One of the choices, by chance."""
    return choices[int(random() * len(choices))]


def between(random: Random, lowest: int, highest: int) -> int:
    """A whole number from lowest to highest, both included, by chance."""
    return lowest + int(random() * (highest - lowest + 1))


COUNTRIES = weighted(
    *(("US", 40), ("CA", 6), ("AU", 4), ("SG", 2), ("BR", 2), ("IN", 2)),
    *(("DE", 10), ("FR", 6), ("NL", 4), ("ES", 3), ("IT", 3), ("IE", 1)),
    *(("GB", 13), ("JP", 4)),
)
CURRENCY_OF = {
    **dict.fromkeys(("US", "CA", "AU", "SG", "BR", "IN"), "USD"),
    **dict.fromkeys(("DE", "FR", "NL", "ES", "IT", "IE"), "EUR"),
    "GB": "GBP",
    "JP": "JPY",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of customer: which plans it takes, and how many in a hundred try before they buy."""

    name: str
    plans: tuple[str, ...]
    trials: int


SEGMENTS = weighted(
    (Segment("Small", weighted(("Starter", 7), ("Team", 3)), 48), 62),
    (Segment("Mid-size", weighted(("Team", 6), ("Business", 4)), 32), 30),
    (Segment("Large", weighted(("Business", 4), ("Enterprise", 6)), 10), 8),
)

TERMS = {
    "Starter": weighted((1, 82), (12, 18)),
    "Team": weighted((1, 66), (3, 8), (12, 26)),
    "Business": weighted((1, 38), (3, 17), (12, 45)),
    "Enterprise": weighted((3, 15), (12, 85)),
}
"""The months of a term, by plan."""

SEATS = {"Starter": (1, 5), "Team": (3, 22), "Business": (10, 90), "Enterprise": (50, 400)}
"""The fewest and the most seats with which a customer begins, by plan."""

CHANNELS = weighted(("Website", 46), ("Referral", 18), ("Partner", 16), ("Sales", 20))
INDUSTRIES = (
    *("Agriculture", "Construction", "Consulting", "Education", "Energy", "Finance", "Health", "Hospitality"),
    *("Logistics", "Manufacturing", "Media", "Public sector", "Retail", "Software", "Travel"),
)

_FIRST = (
    *("Alder", "Amber", "Arbor", "Aspen", "Basalt", "Beacon", "Birch", "Bramble", "Brook", "Cairn", "Cedar", "Cinder"),
    *("Clover", "Copper", "Coral", "Crane", "Delta", "Dune", "Ember", "Fern", "Fjord", "Flint", "Garnet", "Glade"),
    *("Harbor", "Hazel", "Heron", "Indigo", "Iris", "Ivory", "Juniper", "Kestrel", "Lark", "Linden", "Lumen", "Maple"),
    *("Marble", "Meadow", "Mica", "Nimbus", "Oak", "Onyx", "Opal", "Orchard", "Osprey", "Pebble", "Pine", "Quartz"),
    *(
        "Raven",
        "Ridge",
        "River",
        "Saffron",
        "Sage",
        "Sequoia",
        "Slate",
        "Sparrow",
        "Tidal",
        "Umber",
        "Willow",
        "Zephyr",
    ),
)
_SECOND = (
    *("works", "field", "gate", "point", "line", "bridge", "forge", "house", "light", "path", "port", "side"),
    *("stone", "wave", "yard", "well", "loop", "mark", "mill", "nest", "rise", "span", "view", "wind"),
)
_THIRD = (
    *("Analytics", "Bakery", "Clinics", "Design", "Energy", "Foods", "Freight", "Homes", "Labs", "Learning", "Legal"),
    *(
        "Media",
        "Motors",
        "Outdoor",
        "Partners",
        "Robotics",
        "Studio",
        "Supply",
        "Systems",
        "Textiles",
        "Tools",
        "Travel",
    ),
)
_LEGAL_FORM = {"DE": "GmbH", "FR": "SAS", "NL": "BV", "ES": "SL", "IT": "Srl", "GB": "Ltd", "JP": "KK", "US": "Inc"}


def company_name(random: Random, country: str) -> str:
    """A name such as a company of that country might have, put together from short lists of plain words."""
    return f"{draw(random, _FIRST)}{draw(random, _SECOND)} {draw(random, _THIRD)} {_LEGAL_FORM.get(country, 'Co')}"
