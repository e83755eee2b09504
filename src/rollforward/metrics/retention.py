"""Retention: what a closed cohort, the customers with MRR at the opening, is worth at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.metrics.figures import Figures, Retained, ratio
from rollforward.metrics.registry import metric

if TYPE_CHECKING:
    from fractions import Fraction

_COHORT = "SaaS Metrics Standards Board; ChurnZero"


def net_retention(cohort: Retained) -> Fraction | None:
    """The ratio closing / opening of a closed cohort; None if it has no MRR at the opening."""
    return ratio(cohort.closing, cohort.opening)


def gross_retention(cohort: Retained) -> Fraction | None:
    """The sum of min(opening, closing) per account / opening: never over 1; None if there is no MRR at the opening."""
    return ratio(cohort.kept, cohort.opening)


def customer_share(cohort: Retained) -> Fraction | None:
    """The share of a closed cohort's customers that have MRR at the end; None if there are none at the opening."""
    return ratio(cohort.stayed, cohort.customers)


COHORT_FORMULAS = {"nrr": net_retention, "grr": gross_retention, "customer_retention": customer_share}
"""The metrics of closed cohorts, which may be asked over any number of months: `nrr_24m`."""


@metric(
    "nrr",
    "ratio",
    formula="closing MRR of the customers of the opening / their opening MRR",
    source=_COHORT,
    empty="none without MRR at the opening",
    needs=["retained"],
)
def nrr(figures: Figures) -> Fraction | None:
    """Net revenue retention over the period; `nrr_12m` over the twelve months to its end, any `nrr_Nm` over N."""
    return net_retention(figures.retained[0])


@metric(
    "grr",
    "ratio",
    formula="sum of min(opening, closing) per customer / opening MRR",
    source=_COHORT,
    empty="none without MRR at the opening",
    needs=["retained"],
)
def grr(figures: Figures) -> Fraction | None:
    """Gross revenue retention over the period, never over 100 %; `grr_12m` over the twelve months to its end."""
    return gross_retention(figures.retained[0])


@metric(
    "customer_retention",
    "ratio",
    formula="customers of the opening with MRR at the end / customers of the opening",
    source="the other side of logo churn on a closed cohort; fight-churn",
    empty="none without customers at the opening",
    needs=["retained"],
)
def customer_retention(figures: Figures) -> Fraction | None:
    """The share of customers that stayed over the period; `customer_retention_12m` over twelve months to its end."""
    return customer_share(figures.retained[0])
