"""A policy in plain words: what each key's value means, and what becomes of each status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rollforward.policy.keys import KEYS, UNITS
from rollforward.records.tables import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollforward.policy.policy import Policy


class Standing(NamedTuple):
    """What becomes of the days of a status: whether they count, in words."""

    status: str
    in_mrr: str
    as_customer: str
    past_due_clock: str


def in_words(policy: Policy) -> list[tuple[str, str]]:
    """Each key of a policy with a plain sentence for its value, in the order of the keys."""
    return [(key, _sentence(policy, key)) for key in KEYS]


def _sentence(policy: Policy, key: str) -> str:
    value = policy.settings[key]
    if key == "discounts" and policy.basis == "invoices":
        return _DISCOUNTS_ON_INVOICES.get(value, _AS_INVOICED)
    said = sentence_of(key, value)
    if has_effect(key, policy):
        return said
    return f"{said} This has no effect while {_BASIS[policy.basis]} count."


def has_effect(key: str, policy: Policy) -> bool:
    """Whether a key is read at all on the policy's basis."""
    readers = _READ_ON.get(key)
    return readers is None or policy.basis in readers


def sentence_of(key: str, value: Any) -> str:
    """The sentence for one value of a key; the value is one that the key allows."""
    by_value = SENTENCES[key]
    if callable(by_value):
        return by_value(value)
    return by_value[value]


def statuses(policy: Policy) -> list[Standing]:
    """Each status of a subscription item: in MRR, as a customer, and whether it starts the past-due clock."""
    return [_standing(policy, status) for status in STATUSES]


def _standing(policy: Policy, status: str) -> Standing:
    if policy.basis != "subscriptions":
        unread = f"not read while {_BASIS[policy.basis]} count"
        return Standing(status, unread, unread, "no")
    counts = _counts(policy, status)
    clock = "yes" if status == "past_due" and policy.past_due_days else "no"
    return Standing(status, counts, _as_customer(policy, counts), clock)


def _counts(policy: Policy, status: str) -> str:
    if status == "past_due" and policy.past_due_days is not None:
        return _first(policy.past_due_days) if policy.past_due_days else "no"
    counted = {
        "active": True,
        "past_due": True,
        "trialing": policy.trials == "include",
        "paused": policy.paused == "include",
    }
    return "yes" if counted.get(status) else "no"


def _as_customer(policy: Policy, counts: str) -> str:
    if counts == "no" or policy.free == "count":
        return counts
    return "with MRR above 0" if counts == "yes" else f"{counts}, with MRR above 0"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number:,} {unit}s"


def _first(days: int) -> str:
    return "the first day" if days == 1 else f"the first {days:,} days"


# -- sentences that hold a number or a day ---------------------------------------------------------------------------


def _months_per(value: Mapping[str, str]) -> str:
    parts = [f"one {unit} is {value[unit]}" for unit in UNITS if value.get(unit, "days_in_month") != "days_in_month"]
    by_calendar = value.get("day") == "days_in_month"
    days = " A daily price counts the days of each calendar month." if by_calendar else ""
    return f"Monthly amounts that an interval's amount makes: {', '.join(parts)}.{days}"


def _past_due_days(value: int | None) -> str:
    if value is None:
        return "Past-due days count until the item is cancelled."
    if value == 0:
        return "Past-due days do not count."
    counts = "counts" if value == 1 else "count"
    return f"{_first(value).capitalize()} of an unbroken past-due run {counts}; the loss is on day {value + 1:,}."


def _returning_days(value: int | None) -> str:
    if value is None:
        return "A return is a return after any time away."
    return f"A customer who was away for more than {_count(value, 'day')} is new."


def _gap_days(value: int) -> str:
    if value == 0:
        return "Every gap without MRR is a loss and a return."
    return f"A gap of at most {_count(value, 'day')} with MRR on both sides is filled with the amount before it."


def _invoice_expiry_days(value: int | None) -> str:
    if value is None:
        return "A subscription is lost when its last service period ends."
    return f"A subscription without another line is lost {_count(value, 'day')} after the last one began."


def _exchange_rate(value: str) -> str:
    if value.startswith("fixed:"):
        return f"Amounts are converted at the rate of {value.removeprefix('fixed:')}, always."
    return _EXCHANGE_RATE[value]


_EXCHANGE_RATE = {
    "service_start": "An amount is converted at the rate of the first day of its service period.",
    "purchase": "An amount is converted at the rate of the first day of its item.",
    "period_end": "Amounts are converted at the rate of the last day of the month, or of today.",
    "month_average": "Amounts are converted at the average rate of the month.",
    "none": "Nothing is converted.",
}


def _round(value: str) -> str:
    if value == "none":
        return "Nothing is rounded before adding."
    level, places, *down = value.split(":")
    whose = {"subscription": "subscription", "line": "item"}[level]
    how = "cut" if down else "rounded, half away from zero,"
    return f"The MRR of each {whose} is {how} to {_count(int(places), 'decimal')} before adding."


def _ltv_churn(value: str) -> str:
    _, _, periods = value.partition(":")
    if not periods:
        return "Lifetime value divides by the churn rate of the same period."
    before = "of the period before" if periods == "1" else f"of the {periods} periods before, on average"
    return f"Lifetime value divides by the churn rate {before}."


SENTENCES: dict[str, Mapping[str, str] | Callable[[Any], str]] = {
    "basis": {
        "subscriptions": "Subscription items count; invoice lines and snapshots are not read for MRR.",
        "invoices": "Invoice lines count; subscription items and snapshots are not read for MRR.",
        "snapshots": "MRR snapshots count; subscription items and invoice lines are not read for MRR.",
    },
    "months_per": _months_per,
    "discounts": {
        "all": "Discounts lower MRR while they apply, of whatever duration.",
        "recurring": "Discounts that repeat or last forever lower MRR; those of one charge do not.",
        "forever": "Only discounts that last forever lower MRR.",
        "none": "Discounts do not lower MRR: the list price counts.",
    },
    "tax": {
        "exclude": "Tax inside a price does not count.",
        "include": "Tax inside a price counts.",
    },
    "trials": {
        "exclude": "Trials do not count; they are shown on a line of their own.",
        "include": "Trials count as if they were paid.",
    },
    "usage": {
        "exclude": "Metered usage does not count; it is shown on a line of its own.",
        "include": "Metered usage counts.",
    },
    "free": {
        "ignore": "Who has MRR 0 is no customer.",
        "count": "Who has a counted item is a customer, also at MRR 0; the loss is the end of the last item.",
    },
    "past_due_days": _past_due_days,
    "paused": {
        "exclude": "Paused days do not count.",
        "include": "Paused days count.",
    },
    "churn_at": {
        "service_end": "A cancelled item counts until its service ends.",
        "request": "A cancelled item counts until the day its cancellation was asked for.",
    },
    "returning": {
        "reactivation": "A return is a reactivation.",
        "new": "A return is new.",
        "expansion": "A return is expansion.",
        "less_churn": "A return is churn with the opposite sign.",
    },
    "returning_days": _returning_days,
    "gap_days": _gap_days,
    "level": {
        "customer": "Movements are those of a customer: a second subscription is expansion, the loss of one of two is "
        "contraction.",
        "subscription": "Movements are those of a subscription: a second one is new, the loss of one of two is churn.",
    },
    "netting": {
        "day": "Changes of one day are one movement.",
        "month": "Changes of one month are one movement, on its last day.",
    },
    "same_month_new_and_churn": {
        "count": "Who comes and goes within one month is both new and lost.",
        "ignore": "Who comes and goes within one month leaves no trace.",
    },
    "exchange_rate": _exchange_rate,
    "round": _round,
    "proration": {
        "restore": "A prorated line counts at the rate of the full period it is part of.",
        "as_is": "A prorated line counts as it was charged.",
    },
    "invoice_expiry_days": _invoice_expiry_days,
    "churn_rate_base": {
        "start": "The customer churn rate divides by the customers at the start.",
        "start_plus_new": "The customer churn rate divides by the customers at the start and the new ones.",
    },
    "churn_rate_joined": {
        "count": "Customers who joined and left within the period are in the customer churn rate.",
        "exclude": "Customers who joined and left within the period are not in the customer churn rate.",
    },
    "churn_rate_formula": {
        "period": "The customer churn rate is that of the whole period.",
        "daily_sum": "The customer churn rate is the sum of the rates of its days.",
    },
    "ltv_churn": _ltv_churn,
    "trial_window": {
        "cohort": "The trial conversion rate looks at the trials that began in the period, whenever they were paid.",
        "ended": "The trial conversion rate looks at the trials that ended in the period.",
    },
    "one_time_in_contract_value": {
        "exclude": "One-time items are not part of contract values.",
        "include": "One-time items are part of contract values.",
    },
}
"""The sentence for every value of every key: by value, or made of it where it holds a number or a day."""

_BASIS = {"subscriptions": "subscription items", "invoices": "invoice lines", "snapshots": "MRR snapshots"}

_AS_INVOICED = "A line counts as it was invoiced, less its discounts of whatever duration."
_DISCOUNTS_ON_INVOICES = {"none": "The discount of a line is added back: the list price counts."}

_ITEMS = ("subscriptions",)
_LINES = ("invoices",)
_CHARGES = ("subscriptions", "invoices")
_READ_ON = {
    "months_per": _CHARGES,
    "discounts": _CHARGES,
    "tax": _CHARGES,
    "usage": _CHARGES,
    "trials": _ITEMS,
    "past_due_days": _ITEMS,
    "paused": _ITEMS,
    "churn_at": _ITEMS,
    "trial_window": _ITEMS,
    "one_time_in_contract_value": _ITEMS,
    "proration": _LINES,
    "invoice_expiry_days": _LINES,
}
"""Where a key is read: the bases on which it has an effect. A key that is not named here is read on every one."""
