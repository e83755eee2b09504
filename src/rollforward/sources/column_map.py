"""The column map: which column of a file is what, and how its dates, numbers and words are written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollforward.errors import MapError
from rollforward.records.tables import TABLES
from rollforward.sources.dates import EPOCHS, ORDERS
from rollforward.sources.raw import ReadOptions

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

SHAPES = {
    "terms": "subscription_items",
    "change_log": "subscription_items",
    "renewals": "subscription_items",
    "invoice_lines": "invoice_lines",
    "snapshots": "mrr_snapshots",
    "snapshots_wide": "mrr_snapshots",
    "customers": "customers",
    "exchange_rates": "exchange_rates",
    "payments": "payments",
}
"""The shapes of file that are read, and the table whose rows each gives."""

ANY = "*"
"""The entry of a table of words that stands for every word without one of its own."""

NULLS = frozenset({"", "NULL", "null", "\\N"})
"""What stands for an empty cell in exports of databases."""

DISCOUNT_PARTS = ("percent", "amount", "duration", "starts", "ends")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where one canonical column comes from: source columns (joined if several) or a constant, and how to read it.

    `default` stands for an empty cell, `words` translates values, `times` multiplies a number, `round` limits its
    decimals, `last_day` says that a date is the last day of a range and not the first day after it, `optional` that the
    column may be missing.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    default: str | None = None
    separator: str = " "
    words: tuple[tuple[str, str], ...] = ()
    times: Decimal | None = None
    round: int | None = None
    last_day: bool = False
    optional: bool = False
    date_format: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkipRule:
    """Rows that are no records: those with one of these values in a column."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A small table to join: its columns become columns of the file, named after it (`plans.price`)."""

    file: str
    on: str
    key: str
    folder: Path | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The name before the dot of its columns."""
        return self.file.replace("\\", "/").rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column of a file is what. Made by hand, by `propose`, or read from TOML by `load_map`."""

    shape: str
    columns: dict[str, Binding]
    date_format: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    timezone: str | None = None
    empty: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    skip_where: tuple[SkipRule, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    where: str = field(default="", compare=False)

    @property
    def table(self) -> str:
        """The canonical table whose rows the file gives."""
        return SHAPES[self.shape]

    @property
    def reading(self) -> ReadOptions:
        """How to read the file."""
        return ReadOptions(self.encoding, self.delimiter, self.sheet, self.header_row)

    @property
    def nulls(self) -> frozenset[str]:
        """The texts that stand for an empty cell."""
        return NULLS.union(self.empty)

    def with_column(self, name: str, binding: Binding) -> ColumnMap:
        """The map with one column bound otherwise."""
        return replace(self, columns={**self.columns, name: binding})

    def source_columns(self) -> tuple[str, ...]:
        """The columns of the file that the map reads, each once."""
        bound = [name for binding in self.columns.values() for name in binding.columns]
        used = [*bound, *(rule.column for rule in self.skip_where), *(lookup.on for lookup in self.lookups)]
        return tuple(dict.fromkeys(used))


def columns_of(table: str) -> tuple[str, ...]:
    """The canonical columns that a map can bind."""
    names = TABLES[table].names
    discounts = tuple(f"discount_{part}" for part in DISCOUNT_PARTS) if "discounts" in names else ()
    return tuple(name for name in names if name != "attributes") + discounts


def checked(column_map: ColumnMap) -> ColumnMap:
    """The map itself if it makes sense; MapError with the way out if not."""
    where = column_map.where or column_map.shape
    known = columns_of(column_map.table)
    _check_formats(where, column_map.date_format)
    for name, binding in column_map.columns.items():
        if name not in known:
            raise MapError(where, f"there is no column {name!r} in {column_map.table}", f"It has: {', '.join(known)}")
        _check_binding(where, name, binding)
    _check_marks(where, column_map)
    _check_required(where, column_map)
    return column_map


def _check_binding(where: str, name: str, binding: Binding) -> None:
    if bool(binding.columns) == (binding.constant is not None):
        raise MapError(where, f"{name} needs a column or a constant, and not both", f'Write {name} = "column name"')
    _check_formats(where, binding.date_format)


def _check_formats(where: str, formats: tuple[str, ...]) -> None:
    for pattern in formats:
        if pattern not in {*ORDERS, *EPOCHS} and "%" not in pattern:
            known = ", ".join((*ORDERS, *EPOCHS))
            raise MapError(where, f"date_format has {pattern!r}", f"It is {known}, or a pattern such as %d.%m.%Y")


def _check_marks(where: str, column_map: ColumnMap) -> None:
    if column_map.decimal not in {".", ","}:
        raise MapError(where, f"decimal = {column_map.decimal!r}", 'It is "." or ","')
    if column_map.thousands not in {"", ".", ",", " ", "'"} or column_map.thousands == column_map.decimal:
        raise MapError(
            where, f"thousands = {column_map.thousands!r}", 'It is ".", ",", " " or "\'", and not the decimal mark'
        )


def _check_required(where: str, column_map: ColumnMap) -> None:
    given = {"date", "mrr"} if column_map.shape == "snapshots_wide" else set()
    columns = TABLES[column_map.table].columns
    missing = [column for column in columns if column.required and column.name not in {*column_map.columns, *given}]
    if missing:
        wanted = ", ".join(f"{column.name} ({column.about})" for column in missing)
        raise MapError(where, f"nothing is said about {wanted}", "Name its column, or a {constant = ...}")
