"""Speed and memory of a book beside references in the same run. `make bench SIZE=1000000`, or `ROWS=build,queries`.

The machine may be noisy: figures are medians, and what counts are the ratios, taken pair by pair.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import report
from building import build_rows, large_rows
from catching_up import catching_up_rows
from places import FOLDER
from questions import policy_rows, query_rows, startup_rows
from reading import import_rows
from serving import serving_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from measures import Figure

ROWS: Mapping[str, Callable[[int], Iterator[Figure]]] = {
    "startup": startup_rows,
    "build": build_rows,
    "queries": query_rows,
    "policies": policy_rows,
    "import": import_rows,
    "incremental": catching_up_rows,
    "serving": serving_rows,
    "large": large_rows,
}
"""What measures each kind of rows at a number of customers."""


def main() -> None:
    """Measure, print the tables, and put what was measured in the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="customers")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"kinds of rows, of {', '.join(ROWS)}")
    parser.add_argument("--write", action="store_true", help=f"put them in {report.MEASURED} and {report.PAGE}")
    asked = parser.parse_args()
    kinds = asked.rows.split(",")
    if unknown := sorted(set(kinds) - set(ROWS)):
        parser.error(f"no such rows: {', '.join(unknown)}. There are {', '.join(ROWS)}.")
    FOLDER.mkdir(exist_ok=True)
    for kind in kinds:
        figures = list(ROWS[kind](asked.size))
        print("\n".join(report.table(figures)), flush=True)
        if asked.write:
            report.keep({kind: figures}, asked.size, datetime.now(UTC).date())
            report.write_page()


if __name__ == "__main__":
    main()
