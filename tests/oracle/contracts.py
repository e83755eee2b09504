"""Contracts: what running subscriptions with an end are worth in a year and in all."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from oracle.invoices import Line, net_amount
from oracle.levels import total
from oracle.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle.answers import Oracle
    from oracle.charge import Charge

Subscription = tuple[str, str]


class UnknownRateError(LookupError):
    """A one-time charge is in a currency without a rate, so the value is not known."""


def known_or_none(value: Callable[[Oracle, date], Fraction], oracle: Oracle, day: date) -> Fraction | None:
    """A contract value, None when it is not known."""
    try:
        return value(oracle, day)
    except UnknownRateError:
        return None


def contracts(oracle: Oracle, day: date) -> list[Subscription]:
    """The subscriptions that run at the end of a day and of which no counting row is open-ended."""
    open_ended = {
        charge.row.item_key[:2]
        for charge in oracle.levels_of.charges
        if charge.end == date.max and charge.first_counted() is not None
    }
    return [key for key in oracle.running_subscriptions(day) if key not in open_ended]


def annual_value(oracle: Oracle, day: date) -> Fraction:
    """Twelve times the MRR of the contracts, with one-time charges where the policy wants them."""
    running = oracle.running_subscriptions(day)
    recurring = sum((total(running[key], oracle.case.policy["round"]) for key in contracts(oracle, day)), Fraction(0))
    return recurring + _one_time(oracle, day)


def total_value(oracle: Oracle, day: date) -> Fraction:
    """All charges of the contracts from their start to their end."""
    chosen = contracts(oracle, day)
    charges = [charge for charge in oracle.levels_of.charges if charge.row.item_key[:2] in chosen]
    return sum((_charged(oracle, charge) for charge in charges), Fraction(0)) + _one_time(oracle, day)


def _charged(oracle: Oracle, charge: Charge) -> Fraction:
    """What a row is charged in all, each charge at the rate of its day."""
    if isinstance(charge, Line):
        return _converted(oracle, charge, charge.charged(), charge.first)
    if not isinstance(charge, Terms) or charge.first_counted() is None:
        # What never counts, one-time items among them, may well be open-ended.
        return Fraction(0)
    days = [day for day in charge.charge_days(charge.end) if charge.counts(day)]
    return sum((_converted(oracle, charge, charge.price(day), day) for day in days), Fraction(0))


def _one_time(oracle: Oracle, day: date) -> Fraction:
    """The one-time charges of the contracts, where the policy wants them."""
    if oracle.case.policy["one_time_in_contract_value"] == "exclude":
        return Fraction(0)
    chosen = contracts(oracle, day)
    if oracle.case.policy["basis"] == "invoices":
        return _one_time_lines(oracle, chosen)
    items = [charge for charge in oracle.levels_of.charges if charge.row.item_key[:2] in chosen]
    found = [item for item in items if isinstance(item, Terms) and item.row["kind"] == "one_time"]
    return sum((_converted(oracle, item, item.price(item.first), item.first) for item in found), Fraction(0))


def _one_time_lines(oracle: Oracle, chosen: list[Subscription]) -> Fraction:
    """The one-time lines of invoices, at the rate of the day they were issued."""
    amount = Fraction(0)
    for row in oracle.case.lines:
        if row["kind"] == "one_time" and row["status"] in ("paid", "open") and row.item_key[:2] in chosen:
            amount += net_amount(row, oracle.case) * _known(oracle.rates.on(row["currency"], row["issued"]))
    return amount


def _converted(oracle: Oracle, charge: Charge, amount: Fraction, day: date) -> Fraction:
    return amount * _known(oracle.levels_of.rate(charge, day))


def _known(rate: Fraction | None) -> Fraction:
    if rate is None:
        raise UnknownRateError
    return rate
