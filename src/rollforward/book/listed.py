"""What a listing of a ledger is made of, and the listing that comes of it on a question's ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rollforward.listing import Listing
from rollforward.money import listed_annual, listed_monthly
from rollforward.results import ColumnKind, ResultColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import ibis.expr.types as ir

    from rollforward.book.asking import Asked
    from rollforward.metrics.listings import Amount
    from rollforward.results import Cell

ACCOUNTS_SORTED = ("mrr", "account", "name", "country", "status", "since", "last_moved")
"""What accounts can be sorted by, the largest or latest first with a minus in front."""

LARGEST_FIRST = "-mrr"
"""How accounts are sorted if nothing else is said."""

_FIRST, _NUMBER = 9_000_000_000_000_001, 9_000_000_000_000_002
"""Numbers that stand for those of a page while its query is made, which is done once."""


@dataclass(frozen=True)
class Listed:
    """A listing of a ledger: what it is called, and what makes its rows.

    make: makes its rows of `texts` by name, with amounts as they are stored, and of a page if it is `paged` · days and
    amounts: the columns that hold some · summed: makes its sums of the same texts · periods: the rows of the periods
    that it looks at · steps: whether so much is worked out that each step is better a query of its own · more: what
    tells it from another one of its subject.
    """

    subject: str
    make: Callable[..., ir.Table]
    days: Sequence[str]
    amounts: Mapping[str, Amount]
    texts: Mapping[str, str | None] = field(default_factory=dict)
    paged: bool = False
    summed: Callable[..., ir.Table] | None = None
    periods: list[tuple[Any, ...]] | None = None
    steps: bool = False
    more: Hashable = None


def listing(of: Listed, asked: Asked, run: Callable[[str], list[tuple[Any, ...]]]) -> Listing:
    """The listing on the ledger of a question; `run` runs a query on it.

    The engine makes decimals of amounts where it writes a file. Of rows that are read they are made here, for the
    engine takes longer to plan them than to find the rows of a page.
    """
    from rollforward.metrics.listings import in_money

    def express(**texts: str | None) -> ir.Table:
        return in_money(of.make(**texts), of.amounts)

    sql, names = _made(of, asked, express)
    read = partial(_in_money, names=names, amounts=of.amounts)

    def every_row() -> list[tuple[Cell, ...]]:
        return read(run(_made(of, asked, of.make, "stored")[0]))

    def page(first: int, number: int, backwards: bool) -> list[tuple[Cell, ...]]:
        return read(run(_page(of, asked, first, number, backwards=backwards)))

    return Listing(
        of.subject,
        tuple(ResultColumn(name, _kind(of, name)) for name in names),
        asked.stamp,
        sql,
        every_row,
        partial(express, **of.texts),
        run,
        page if of.paged else None,
        _made(of, asked, of.summed, "sums")[0] if of.summed else None,
    )


def _made(of: Listed, asked: Asked, make: Callable[..., ir.Table], *part: Hashable) -> tuple[str, tuple[str, ...]]:
    """The query of a part of a listing and its columns."""
    return asked.made(of.subject, make, of.texts, (*part, of.more), fused=not of.steps)


def _page(of: Listed, asked: Asked, first: int, number: int, *, backwards: bool) -> str:
    """The query of a page by its first row and their number, which are counted from the end if it is `backwards`."""
    from rollforward.metrics.listings import Page

    page = Page(_FIRST, _NUMBER, backwards)
    sql, _ = _made(of, asked, partial(of.make, page=page), "page", backwards)
    return sql.replace(str(_FIRST), f"{first:d}").replace(str(_NUMBER), f"{number:d}")


def _kind(of: Listed, name: str) -> ColumnKind:
    return "day" if name in of.days else "money" if name in of.amounts else "text"


def _in_money(
    rows: list[tuple[Any, ...]], names: Sequence[str], amounts: Mapping[str, Amount]
) -> list[tuple[Cell, ...]]:
    """Rows with their stored amounts as decimals, as `in_money` has the engine make them."""
    read = [_AS_LISTED[amounts[name]] if name in amounts else None for name in names]
    return [tuple(made(cell) if made else cell for made, cell in zip(read, row, strict=True)) for row in rows]


_AS_LISTED = {"monthly": listed_monthly, "annual": listed_annual}
