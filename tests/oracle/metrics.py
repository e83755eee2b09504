"""The metrics of the format, one function each, all in one table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.arithmetic import ONE_DAY, first_of_month, month_end, months_later
from oracle.contracts import annual_value, known_or_none, total_value
from oracle.trials import conversion_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle.answers import Oracle
    from oracle.movements import Change

    Metric = Callable[[Oracle, str, str | None], Fraction | None]


def first_day(month: str) -> date:
    """The first day of a month."""
    return date.fromisoformat(f"{month}-01")


def last_day(oracle: Oracle, month: str) -> date:
    """The last day of a month, or today if the month is not over."""
    return min(month_end(first_day(month)), oracle.case.today)


def over(above: Fraction | int, below: Fraction | int) -> Fraction | None:
    """A ratio; None without a base."""
    return Fraction(above) / below if below else None


def _column(name: str) -> Metric:
    return lambda oracle, month, _: oracle.rollforward(month)[name]


def arr(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Twelve times MRR."""
    return 12 * oracle.rollforward(month)["closing"]


def arpa(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """MRR by customer at the end."""
    return over(oracle.rollforward(month)["closing"], oracle.customers(last_day(oracle, month)))


def asp(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """New MRR by new customer."""
    return over(oracle.rollforward(month)["new"], len(new_customers(oracle.customer_changes, first_day(month))))


def growth_rate(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Closing by opening, less 1."""
    row = oracle.rollforward(month)
    ratio = over(row["closing"], row["opening"])
    return None if ratio is None else ratio - 1


def cmgr(oracle: Oracle, month: str, start: str | None = None) -> Fraction | None:
    """The steady monthly growth that leads from one month's end to another's, to 20 digits."""
    if start is None:
        return None
    first, last = first_day(start), first_day(month)
    months = (last.year - first.year) * 12 + last.month - first.month
    ratio = over(oracle.mrr(last_day(oracle, month)), oracle.mrr(last_day(oracle, start)))
    if ratio is None or ratio < 0 or months < 1:
        return None
    with localcontext() as context:
        context.prec = 40
        decimal = Decimal(ratio.numerator) / Decimal(ratio.denominator)
        return Fraction(round(decimal ** (Decimal(1) / months), 20)) - 1


def net_new_mrr(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Closing less opening."""
    row = oracle.rollforward(month)
    return row["closing"] - row["opening"]


def gross_mrr_churn_rate(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """What was lost, by opening."""
    row = oracle.rollforward(month)
    return over(row["churn"] + row["contraction"], row["opening"])


def net_mrr_churn_rate(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """What was lost less what old customers gained, by opening."""
    row = oracle.rollforward(month)
    return over(row["churn"] + row["contraction"] - row["expansion"] - row["reactivation"], row["opening"])


def quick_ratio(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """What was gained, by what was lost."""
    row = oracle.rollforward(month)
    return over(row["new"] + row["expansion"], row["churn"] + row["contraction"])


def nrr(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """What the customers of the opening still pay at the closing, by opening."""
    pairs = _cohort(oracle, month)
    return over(sum(closing for _, closing in pairs), sum(opening for opening, _ in pairs))


def grr(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """As `nrr`, with no customer above what it paid at the opening."""
    pairs = _cohort(oracle, month)
    return over(sum(min(pair) for pair in pairs), sum(opening for opening, _ in pairs))


def _cohort(oracle: Oracle, month: str) -> list[tuple[Fraction, Fraction]]:
    """Opening and closing amounts of the customers with MRR at the opening."""
    opening, closing = oracle.states(first_day(month) - ONE_DAY), oracle.states(last_day(oracle, month))
    pairs = [(oracle.amount(state), oracle.amount(closing.get(name, ()))) for name, state in opening.items()]
    return [(before, after) for before, after in pairs if before]


def new_customers(changes: list[Change], month: date) -> set[str]:
    """The customers that were new in a month."""
    return {change.unit[0] for change in changes if change.kind == "new" and first_of_month(change.day) == month}


def lost_customers(changes: list[Change], month: date) -> set[str]:
    """The customers that churned in a month."""
    return {change.unit[0] for change in changes if change.went and first_of_month(change.day) == month}


def customer_churn_rate(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Customers lost in the month, by the customers there were."""
    if oracle.case.policy["churn_rate_formula"] == "daily_sum":
        return _daily_sum(oracle, first_day(month))
    first = first_day(month)
    opening = set(oracle.states(first - ONE_DAY))
    new, lost = new_customers(oracle.customer_changes, first), lost_customers(oracle.customer_changes, first)
    return over(*_churn_terms(oracle, opening, new, lost, lost - opening))


def _churn_terms(oracle: Oracle, opening: set[str], new: set[str], lost: set[str], joined: set[str]) -> tuple[int, int]:
    """Above and below the line of a churn rate. `joined` are those who joined and left within the period."""
    policy = oracle.case.policy
    if policy["churn_rate_joined"] == "exclude":
        new, lost = new - joined, lost - joined
    return len(lost), len(opening) + (len(new) if policy["churn_rate_base"] == "start_plus_new" else 0)


def _daily_sum(oracle: Oracle, first: date) -> Fraction | None:
    """The sum of the rates of the month's days; None when there was nobody on any of them."""
    changes = [change for change in oracle.daily_customer_changes if first_of_month(change.day) == first]
    joined = lost_customers(changes, first) - set(oracle.states(first - ONE_DAY))
    rates = []
    for number in range((last_day(oracle, first.isoformat()[:7]) - first).days + 1):
        day = first + number * ONE_DAY
        today = [change for change in changes if change.day == day]
        new, lost = new_customers(today, first), lost_customers(today, first)
        rates.append(over(*_churn_terms(oracle, set(oracle.states(day - ONE_DAY)), new, lost, joined)))
    known = [rate for rate in rates if rate is not None]
    return sum(known, Fraction(0)) if known else None


def ltv(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """What a customer pays a month, by the churn rate."""
    each, churn = arpa(oracle, month), _ltv_churn(oracle, month)
    return None if each is None or churn is None else over(each, churn)


def _ltv_churn(oracle: Oracle, month: str) -> Fraction | None:
    rule = oracle.case.policy["ltv_churn"]
    if rule == "period":
        return customer_churn_rate(oracle, month)
    before = [months_later(first_day(month), -back) for back in range(1, int(rule.removeprefix("trailing:")) + 1)]
    rates = [customer_churn_rate(oracle, first.isoformat()[:7]) for first in before]
    known = [rate for rate in rates if rate is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def customers(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Customers at the end."""
    return Fraction(oracle.customers(last_day(oracle, month)))


def subscriptions(oracle: Oracle, month: str, _: str | None = None) -> Fraction | None:
    """Subscriptions at the end: those with MRR, with free = count those with a row that counts."""
    return Fraction(len(oracle.running_subscriptions(last_day(oracle, month))))


METRICS: dict[str, Metric] = {
    "mrr": _column("closing"),
    "arr": arr,
    "customers": customers,
    "subscriptions": subscriptions,
    "arpa": arpa,
    "asp": asp,
    "growth_rate": growth_rate,
    "cmgr": cmgr,
    "net_new_mrr": net_new_mrr,
    "gross_mrr_churn_rate": gross_mrr_churn_rate,
    "net_mrr_churn_rate": net_mrr_churn_rate,
    "nrr": nrr,
    "grr": grr,
    "quick_ratio": quick_ratio,
    "customer_churn_rate": customer_churn_rate,
    "ltv": ltv,
    "committed_mrr": lambda oracle, _month, _start: oracle.committed(),
    "acv": lambda oracle, month, _: known_or_none(annual_value, oracle, last_day(oracle, month)),
    "tcv": lambda oracle, month, _: known_or_none(total_value, oracle, last_day(oracle, month)),
    "trial_conversion_rate": lambda oracle, month, _: conversion_rate(oracle, first_day(month)),
    "new_mrr": _column("new"),
    "expansion_mrr": _column("expansion"),
    "reactivation_mrr": _column("reactivation"),
    "contraction_mrr": _column("contraction"),
    "churned_mrr": _column("churn"),
}
