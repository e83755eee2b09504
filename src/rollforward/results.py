"""Results: frozen answers with their stamp, readable as rows, Arrow, pandas or Polars, and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import pandas as pd
    import polars as pl
    import pyarrow as pa

ColumnKind = Literal["text", "day", "money", "ratio", "count"]
"""What a column of a result holds: money in the stamp's currency, ratios as plain numbers (0.1 is 10 %)."""

Cell = str | date | Decimal | int | None

FORMULA = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001  the wide forms that some spreadsheets read as the narrow ones
"""The characters with which a text begins that a spreadsheet may take for a formula."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a number was made with.

    data_as_of: when the book last learned something · known_at: the time it was asked as known at, None for now ·
    today: the last day that the figures look at · fiscal_year_start: the month in which quarters and years begin ·
    policy_version: None where nobody counts versions · beside: the other policy, where two are compared, and then no
    ledger's hash · stale: what the sources lack for the figures where that was allowed, None where nothing.
    """

    policy: str
    policy_hash: str
    currency: str
    timezone: str
    today: date
    data_as_of: datetime | None
    known_at: datetime | None
    ledger_hash: str
    fiscal_year_start: int = 1
    policy_version: int | None = None
    beside: str = ""
    stale: str | None = None

    def __str__(self) -> str:
        known = f", known at {self.known_at:%Y-%m-%d %H:%M:%S} UTC" if self.known_at else ""
        data = f"{self.data_as_of:%Y-%m-%d %H:%M:%S} UTC" if self.data_as_of else "no import yet"
        version = "" if self.policy_version is None else f"@{self.policy_version}"
        beside = f" beside {self.beside}" if self.beside else ""
        ledger = f", ledger {self.ledger_hash}" if self.ledger_hash else ""
        stale = f", stale: {self.stale}" if self.stale else ""
        return (
            f"policy {self.policy}{version} ({self.policy_hash}){beside}, {self.currency}, "
            f"to {self.today} {self.timezone}, data as of {data}{known}{ledger}{stale}"
        )

    def to_dict(self) -> dict[str, str | None]:
        """The stamp as text by name."""
        return {
            "policy": self.policy,
            "policy_version": None if self.policy_version is None else str(self.policy_version),
            "policy_hash": self.policy_hash,
            **({"beside": self.beside} if self.beside else {}),
            "currency": self.currency,
            "timezone": self.timezone,
            "today": self.today.isoformat(),
            "data_as_of": self.data_as_of.isoformat() + "Z" if self.data_as_of else None,
            "known_at": self.known_at.isoformat() + "Z" if self.known_at else None,
            "ledger_hash": self.ledger_hash,
            "fiscal_year_start": str(self.fiscal_year_start),
            "stale": self.stale,
        }


@dataclass(frozen=True)
class Result:
    """A table of figures with its stamp.

    `subject` says what it is (rollforward, metrics, movements, cohorts, accounts, ...), `sql` is the query behind it
    and `expr`, where there is one, that query as an Ibis expression.
    """

    subject: str
    columns: tuple[ResultColumn, ...]
    stamp: Stamp
    sql: str
    fetch: Callable[[], list[tuple[Cell, ...]]] = field(repr=False)
    express: Callable[[], ir.Table] | None = field(default=None, repr=False)

    @cached_property
    def expr(self) -> ir.Table | None:
        """The query as an Ibis expression, where there is one."""
        return self.express() if self.express else None

    @cached_property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The rows, exact: money and ratios as decimals, unknown as None."""
        return self.fetch()

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def __len__(self) -> int:
        return len(self.rows)

    def to_dicts(self) -> list[dict[str, Cell]]:
        """The rows as dictionaries."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    def to_arrow(self) -> pa.Table:
        """The result as an Arrow table; the stamp stands in the schema's metadata."""
        import pyarrow as pa

        types = {"text": pa.string(), "day": pa.date32(), "count": pa.int64()}
        decimal = pa.decimal128(38, 10)
        schema = pa.schema(
            [(column.name, types.get(column.kind, decimal)) for column in self.columns],
            metadata={f"rollforward.{key}": value or "" for key, value in self.stamp.to_dict().items()},
        )
        columns = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.columns)
        arrays = [pa.array(list(values), type=field.type) for values, field in zip(columns, schema, strict=True)]
        return pa.table(arrays, schema=schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """The result as a pandas data frame; money stays decimal."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """The result as a Polars data frame; money stays decimal."""
        import polars as pl

        frame = pl.from_arrow(self.to_arrow())
        if not isinstance(frame, pl.DataFrame):  # pragma: no cover  a table always becomes a frame
            raise TypeError(type(frame).__name__)
        return frame

    def _repr_html_(self) -> str:
        from rollforward.notebook import html

        return html(self)


def column(name: str, kind: ColumnKind) -> ResultColumn:
    """A column of a result."""
    return ResultColumn(name, kind)


def plain(value: Cell) -> str:
    """A cell as text, the same everywhere: decimals without exponent, dates ISO, unknown empty."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that looks like it gets an apostrophe in front."""
    return f"'{text}" if text.lstrip(" ")[:1] in {*FORMULA} else text
