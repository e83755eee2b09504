"""Tables on a page: the rows of a result as people read them, each cell with what it opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rollforward.formats import Answer, answer_of, cells
from rollforward.surfaces.web.words import title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollforward.results import Cell, Result, ResultColumn

    Row = Mapping[str, Cell]
    Link = Callable[[str, Row], str | None]
    """What a cell of a column opens: an address, or None."""

    Sorting = Callable[[str], tuple[str, "Order"] | None]
    """What the head of a column opens, which sorts by it, and how the table is sorted by it; None: not at all."""

Order = Literal["ascending", "descending"] | None

_NUMBERS = {"money", "ratio", "count"}


@dataclass(frozen=True)
class Column:
    """A column: its name, its title, whether it holds numbers; what sorts by it, and how it is sorted by it."""

    name: str
    title: str
    is_number: bool
    href: str | None = None
    order: Order = None


@dataclass(frozen=True)
class Shown:
    """A cell: what is read, and what it opens."""

    text: str
    href: str | None = None
    is_number: bool = False


@dataclass(frozen=True)
class Line:
    """A row of a table; `mark` says what is special about it, such as a period under way."""

    cells: tuple[Shown, ...]
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table: a caption, its columns and lines, what it downloads as, and what to say where it has no line."""

    caption: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    download: str | None = None
    empty: str = "Nothing."
    note: str = ""


def table_of(  # noqa: PLR0913  each is a part of a table
    result: Result | Answer,
    caption: str,
    *,
    link: Link = lambda _name, _row: None,
    sort: Sorting = lambda _name: None,
    rows: Sequence[tuple[Cell, ...]] | None = None,
    hidden: Sequence[str] = (),
    mark: Callable[[Row], str] = lambda _row: "",
    download: str | None = None,
    empty: str = "Nothing.",
    note: str = "",
) -> Table:
    """A result, or some of its rows, as a table. Columns of `hidden` can be used by `link` and are not shown."""
    given = None if rows is None else list(rows)
    answer = result if isinstance(result, Answer) else answer_of(result, given)
    kept = [place for place, column in enumerate(answer.columns) if column.name not in hidden]
    lines = []
    for texts, row in zip(cells(answer), answer.rows, strict=True):
        named = dict(zip(answer.names, row, strict=True))
        shown = (_shown(answer.columns[place], texts[place], named, link) for place in kept)
        lines.append(Line(tuple(shown), mark(named)))
    columns = (_column(answer.columns[place], sort) for place in kept)
    return Table(caption, tuple(columns), tuple(lines), download, empty, note)


def _column(column: ResultColumn, sort: Sorting) -> Column:
    href, order = sort(column.name) or (None, None)
    return Column(column.name, title(column.name), column.kind in _NUMBERS, href, order)


def _shown(column: ResultColumn, text: str, row: Row, link: Link) -> Shown:
    return Shown(text, link(column.name, row), column.kind in _NUMBERS)
