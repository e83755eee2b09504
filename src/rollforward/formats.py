"""Formats: an answer as a table for people, Markdown, CSV, JSON, Parquet or a workbook.

What people read is rounded to the currency's places and still foots; what programs read is exact.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from rollforward.results import Cell, Result, ResultColumn, Stamp, harmless, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNKNOWN = "–"  # noqa: RUF001  the en dash is what people write for "no figure"
"""What stands in a table where there is no figure."""

_COHORT_COLUMN = re.compile(r"(month|quarter|year)_\d+")
_NUMBERS = ("money", "ratio", "count")
_SHEET_ROWS = 1_048_575
"""The rows of a worksheet below its header."""


@dataclass(frozen=True)
class Answer:
    """What is printed: the columns and rows of a result, or of a list that no ledger stands behind."""

    subject: str
    columns: tuple[ResultColumn, ...]
    rows: list[tuple[Cell, ...]]
    stamp: Stamp | None = None
    turned: bool = False
    """Whether people read each row from top to bottom, because it is wider than a screen."""

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    @property
    def places(self) -> int:
        """The decimals in which the answer's money is written."""
        from rollforward.money import places

        return places(self.stamp.currency) if self.stamp else 2


def answer_of(result: Result, rows: list[tuple[Cell, ...]] | None = None) -> Answer:
    """A result as it is printed, or only some of its rows."""
    return Answer(result.subject, result.columns, result.rows if rows is None else rows, result.stamp)


# -- for people ------------------------------------------------------------------------------------------------------


def is_percent(name: str) -> bool:
    """Whether people read a ratio of this name as a percentage; a quick ratio is read as it stands."""
    rate = name.endswith("_rate") or name.startswith(("nrr", "grr", "cmgr", "customer_retention", "growth_rate"))
    return rate or _COHORT_COLUMN.fullmatch(name) is not None


def rounded(value: Decimal, decimals: int) -> Decimal:
    """A value at so many decimals, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def footed(amounts: Sequence[Decimal], signs: Sequence[int], decimals: int) -> list[Decimal]:
    """Opening, movements and closing, each rounded, that still add up: the residue is laid on the largest movement.

    `signs` has +1 or -1 for each movement: what it does to the opening. Rows of one book keep meeting each other, for
    the opening and the closing are only rounded.
    """
    shown = [rounded(amount, decimals) for amount in amounts]
    opening, *movements, closing = shown
    residue = closing - opening - sum(sign * moved for sign, moved in zip(signs, movements, strict=True))
    if residue:
        largest = max(range(len(movements)), key=lambda place: abs(amounts[place + 1]))
        shown[largest + 1] += signs[largest] * residue
    return shown


def cells(answer: Answer) -> list[list[str]]:
    """The rows as people read them."""
    rows, decimals = footed_rows(answer), answer.places
    return [[written(*pair, decimals) for pair in zip(answer.columns, row, strict=True)] for row in rows]


def footed_rows(answer: Answer) -> list[tuple[Cell, ...]]:
    """The rows, with those figures rounded that have to add up as people read them."""
    # A restatement is only rounded: figures that are equal print equal, whatever they foot to.
    if answer.subject == "rollforward":
        return [_footed_rollforward(answer, row) for row in answer.rows]
    if answer.subject == "movements":
        return _footed_movements(answer)
    if answer.subject == "policy_bridge":
        return _footed_bridge(answer)
    if answer.subject == "constant_currency":
        return [_footed_constant(answer, row) for row in answer.rows]
    return answer.rows


def _footed_bridge(answer: Answer) -> list[tuple[Cell, ...]]:
    """The rows of a bridge, whose effects lead from one printed MRR to the next."""
    effect, mrr = answer.names.index("effect"), answer.names.index("mrr")
    shown, before = [], Decimal(0)
    for row in answer.rows:
        after = row[mrr]
        if isinstance(row[effect], Decimal) and isinstance(after, Decimal):
            moved = rounded(after, answer.places) - before
            shown.append((*row[:effect], moved, *row[effect + 1 :]))
        else:
            shown.append(row)
        before = rounded(after, answer.places) if isinstance(after, Decimal) else before
    return shown


def _footed_rollforward(answer: Answer, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    from rollforward.book.flows import FLOW_COLUMNS

    first, last = answer.names.index("opening"), answer.names.index("closing")
    signs = [FLOW_COLUMNS[name] for name in answer.names[first + 1 : last]]
    amounts = [value for value in row[first : last + 1] if isinstance(value, Decimal)]
    return (*row[:first], *footed(amounts, signs, answer.places), *row[last + 1 :])


def _footed_movements(answer: Answer) -> list[tuple[Cell, ...]]:
    """Movements whose before + MRR moved = after, as printed."""
    places = [answer.names.index(name) for name in ("before", "mrr", "after")]
    found = []
    for row in answer.rows:
        shown = list(row)
        amounts = [value for place in places if isinstance(value := row[place], Decimal)]
        for place, value in zip(places, footed(amounts, [1], answer.places), strict=True):
            shown[place] = value
        found.append(tuple(shown))
    return found


def _footed_constant(answer: Answer, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """A line whose closing_constant + exchange_in_closing = closing, as printed."""
    at = {name: answer.names.index(name) for name in ("closing_constant", "exchange_in_closing", "closing")}
    amounts = [value for name in at if isinstance(value := row[at[name]], Decimal)]
    shown = list(row)
    if len(amounts) == len(at):
        shown[at["exchange_in_closing"]] = footed(amounts, [1], answer.places)[1]
    return tuple(shown)


def written(column: ResultColumn, value: Cell, decimals: int) -> str:
    """A cell as people read it, its money at so many decimals."""
    if value is None:
        return UNKNOWN
    if column.kind == "money":
        return f"{_zero(rounded(Decimal(str(value)), decimals)):,}"
    if column.kind == "ratio":
        return _ratio(column.name, Decimal(str(value)))
    if column.kind == "count":
        # The number of a row is a name, not an amount.
        return str(value) if column.name == "row" else f"{int(str(value)):,}"
    return _one_line(plain(value))


def _ratio(name: str, value: Decimal) -> str:
    return f"{_zero(rounded(value * 100, 1)):,} %" if is_percent(name) else f"{_zero(rounded(value, 2)):,}"


def _zero(value: Decimal) -> Decimal:
    """The value, without the sign of a rounded nothing."""
    return abs(value) if value == 0 else value


def _one_line(text: str) -> str:
    """A text without what would break a line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def table(answer: Answer) -> bytes:
    """The answer as a table for people: never cut, as wide as it is."""
    from rich.cells import cell_len

    grid, right = _laid_out(answer)
    widths = [max(cell_len(text) for text in column) for column in zip(*grid, strict=True)]
    grid.insert(1, ["─" * width for width in widths])
    lines = ("  ".join(_padded(*part) for part in zip(row, widths, right, strict=True)).rstrip() for row in grid)
    return "".join(f"{line}\n" for line in lines).encode()


def _laid_out(answer: Answer) -> tuple[list[list[str]], list[bool]]:
    """The header and the rows as texts, and which columns stand at the right."""
    grid = [answer.names, *cells(answer)]
    if answer.turned:
        return [list(row) for row in zip(*grid, strict=True)], [False, *(True for _ in answer.rows)]
    return grid, [column.kind in _NUMBERS for column in answer.columns]


def _padded(text: str, width: int, right: bool) -> str:
    from rich.cells import cell_len

    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def markdown(answer: Answer) -> bytes:
    """The answer as a Markdown table."""
    (head, *lines), right = _laid_out(answer)
    rows = [head, ["---:" if at_right else "---" for at_right in right]]
    rows += [[_marked(text) for text in line] for line in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).encode()


def _marked(text: str) -> str:
    for mark in ("\\", "|", "<", "`", "*", "_"):
        text = text.replace(mark, f"\\{mark}")
    return text


# -- for programs ----------------------------------------------------------------------------------------------------


def exact_text(value: Decimal, least: int = 0) -> str:
    """A decimal in full, with at least so many decimals and no further zeros."""
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _said(column: ResultColumn, value: Cell, decimals: int) -> Any:  # noqa: ANN401  whatever JSON holds
    if value is None:
        return None
    if column.kind == "money":
        return exact_text(Decimal(str(value)), decimals)
    if column.kind == "ratio":
        return exact_text(Decimal(str(value)))
    return int(str(value)) if column.kind == "count" else plain(value)


def exact_rows(answer: Answer) -> list[list[Any]]:
    """The rows as programs read them: money and ratios as decimals in full, days as ISO dates, unknown as None."""
    decimals = answer.places
    return [[_said(*pair, decimals) for pair in zip(answer.columns, row, strict=True)] for row in answer.rows]


def json_text(answer: Answer) -> bytes:
    """The answer as JSON: subject, stamp, columns and rows by name; money and ratios as decimals in quotes."""
    said = {
        "subject": answer.subject,
        "stamp": answer.stamp.to_dict() if answer.stamp else None,
        "columns": [{"name": column.name, "kind": column.kind} for column in answer.columns],
        "rows": [dict(zip(answer.names, row, strict=True)) for row in exact_rows(answer)],
    }
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def csv_text(answer: Answer, *, for_spreadsheets: bool = False) -> bytes:
    """The answer as CSV: decimals exact, unknown empty.

    For spreadsheets a text that could be taken for a formula is `harmless`; otherwise every text stands as it is.
    """
    said: Callable[[str], str] = harmless if for_spreadsheets else str
    lines = _Lines()
    writer = csv.writer(lines, lineterminator=_Lines.END)
    writer.writerow([said(name) for name in answer.names])
    texts = [column.kind == "text" for column in answer.columns]
    for row in exact_rows(answer):
        writer.writerow([said(cell) if is_text and cell else cell for is_text, cell in zip(texts, row, strict=True)])
    return "".join(lines).encode()


class _Lines(list[str]):
    """The lines of a CSV file. A writer whose lines end with both characters puts either of them in quotes."""

    END = "\r\n"

    def write(self, line: str) -> None:
        self.append(line.removesuffix(self.END) + "\n")


def parquet(answer: Answer) -> bytes:
    """The answer as Parquet: money as decimals, the stamp in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(arrow(answer), sink)
    return bytes(sink.getvalue())


def arrow(answer: Answer) -> Any:  # noqa: ANN401  a pyarrow table
    """The answer as an Arrow table."""
    import pyarrow as pa

    types = {"text": pa.string(), "day": pa.date32(), "count": pa.int64()}
    said = answer.stamp.to_dict() if answer.stamp else {}
    schema = pa.schema(
        [(column.name, types.get(column.kind, pa.decimal128(38, 10))) for column in answer.columns],
        metadata={f"rollforward.{key}": value or "" for key, value in said.items()},
    )
    columns = zip(*answer.rows, strict=True) if answer.rows else ([] for _ in answer.columns)
    made = [
        pa.array(
            [int(str(value)) if column.kind == "count" and value is not None else value for value in values], kind.type
        )
        for column, values, kind in zip(answer.columns, columns, schema, strict=True)
    ]
    return pa.table(made, schema=schema)


def workbook(*answers: Answer) -> bytes:
    """Answers as a workbook: a sheet each, and one with the stamp."""
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    for answer in answers:
        _fill_sheet(book, answer)
    stamp = answers[0].stamp
    if stamp:
        sheet = book.add_worksheet("stamp")
        for number, (key, value) in enumerate(stamp.to_dict().items()):
            sheet.write_string(number, 0, key)
            sheet.write_string(number, 1, value or "")
        sheet.set_column(0, 1, 28)
    book.close()
    return target.getvalue()


def _fill_sheet(book: Any, answer: Answer) -> None:  # noqa: ANN401  a workbook of xlsxwriter
    from rollforward.errors import UsageError

    if len(answer.rows) > _SHEET_ROWS:
        raise UsageError(
            f"{answer.subject} has {len(answer.rows):,} rows and a sheet holds {_SHEET_ROWS:,}. Use csv or parquet."
        )
    sheet = book.add_worksheet(answer.subject)
    sheet.freeze_panes(1, 0)
    formats = [book.add_format({"num_format": _number_format(column, answer.places)}) for column in answer.columns]
    bold = book.add_format({"bold": True})
    for place, name in enumerate(answer.names):
        sheet.write_string(0, place, name, bold)
    sheet.set_column(0, len(answer.columns) - 1, 16)
    for number, row in enumerate(answer.rows, start=1):
        for place, value in enumerate(row):
            _fill_cell(sheet, number, place, value, formats[place])


def _number_format(column: ResultColumn, decimals: int) -> str:
    zeros = f".{'0' * decimals}" if decimals else ""
    ratio = "0.0%" if is_percent(column.name) else "0.00"
    return {"money": f"#,##0{zeros}", "ratio": ratio, "count": "#,##0", "day": "yyyy-mm-dd"}.get(column.kind, "@")


def _fill_cell(sheet: Any, row: int, place: int, value: Cell, shape: Any) -> None:  # noqa: ANN401
    """One cell. Text is written as text, so that no name can become a formula."""
    if value is None:
        return
    if isinstance(value, date):
        sheet.write_datetime(row, place, value, shape)
    elif isinstance(value, Decimal | int):
        sheet.write_number(row, place, value, shape)
    else:
        sheet.write_string(row, place, value, shape)


RENDERERS: dict[str, Callable[[Answer], bytes]] = {
    "table": table,
    "json": json_text,
    "csv": csv_text,
    "parquet": parquet,
    "md": markdown,
    "xlsx": workbook,
}
"""How an answer becomes bytes, by format."""

DOWNLOADS: dict[str, Callable[[Answer], bytes]] = {
    "csv": partial(csv_text, for_spreadsheets=True),
    "xlsx": workbook,
    "json": json_text,
    "parquet": parquet,
}
"""How an answer is downloaded by a person, who opens it in a spreadsheet."""
