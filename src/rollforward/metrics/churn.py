"""Churn: who left, and how fast MRR is lost."""

from __future__ import annotations

from fractions import Fraction

from rollforward.metrics.figures import Figures, ratio
from rollforward.metrics.registry import metric
from rollforward.money import monthly


@metric(
    "churned_customers",
    "count",
    formula="customers with a churn in the period, once each",
    source="ChartMogul",
    needs=["churners"],
)
def churned_customers(figures: Figures) -> Fraction:
    """Customers who left in the period."""
    return Fraction(figures.churned)


@metric(
    "customer_churn_rate",
    "ratio",
    formula="churned customers / customers at the opening (the policy may change both)",
    source="ChartMogul; Stripe divides by the opening and the new ones",
    empty="none without customers at the opening",
    needs=["churners", "daily"],
)
def customer_churn_rate(figures: Figures) -> Fraction | None:
    """The share of customers lost."""
    policy = figures.policy
    if policy.churn_rate_formula == "daily_sum":
        return figures.daily_churn
    lost = figures.churned
    if policy.churn_rate_joined == "exclude":
        lost -= figures.joined_and_churned
    joined = figures.moves.get("new", 0) if policy.churn_rate_base == "start_plus_new" else 0
    return ratio(lost, figures.customers_opening + joined)


@metric(
    "gross_mrr_churn_rate",
    "ratio",
    formula="(churn + contraction) / opening",
    source="ChartMogul, Chargebee",
    empty="none without MRR at the opening",
)
def gross_mrr_churn_rate(figures: Figures) -> Fraction | None:
    """The share of MRR lost."""
    return ratio(figures.lost("churn") + figures.lost("contraction"), monthly(figures.opening))


@metric(
    "net_mrr_churn_rate",
    "ratio",
    formula="(churn + contraction - expansion - reactivation) / opening",
    source="ChartMogul",
    empty="none without MRR at the opening",
)
def net_mrr_churn_rate(figures: Figures) -> Fraction | None:
    """The share of MRR lost, less what was won from known customers; below 0 when they bring more than is lost."""
    lost = figures.lost("churn") + figures.lost("contraction")
    return ratio(lost - figures.gained("expansion") - figures.gained("reactivation"), monthly(figures.opening))
