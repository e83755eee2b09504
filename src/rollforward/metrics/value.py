"""Value: what a customer and a contract are worth."""

from __future__ import annotations

from fractions import Fraction

from rollforward.metrics.churn import customer_churn_rate
from rollforward.metrics.figures import Figures, ratio
from rollforward.metrics.registry import metric
from rollforward.metrics.revenue import arpa


@metric(
    "ltv",
    "money",
    formula="arpa / customer churn rate (the policy may average the rate of earlier months)",
    source="Stripe, Baremetrics; ChartMogul averages six months",
    empty="none without customers or without churn",
    needs=["churners", "daily", "history"],
)
def ltv(figures: Figures) -> Fraction | None:
    """Lifetime value of an average customer."""
    months = figures.policy.ltv_months
    rate = customer_churn_rate(figures) if months is None else trailing_churn(figures, months)
    average = arpa(figures)
    return None if rate is None or average is None else ratio(average, rate)


def trailing_churn(figures: Figures, months: int) -> Fraction | None:
    """The mean customer churn rate of so many earlier periods, as far as it is known; None where none is."""
    rates: list[Fraction | None] = []
    earlier = figures.previous
    while earlier is not None and len(rates) < months:
        rates.append(customer_churn_rate(earlier))
        earlier = earlier.previous
    known = [rate for rate in rates if rate is not None]
    return ratio(sum(known, Fraction(0)), len(known))


@metric(
    "acv",
    "money",
    formula="12 x MRR of the contracts that run at the end",
    source="Conga, HubSpot, Salesforce; a contract is an item whose terms have an end",
    needs=["contracts"],
)
def acv(figures: Figures) -> Fraction:
    """Annual value of the running contracts."""
    return figures.contracts.annual


@metric(
    "tcv",
    "money",
    formula="recurring charges from start to end of the contracts that run at the end",
    source="Conga, HubSpot, Salesforce; a contract is an item whose terms have an end",
    needs=["contracts"],
)
def tcv(figures: Figures) -> Fraction:
    """Total value of the running contracts."""
    return figures.contracts.total
