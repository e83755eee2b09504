"""Revenue: how much recurs, and how it moved."""

from __future__ import annotations

from fractions import Fraction

from rollforward.metrics.figures import Figures, ratio
from rollforward.metrics.registry import metric
from rollforward.money import monthly

_STANDARD = "common to all vendors"


@metric("mrr", "money", formula="annual run-rate / 12, at the end of the period", source=_STANDARD)
def mrr(figures: Figures) -> Fraction:
    """Monthly Recurring Revenue at the end of the period."""
    return monthly(figures.closing)


@metric("arr", "money", formula="12 x mrr", source="ChartMogul, RevenueCat, Baremetrics, Polar, PostHog")
def arr(figures: Figures) -> Fraction:
    """Annual Run-Rate at the end of the period."""
    return 12 * monthly(figures.closing)


@metric("customers", "count", formula="customers with MRR at the end", source="ChartMogul, Stripe")
def customers(figures: Figures) -> Fraction:
    """Customers with MRR at the end of the period."""
    return Fraction(figures.customers_closing)


@metric(
    "subscriptions",
    "count",
    formula="subscriptions with MRR at the end",
    source="Stripe, Recurly",
    needs=["subscriptions"],
)
def subscriptions(figures: Figures) -> Fraction:
    """Subscriptions with MRR at the end of the period."""
    return Fraction(figures.subscriptions)


@metric(
    "arpa",
    "money",
    formula="mrr / customers, at the end",
    source="ChartMogul, Stripe, Baremetrics",
    empty="none without customers",
)
def arpa(figures: Figures) -> Fraction | None:
    """Average MRR per account at the end of the period."""
    return ratio(monthly(figures.closing), figures.customers_closing)


@metric("asp", "money", formula="new_mrr / new_customers", source="ChartMogul", empty="none without new customers")
def asp(figures: Figures) -> Fraction | None:
    """Average sale price: MRR per new customer of the period."""
    return ratio(figures.gained("new"), figures.moves.get("new", 0))


@metric("new_mrr", "money", formula="sum of new movements", source=_STANDARD)
def new_mrr(figures: Figures) -> Fraction:
    """MRR of customers who never had MRR before."""
    return figures.gained("new")


@metric("expansion_mrr", "money", formula="sum of expansion movements", source=_STANDARD)
def expansion_mrr(figures: Figures) -> Fraction:
    """MRR gained from customers who stay."""
    return figures.gained("expansion")


@metric("reactivation_mrr", "money", formula="sum of reactivation movements", source="ChartMogul, Stripe, ProfitWell")
def reactivation_mrr(figures: Figures) -> Fraction:
    """MRR of customers who came back."""
    return figures.gained("reactivation")


@metric("contraction_mrr", "money", formula="sum of contraction movements, positive", source=_STANDARD)
def contraction_mrr(figures: Figures) -> Fraction:
    """MRR lost from customers who stay."""
    return figures.lost("contraction")


@metric("churned_mrr", "money", formula="sum of churn movements, positive", source=_STANDARD)
def churned_mrr(figures: Figures) -> Fraction:
    """MRR of customers who left."""
    return figures.lost("churn")


@metric("exchange_mrr", "money", formula="sum of exchange movements", source="ChartMogul, Stripe, Chargebee")
def exchange_mrr(figures: Figures) -> Fraction:
    """What only exchange rates moved."""
    return figures.gained("exchange")


@metric("net_new_mrr", "money", formula="closing - opening", source="Baremetrics, Chargebee")
def net_new_mrr(figures: Figures) -> Fraction:
    """The change of MRR within the period."""
    return monthly(sum(figures.flows.values()))


@metric("new_customers", "count", formula="number of new movements", source=_STANDARD)
def new_customers(figures: Figures) -> Fraction:
    """Customers who never had MRR before."""
    return Fraction(figures.moves.get("new", 0))


@metric("expansions", "count", formula="number of expansion movements", source=_STANDARD)
def expansions(figures: Figures) -> Fraction:
    """Expansion movements of the period."""
    return Fraction(figures.moves.get("expansion", 0))


@metric("reactivated_customers", "count", formula="number of reactivation movements", source=_STANDARD)
def reactivated_customers(figures: Figures) -> Fraction:
    """Returns of customers in the period."""
    return Fraction(figures.moves.get("reactivation", 0))


@metric("contractions", "count", formula="number of contraction movements", source=_STANDARD)
def contractions(figures: Figures) -> Fraction:
    """Contraction movements of the period."""
    return Fraction(figures.moves.get("contraction", 0))


@metric(
    "committed_mrr",
    "money",
    formula="mrr once every change known today has taken effect",
    source="Bessemer, Chargebee",
    empty="none but in the period of today",
    needs=["committed"],
)
def committed_mrr(figures: Figures) -> Fraction | None:
    """MRR once every scheduled start, change and end has taken effect."""
    return None if figures.committed is None else monthly(figures.committed)


@metric("trial_mrr", "money", formula="MRR of trials, as if paid, at the end", source="beside MRR, never in it")
def trial_mrr(figures: Figures) -> Fraction:
    """What the running trials would be worth."""
    return monthly(figures.trial)


@metric(
    "usage_run_rate",
    "money",
    formula="monthly run-rate of usage items at the end",
    source="Maxio: a category of its own",
)
def usage_run_rate(figures: Figures) -> Fraction:
    """The run-rate of metered usage, beside MRR."""
    return monthly(figures.usage)


@metric(
    "mrr_in_period",
    "money",
    formula="run-rate / 12 of every span that ran on any day of the period",
    source="a reading that spreadsheets often use; it counts a price twice in a month in which it changed",
    needs=["served"],
)
def mrr_in_period(figures: Figures) -> Fraction:
    """MRR of everything that ran on any day of the period, be it gone at its end."""
    return monthly(figures.served)
