"""Openings: what each metric is made of, by its formula, down to the accounts and movements behind it.

A metric opens into other metrics and named figures (a ratio into what stands above and below the line), and these into
rows of the ledger, which `metrics/rows.py` fetches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from rollforward.ledger.movements import KINDS
from rollforward.metrics.registry import Metric, Unit, find
from rollforward.metrics.value import trailing_churn
from rollforward.money import monthly

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.metrics.figures import Figures

Way = Literal["sum", "product", "ratio", "told"]
Family = Literal[
    "movements",
    "levels",
    "customers",
    "subscriptions",
    "churners",
    "retained",
    "served",
    "committed",
    "contracts",
    "trials",
    "beside",
]
"""The kinds of rows that a figure is the sum of."""

Scale = Literal["monthly", "annual", "one"]
"""What a row's number is: a stored annual amount, read as MRR or as it stands a year, or a count."""


@dataclass(frozen=True)
class Rows:
    """The rows that a figure is the sum of. `of` names the kinds, the part or the line of the family that is meant."""

    family: Family
    scale: Scale = "monthly"
    of: tuple[str, ...] = ()
    at: Literal["opening", "closing"] = "closing"
    window: int = 0
    sign: int = 1


@dataclass(frozen=True)
class Opened:
    """A figure and what it is made of: parts by `way`, or rows.

    `metric` names the metric of the same period that it is, `opening` the metric of the day before the period. `keys`
    are those of the policy that rule it. `beside` is another way to the same figure.
    """

    about: str
    unit: Unit
    value: Fraction | None
    way: Way = "sum"
    parts: tuple[Opened, ...] = ()
    rows: Rows | None = None
    metric: str | None = None
    opening: str | None = None
    keys: tuple[str, ...] = ()
    note: str = ""
    beside: tuple[Opened, ...] = ()


def opened(name: str, figures: Figures) -> Opened:
    """What a metric is made of in one period. A metric that no opening is written for tells its formula alone."""
    metric = find(name)
    base = name.rsplit("_", 1)[0] if metric.window else name
    made = OPENINGS[base](_Of(metric, figures)) if base in OPENINGS else _Made(way="told")
    value = metric.value(figures)
    note = f"{metric.formula}." if value is not None else f"{metric.formula}: {metric.empty}."
    return Opened(
        name, metric.unit, value, made.way, made.parts, made.rows, name, keys=made.keys, note=note, beside=made.beside
    )


@dataclass(frozen=True)
class _Made:
    """What makes a metric."""

    way: Way = "sum"
    parts: tuple[Opened, ...] = ()
    rows: Rows | None = None
    keys: tuple[str, ...] = ()
    beside: tuple[Opened, ...] = ()


@dataclass(frozen=True)
class _Of:
    """A metric of a period, and the figures that it can open into."""

    metric: Metric
    figures: Figures

    def metric_of(self, name: str, sign: int = 1) -> Opened:
        """Another metric of the period; with the sign -1, taken off."""
        found = opened(name, self.figures)
        return found if sign == 1 else _taken_off(found)

    def opening_mrr(self) -> Opened:
        """MRR at the opening."""
        value, rows = monthly(self.figures.opening), Rows("levels", at="opening")
        return Opened("MRR at the opening", "money", value, rows=rows, opening="mrr")

    def opening_customers(self) -> Opened:
        """Customers at the opening."""
        value, rows = Fraction(self.figures.customers_opening), Rows("customers", "one", at="opening")
        return Opened("customers at the opening", "count", value, rows=rows, opening="customers")

    def retained(self, about: str, part: str, scale: Scale) -> Opened:
        """A part of the closed cohort over the metric's window."""
        number = getattr(self.figures.retained[self.metric.window], part)
        value = monthly(number) if scale == "monthly" else Fraction(number)
        at: Literal["opening", "closing"] = "opening" if part in {"opening", "customers"} else "closing"
        rows = Rows("retained", scale, (part,), at, self.metric.window)
        return Opened(about, "money" if scale == "monthly" else "count", value, rows=rows)


def _taken_off(found: Opened) -> Opened:
    value = None if found.value is None else -found.value
    rows = (
        None if found.rows is None else Rows(found.rows.family, found.rows.scale, found.rows.of, sign=-found.rows.sign)
    )
    return Opened(f"less {found.about}", found.unit, value, rows=rows, metric=found.metric, keys=found.keys)


_KINDS = ("level",)


def _moved(*kinds: str, sign: int = 1, keys: tuple[str, ...] = _KINDS) -> Callable[[_Of], _Made]:
    return lambda _: _Made(rows=Rows("movements", of=kinds, sign=sign), keys=keys)


def _counted(kind: str, keys: tuple[str, ...] = _KINDS) -> Callable[[_Of], _Made]:
    return lambda _: _Made(rows=Rows("movements", "one", (kind,)), keys=keys)


def _rows(
    family: Family, scale: Scale = "monthly", of: tuple[str, ...] = (), keys: tuple[str, ...] = ()
) -> Callable[[_Of], _Made]:
    return lambda _: _Made(rows=Rows(family, scale, of), keys=keys)


def _ratio(above: str, below: str) -> Callable[[_Of], _Made]:
    return lambda of: _Made("ratio", (of.metric_of(above), of.metric_of(below)))


def _added(about: str, *parts: Opened) -> Opened:
    return Opened(about, parts[0].unit, sum((part.value or Fraction(0) for part in parts), Fraction(0)), parts=parts)


def _kinds(of: _Of) -> tuple[Opened, ...]:
    """What each kind moved in the period, signed as movements are."""
    return tuple(
        Opened(
            f"{kind} of the period", "money", of.figures.gained(kind), rows=Rows("movements", of=(kind,)), keys=_KINDS
        )
        for kind in (*KINDS, "entered", "left")
        if of.figures.flows.get(kind)
    )


def _mrr(of: _Of) -> _Made:
    flows = _added("opening and movements", of.opening_mrr(), *_kinds(of))
    return _Made(rows=Rows("levels"), beside=(flows,))


def _arr(of: _Of) -> _Made:
    return _Made("product", (Opened("months", "count", Fraction(12)), of.metric_of("mrr")))


def _net_new(of: _Of) -> _Made:
    return _Made(parts=_kinds(of), rows=None if _kinds(of) else Rows("movements"))


def _quick_ratio(of: _Of) -> _Made:
    won = _added("won", of.metric_of("new_mrr"), of.metric_of("expansion_mrr"))
    lost = _added("lost", of.metric_of("churned_mrr"), of.metric_of("contraction_mrr"))
    return _Made("ratio", (won, lost))


def _growth_rate(of: _Of) -> _Made:
    above, below = of.metric_of("mrr"), of.opening_mrr()
    grown = None if not below.value or above.value is None else above.value / below.value
    less_one = Opened("less 1", "ratio", Fraction(-1))
    return _Made(parts=(Opened("closing / opening", "ratio", grown, "ratio", (above, below)), less_one))


def _cmgr(of: _Of) -> _Made:
    figures = of.figures
    first = figures.first
    parts = [of.metric_of("mrr"), Opened("periods between", "count", Fraction(figures.steps))]
    if first is not None:
        parts.insert(1, Opened(f"mrr of {first.period.label}", "money", monthly(first.closing)))
    return _Made("told", tuple(parts))


_CHURN_KEYS = ("churn_rate_formula", "churn_rate_base", "churn_rate_joined")


def _customer_churn_rate(of: _Of) -> _Made:
    figures, policy = of.figures, of.figures.policy
    lost = of.metric_of("churned_customers")
    below = of.opening_customers()
    if policy.churn_rate_formula == "daily_sum":
        return _Made("told", (lost, below), keys=_CHURN_KEYS)
    if policy.churn_rate_joined == "exclude":
        joined = Rows("churners", "one", ("joined",), sign=-1)
        taken = Opened(
            "less those who joined in the period", "count", -Fraction(figures.joined_and_churned), rows=joined
        )
        lost = _added("customers lost", lost, taken)
    if policy.churn_rate_base == "start_plus_new":
        below = _added("customers at the opening and new ones", below, of.metric_of("new_customers"))
    return _Made("ratio", (lost, below), keys=_CHURN_KEYS)


def _gross_churn(of: _Of) -> _Made:
    lost = _added("lost", of.metric_of("churned_mrr"), of.metric_of("contraction_mrr"))
    return _Made("ratio", (lost, of.opening_mrr()))


def _net_churn(of: _Of) -> _Made:
    lost = (of.metric_of("churned_mrr"), of.metric_of("contraction_mrr"))
    won = (of.metric_of("expansion_mrr", -1), of.metric_of("reactivation_mrr", -1))
    return _Made("ratio", (_added("lost, less what was won", *lost, *won), of.opening_mrr()))


def _nrr(of: _Of) -> _Made:
    above = of.retained("their MRR at the end", "closing", "monthly")
    return _Made("ratio", (above, of.retained("MRR of the customers of the opening", "opening", "monthly")))


def _grr(of: _Of) -> _Made:
    above = of.retained("the smaller of opening and closing MRR, by customer", "kept", "monthly")
    return _Made("ratio", (above, of.retained("MRR of the customers of the opening", "opening", "monthly")))


def _customer_retention(of: _Of) -> _Made:
    above = of.retained("those of them with MRR at the end", "stayed", "one")
    return _Made("ratio", (above, of.retained("customers of the opening", "customers", "one")))


def _ltv(of: _Of) -> _Made:
    months = of.figures.policy.ltv_months
    if months is None:
        rate = of.metric_of("customer_churn_rate")
    else:
        mean = trailing_churn(of.figures, months)
        rate = Opened(f"mean churn rate of the {months} periods before", "ratio", mean, "told", _earlier(of, months))
    return _Made("ratio", (of.metric_of("arpa"), rate), keys=("ltv_churn",))


def _earlier(of: _Of, months: int) -> tuple[Opened, ...]:
    """The customer churn rates of the periods before, the latest first."""
    rate, earlier = find("customer_churn_rate"), of.figures.previous
    parts: list[Opened] = []
    while earlier is not None and len(parts) < months:
        about = f"customer_churn_rate of {earlier.period.label}"
        parts.append(Opened(about, "ratio", rate.value(earlier), "told"))
        earlier = earlier.previous
    return tuple(parts)


_CONTRACT_KEYS = ("one_time_in_contract_value",)
_RETURN_KEYS = ("level", "returning", "returning_days")

OPENINGS: dict[str, Callable[[_Of], _Made]] = {
    "mrr": _mrr,
    "arr": _arr,
    "customers": _rows("customers", "one", keys=("free",)),
    "subscriptions": _rows("subscriptions", "one", keys=("free",)),
    "arpa": _ratio("mrr", "customers"),
    "asp": _ratio("new_mrr", "new_customers"),
    "new_mrr": _moved("new"),
    "expansion_mrr": _moved("expansion"),
    "reactivation_mrr": _moved("reactivation", keys=_RETURN_KEYS),
    "contraction_mrr": _moved("contraction", sign=-1),
    "churned_mrr": _moved("churn", sign=-1, keys=("level", "churn_at")),
    "exchange_mrr": _moved("exchange", keys=("exchange_rate",)),
    "net_new_mrr": _net_new,
    "new_customers": _counted("new"),
    "expansions": _counted("expansion"),
    "reactivated_customers": _counted("reactivation", _RETURN_KEYS),
    "contractions": _counted("contraction"),
    "committed_mrr": _rows("committed"),
    "trial_mrr": _rows("beside", of=("trial",), keys=("trials",)),
    "usage_run_rate": _rows("beside", of=("usage",), keys=("usage",)),
    "mrr_in_period": _rows("served"),
    "quick_ratio": _quick_ratio,
    "growth_rate": _growth_rate,
    "cmgr": _cmgr,
    "churned_customers": _rows("churners", "one"),
    "customer_churn_rate": _customer_churn_rate,
    "gross_mrr_churn_rate": _gross_churn,
    "net_mrr_churn_rate": _net_churn,
    "nrr": _nrr,
    "grr": _grr,
    "customer_retention": _customer_retention,
    "ltv": _ltv,
    "acv": _rows("contracts", "annual", ("annual",), _CONTRACT_KEYS),
    "tcv": _rows("contracts", "annual", ("charged",), _CONTRACT_KEYS),
    "trials": _rows("trials", "one", keys=("trial_window",)),
    "trial_conversion_rate": lambda of: _Made(
        "ratio",
        (
            Opened(
                "trials that became paid",
                "count",
                Fraction(of.figures.trials.converted),
                rows=Rows("trials", "one", ("converted",)),
            ),
            of.metric_of("trials"),
        ),
        keys=("trial_window",),
    ),
}
"""What each metric is made of, by the metric's name without its window."""
