"""The keys of a policy: what each decides, what it may say, and what it says when nobody has decided."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

Check = Callable[[Any], str | None]
"""A check of one value: None if it is allowed, else what is allowed."""

UNITS = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its default, its check, and its meaning in words."""

    name: str
    default: Any
    check: Check
    about: str

    @property
    def allowed(self) -> str:
        """What the key may say, in words."""
        return self.check(_NOTHING) or ""


_NOTHING = object()
"""A value that no key allows."""


_LONGEST_DAYS = 36_500


def _one_of(*values: str) -> Check:
    allowed = "one of " + ", ".join(values)
    return lambda value: None if isinstance(value, str) and value in values else allowed


def _days_or_null(value: Any) -> str | None:
    return None if value is None or _is_count(value) else "null, or a number of days from 0"


def _days(value: Any) -> str | None:
    return None if _is_count(value) else "a number of days from 0"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LONGEST_DAYS


def _matches(pattern: str, allowed: str) -> Check:
    return lambda value: None if isinstance(value, str) and re.fullmatch(pattern, value) else allowed


def _exchange_rate(value: Any) -> str | None:
    allowed = "service_start, purchase, period_end, fixed:YYYY-MM-DD, month_average or none"
    if not isinstance(value, str):
        return allowed
    if value.startswith("fixed:"):
        return None if _is_day(value.removeprefix("fixed:")) else allowed
    return _one_of("service_start", "purchase", "period_end", "month_average", "none")(value) and allowed


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _months_per(value: Any) -> str | None:
    allowed = (
        "a table of day, week, month and year, each a decimal or two integers with a slash (day may be days_in_month)"
    )
    if not isinstance(value, dict) or not set(value) <= set(UNITS):
        return allowed
    return None if all(_is_factor(unit, text) for unit, text in value.items()) else allowed


def _is_factor(unit: str, text: Any) -> bool:
    if unit == "day" and text == "days_in_month":
        return True
    try:
        factor = Fraction(text) if isinstance(text, str) else None
    except (ValueError, ZeroDivisionError):
        return False
    return factor is not None and factor >= 0 and max(factor.numerator, factor.denominator) <= LARGEST_FACTOR_PART


LARGEST_FACTOR_PART = 50_000
"""The largest numerator and denominator of a `months_per` entry, so that the exact arithmetic stays within 64 bits."""

MONTHS_PER = {"day": "365/12", "week": "52/12", "month": "1", "year": "1/12"}

KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("basis", "subscriptions", _one_of("subscriptions", "invoices", "snapshots"), "which records count"),
        Key("months_per", MONTHS_PER, _months_per, "how many monthly amounts one interval's amount makes"),
        Key("discounts", "all", _one_of("all", "recurring", "forever", "none"), "which discounts lower MRR"),
        Key("tax", "exclude", _one_of("exclude", "include"), "whether tax inside a price counts"),
        Key("trials", "exclude", _one_of("exclude", "include"), "whether days of a trial count"),
        Key("usage", "exclude", _one_of("exclude", "include"), "whether metered usage counts"),
        Key("free", "ignore", _one_of("ignore", "count"), "whether a customer at MRR 0 is a customer"),
        Key("past_due_days", None, _days_or_null, "how many days of a past-due run count; null: until cancelled"),
        Key("paused", "exclude", _one_of("exclude", "include"), "whether paused days count"),
        Key("churn_at", "service_end", _one_of("service_end", "request"), "when a cancelled row stops counting"),
        Key("returning", "reactivation", _one_of("reactivation", "new", "expansion", "less_churn"), "what a return is"),
        Key("returning_days", None, _days_or_null, "after more than so many days without MRR a return is new"),
        Key("gap_days", 0, _days, "a gap of at most so many days is filled with the amount before it"),
        Key("level", "customer", _one_of("customer", "subscription"), "whose MRR a movement classifies"),
        Key("netting", "day", _one_of("day", "month"), "the time within which changes are netted"),
        Key("same_month_new_and_churn", "count", _one_of("count", "ignore"), "whether a stay within one month counts"),
        Key("exchange_rate", "service_start", _exchange_rate, "which day's exchange rate converts an amount"),
        Key(
            "round",
            "none",
            _matches(
                r"none|(subscription|line):[0-4](:down)?",
                "none, subscription:N or line:N with N from 0 to 4, and :down",
            ),
            "which amounts are rounded before adding",
        ),
        Key("proration", "restore", _one_of("restore", "as_is"), "how a prorated invoice line counts"),
        Key("invoice_expiry_days", None, _days_or_null, "how long a subscription outlives its last invoice line"),
        Key(
            "churn_rate_base", "start", _one_of("start", "start_plus_new"), "below the line of the customer churn rate"
        ),
        Key(
            "churn_rate_joined", "count", _one_of("count", "exclude"), "customers who joined and left within the period"
        ),
        Key(
            "churn_rate_formula",
            "period",
            _one_of("period", "daily_sum"),
            "churn rate of the period, or of its days summed",
        ),
        Key(
            "ltv_churn",
            "period",
            _matches(r"period|trailing:([1-9]|[1-5]\d)", "period or trailing:N"),
            "which churn rate LTV divides by",
        ),
        Key("trial_window", "cohort", _one_of("cohort", "ended"), "which trials the conversion rate looks at"),
        Key(
            "one_time_in_contract_value",
            "exclude",
            _one_of("exclude", "include"),
            "whether one-time items are in contract values",
        ),
    )
}
"""Every key, by name."""
