"""The commands that make books: init, build, demo."""

from datetime import date
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rollforward.errors import ReconciliationError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.options import DryRun, Looking, Voice, said
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting, working
from rollforward.surfaces.cli.voice import clock, note

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.book.demo_book import Demo

Folder = Annotated[
    Path, Argument(parser=values.folder, metavar="DIR", help="The book's folder; made if it is not there.")
]


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
    dry_run: DryRun = False,
) -> None:
    """A new book: a folder with its settings and an empty database."""
    from rollforward.book import Book

    make = Book.planned if dry_run else Book.create
    book = make(
        folder,
        clock=clock,
        currency=currency.upper(),
        timezone=timezone,
        fiscal_year_start=fiscal_year_start,
        today=values.last_day(today, "--today"),
        policy=policy,
    )
    found = book.settings
    verb = "would be" if dry_run else "is"
    put_line(f"{folder} {verb} a book in {found.currency}, {found.timezone}, under policy {found.policy}.")
    if not dry_run:
        note(f"Next: rollforward import FILE{said(folder)}", quiet=voice.quiet)


def build(
    looking: Looking,
    voice: Voice,
    memory: Annotated[
        str | None,
        Option(metavar="SIZE", help="What the engine may hold at a time, such as 2GB; the rest is laid aside on disk."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Build the ledger anew from the records and prove it. Other commands build by themselves when they must."""
    book = looking.open()
    if dry_run:
        put_line(_would_build(book, looking))
        return
    with working("building", quiet=voice.quiet) as tell:
        kept = book.build(looking.view(book), progress=tell, memory=memory)
    put_line(
        f"ledger {kept.ledger_hash} under policy {kept.policy} ({kept.policy_hash}), {kept.currency}, to {kept.today}"
    )
    put_line(f"proved: {', '.join(kept.proofs)}")
    looking.warn_of_uncounted(book, quiet=voice.quiet)


def _would_build(book: "Book", looking: Looking) -> str:
    view = looking.view(book)
    policy, currency, is_there = book.planned_build(view)
    why = "though one is there that is up to date" if is_there else "for none is there that is up to date"
    return (
        f"would build a ledger under policy {policy.name} ({policy.hash}), {currency}, to {book.today(view.as_of)}, "
        f"and prove it, {why}"
    )


def demo(
    folder: Folder,
    voice: Voice,
    customers: Annotated[int, Option(min=1, metavar="N", help="How many customers.")] = 2000,
    seed: Annotated[int, Option(metavar="N", help="Another seed, another company.")] = 1,
    files: Annotated[bool, Option("--files", help="Write its records to DIR/files too, to try import.")] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, Option("--yes", help="Replace a demo book that is there.")] = False,
) -> None:
    """The demo company's book: made from a seed, built, and held against the company's own truth."""
    from rollforward.book import Book

    made = Book.demo(folder, customers=customers, seed=seed, clock=clock)
    made.check(replace=yes)
    if dry_run:
        put_line(_would_make(made, files=files))
        return
    book = _filled(made, replace=yes, quiet=voice.quiet)
    if files:
        made.write_files()
    with working("building", quiet=voice.quiet) as tell:
        book.build(progress=tell)
    _show_last_year(book, quiet=voice.quiet)
    _hold_against_truth(book, made, quiet=voice.quiet)
    _say_what_next(folder, files=files)


def _would_make(made: "Demo", *, files: bool) -> str:
    company = made.company
    instead = "in place of the demo book that is there, " if made.is_there else ""
    written = f", and write its files to {made.folder / 'files'}" if files else ""
    return (
        f"would make {made.folder} the book of a company of {company.customers:,} customers from seed {company.seed}, "
        f"{instead}in {company.currency}, to {company.today}{written}"
    )


def _filled(made: "Demo", *, replace: bool, quiet: bool) -> "Book":
    with counting("making the company", made.company.customers, quiet=quiet) as tell:
        return made.make(tell, replace=replace)


def _show_last_year(book: "Book", *, quiet: bool) -> None:
    from rollforward.calendar import add_months
    from rollforward.formats import answer_of, table
    from rollforward.surfaces.cli.output import put_bytes

    today = book.today()
    first = add_months(date(today.year, today.month, 1), -11)
    result = book.rollforward(start=first)
    put_bytes(table(answer_of(result)))
    note(str(result.stamp), quiet=quiet)


def _hold_against_truth(book: "Book", made: "Demo", *, quiet: bool) -> None:
    from rollforward.book.demo_check import compare

    with working("comparing", quiet=quiet) as tell:
        compared = compare(book, made.truth, tell)
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
    named = said(folder)
    last = f"import {quote(str(folder / 'files'))} --book OTHER" if files else f"movements{named} --kind churn"
    put_line()
    put_line("Next:")
    for command in (f"metrics nrr_12m grr_12m customers --every quarter{named}", f"cohorts{named}", last):
        put_line(f"  rollforward {command}")
