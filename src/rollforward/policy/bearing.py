"""What a rule bears on: MRR itself, or only the figures that are formed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.policy.words import has_effect

if TYPE_CHECKING:
    from rollforward.policy.policy import Policy

_KINDS = ("new_mrr", "expansion_mrr", "reactivation_mrr", "contraction_mrr", "churned_mrr", "quick_ratio")

BEARS_ON: dict[str, tuple[str, ...]] = {
    "free": ("customers", "arpa", "customer_churn_rate", "ltv"),
    "returning": _KINDS,
    "returning_days": _KINDS,
    "level": _KINDS,
    "churn_rate_base": ("customer_churn_rate", "ltv"),
    "churn_rate_joined": ("customer_churn_rate", "ltv"),
    "churn_rate_formula": ("customer_churn_rate", "ltv"),
    "ltv_churn": ("ltv",),
    "trial_window": ("trial_conversion_rate",),
    "one_time_in_contract_value": ("acv", "tcv"),
}
"""The metrics that a rule bears on which moves no MRR, or does so only through stays (see `moves_mrr`)."""

_THROUGH_STAYS = ("free", "level")
"""Rules that say whose stays with MRR are looked at; they move MRR only where another rule fills or drops stays."""


def moves_mrr(key: str, policy: Policy) -> bool:
    """Whether a rule of a policy can move MRR, whatever the records are."""
    if not has_effect(key, policy):
        return False
    return key not in BEARS_ON or (key in _THROUGH_STAYS and _looks_at_stays(policy))


def _looks_at_stays(policy: Policy) -> bool:
    return bool(policy.gap_days) or policy.same_month_new_and_churn == "ignore"
