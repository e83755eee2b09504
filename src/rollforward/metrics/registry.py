"""The registry: every metric once, with its formula, unit and source. Help, documentation and checks follow from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from rollforward.errors import UnknownNameError
from rollforward.metrics.figures import Figures

Unit = Literal["money", "count", "ratio"]
Need = Literal[
    "churners", "daily", "subscriptions", "committed", "retained", "contracts", "trials", "history", "served"
]
Formula = Callable[[Figures], Fraction | None]


@dataclass(frozen=True)
class Metric:
    """One metric. `needs` names the figures beside the flows that it reads; `window` the months of a closed cohort."""

    name: str
    unit: Unit
    about: str
    formula: str
    source: str
    empty: str
    compute: Formula
    needs: frozenset[Need] = frozenset()
    window: int = 0

    def value(self, figures: Figures) -> Fraction | None:
        """The metric's value, exact; None where it has no base."""
        return self.compute(figures)


METRICS: dict[str, Metric] = {}
"""Every metric, by name, in the order in which they are shown."""


def metric(
    name: str, unit: Unit, *, formula: str, source: str, empty: str = "never empty", needs: Iterable[Need] = ()
) -> Callable[[Formula], Formula]:
    """Enter a function into the registry; its docstring says what the metric is."""

    def enter(compute: Formula) -> Formula:
        about = (compute.__doc__ or "").strip()
        METRICS[name] = Metric(name, unit, about, formula, source, empty, compute, frozenset(needs))
        return compute

    return enter


_WINDOWED = re.compile(r"(nrr|grr|customer_retention)_(\d{1,3})m")


def find(name: str) -> Metric:
    """The metric of a name; `nrr_24m` and the like are closed cohorts over any number of months."""
    import rollforward.metrics.families  # noqa: F401  entering the families fills the registry

    if windowed := _WINDOWED.fullmatch(name):
        base = METRICS[windowed[1]]
        months = int(windowed[2])
        return replace(base, name=name, window=months, compute=_windowed(base.name, months))
    if name not in METRICS:
        raise UnknownNameError("metric", name, list(METRICS))
    return METRICS[name]


def _windowed(name: str, months: int) -> Formula:
    from rollforward.metrics.retention import COHORT_FORMULAS

    return lambda figures: COHORT_FORMULAS[name](figures.retained[months])


def every_metric() -> list[Metric]:
    """The metrics that `rollforward metrics` lists, the usual windows of the cohorts among them."""
    find("mrr")
    listed = list(METRICS)
    return [find(name) for name in (*listed, "nrr_12m", "grr_12m", "customer_retention_12m")]
