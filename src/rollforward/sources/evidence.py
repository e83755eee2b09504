"""What the values of a column say about how they are written."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.sources.column_map import NULLS
from rollforward.sources.dates import ORDERS, orders_that_fit, parse_snapshot_day
from rollforward.sources.numbers import parse_decimal, split_sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollforward.sources.raw import RawRows

MARKS = ((".", ""), (",", "."), (".", ","), (",", ""), (",", " "), (".", " "), (".", "'"))
"""The decimal and thousands marks that people use, the plainest first."""


def distinct(raw: RawRows, column: str) -> list[str]:
    """The different texts of a column, in order, without the empty ones."""
    return [
        text for text in dict.fromkeys((value or "").strip() for value in raw.column(column) or ()) if text not in NULLS
    ]


def date_orders(texts: list[str]) -> list[str] | None:
    """The orders of day and month in which all texts are dates; None if they need none."""
    unclear = [text for text in texts if not isinstance(parse_snapshot_day(text, (), "UTC", None), date)]
    if not unclear:
        return None
    return orders_that_fit(unclear) if len(unclear) == len(texts) else []


def order_named(order: str) -> bool:
    """Whether a text is one of the orders."""
    return order in ORDERS


def number_marks(texts: list[str]) -> list[tuple[str, str]]:
    """The marks under which all texts are numbers, one pair for each different reading of them."""
    readings: dict[tuple[Decimal, ...], tuple[str, str]] = {}
    for mark, thousands in MARKS:
        values = [parse_decimal(text, mark, thousands, places=10) for text in texts]
        numbers = tuple(value for value in values if isinstance(value, Decimal))
        if len(numbers) == len(texts):
            readings.setdefault(numbers, (mark, thousands))
    return list(readings.values())


def signs(texts: Iterable[str]) -> list[str]:
    """The currency signs beside the numbers, the commonest first."""
    found = Counter(sign for text in texts if (sign := split_sign(text)[1]))
    return [sign for sign, _ in found.most_common()]
