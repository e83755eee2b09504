"""The cells of typed files (workbooks, Parquet) as the text that a person would write."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

from rollforward.sources.raw import well_formed

_CERTAIN_DIGITS = 15
"""The digits that a binary number of 64 bits surely holds: 19.9 is stored a hair off and must come out as 19.9."""


def cell_text(value: object) -> str | None:
    """A cell as text: numbers without artefacts, dates in ISO form, None for an empty one."""
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else _other(value)


def _number(value: float) -> str:
    text = format(value, f".{_CERTAIN_DIGITS}g")
    return format(Decimal(text), "f") if "e" in text else text


def _moment(value: datetime) -> str:
    is_day = value.tzinfo is None and not (value.hour or value.minute or value.second or value.microsecond)
    return value.date().isoformat() if is_day else value.isoformat(sep=" ")


def _other(value: object) -> str:
    if isinstance(value, list | dict | tuple):
        return well_formed(json.dumps(value, ensure_ascii=False, default=cell_text))
    return well_formed(str(value))
