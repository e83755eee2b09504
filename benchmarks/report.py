"""The report: the last measured value of each row with its day, kept as JSON, and the page that is made of them."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from measures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

MEASURED = Path("benchmarks/measured.json")
PAGE = Path("docs/performance.md")
TITLES = {
    "startup": "Start-up",
    "build": "Build",
    "large": "Ten times as many customers",
    "incremental": "An import that touches few accounts",
    "queries": "Questions",
    "serving": "Pages and the API",
    "policies": "A second policy",
    "import": "Import of files",
}
"""The kinds of rows that can be asked for, in the order of the page."""

_HEAD = """# Performance

Made by `make bench`, the whole of it or some rows of it (`make bench ROWS=build,queries SIZE=1000000`): each part says
when, and for how many customers of the demo company, it was measured last. Figures are medians, and where two are
compared the median of ratios taken pair by pair in the same run, for machines are noisy: the ratios are what to watch.
`load` is how many processes wanted a processor while a part was measured: above their number, seconds are longer than
they need be.

- **plain SQL** is `benchmarks/reference.sql`: the same ledger from a Parquet file of the same spans, written by hand
  for a book of one currency: movements, and flows by day of the whole book, each plan and each cohort. What it makes is
  compared with what the book makes, row by row, before anything is timed. It proves nothing.
- **the customer-month model** is `benchmarks/customer_months.sql`: every customer times every month of 60, and a
  comparison with the month before, as it is commonly taught, from the same file on the same engine.

What was found where time went, and what was done: [decision 0020](decisions/0020-hot-paths.md).
"""


def keep(rows: Mapping[str, Iterable[Figure]], size: int, day: date) -> None:
    """Put measured rows, by kind, in the place of those of their kind."""
    told = json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {}
    for kind, figures in rows.items():
        told[kind] = {
            "day": day.isoformat(),
            "size": size,
            "on": f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} processors",
            "load": round(os.getloadavg()[2], 1),
            "rows": [[figure.what, figure.median, figure.goal, figure.holds] for figure in figures],
        }
    MEASURED.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_page() -> None:
    """Make the page of what was measured."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """The page of what was measured."""
    told = json.loads(MEASURED.read_text("utf-8"))
    parts = [_HEAD]
    for kind, title in TITLES.items():
        if kind in told:
            parts += [f"## {title}", "", *_part(told[kind]), ""]
    return "\n".join(parts)


def _part(measured: dict[str, object]) -> list[str]:
    lines = table([Figure(*row) for row in measured["rows"]])  # type: ignore[attr-defined]
    size = f"{measured['size']:,} customers, " if measured["size"] else ""
    return [*lines, "", f"{size}{measured['day']}, {measured['on']}, load {measured['load']}."]


def table(figures: Iterable[Figure]) -> list[str]:
    """Rows as a Markdown table."""
    return ["| what | measured | goal | holds |", "|---|---|---|---|", *(figure.row() for figure in figures)]
