"""The format of a case, as data: what may stand where, and what is said of anything else.

`docs/case-format.md` tells it in words. A word that no table knows (an interval, a status) is no breach of the format:
it is a problem of the record, which a case may expect.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from rollforward.errors import RollforwardError
from rollforward.metrics.registry import find
from rollforward.money import is_currency
from rollforward.policy.keys import KEYS
from rollforward.policy.policy import preset
from rollforward.records.tables import TABLES, Column, ColumnType
from rollforward.sources.dates import zone

KINDS = ("new", "expansion", "contraction", "churn", "reactivation", "exchange")
ROLLFORWARD_AMOUNTS = (
    *("opening", "new", "expansion", "reactivation", "contraction", "churn", "exchange"),
    "closing",
)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST_SHOWN = 60
_MOST_PLACES = 20


class Breach(NamedTuple):
    """A place in a case that is not as the format says: the path to it, and what is allowed there."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class Shape(Protocol):
    """What may stand in one place."""

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401  whatever a file holds
        """The breaches in a value and below it."""
        ...


def breach_of(case: object) -> Breach | None:
    """The first breach of the format in a case; None where there is none."""
    first = next(CASE.breaches(case, ""), None)
    if first is None and isinstance(case, dict):
        return next(_contradictions(case), None)
    return first


# -- shapes ----------------------------------------------------------------------------------------------------------

Refusal = Callable[[Any], str | None]
"""A check of one value: None where it is allowed, else what is allowed, as a sentence."""


@dataclass(frozen=True)
class Value:
    """A place for one value."""

    refusal: Refusal

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """What is allowed, where the value is not."""
        if said := self.refusal(value):
            yield Breach(path, f"{_shown(value)} is not allowed. {said}")


@dataclass(frozen=True)
class Fields:
    """A place for an object of known keys. `what` names it."""

    what: str
    known: Mapping[str, Shape]
    required: Collection[str] = field(default=())

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """Keys that are missing or unknown, and what is wrong under the others."""
        if not isinstance(value, dict):
            yield Breach(path, f"{_shown(value)} is not allowed. Write an object. {self._keys()}")
            return
        for key in self.required:
            if key not in value:
                yield Breach(path, f"the key {key!r} is missing. {self._keys()}")
        for key, inner in value.items():
            if key in self.known:
                yield from self.known[key].breaches(inner, _below(path, key))
            else:
                yield Breach(_below(path, key), unknown_name("key", key, self.known))

    def _keys(self) -> str:
        return f"The keys of {self.what}: {', '.join(self.known)}."


@dataclass(frozen=True)
class Rows:
    """A place for a list whose members have one shape."""

    each: Shape

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """What is wrong in the members; each is named by its number from 0."""
        if not isinstance(value, list):
            yield Breach(path, f"{_shown(value)} is not allowed. Write a list: [ ... ].")
            return
        for number, row in enumerate(value):
            yield from self.each.breaches(row, f"{path}[{number}]")


@dataclass(frozen=True)
class ByKey:
    """A place for an object whose keys are values themselves, as days are."""

    key: Refusal
    each: Shape
    example: str

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """Keys that are not allowed, and what is wrong under the others."""
        if not isinstance(value, dict):
            yield Breach(path, f"{_shown(value)} is not allowed. Write an object: {self.example}.")
            return
        for key, inner in value.items():
            if said := self.key(key):
                yield Breach(path, f"the key {_shown(key)} is not allowed. {said}")
            yield from self.each.breaches(inner, _below(path, key))


@dataclass(frozen=True)
class OrNull:
    """A place that may also hold null."""

    shape: Shape

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """What is wrong with a value that is not null."""
        if value is not None:
            yield from self.shape.breaches(value, path)


class Amount:
    """A place for an expected number: a decimal text, or one with the places at which it is compared."""

    def __init__(self, *, or_null: bool = False) -> None:
        self._text = _decimal_or_null if or_null else _decimal
        self._rounded = Fields("a rounded number", {"value": Value(self._text), "places": Value(_places)}, ("value",))

    def breaches(self, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401
        """What is wrong with the number."""
        inner: Shape = self._rounded if isinstance(value, dict) else Value(self._text)
        yield from inner.breaches(value, path)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """What is said of a name that is not in its list: the nearest, then all."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"unknown {kind} {name!r}.{hint} Known: {', '.join(known)}."


# -- values ----------------------------------------------------------------------------------------------------------


def _only(kind: type, said: str) -> Refusal:
    return lambda value: None if isinstance(value, kind) and not (kind is int and isinstance(value, bool)) else said


def _or_null(refusal: Refusal) -> Refusal:
    def refused(value: Any) -> str | None:  # noqa: ANN401
        said = None if value is None else refusal(value)
        return f"{said[:-1]}, or null." if said else None

    return refused


def _one_of(*words: str) -> Refusal:
    return lambda value: None if value in words else f"Write one of {', '.join(words)}."


def _decimal(value: Any) -> str | None:  # noqa: ANN401
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return None
    return 'Write a decimal in quotes, as "12.50".'


_decimal_or_null = _or_null(_decimal)


def _count(value: Any, least: int, most: int | None = None) -> str | None:  # noqa: ANN401
    if isinstance(value, int) and not isinstance(value, bool) and value >= least and (most is None or value <= most):
        return None
    return f"Write a whole number from {least}{'' if most is None else f' to {most}'}, without quotes."


def _places(value: Any) -> str | None:  # noqa: ANN401
    return _count(value, 0, _MOST_PLACES)


def _day(value: Any) -> str | None:  # noqa: ANN401
    if isinstance(value, str) and _DAY.fullmatch(value) and _is_read(date.fromisoformat, value):
        return None
    return "Write a day of the calendar, as 2024-01-31."


def _day_or_time(value: Any) -> str | None:  # noqa: ANN401
    if isinstance(value, str) and _DAY.match(value) and _is_read(datetime.fromisoformat, value):
        return None
    return "Write a day of the calendar, as 2024-01-31, or a time with its offset, as 2024-01-31T23:30:00+01:00."


def _month(value: Any) -> str | None:  # noqa: ANN401
    return _day(f"{value}-01") and "Write a month, as 2024-01."


def _is_read(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _found(look_up: Callable[[str], object], said: str) -> Refusal:
    """A check by looking a name up; what the look-up says of an unknown one is what is said."""

    def refused(value: Any) -> str | None:  # noqa: ANN401
        if not isinstance(value, str):
            return said
        try:
            look_up(value)
        except RollforwardError as error:
            text = str(error)
            return f"{text[0].upper()}{text[1:]}"
        return None

    return refused


def _currency(value: Any) -> str | None:  # noqa: ANN401
    return None if isinstance(value, str) and is_currency(value) else "Write a currency's ISO 4217 code, as USD."


def _id(value: Any) -> str | None:  # noqa: ANN401
    return None if isinstance(value, str) and value.strip() else "Write a text that names the case."


def _policy_value(name: str) -> Refusal:
    def refused(value: Any) -> str | None:  # noqa: ANN401
        allowed = KEYS[name].check(value)
        return f"Write {allowed}." if allowed else None

    return refused


_TEXT = _only(str, 'Write a text: "...".')


# -- the case --------------------------------------------------------------------------------------------------------

DISCOUNT = Fields(
    "a discount",
    {
        "percent": Value(_or_null(_decimal)),
        "amount": Value(_or_null(_decimal)),
        "duration": Value(_or_null(_TEXT)),
        "starts": Value(_or_null(_day_or_time)),
        "ends": Value(_or_null(_day_or_time)),
    },
)

COLUMNS: dict[ColumnType, Refusal] = {
    "text": _TEXT,
    "word": _TEXT,
    "currency": _TEXT,
    "day": _day_or_time,
    "decimal": _decimal,
    "count": _only(int, "Write a whole number, without quotes."),
    "flag": _only(bool, "Write true or false."),
}
"""What may stand in a column of a record, by the column's type. Words are checked when the record is read."""

NESTED: dict[ColumnType, Shape] = {
    "discounts": OrNull(Rows(DISCOUNT)),
    "attributes": OrNull(ByKey(_TEXT, Value(_or_null(_TEXT)), '{"segment": "SMB"}')),
}
"""What may stand in a column that holds more than one value."""


def _column(column: Column) -> Shape:
    """The shape of a column. A required value that is missing is a problem of the row, so null is no breach."""
    if column.type in NESTED:
        return NESTED[column.type]
    refusal = COLUMNS[column.type]
    return OrNull(Value(refusal)) if column.required else Value(_or_null(refusal))


RECORDS = {
    table.name: Rows(Fields(f"a row of {table.name}", {column.name: _column(column) for column in table.columns}))
    for table in TABLES.values()
}

POLICY = Fields(
    "a policy",
    {
        "preset": Value(_found(preset, "Write a preset's name.")),
        "set": Fields("what a policy sets", {name: Value(_policy_value(name)) for name in KEYS}),
    },
)

_BY_DAY = '{"2024-01-31": "100"}'

EXPECT = Fields(
    "what a case expects",
    {
        "mrr": ByKey(_day, Amount(), _BY_DAY),
        "arr": ByKey(_day, Amount(), _BY_DAY),
        "customers": ByKey(_day, Value(lambda value: _count(value, 0)), '{"2024-01-31": 1}'),
        "movements": Rows(
            Fields(
                "a movement",
                {
                    "date": Value(_day),
                    "customer": Value(_TEXT),
                    "kind": Value(_one_of(*KINDS)),
                    "amount": Amount(),
                },
                ("date", "customer", "kind", "amount"),
            )
        ),
        "rollforward": Rows(
            Fields(
                "a row of the roll-forward",
                {"month": Value(_month), **{name: Amount() for name in ROLLFORWARD_AMOUNTS}},
                ("month",),
            )
        ),
        "metrics": Rows(
            Fields(
                "a metric's value",
                {
                    "metric": Value(_found(find, "Write a metric's name.")),
                    "month": Value(_month),
                    "from": Value(_month),
                    "value": Amount(or_null=True),
                },
                ("metric", "month", "value"),
            )
        ),
        "problems": Rows(
            Fields(
                "a problem",
                {"table": Value(_one_of(*TABLES)), "row": Value(lambda value: _count(value, 0))},
                ("table", "row"),
            )
        ),
    },
)

CASE = Fields(
    "a case",
    {
        "id": Value(_id),
        "about": Value(_TEXT),
        "source": Value(_TEXT),
        "certainty": Value(_one_of("published", "derived")),
        "policy": POLICY,
        "currency": Value(_currency),
        "timezone": Value(_found(zone, "Write a time zone, as Europe/Berlin.")),
        "today": Value(_day),
        "records": Fields("the records of a case", RECORDS),
        "expect": EXPECT,
    },
    ("id", "currency", "today", "records", "expect"),
)
"""The whole format."""


# -- what no place says by itself ------------------------------------------------------------------------------------


def _contradictions(case: dict[str, Any]) -> Iterator[Breach]:
    """Expectations that the rest of a well-formed case rules out."""
    yield from _after_today(case["expect"], case["today"])
    for number, row in enumerate(case["expect"].get("metrics", [])):
        yield from _range(row, f"expect.metrics[{number}]")
    for number, row in enumerate(case["expect"].get("problems", [])):
        rows = len(case["records"].get(row["table"], []))
        if row["row"] >= rows:
            reason = f"{row['row']} is not allowed. The case has {rows} in {row['table']}, numbered from 0."
            yield Breach(f"expect.problems[{number}].row", reason)


def _after_today(expect: dict[str, Any], today: str) -> Iterator[Breach]:
    for name in ("mrr", "arr", "customers"):
        for day in expect.get(name, {}):
            yield from _late(day, today, f"expect.{name}")
    for name, key in (("movements", "date"), ("rollforward", "month"), ("metrics", "month")):
        for number, row in enumerate(expect.get(name, [])):
            yield from _late(row[key], today, f"expect.{name}[{number}].{key}")


def _late(told: str, today: str, path: str) -> Iterator[Breach]:
    if told > today:
        yield Breach(path, f"{_shown(told)} is not allowed. Nothing is expected after today, {today}.")


def _range(row: dict[str, Any], path: str) -> Iterator[Breach]:
    if row["metric"] == "cmgr" and "from" not in row:
        yield Breach(path, "the key 'from' is missing. cmgr is the growth from one month to another.")
    if row.get("from", row["month"]) > row["month"]:
        yield Breach(f"{path}.from", f"{_shown(row['from'])} is not allowed. Write a month up to {row['month']}.")
