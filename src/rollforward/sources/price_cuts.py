"""Discounts in a file's columns: which ones they are, how they are written, and whether the price has them already."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.sources.column_map import Binding
from rollforward.sources.evidence import distinct
from rollforward.sources.numbers import parse_percent
from rollforward.sources.shapes import AMOUNTS

if TYPE_CHECKING:
    from rollforward.sources.work import Work

_NET = ("mrr", "arr")
_PRICE_BEFORE, _PRICE_AFTER = "before the discount", "after the discount"
_PERCENT, _AMOUNT, _NEITHER = "a percentage", "an amount", "neither"
_WHOLE, _FRACTION = "in percent", "as fractions of 1"


def settle_discounts(work: Work) -> None:
    """Bind the columns that tell of a discount, if the amounts are prices before it."""
    if not {"discount", "discount_percent", "discount_amount"} & work.roles.keys():
        return
    role = next((role for role in AMOUNTS if role in work.roles), None)
    if role in _NET:
        said = f"{work.roles[role or '']!r} is taken as what is paid, after any discount"
        work.reasons["discounts"] = said
        return
    parts = _parts(work)
    if parts and (role != "amount" or _is_before(work, parts)):
        _bind(work, parts)


def _is_before(work: Work, parts: dict[str, str]) -> bool:
    """Whether the amounts are those before the discount: a unit's price is, an amount may be either."""
    amount, column = work.roles["amount"], next(iter(parts.values()))
    about = f"Is {amount!r} before or after the discount in {column!r}?"
    return work.ask("discounts", about, (_PRICE_BEFORE, _PRICE_AFTER)) == _PRICE_BEFORE


def _parts(work: Work) -> dict[str, str]:
    """The columns of the percentage and of the amount, by part."""
    found = {part: work.roles[f"discount_{part}"] for part in ("percent", "amount") if f"discount_{part}" in work.roles}
    if not found:
        return _unclear(work, work.roles["discount"])
    if len(found) == 1 or not _filled_together(work, found):
        return found
    said = work.ask("discount", "Some rows have both. Which one is the discount?", tuple(found.values()))
    return {part: column for part, column in found.items() if column == said}


def _filled_together(work: Work, parts: dict[str, str]) -> bool:
    columns = [work.sample.raw.column(column) or () for column in parts.values()]
    return any(all(map(_is_given, row)) for row in zip(*columns, strict=True))


def _is_given(text: str | None) -> bool:
    return bool(text and text.strip("0., %"))


def _unclear(work: Work, column: str) -> dict[str, str]:
    """What a column that is only called discount holds."""
    given = [text for text in distinct(work.sample.raw, column) if _is_given(text)]
    if not given:
        work.reasons["discounts"] = f"{column!r} holds none"
        return {}
    if all(text.endswith("%") for text in given):
        return {"percent": column}
    about = f"What is the discount in {column!r}, such as {given[0]!r}?"
    said = work.ask("discount", about, (_PERCENT, _AMOUNT, _NEITHER))
    return {part: column for part, word in (("percent", _PERCENT), ("amount", _AMOUNT)) if word == said}


def _bind(work: Work, parts: dict[str, str]) -> None:
    for part, column in parts.items():
        work.bind(f"discount_{part}", Binding(columns=(column,)), f"{column!r} is taken off the price")
    for part in ("duration", "starts", "ends"):
        column = work.roles.get(f"discount_{part}", "")
        if column:
            work.bind(f"discount_{part}", Binding(columns=(column,)), f"the column is called {column!r}")
    if "discount_ends" in work.columns:
        work.reasons["discount_ends"] += "; it is taken as the first day without the discount"
    if "percent" in parts:
        _settle_fractions(work, parts["percent"])


def _settle_fractions(work: Work, column: str) -> None:
    """Ask what 0.15 is where no percentage is above 1."""
    given = [text for text in distinct(work.sample.raw, column) if _is_given(text)]
    numbers = [number for text in given if isinstance(number := parse_percent(text), Decimal)]
    if not numbers or max(numbers) > 1 or any("%" in text for text in given):
        return
    about = f"How are the discounts in {column!r} written, such as {given[0]!r}?"
    if work.ask("discount_percent", about, (_WHOLE, _FRACTION)) == _FRACTION:
        bound = replace(work.columns["discount_percent"], times=Decimal(100))
        work.bind("discount_percent", bound, f"{column!r} is taken off the price; you said that 1 is all of it")
