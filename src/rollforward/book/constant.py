"""Constant currency: reported figures beside those at the exchange rates of one fixed day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollforward.errors import IncompleteError, UsageError
from rollforward.metrics.growth import growth_rate
from rollforward.money import exact, monthly
from rollforward.results import column

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from rollforward.metrics.figures import Figures
    from rollforward.policy.policy import Policy
    from rollforward.results import Cell

COLUMNS = (
    column("period", "text"),
    column("opening", "money"),
    column("exchange", "money"),
    column("closing", "money"),
    column("closing_constant", "money"),
    column("exchange_in_closing", "money"),
    column("growth_rate", "ratio"),
    column("growth_rate_constant", "ratio"),
    column("rates_of", "day"),
)
"""What stands in a line. `exchange_in_closing` is closing - closing_constant: what exchange made of the closing."""


@dataclass(frozen=True)
class Uncounted:
    """Records that are missing on the constant side alone: how many there are, and the rates they lack."""

    records: int
    lacking: tuple[str, ...]


def at_rates_of(policy: Policy, day: date, today: date) -> Policy:
    """The same policy with the rates of one day; UsageError for a day to come, or if the policy never converts."""
    if day > today:
        raise UsageError(f"the rates of {day} are not known yet: the book looks up to {today}. Name an earlier day.")
    if policy.exchange_rule == "none":
        raise UsageError(
            f"policy {policy.name} never converts (exchange_rate = none), so that no day's rates can be held constant. "
            "Name another policy with --policy."
        )
    return policy.with_settings(policy.name, {"exchange_rate": f"fixed:{day}"})


def side_by_side(
    reported: Iterable[Figures], constant: Iterable[Figures], day: date, *, comparable: bool
) -> list[tuple[Cell, ...]]:
    """A line for each reported period. Sides that do not hold the same records are not `comparable`."""
    by_period = {figures.period.label: figures for figures in constant}
    return [_line(figures, by_period.get(figures.period.label), day, comparable=comparable) for figures in reported]


def _line(reported: Figures, constant: Figures | None, day: date, *, comparable: bool) -> tuple[Cell, ...]:
    """One period. The constant side is unknown, and not 0, before its first record that has a rate."""
    closing = constant.closing if constant else None
    effect = reported.closing - closing if comparable and closing is not None else None
    amounts = (reported.opening, reported.flows.get("exchange", 0), reported.closing, closing, effect)
    money = (None if amount is None else exact(monthly(amount)) for amount in amounts)
    rates = (growth_rate(reported), growth_rate(constant) if comparable and constant else None)
    return (reported.period.label, *money, *(None if rate is None else exact(rate) for rate in rates), day)


def nothing_held(day: date, currency: str) -> IncompleteError:
    """The error where no record has a rate on the fixed day."""
    return IncompleteError(
        f"no record has a rate to {currency} on or before {day}, so that there is nothing at its rates. "
        f"Run `rollforward import --ecb --currency {currency} --from {day}`, or name a later day."
    )


def uncounted(reported: Iterable[dict[str, Any]], constant: Iterable[dict[str, Any]]) -> Uncounted:
    """The records that are set aside on the constant side alone, from the problems of both."""
    known = {_place(problem) for problem in reported}
    missing = [problem for problem in constant if _place(problem) not in known]
    lacking = {str(problem["value"]).split(" ")[0] for problem in missing if problem["field"] == "currency"}
    return Uncounted(len({_place(problem) for problem in missing}), tuple(sorted(lacking)))


def _place(problem: dict[str, Any]) -> tuple[object, ...]:
    return tuple(problem[name] for name in ("source", "table", "file", "row"))
