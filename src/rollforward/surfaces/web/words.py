"""How names read on a page: `net_new_mrr` is Net new MRR."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rollforward.formats import UNKNOWN, Answer, cells, is_percent, rounded
from rollforward.money import exact, places

if TYPE_CHECKING:
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.book.headlines import Headline
    from rollforward.results import Cell, ResultColumn, Stamp

_UPPER = {"mrr", "arr", "nrr", "grr", "arpa", "asp", "ltv", "acv", "tcv", "cmgr", "id", "sql", "ecb"}
_SAID = {
    "nrr_12m": "NRR, 12 months",
    "grr_12m": "GRR, 12 months",
    "customer_retention_12m": "Customer retention, 12 months",
    "mrr_in_period": "MRR in the period",
    "churned_mrr": "Churned MRR",
    "rows_in": "Rows in",
}


def title(name: str) -> str:
    """A name as a title."""
    if name in _SAID:
        return _SAID[name]
    words = [word.upper() if word in _UPPER else word for word in name.split("_")]
    said = " ".join(words)
    return said[:1].upper() + said[1:]


def value_text(column: ResultColumn, value: Cell, stamp: Stamp | None) -> str:
    """A value as people read it, as in every other table."""
    return cells(Answer("value", (column,), [(value,)], stamp))[0][0]


def value_of(one: Explanation) -> str:
    """The value of an explanation as people read it."""
    if one.value is None:
        return UNKNOWN
    if one.unit == "money":
        decimals = places(one.currency) if one.currency else 2
        return f"{rounded(exact(one.value), decimals):,} {one.currency or ''}".strip()
    if one.unit == "ratio" and is_percent(one.about.split(" ")[0]):
        return f"{rounded(exact(one.value * 100), 2):,} %"
    return f"{int(one.value):,}" if one.value.denominator == 1 else f"{rounded(exact(one.value), 4):,}"


def worked_out(one: Explanation) -> str:
    """How the parts of a ratio or a product make its value: 361,984.31 / 368,196.46 = 98.31 %. Empty for others."""
    sign = {"ratio": " / ", "product": " \N{MULTIPLICATION SIGN} "}.get(one.way)
    return f"{sign.join(map(value_of, one.parts))} = {value_of(one)}" if sign and one.parts else ""


def change_text(headline: Headline) -> str:
    """What changed against the compared period: a share with its sign, or percentage points for rates."""
    if headline.change is None:
        return ""
    if headline.relative is not None:
        return f"{_signed(headline.relative * 100, 1)} %"
    if is_percent(headline.name):
        return f"{_signed(headline.change * 100, 1)} points"
    return _signed(headline.change, 2)


def _signed(value: Decimal, places: int) -> str:
    shown = rounded(value, places)
    return f"{'±' if shown == 0 else '+' if shown > 0 else MINUS}{abs(shown):,}"


MINUS = "\N{MINUS SIGN}"

HEADLINES = ("mrr", "arr", "net_new_mrr", "nrr", "grr", "customer_churn_rate", "arpa", "customers", "quick_ratio")
"""The metrics of the overview."""
