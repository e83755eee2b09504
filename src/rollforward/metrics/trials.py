"""Trials: how many became paid."""

from __future__ import annotations

from fractions import Fraction

from rollforward.metrics.figures import Figures, ratio
from rollforward.metrics.registry import metric


@metric(
    "trials",
    "count",
    formula="trials of the period (by the policy: started or ended in it)",
    source="ChartMogul, Baremetrics",
    needs=["trials"],
)
def trials(figures: Figures) -> Fraction:
    """Trials that the conversion rate looks at."""
    return Fraction(figures.trials.started)


@metric(
    "trial_conversion_rate",
    "ratio",
    formula="trials of the period that became paid / trials of the period",
    source="ChartMogul (by start); Stripe (by end)",
    empty="none without trials",
    needs=["trials"],
)
def trial_conversion_rate(figures: Figures) -> Fraction | None:
    """The share of trials that became paid subscriptions, at any time."""
    return ratio(figures.trials.converted, figures.trials.started)
