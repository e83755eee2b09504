"""The build beside plain SQL and beside the customer-month model, in turn, on the same spans."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from book import TODAY, benchmark_book
from measures import Figure, command, median_seconds, paired, seconds
from places import FOLDER
from rollforward.calendar import add_months
from rollforward.ledger.ground import Ground
from rollforward.store import ledgers, packing, plans
from rollforward.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollforward.book import Book

RUNS = 3
MONTHS = 60
LARGER = 10
BESIDE_MODEL = 1_000_000
"""Up to how many customers the customer-month model is made beside: it grows to some 60 rows a customer."""

_LEDGER_STEPS = ("valued", "packed_movements", "movements", "cube", "set_aside", "proofs")
"""The steps that make ledger, cube and proofs of spans; what stands before or beside them is in the whole build."""


def build_rows(customers: int) -> Iterator[Figure]:
    """The build from spans and from records, each in turn with what it is compared with."""
    book = _made(customers)
    spans, count = spans_in_parquet(book)
    steps: dict[str, float] = {}

    def from_spans() -> float:
        steps.update(_timed_steps(book))
        return sum(steps[name] for name in _LEDGER_STEPS)

    plain_sql(spans)
    require_the_same(book)
    ours, theirs, ratio = paired(from_spans, lambda: plain_sql(spans), RUNS)
    what = f"plain SQL: {count:,} spans in Parquet to the same movements and the same cube"
    yield Figure(what, f"{theirs:.2f} s", "the reference")
    alone = median_seconds(lambda: plain_sql(spans, "reference_movements"), RUNS)
    yield Figure("of that, movements alone", f"{alone:.2f} s", "")
    yield Figure("spans to ledger, cube and proofs", f"{ours:.2f} s, {ratio:.2f} x", "within 1.3 x", ratio <= 1.3)
    shown = ", ".join(f"{name} {took:.2f}" for name, took in steps.items() if took >= 0.01)
    yield Figure("the steps of the whole build, in seconds", shown, "")
    ours, _, ratio = paired(lambda: seconds(book.build), lambda: plain_sql(spans), RUNS)
    yield Figure("the whole build from records", f"{ours:.2f} s, {ratio:.2f} x", "within 3 x", ratio <= 3)
    if customers <= BESIDE_MODEL:
        theirs, _, ratio = paired(lambda: _customer_months(spans), lambda: seconds(book.build), RUNS)
        what = f"the customer-month model over {MONTHS} months, to the whole build"
        yield Figure(what, f"{theirs:.2f} s, {ratio:.1f} x as long", "at least 20 x", ratio >= 20)
    _, memory = command("-m", "rollforward", "build", "--book", str(book.path), "--quiet")
    yield Figure("peak memory of the whole build", f"{memory:,} MB", "under 4,000 MB", memory < 4_000)


def large_rows(customers: int) -> Iterator[Figure]:
    """A book of ten times as many customers, in bounded memory, beside one of so many."""
    large, small = benchmark_book(FOLDER, customers * LARGER), benchmark_book(FOLDER, customers)
    few, _ = command("-m", "rollforward", "build", "--book", str(small.path), "--memory", "6GB", "--quiet")
    for memory, goal in (("6GB", 120), ("2GB", None)):
        took, peak = command("-m", "rollforward", "build", "--book", str(large.path), "--memory", memory, "--quiet")
        what = f"the whole build of {customers * LARGER:,} customers with `--memory {memory}`, and its peak memory"
        told = f"{took:.0f} s, {peak:,} MB, {took / few:.1f} x the time of {customers:,}"
        if goal is None:
            yield Figure(what, told, "it ends")
        else:
            holds = took <= goal and peak <= 8_000 and took <= 11 * few
            yield Figure(what, told, f"within {goal} s, 8,000 MB and 11 x", holds)


def _made(customers: int) -> Book:
    print(f"making the book of {customers:,} customers", flush=True)
    book = benchmark_book(FOLDER, customers)
    book.build()
    return book


def spans_in_parquet(book: Book) -> tuple[Path, int]:
    """The spans of a book's ledger in a file of their own, and how many they are."""
    spans = FOLDER / f"{book.path.name}-spans.parquet"
    kept = book.ledger().name
    database = Database(book.path)
    with database.reading() as connection:
        database.attach(connection, kept)
        connection.execute(f"COPY {kept}.spans TO '{spans}' (FORMAT parquet)")
        return spans, connection.execute(f"SELECT count(*) FROM {kept}.spans").fetchall()[0][0]


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
        plan = packing.packed(plans.plan_of(ground.timeless(), ("plan", "cohort"), None), ground)
        for step in plan.steps:
            took[step.name] = seconds(lambda step=step: connection.execute(step.creation(schema)))
        ledgers.sample_days(connection, schema, TODAY)
        took["proofs"] = seconds(lambda: [plans.require(connection, proof, schema) for proof in plan.proofs])
        raise _NotKeptError
    return took


class _NotKeptError(Exception):
    """Raised to leave the transaction of a measured build without keeping it."""


def plain_sql(spans: Path, last: str | None = None) -> float:
    """How long plain SQL takes to make its ledger, or only its tables up to one."""
    return _seconds_of("reference.sql", last, spans=str(spans))


_SAME = {
    "movements": "account, day, until, before, after, since, kind, amount, presence::BIGINT",
    "cube": "dimension, value, day, kind, amount::HUGEINT, moves, presence::HUGEINT",
}
"""The tables that both make, and their columns as values of one type."""


def require_the_same(book: Book) -> None:
    """That plain SQL made the ledger of the book, row by row: what makes less is no reference."""
    kept = book.ledger().name
    database = Database(book.path)
    with database.reading() as connection:
        database.attach(connection, kept)
        connection.execute(f"ATTACH '{FOLDER / 'reference.duckdb'}' AS plain (READ_ONLY)")
        for table, columns in _SAME.items():
            ours = f"SELECT {columns} FROM {kept}.{table}"
            theirs = f"SELECT {columns} FROM plain.reference_{table}"
            for one, other in ((ours, theirs), (theirs, ours)):
                if found := connection.execute(f"{one} EXCEPT ALL {other} LIMIT 1").fetchall():
                    raise SystemExit(f"plain SQL and the book differ in {table}: {found[0]}")


def _customer_months(spans: Path) -> float:
    until = add_months(TODAY.replace(day=1), 1)
    return _seconds_of(
        "customer_months.sql", spans=str(spans), first=add_months(until, -MONTHS).isoformat(), until=until.isoformat()
    )


def _seconds_of(script: str, last: str | None = None, **values: str) -> float:
    """How long a script takes in a database of its own, or what of it stands up to the table `last`."""
    statements = Path(__file__).with_name(script).read_text("utf-8")
    if last is not None:
        before, found, after = statements.partition(f"CREATE OR REPLACE TABLE {last} AS")
        statements = before + found + after.partition("CREATE OR REPLACE TABLE")[0]
    for name, value in values.items():
        statements = statements.replace(f"${name}", f"'{value}'")
    file = FOLDER / "reference.duckdb"
    file.unlink(missing_ok=True)

    def make() -> None:
        with duckdb.connect(str(file)) as connection:
            connection.execute(statements)

    return seconds(make)
