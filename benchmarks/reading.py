"""The import of files as a company would keep them, in processes of their own."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from measures import Figure, command
from places import FOLDER
from rollforward.sources.demo import DemoCompany

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def import_rows(rows: int) -> Iterator[Figure]:
    """The import of a CSV of so many rows, and of a quarter of it: the memory should not grow."""
    file = FOLDER / f"subscriptions-{rows}.csv"
    if not file.exists():
        _write_csv(file, rows)
    book = FOLDER / "import"
    for part, goal in ((rows, 20), (rows // 4, None)):
        short = file if part == rows else _head(file, part)
        command("-c", f"import shutil; shutil.rmtree({str(book)!r}, ignore_errors=True)")
        command("-m", "rollforward", "init", str(book), "--currency", "USD", "--quiet")
        took, memory = command(
            "-m",
            "rollforward",
            "import",
            str(short),
            "--map",
            "benchmarks/subscriptions.toml",
            "--book",
            str(book),
            "--quiet",
        )
        what = f"import of a CSV of {part:,} rows, with its peak memory"
        yield Figure(
            what, f"{took:.1f} s, {memory:,} MB", f"under {goal} s" if goal else "flat", took < goal if goal else None
        )


def _write_csv(file: Path, rows: int) -> None:
    """Subscription rows as a company would keep them."""
    written = 0
    with file.open("w", newline="", encoding="utf-8") as out:
        write = csv.writer(out)
        write.writerow(
            [
                "customer",
                "subscription",
                "item",
                "plan",
                "price",
                "seats",
                "currency",
                "billing",
                "status",
                "from",
                "to",
            ]
        )
        for batch in DemoCompany(rows).batches():
            if batch.table != "subscription_items":
                continue
            for row in batch.rows.to_pylist():
                if row["kind"] == "one_time":
                    continue
                billing = "quarterly" if row["interval_count"] == 3 else f"{row['interval']}ly"
                write.writerow(
                    [
                        row["customer"],
                        row["subscription"],
                        row["item"],
                        row["plan"],
                        format(row["amount"].normalize(), "f"),
                        format(row["quantity"].normalize(), "f"),
                        row["currency"],
                        billing,
                        row["status"],
                        row["starts"],
                        row["ends"] or "",
                    ]
                )
                written += 1
                if written == rows:
                    return


def _head(file: Path, rows: int) -> Path:
    short = file.with_name(f"subscriptions-{rows}.csv")
    if not short.exists():
        with file.open(encoding="utf-8") as source, short.open("w", encoding="utf-8") as out:
            for _, line in zip(range(rows + 1), source, strict=False):
                out.write(line)
    return short
