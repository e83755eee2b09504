"""The discounts of an item: a list of {percent or amount, duration, starts, ends}, each checked by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from rollforward.calendar import FOREVER, add_months
from rollforward.records.batch import arrow_type
from rollforward.records.tables import DURATIONS
from rollforward.sources.column_map import DISCOUNT_PARTS
from rollforward.sources.dates import parse_day
from rollforward.sources.faults import Fault
from rollforward.sources.json_rows import as_text
from rollforward.sources.numbers import parse_decimal, parse_percent
from rollforward.sources.parsers import day_after
from rollforward.sources.words import parse_strict_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.sources.draft import Draft
    from rollforward.sources.parsers import Reading

_WHOLE = Decimal(100)
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class DiscountReading:
    """How the parts of discounts are written: the reading of each."""

    parts: dict[str, Reading]


def parse_discounts(draft: Draft, lists: Sequence[object] | None, reading: DiscountReading) -> None:
    """Read the discounts of every row into their array. `lists` holds a list, its JSON, or nothing for each row."""
    import pyarrow as pa

    column = arrow_type("discounts")
    if lists is None or not any(lists):
        draft.arrays["discounts"] = pa.nulls(len(draft), column)
        return
    terms = zip(*(draft.arrays[name].to_pylist() for name in _Terms._fields), strict=True)
    values = [
        _row(draft, index, entry, _Terms(*row), reading)
        for index, (entry, row) in enumerate(zip(lists, terms, strict=True))
    ]
    draft.arrays["discounts"] = pa.array(values, column)


class _Terms(NamedTuple):
    """What of a row its discounts depend on."""

    starts: date | None
    interval: str | None
    interval_count: int


def _row(
    draft: Draft, index: int, entry: object, terms: _Terms, reading: DiscountReading
) -> list[dict[str, Any]] | None:
    found = _list(entry)
    if found is None:
        return None
    parsed = found if isinstance(found, Fault) else _first_fault([_discount(item, terms, reading) for item in found])
    if isinstance(parsed, Fault):
        draft.add_fault(index, "discounts", parsed)
        return None
    return parsed


def _list(entry: object) -> list[object] | Fault | None:
    if isinstance(entry, str) and entry.strip():
        try:
            entry = json.loads(entry, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            return _NOT_A_LIST
    if not entry:
        return None
    return entry if isinstance(entry, list) else _NOT_A_LIST


_NOT_A_LIST = Fault("discounts are not a list", 'Write them as [{"percent": "10"}]')
_NOT_ONE = Fault("a discount needs one of percent and amount", "Give one of both")
_PERCENT = Fault("a discount's percent is not between 0 and 100", "Correct it")
_NEGATIVE = Fault("a discount's amount is negative", "Write it as a positive amount")
_BACKWARDS = Fault("a discount ends before it starts", "Correct its dates")


def _first_fault(items: list[dict[str, Any] | Fault]) -> list[dict[str, Any]] | Fault:
    fault = next((item for item in items if isinstance(item, Fault)), None)
    return fault or [item for item in items if isinstance(item, dict)]


def _discount(item: object, terms: _Terms, reading: DiscountReading) -> dict[str, Any] | Fault:
    if not isinstance(item, dict):
        return _NOT_A_LIST
    unknown = [str(key) for key in item if key not in DISCOUNT_PARTS]
    if unknown:
        return Fault(f"a discount has no {unknown[0]!r}", f"It has: {', '.join(DISCOUNT_PARTS)}")
    parsed = {part: _part(part, item.get(part), reading) for part in DISCOUNT_PARTS}
    fault = next((value for value in parsed.values() if isinstance(value, Fault)), None)
    return fault or _checked(parsed, terms.starts) or _with_end(parsed, terms)


def _with_end(parsed: dict[str, Any], terms: _Terms) -> dict[str, Any]:
    """The discount with the end of its first billing period, if it applies once and no end is given."""
    starts = parsed["starts"] or terms.starts
    if parsed["duration"] != "once" or parsed["ends"] is not None or starts is None or terms.interval is None:
        return parsed
    return {**parsed, "ends": _period_end(starts, terms.interval, terms.interval_count)}


def _period_end(starts: date, interval: str, count: int) -> date:
    """The first day after one billing period; the last day of all if the calendar ends before it does."""
    try:
        if interval in _MONTHS:
            return min(add_months(starts, _MONTHS[interval] * count), FOREVER)
        return min(starts + timedelta(days=_DAYS[interval] * count), FOREVER)
    except (OverflowError, ValueError):
        return FOREVER


def _part(part: str, value: object, reading: DiscountReading) -> object:
    if isinstance(value, float):
        return Fault(f"a discount's {part} is a binary number", "Write it as text, which is exact")
    text = (as_text(value) or "").strip()
    if not text:
        return "forever" if part == "duration" else None
    parsed = _parsed(part, text, reading.parts[part])
    return (
        Fault(f"a discount's {part} ({text}) is {parsed.reason}", parsed.remedy)
        if isinstance(parsed, Fault)
        else parsed
    )


def _parsed(part: str, text: str, reading: Reading) -> object:
    if part == "percent":
        return parse_percent(text, reading.decimal, reading.thousands, reading.times)
    if part == "amount":
        return parse_decimal(text, reading.decimal, reading.thousands, reading.times, reading.round)
    if part == "duration":
        return parse_strict_word(text, DURATIONS)
    day = parse_day(text, reading.date_format, reading.timezone, reading.naive_timezone)
    return day_after(day) if part == "ends" and reading.last_day else day


def _checked(parsed: dict[str, Any], starts: date | None) -> Fault | None:
    percent, amount = parsed["percent"], parsed["amount"]
    if (percent is None) == (amount is None):
        return _NOT_ONE
    if percent is not None and not 0 <= percent <= _WHOLE:
        return _PERCENT
    if amount is not None and amount < 0:
        return _NEGATIVE
    return _range_fault(parsed["starts"] or starts, parsed["ends"])


def _range_fault(starts: date | None, ends: date | None) -> Fault | None:
    """A discount may end on the day it starts: it was withdrawn before it applied."""
    return _BACKWARDS if starts is not None and ends is not None and ends < starts else None
