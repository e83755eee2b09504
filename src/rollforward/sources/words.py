"""The words of intervals, statuses and kinds: the canonical ones, and what others call them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollforward.sources.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERVALS: dict[str, tuple[str, int]] = {
    "day": ("day", 1),
    "days": ("day", 1),
    "daily": ("day", 1),
    "week": ("week", 1),
    "weeks": ("week", 1),
    "weekly": ("week", 1),
    "month": ("month", 1),
    "months": ("month", 1),
    "monthly": ("month", 1),
    "per month": ("month", 1),
    "quarter": ("month", 3),
    "quarters": ("month", 3),
    "quarterly": ("month", 3),
    "half year": ("month", 6),
    "half yearly": ("month", 6),
    "semiannual": ("month", 6),
    "semiannually": ("month", 6),
    "semi annual": ("month", 6),
    "semi annually": ("month", 6),
    "biannual": ("month", 6),
    "biannually": ("month", 6),
    "year": ("year", 1),
    "years": ("year", 1),
    "yearly": ("year", 1),
    "annual": ("year", 1),
    "annually": ("year", 1),
    "per year": ("year", 1),
    "biennial": ("year", 2),
    "biennially": ("year", 2),
}
"""What an interval is called -> the interval and how many. Words with two meanings (bimonthly) are left out."""

STATUSES = {
    "live": "active",
    "trial": "trialing",
    "trialling": "trialing",
    "in trial": "trialing",
    "free trial": "trialing",
    "past due": "past_due",
    "pastdue": "past_due",
    "overdue": "past_due",
    "on hold": "paused",
    "suspended": "paused",
    "cancelled": "canceled",
}
KINDS = {
    "subscription": "recurring",
    "one time": "one_time",
    "onetime": "one_time",
    "one off": "one_time",
    "setup": "one_time",
    "setup fee": "one_time",
    "metered": "usage",
    "prorated": "proration",
    "prorate": "proration",
    "refund": "credit",
    "credit note": "credit",
}
INVOICE_STATUSES = {"voided": "void", "unpaid": "open", "due": "open"}
PAYMENT_STATUSES = {"success": "succeeded", "paid": "succeeded", "failure": "failed", "declined": "failed"}
FLAGS = {
    "true": True,
    "yes": True,
    "y": True,
    "t": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "f": False,
    "0": False,
}

SYNONYMS: dict[tuple[str, str], Mapping[str, str]] = {
    ("subscription_items", "status"): STATUSES,
    ("subscription_items", "kind"): KINDS,
    ("invoice_lines", "status"): INVOICE_STATUSES,
    ("invoice_lines", "kind"): KINDS,
    ("payments", "status"): PAYMENT_STATUSES,
}
"""What others call a column's words, by table and column."""

_SEPARATORS = re.compile(r"[\s_-]+")


def folded(word: str) -> str:
    """A word without case, with one space between its parts."""
    return _SEPARATORS.sub(" ", word.strip()).lower()


def parse_word(text: str, words: tuple[str, ...], synonyms: Mapping[str, str]) -> str | Fault:
    """One of the words, by its own name or by a synonym."""
    key = folded(text)
    found = {folded(word): word for word in words}.get(key) or synonyms.get(key)
    if found in words:
        return str(found)
    return Fault(f"not one of {', '.join(words)}", "Say in the map which word it stands for (words), or correct it")


def parse_strict_word(text: str, words: tuple[str, ...]) -> str | Fault:
    """One of the words, exactly as it stands in the list."""
    return text if text in words else Fault(f"not one of {', '.join(words)}", "Use one of these words")


def parse_interval(text: str) -> tuple[str, int] | Fault:
    """A billing interval and how many of it: quarterly is three months."""
    found = INTERVALS.get(folded(text))
    return found or Fault(
        "not a billing interval that is known",
        "Say in the map which it is: day, week, month or year, with interval_count for several (words)",
    )


def parse_flag(text: str) -> bool | Fault:
    """True or false."""
    found = FLAGS.get(text.lower())
    return Fault("neither true nor false", "Write true or false") if found is None else found


def parse_currency(text: str) -> str | Fault:
    """An ISO 4217 code in capitals."""
    from rollforward.money import is_currency

    code = text.upper()
    if code in {"XXX", "XTS"} or not is_currency(code):
        return Fault(
            "not an ISO 4217 currency code",
            "Use a code such as USD or EUR, or say in the map what it stands for (words)",
        )
    return code
