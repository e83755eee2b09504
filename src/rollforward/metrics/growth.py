"""Growth: how fast MRR rises, and how much is won for what is lost."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

from rollforward.metrics.figures import Figures, ratio
from rollforward.metrics.registry import metric
from rollforward.money import monthly

_DIGITS = 28


@metric(
    "quick_ratio",
    "ratio",
    formula="(new + expansion) / (churn + contraction)",
    source="Baremetrics; reactivation is left out",
    empty="none when nothing was lost",
)
def quick_ratio(figures: Figures) -> Fraction | None:
    """MRR won for each unit of MRR lost."""
    won = figures.gained("new") + figures.gained("expansion")
    return ratio(won, figures.lost("churn") + figures.lost("contraction"))


@metric(
    "growth_rate",
    "ratio",
    formula="closing / opening - 1",
    source="Baremetrics",
    empty="none without MRR at the opening",
)
def growth_rate(figures: Figures) -> Fraction | None:
    """The growth of MRR within the period."""
    grown = ratio(monthly(figures.closing), monthly(figures.opening))
    return None if grown is None else grown - 1


@metric(
    "cmgr",
    "ratio",
    formula="(closing / closing of the first period asked for) ^ (1 / periods between) - 1",
    source="compound growth; the only metric that is a root and not exact: 12 decimals",
    empty="none in the first period, or without MRR in it",
    needs=["history"],
)
def cmgr(figures: Figures) -> Fraction | None:
    """Compound growth rate a period since the first period asked for."""
    if figures.first is None or not figures.steps or figures.first.closing <= 0 or figures.closing < 0:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        grown = Decimal(figures.closing) / Decimal(figures.first.closing)
        rate = grown ** (Decimal(1) / figures.steps) - 1
    return Fraction(round(rate, 12))
