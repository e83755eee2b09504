"""Words that programs write for an empty cell: read as empty where they can be nothing else, and said so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.sources.evidence import distinct

if TYPE_CHECKING:
    from rollforward.sources.raw import RawRows

WORDS = ("None", "NaN", "nan", "NaT", "N/A", "n/a", "#N/A")
"""What programs and spreadsheets write where there is nothing."""

_MAY_BE_EMPTY = frozenset({
    "name", "country", "created", "starts", "ends", "cancel_requested", "trial_end", "period_start", "period_end",
    "issued",
})  # fmt: skip
"""The roles in which an empty cell is an unknown one. An empty status or quantity would become a default."""


def blank_words(raw: RawRows, roles: dict[str, str]) -> tuple[str, ...]:
    """The words that stand for an empty cell in this file, and in no column where they may be a name or a status."""
    may_be_empty = {roles[role] for role in _MAY_BE_EMPTY & roles.keys()}
    others = {column for role, column in roles.items() if role not in _MAY_BE_EMPTY} - may_be_empty
    named = {text for column in others for text in distinct(raw, column)}
    found = {text for column in may_be_empty for text in distinct(raw, column)}
    return tuple(word for word in WORDS if word in found - named)


def without(raw: RawRows, words: tuple[str, ...]) -> RawRows:
    """The rows with cells of these words empty."""
    if not words:
        return raw
    emptied = ([None if (value or "").strip() in words else value for value in values] for values in raw.values)
    return replace(raw, values=tuple(emptied))
