"""Contradictions: pairs of rules that are each allowed, and that no ledger could follow both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rollforward.errors import PolicyError

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two keys, when their values cannot both hold, why, and what may stand instead."""

    keys: tuple[str, str]
    holds: Callable[[Settings], bool]
    why: str
    way_out: str


def _fills_what_is_new(settings: Settings) -> bool:
    days = settings["returning_days"]
    return days is not None and days < settings["gap_days"]


CONTRADICTIONS = (
    Contradiction(
        ("netting", "churn_rate_formula"),
        lambda settings: settings["netting"] == "month" and settings["churn_rate_formula"] == "daily_sum",
        "a ledger that is netted by month has no churn of single days whose rates could be added up",
        "Write churn_rate_formula = period, or netting = day.",
    ),
    Contradiction(
        ("returning_days", "gap_days"),
        _fills_what_is_new,
        "a customer who was away for longer than returning_days is new, and a gap of up to gap_days is no absence",
        "Write returning_days = null or at least gap_days, or a gap_days of at most returning_days.",
    ),
)
"""Every contradiction. A key that merely has no effect beside another is none: its words say so."""


def refuse_contradictions(settings: Settings, where: object) -> None:
    """PolicyError with both keys, why, and what is allowed, if two rules of a whole policy contradict each other."""
    for found in CONTRADICTIONS:
        if found.holds(settings):
            first, second = found.keys
            said = f"{settings[first]!r} contradicts {second} {settings[second]!r}: {found.why}. {found.way_out}"
            raise PolicyError(where, first, said)
