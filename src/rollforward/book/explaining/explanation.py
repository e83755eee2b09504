"""Explanations: a number, the rules that made it, and its parts, which add up to it or are refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from rollforward.errors import ReconciliationError
from rollforward.money import exact
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from rollforward.results import Stamp

Unit = Literal["money", "count", "ratio", "number"]
Way = Literal["sum", "product", "ratio", "steps", "told"]
"""How the parts of an explanation make its value.

sum: they add up to it · product: they are multiplied · ratio: the first over the second · steps: each goes on from the
one before, and the last is the value · told: they tell where it comes from and are no amounts of it.
"""


SHOWN = 10
"""The accounts and movements of a figure that are named one by one unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was applied: the policy key, or the kind of entry; its value; and what it says in words."""

    key: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact came from, and when the book learned it (UTC). `raw` is the row as the source gave it."""

    table: str
    record: int
    source: str
    file: str | None
    row: int | None
    import_number: int
    recorded_at: datetime
    raw: str | None

    def __str__(self) -> str:
        place = [self.file or f"source {self.source}", *([f"row {self.row}"] if self.row is not None else [])]
        learned = f"learned {self.recorded_at:%Y-%m-%d %H:%M:%S} UTC by import {self.import_number}"
        return f"{self.table}, record {self.record}: {', '.join(place)}, {learned}"

    def to_dict(self) -> dict[str, Any]:
        """The origin as JSON holds it."""
        names = ("table", "record", "source", "file", "row")
        told = {name: getattr(self, name) for name in names} | {"import": self.import_number}
        return told | {"recorded_at": self.recorded_at.isoformat() + "Z", "raw": self.raw}


@dataclass(frozen=True)
class Explanation:
    """A number with what it is made of.

    `value` is exact: money in `currency` (None: the stamp's), a ratio as a plain number, unknown as None. `parts` make
    the value in the way that `way` names; where they do not, there is no explanation but a ReconciliationError.
    `beside` has what stands by it and is no part of it, such as records that do not count. `opens` names what explains
    a part in turn: the arguments of another explanation. `stamp` and `sql` are those of the whole.
    """

    about: str
    value: Fraction | None = None
    unit: Unit | None = None
    currency: str | None = None
    note: str = ""
    rules: tuple[Rule, ...] = ()
    way: Way = "told"
    parts: tuple[Explanation, ...] = ()
    beside: tuple[Explanation, ...] = ()
    source: Origin | None = None
    opens: Mapping[str, str] = field(default_factory=dict)
    stamp: Stamp | None = None
    sql: str = ""

    def __post_init__(self) -> None:
        made = _MADE[self.way]([part.value for part in self.parts]) if self.parts and self.way in _MADE else self.value
        if made != self.value:
            raise ReconciliationError(
                f"{self.about}: its parts make {_said(made)}, not {_said(self.value)}. Please report this."
            )

    def stamped(self, stamp: Stamp, sql: Sequence[str]) -> Explanation:
        """The same explanation with its stamp and the queries behind it."""
        return replace(self, stamp=stamp, sql=";\n\n".join(dict.fromkeys(sql)))

    def to_dict(self) -> dict[str, Any]:
        """The explanation as nested JSON: values are decimal strings at ten decimals, without what is empty."""
        told: dict[str, Any] = {"about": self.about, "value": _text(self.value), "unit": self.unit}
        told |= {"currency": self.currency, "note": self.note, "way": self.way if self.parts else None}
        told |= {"rules": [{"key": rule.key, "value": rule.value, "words": rule.words} for rule in self.rules]}
        told |= {"source": self.source.to_dict() if self.source else None, "opens": dict(self.opens)}
        told |= {name: [part.to_dict() for part in getattr(self, name)] for name in ("parts", "beside")}
        told |= {"sql": self.sql, "stamp": self.stamp.to_dict() if self.stamp else None}
        return {name: value for name, value in told.items() if value or (name == "value" and self.unit)}

    def _repr_html_(self) -> str:
        from rollforward.book.explaining.rendering import html

        return html(self)


def _text(value: Fraction | None) -> str | None:
    return None if value is None else plain(exact(value))


def _said(value: Fraction | None) -> str:
    return "nothing" if value is None else str(_text(value))


Values = list[Fraction | None]


def _known(values: Values) -> list[Fraction]:
    return [value for value in values if value is not None]


def _sum(values: Values) -> Fraction | None:
    known = _known(values)
    return sum(known, Fraction(0)) if len(known) == len(values) else None


def _product(values: Values) -> Fraction | None:
    made = Fraction(1)
    for value in _known(values):
        made *= value
    return made if None not in values else None


def _ratio(values: Values) -> Fraction | None:
    above, below = values
    return None if above is None or not below else above / below


_MADE: dict[str, Callable[[Values], Fraction | None]] = {
    "sum": _sum,
    "product": _product,
    "ratio": _ratio,
    "steps": lambda values: values[-1],
}
