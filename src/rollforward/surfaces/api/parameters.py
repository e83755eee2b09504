"""The parameters of the API: each once, with what it says and may be. Reading and description follow from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from rollforward.book.flows import ENTRY_KINDS
from rollforward.book.listed import ACCOUNTS_SORTED
from rollforward.calendar import EVERY
from rollforward.errors import UnknownNameError, UsageError
from rollforward.surfaces.server.asking import Compared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST = 1_000
"""The most rows of an answer."""

USUAL = 100
"""The rows of an answer that does not say how many."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query: its name, what it says, and its JSON schema, by which it is read."""

    name: str
    about: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "minLength": 1})
    many: bool = False
    required: bool = False

    @property
    def words(self) -> list[str]:
        """The values that it may have, where they are counted."""
        return list(self.schema.get("enum", ()))

    def check(self, text: str) -> None:
        """UsageError where a text is not what the parameter may be."""
        if not text.strip():
            raise UsageError(f"the parameter {self.name!r} is empty. Give it a value, or leave it out.")
        if self.words:
            if text not in self.words:
                raise UnknownNameError(self.name, text, self.words)
        elif self.schema.get("type") == "integer":
            self._check_number(text)
        elif not re.fullmatch(self.schema.get("pattern", ".*"), text, re.DOTALL):
            raise UsageError(f"{self.name} {text[:80]!r} is wrong. It is {self.about}")

    def _check_number(self, text: str) -> None:
        least, most = self.schema["minimum"], self.schema["maximum"]
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):  # noqa: PLR2004
            raise UsageError(f"{self.name} {text[:80]!r} is not a whole number from {least} to {most}.")

    def to_openapi(self) -> dict[str, Any]:
        """The parameter as OpenAPI describes it."""
        schema = {"type": "array", "items": dict(self.schema)} if self.many else dict(self.schema)
        said = {"name": self.name, "in": "query", "description": self.about, "schema": schema}
        return {**said, "required": True} if self.required else said


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


FLAG = _words("true", "false")
_SPAN = _text(r"^(FY)?\d{4}(-\d{2}(-\d{2})?|-Q[1-4])?$")
DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
MONTH = _text(r"^\d{4}-\d{2}$")
SEVERITIES = ("quarantined", "set aside", "note")

PARAMETERS: dict[str, Parameter] = {
    one.name: one
    for one in (
        Parameter(
            "from", "the first day: a day (2026-01-31), or the first of a month or year; by default the first", _SPAN
        ),
        Parameter("to", "the last day: a day, or the last of a month or year; by default today", _SPAN),
        Parameter("every", "the length of a period; by default a month", _words(*EVERY)),
        Parameter(
            "compare",
            "what is compared with: the period before (default), a year before, or none",
            _words(*get_args(Compared)),
        ),
        Parameter(
            "currency", "the currency of money, an ISO 4217 code; by default the book's", _text(r"^[A-Za-z]{3}$")
        ),
        Parameter(
            "where",
            "a filter FIELD=VALUE; the same field again lets either value through",
            _text(r"^[^=]+=.*$"),
            many=True,
        ),
        Parameter("segment", "the name of a saved segment"),
        Parameter("by", "the field to break down by"),
        Parameter("policy", "the policy, NAME or NAME@VERSION; by default the book's"),
        Parameter(
            "as_of", "the time it was known at: a day (its end) or a time such as 2026-01-31T18:00:00Z; by default now"
        ),
        Parameter("allow_stale", "whether figures are wanted even where sources are stale or incomplete", FLAG),
        Parameter(
            "limit",
            f"the most rows of the answer; by default {USUAL}",
            {"type": "integer", "minimum": 1, "maximum": LARGEST},
        ),
        Parameter("next", "where the list goes on: `next` of the answer before", _text(r"^[A-Za-z0-9_-]+$")),
        Parameter("kind", "the kind of movement", _words(*ENTRY_KINDS)),
        Parameter("account", "the id of an account"),
        Parameter("causes", "whether each cause of a movement has a row of its own", FLAG),
        Parameter("search", "a part of the name or id"),
        Parameter(
            "sort",
            "the order; with a minus in front the largest or latest first; by default -mrr",
            _words(*(f"{minus}{name}" for name in ACCOUNTS_SORTED for minus in ("", "-"))),
        ),
        Parameter("measure", "what cohorts are measured in; by default customers", _words("customers", "mrr")),
        Parameter("percent", "whether as shares of the cohort's size (default), or as amounts", FLAG),
        Parameter("metric", "the name of a metric"),
        Parameter("period", "a period: 2026-06-30, 2026-06, 2026-Q2, 2026 or 2026-W27"),
        Parameter("on", "a day such as 2026-06-30", DAY),
        Parameter("movement", "the day of the movements, such as 2026-06-30", DAY),
        Parameter("month", "a month such as 2026-06", MONTH),
        Parameter(
            "parts",
            "the most accounts and movements that are named one by one; by default 10",
            {"type": "integer", "minimum": 1, "maximum": 200},
        ),
        Parameter("severity", "how bad", _words(*SEVERITIES)),
        Parameter(
            "source",
            "the name of the source that the rows come from",
            {"type": "string", "minLength": 1, "maxLength": 100},
            required=True,
        ),
        Parameter(
            "file",
            "a name for what is sent; sent again under it, what waited in quarantine is tried anew",
            {"type": "string", "minLength": 1, "maxLength": 200},
        ),
        Parameter("good_to", "the last day that the rows tell of; by default today", DAY),
        Parameter(
            "complete", "whether these are all rows that the source has of the table, so that others are removed", FLAG
        ),
        Parameter(
            "faulty",
            "what to do where a row cannot be read: keep it in quarantine (default), or refuse all rows",
            _words("quarantine", "refuse"),
        ),
        Parameter("dry_run", "whether to tell what would be, and keep nothing", FLAG),
    )
}
"""Every parameter by name."""

VIEW = ("currency", "policy", "as_of", "allow_stale")
"""What says how the book is looked at."""

PART = ("where", "segment")
"""What says which part of the book."""

SPAN = ("from", "to")
"""What says from when to when."""

PAGE = ("limit", "next")
"""What says which rows of a list."""


def parameters(*names: str) -> tuple[Parameter, ...]:
    """The parameters of some names."""
    return tuple(PARAMETERS[name] for name in names)


def check_all(said: Sequence[tuple[str, str]], allowed: Sequence[Parameter]) -> None:
    """UsageError for a parameter that is not allowed, is wrong, is said twice, or is missing."""
    known = {one.name: one for one in allowed}
    for name, text in said:
        if name not in known:
            raise UnknownNameError("parameter", name, list(known) or ["none"])
        known[name].check(text)
        if not known[name].many and [other for other, _ in said].count(name) > 1:
            raise UsageError(f"the parameter {name!r} is said twice. Say it once.")
    for one in allowed:
        if one.required and one.name not in dict(said):
            raise UsageError(f"the parameter {one.name!r} is missing: {one.about}.")
