"""The notebook's view of a result: its chart, a plain table, and the stamp in the foot."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rollforward import charts
from rollforward.formats import Answer, cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.results import Result, ResultColumn

MOST_ROWS = 50
"""The rows that are shown; a line says how many more there are."""


def html(result: Result) -> str:
    """A result as HTML: the chart where the extra is installed, a table of at most 50 rows, and the stamp."""
    return f"<div>{_picture(result)}{_table(result)}</div>"


def _picture(result: Result) -> str:
    """The chart as a figure; nothing without the extra, or for a result without a chart."""
    try:
        drawn = charts.svg(result)
    except charts.ChartsMissingError:
        return ""
    label = f"Chart of {result.subject}; the table below has the same figures."
    return f'<figure role="img" aria-label="{escape(label)}" style="margin:0">{drawn}</figure>' if drawn else ""


def _table(result: Result) -> str:
    """The rows under their names, as other tables for people write them, with the stamp in the foot."""
    shown = Answer(result.subject, result.columns, result.rows[:MOST_ROWS], result.stamp)
    head = "".join(_cell("th", column.name, column, ' scope="col"') for column in result.columns)
    body = "".join(_row(texts, result.columns) for texts in cells(shown))
    caption = f"<caption>{escape(result.subject)}, {escape(result.stamp.currency)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{_foot(result)}</table>"


def _row(texts: Sequence[str], columns: Sequence[ResultColumn]) -> str:
    written = (_cell("td", text, column) for text, column in zip(texts, columns, strict=True))
    return f"<tr>{''.join(written)}</tr>"


def _cell(tag: str, text: str, column: ResultColumn, attributes: str = "") -> str:
    side = "left" if column.kind in {"text", "day"} else "right"
    return f'<{tag}{attributes} style="text-align:{side}">{escape(text)}</{tag}>'


def _foot(result: Result) -> str:
    """The foot: how many rows are not shown, and the stamp."""
    more = len(result.rows) - MOST_ROWS
    lines = [f"{more:,} more rows are not shown."] if more > 0 else []
    lines += [] if result.rows else ["No rows."]
    texts = [*lines, str(result.stamp)]
    span = f'<td colspan="{len(result.columns)}" style="text-align:left">'
    return f"<tfoot>{''.join(f'<tr>{span}{escape(text)}</td></tr>' for text in texts)}</tfoot>"
