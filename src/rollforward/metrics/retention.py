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
