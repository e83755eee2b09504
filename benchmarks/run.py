"""Speed and memory of a book beside plain SQL in the same run. `make bench SIZE=1000000`, or `run.py --size 100000`.

The machine may be noisy: figures are medians, and what counts are the ratios, taken pair by pair.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import platform
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from book import TODAY, benchmark_book
from catching_up import catching_up
from measures import Figure, command, median_seconds, paired, seconds
from rollforward.book import View
from rollforward.ledger.ground import Ground
from rollforward.sources.demo import DemoCompany
from rollforward.store import ledgers
from rollforward.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollforward.book import Book

FOLDER = Path("bench-data")
REPORT = Path("docs/performance.md")
RUNS = 3
LEDGER_STEPS = ("valued", "movements", "cube", "set_aside", "proofs")
"""The steps that make ledger, cube and proofs of spans; what stands before or beside them is in the whole build."""


def main() -> None:
    """Measure, print the table, and write it where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="customers")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the CSV that is imported")
    parser.add_argument("--write", action="store_true", help=f"write the table to {REPORT}")
    asked = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    figures = list(_figures(asked.size, asked.rows))
    report = _report(figures, asked.size)
    print(report)
    if asked.write:
        REPORT.write_text(report, "utf-8")


def _figures(customers: int, rows: int) -> Iterator[Figure]:
    yield from _start_up()
    print(f"making the book of {customers:,} customers", flush=True)
    book = benchmark_book(FOLDER, customers)
    yield from _build(book)
    yield from catching_up(book, FOLDER / "catching-up")
    yield from _queries(book)
    yield from _policies(book)
    yield from _import(rows)


_DIFF = ("-m", "rollforward", "policy", "diff", "default", "stripe")


def _start_up() -> Iterator[Figure]:
    helped = median_seconds(lambda: command("-m", "rollforward", "--help"), 5)
    yield Figure("`rollforward --help`", f"{helped:.2f} s", "under 0.3 s", helped < 0.3)
    demo = FOLDER / "demo-2000"
    if not (demo / "book.toml").exists():
        command("-m", "rollforward", "demo", str(demo))
    mrr = median_seconds(lambda: command("-m", "rollforward", "mrr", "--book", str(demo)), 5)
    yield Figure("`rollforward mrr` on the demo book of 2,000 customers", f"{mrr:.2f} s", "under 1.5 s", mrr < 1.5)
    differing = median_seconds(lambda: command(*_DIFF, "--book", str(demo)), 5)
    yield Figure("`rollforward policy diff default stripe` on it", f"{differing:.2f} s", "under 3 s", differing < 3)


def _build(book: Book) -> Iterator[Figure]:
    """The build step by step, in turn with plain SQL on the same spans."""
    book.build()
    spans = FOLDER / f"{book.path.name}-spans.parquet"
    kept = book.ledger().name
    with attached(book, kept) as connection:
        connection.execute(f"COPY {kept}.spans TO '{spans}' (FORMAT parquet)")
        count = connection.execute(f"SELECT count(*) FROM {kept}.spans").fetchall()[0][0]
    steps: dict[str, float] = {}

    def from_spans() -> float:
        steps.update(_timed_steps(book))
        return sum(steps[name] for name in LEDGER_STEPS)

    def whole() -> float:
        return seconds(book.build)

    def plain() -> float:
        return _plain(spans)

    ours, theirs, ratio = paired(from_spans, plain, RUNS)
    yield Figure(f"plain SQL: {count:,} spans in Parquet to movements and flows", f"{theirs:.2f} s", "the reference")
    yield Figure("spans to ledger, cube and proofs", f"{ours:.2f} s, {ratio:.2f} x", "within 2 x", ratio <= 2)
    shown = ", ".join(f"{name} {took:.2f}" for name, took in steps.items() if took >= 0.01)
    yield Figure("the steps of the whole build, in seconds", shown, "")
    ours, theirs, ratio = paired(whole, plain, RUNS)
    yield Figure("the whole build from records", f"{ours:.2f} s, {ratio:.2f} x", "within 4 x", ratio <= 4)
    _, memory = command("-m", "rollforward", "build", "--book", str(book.path), "--quiet")
    yield Figure("peak memory of the whole build", f"{memory:,} MB", "under 4,000 MB", memory < 4_000)


def _timed_steps(book: Book) -> dict[str, float]:
    """The seconds of each step of a build, in a ledger that is not kept."""
    took: dict[str, float] = {}
    schema = "ledger_benchmark"
    database = Database(book.path)
    with (
        contextlib.suppress(_NotKeptError),
        database.reading() as connection,
        database.building(connection, schema),
    ):
        traits = ledgers.traits_of(connection, "subscription_items")
        ground = Ground(book.policy(), "USD", TODAY, traits)
        plan = ledgers.plan_of(ground.timeless(), ("plan", "cohort"), None)
        for step in plan.steps:
            took[step.name] = seconds(lambda step=step: connection.execute(step.creation(schema)))
        ledgers.sample_days(connection, schema, TODAY)
        took["proofs"] = seconds(lambda: [ledgers.require(connection, proof, schema) for proof in plan.proofs])
        raise _NotKeptError
    return took


@contextlib.contextmanager
def attached(book: Book, ledger: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the records and a ledger."""
    database = Database(book.path)
    with database.reading() as connection:
        database.attach(connection, ledger)
        yield connection


class _NotKeptError(Exception):
    """Raised to leave the transaction of a measured build without keeping it."""


def _plain(spans: Path) -> float:
    file = FOLDER / "reference.duckdb"
    file.unlink(missing_ok=True)
    statements = Path(__file__).with_name("reference.sql").read_text("utf-8").replace("$spans", f"'{spans}'")

    def make() -> None:
        with duckdb.connect(str(file)) as connection:
            connection.execute(statements)

    return seconds(make)


def _queries(book: Book) -> Iterator[Figure]:
    for what, goal, ask in (
        ("a metric by month (`quick_ratio`)", 0.1, lambda: book.metrics("quick_ratio")),
        ("the roll-forward by month", None, book.rollforward),
        ("the roll-forward by month and plan", None, lambda: book.rollforward(by="plan")),
        ("NRR over 12 months, by month", None, lambda: book.metrics("nrr_12m")),
        ("the cohorts by month", None, book.cohorts),
    ):
        ask()
        took = median_seconds(ask, 5)
        yield Figure(
            what, f"{took * 1000:.0f} ms", f"under {goal:.1f} s" if goal else "", took < goal if goal else None
        )


SECOND = "list-price"
"""A policy beside the book's: other rules for discounts, returns and past-due days."""


def _policies(book: Book) -> Iterator[Figure]:
    """What a second policy costs, in turn with the first, and what it costs the questions of the first."""
    folder = book.path / "policies"
    folder.mkdir(exist_ok=True)
    (folder / f"{SECOND}.toml").write_text('discounts = "none"\nreturning = "new"\npast_due_days = 14\n', "utf-8")
    second = View(SECOND)
    for file in (book.path / "ledgers").glob("*.duckdb"):
        file.unlink()
    book.build()
    alone = median_seconds(lambda: book.metrics("quick_ratio"), 5)
    ours, theirs, ratio = paired(lambda: seconds(lambda: book.build(second)), lambda: seconds(book.build), RUNS)
    what = "a build under a second policy kept beside, to one under the first"
    yield Figure(what, f"{ours:.2f} s to {theirs:.2f} s, {ratio:.2f} x", "no more than a build", ratio <= 1.1)
    beside = median_seconds(lambda: book.metrics("quick_ratio"), 5)
    what = "`quick_ratio` by month with a second ledger beside, to without"
    yield Figure(what, f"{beside * 1000:.0f} ms to {alone * 1000:.0f} ms", "no more")
    took = median_seconds(lambda: book.metrics("quick_ratio", view=second), 5)
    yield Figure("`quick_ratio` by month under the second policy", f"{took * 1000:.0f} ms", "")
    month = date(TODAY.year, TODAY.month, 1)
    took = median_seconds(lambda: book.causes(start=month), 3)
    yield Figure("the causes of the last month", f"{took:.2f} s", "")
    took = seconds(book.causes)
    yield Figure("the causes of every month", f"{took:.2f} s", "")


def _import(rows: int) -> Iterator[Figure]:
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


def _report(figures: list[Figure], customers: int) -> str:
    lines = [
        "# Performance",
        "",
        f"Made by `make bench SIZE={customers}`: Python {platform.python_version()}, DuckDB {duckdb.__version__}.",
        "Medians; a ratio is the median of ratios taken pair by pair in the same run. The reference is plain SQL,",
        "`benchmarks/reference.sql`: the same movements and flows from a Parquet file of the same spans.",
        "",
        "| what | measured | goal | holds |",
        "|---|---|---|---|",
        *(figure.row() for figure in figures),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
