"""The demo company's own truth, held against the book that was made from its records."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.book import Book, View
from rollforward.errors import IncompleteError
from rollforward.money import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollforward.results import Cell
    from rollforward.sources.demo import MonthTruth, Truth

_AMOUNTS = ("opening", "new", "expansion", "reactivation", "contraction", "churn", "closing")
_NEVER = ("exchange", "entered", "left")
"""What cannot be in a book that never converts and whose customers each keep to one currency."""

Months = dict[tuple[str, str], dict[str, "Cell"]]
"""What the book says, by month and currency."""


@dataclass(frozen=True)
class Disagreement:
    """One figure in which the book and the truth differ."""

    where: str
    truth: str
    book: str

    def __str__(self) -> str:
        return f"{self.where}: the truth is {self.truth}, the book says {self.book}"


@dataclass(frozen=True)
class Comparison:
    """How many figures were compared, and those that differ."""

    figures: int
    disagreements: tuple[Disagreement, ...]


def compare(book: Book, truth: Truth, progress: Callable[[str], None] = lambda _: None) -> Comparison:
    """Every month of every currency under a policy that never converts: the roll-forward, the customers at its end."""
    policy = book.policy("default").with_settings("own-currency", {"exchange_rate": "none"})
    said: Months = {}
    for currency in truth.committed:
        progress(currency)
        said |= _said(book, currency, View(policy=policy, currency=currency))
    found = [
        figure for month in truth.months for figure in _figures(month, said.get((month.month, month.currency), {}))
    ]
    return Comparison(len(found), tuple(figure for figure in found if figure is not None))


def _said(book: Book, currency: str, view: View) -> Months:
    """The months of a currency from its first movement on; none if it has no movement."""
    where = {"currency": currency}
    try:
        results = (book.rollforward(where=where, view=view), book.metrics("customers", where=where, view=view))
    except IncompleteError:
        return {}
    months: Months = {}
    for row in (row for result in results for row in result.to_dicts()):
        months.setdefault((str(row["period"]), currency), {}).update(row)
    return months


def _figures(truth: MonthTruth, said: dict[str, Cell]) -> Iterator[Disagreement | None]:
    """Each figure of a month: None where both agree. A month without a row in the book is one in which nothing was."""
    wanted = {name: exact(getattr(truth, name)) for name in _AMOUNTS} | dict.fromkeys(_NEVER, Decimal(0))
    wanted["customers"] = exact(Fraction(truth.customers))
    for name, amount in wanted.items():
        found = said.get(name, Decimal(0) if not said else None)
        where = f"{name} of {truth.month} in {truth.currency}"
        yield None if found == amount else Disagreement(where, str(amount), "nothing" if found is None else str(found))
