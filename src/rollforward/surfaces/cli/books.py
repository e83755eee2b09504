"""The commands that make books: init, build, demo."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rollforward.errors import BookExistsError, ReconciliationError
from rollforward.surfaces.cli import values
from rollforward.surfaces.cli.options import Looking, Voice
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting, working
from rollforward.surfaces.cli.voice import clock, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollforward.book import Book
    from rollforward.records.batch import Batch
    from rollforward.sources.demo import DemoCompany

Folder = Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")]


def init(
    folder: Folder,
    voice: Voice,
    currency: Annotated[str, Option(metavar="CODE", help="The reporting currency.")],
    timezone: Annotated[str, Option(metavar="ZONE", help="The time zone whose days count.")] = "UTC",
    fiscal_year_start: Annotated[
        int, Option(min=1, max=12, metavar="MONTH", help="The fiscal year's first month.")
    ] = 1,
    today: Annotated[str | None, Option(metavar="DATE", help="The last day of a book of past data.")] = None,
    policy: Annotated[str, Option(metavar="NAME", help="The policy where a command names none.")] = "default",
) -> None:
    """A new book: a folder with its settings and an empty database."""
    from rollforward.book import Book

    book = Book.create(
        folder,
        clock=clock,
        currency=currency.upper(),
        timezone=timezone,
        fiscal_year_start=fiscal_year_start,
        today=values.last_day(today, "--today"),
        policy=_known_policy(policy),
    )
    found = book.settings
    put_line(f"{folder} is a book in {found.currency}, {found.timezone}, under policy {found.policy}.")
    note(f"Next: rollforward import FILE --book {folder}", quiet=voice.quiet)


def _known_policy(name: str) -> str:
    from rollforward.errors import UnknownNameError
    from rollforward.policy.policy import preset_names

    if name not in preset_names():
        raise UnknownNameError("policy", name, preset_names())
    return name


def build(looking: Looking, voice: Voice) -> None:
    """Build the ledger anew from the records and prove it. Other commands build by themselves when they must."""
    book = looking.open()
    with working("building", quiet=voice.quiet) as tell:
        kept = book.build(looking.view(book), progress=tell)
    put_line(
        f"ledger {kept.ledger_hash} under policy {kept.policy} ({kept.policy_hash}), {kept.currency}, to {kept.today}"
    )
    put_line(f"proved: {', '.join(kept.proofs)}")


def demo(
    folder: Folder,
    voice: Voice,
    customers: Annotated[int, Option(min=1, metavar="N", help="How many customers.")] = 2000,
    seed: Annotated[int, Option(metavar="N", help="Another seed, another company.")] = 1,
    files: Annotated[bool, Option("--files", help="Write its records to DIR/files too, to try import.")] = False,
    yes: Annotated[bool, Option("--yes", help="Replace a book that is there.")] = False,
) -> None:
    """The demo company's book: made from a seed, built, and held against the company's own truth."""
    from rollforward.sources.demo import DemoCompany

    company = DemoCompany(customers, seed, today=min(DemoCompany.today, clock().date()))
    book = _demo_book(folder, company, replace=yes)
    _take_in(book, company, quiet=voice.quiet)
    if files:
        company.write_files(folder / "files")
    with working("building", quiet=voice.quiet) as tell:
        book.build(progress=tell)
    _show_last_year(book, quiet=voice.quiet)
    _hold_against_truth(book, company, quiet=voice.quiet)
    _say_what_next(folder, files=files)


def _demo_book(folder: Path, company: "DemoCompany", *, replace: bool) -> "Book":
    from rollforward.book import Book
    from rollforward.store import database, settings

    there = [folder / settings.FILE, folder / database.FILE, folder / f"{database.FILE}.wal"]
    if any(file.exists() for file in there) and not replace:
        raise BookExistsError(folder)
    for file in there:
        file.unlink(missing_ok=True)
    return Book.create(folder, clock=clock, currency=company.currency, today=company.today, segments=_SEGMENTS)


_SEGMENTS = ("plan", "currency", "country", "segment")
"""What the demo book keeps ready to be grouped by."""


def _take_in(book: "Book", company: "DemoCompany", *, quiet: bool) -> None:
    with counting("making the company", company.customers, quiet=quiet) as tell:
        book.take_in(_told(company.batches(), tell), source="demo")


def _told(batches: "Iterator[Batch]", tell: "Callable[[str, int], None]") -> "Iterator[Batch]":
    """The batches, with the customers counted as they pass."""
    done = 0
    for batch in batches:
        done += batch.rows_in if batch.table == "customers" else 0
        tell("customers", done)
        yield batch


def _show_last_year(book: "Book", *, quiet: bool) -> None:
    from rollforward.calendar import add_months
    from rollforward.formats import answer_of, table
    from rollforward.surfaces.cli.output import put_bytes

    today = book.today()
    first = add_months(date(today.year, today.month, 1), -11)
    result = book.rollforward(start=first)
    put_bytes(table(answer_of(result)))
    note(str(result.stamp), quiet=quiet)


def _hold_against_truth(book: "Book", company: "DemoCompany", *, quiet: bool) -> None:
    from rollforward.demo_check import compare

    with working("comparing", quiet=quiet) as tell:
        compared = compare(book, company.truth(), tell)
    if compared.disagreements:
        shown = "\n".join(f"  {found}" for found in compared.disagreements[:10])
        number = len(compared.disagreements)
        raise ReconciliationError(
            f"{number:,} of {compared.figures:,} figures differ from the company's truth:\n{shown}"
        )
    put_line()
    put_line(
        f"The book agrees with the company's own truth in {compared.figures:,} of {compared.figures:,} figures: "
        "customers, opening, movements by kind and closing of every month and currency."
    )


def _say_what_next(folder: Path, *, files: bool) -> None:
    last = (
        f"import {folder}/files/subscriptions.csv --book OTHER" if files else f"movements --book {folder} --kind churn"
    )
    put_line()
    put_line("Next:")
    for command in (
        f"metrics nrr_12m grr_12m customers --every quarter --book {folder}",
        f"cohorts --book {folder}",
        last,
    ):
        put_line(f"  rollforward {command}")
