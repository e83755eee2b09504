"""The commands with which people enter facts: merge, transfer, exclude, contract, correct, undo, and what is likely."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.listings import SHOWN, All, Limit, show_list
from rollforward.surfaces.cli.options import DryRun, Looking, Printed, Shelf, Voice
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from rollforward.store.entries import Entry

On = Annotated[str | None, Option("--on", metavar="DATE", help="The first day; default: that of its records.")]
Customers = Annotated[list[str], Argument(metavar="CUSTOMER", help="The customers, by id.")]


@dataclass(frozen=True)
class Because:
    """Why something is entered, and by whom."""

    reason: Annotated[str, Option(metavar="TEXT", help="Why. It stays with the entry.")]
    by: Annotated[str | None, Option(metavar="NAME", help="Who says so; default: the user of this machine.")] = None

    @property
    def who(self) -> str:
        """Who enters it."""
        return self.by or getpass.getuser()


def list_(shelf: Shelf, printed: Printed) -> None:
    """What people entered, with reason, person and time, and what was undone."""
    printed.show(shelf.open().entry_list())


def merge(
    shelf: Shelf,
    because: Because,
    voice: Voice,
    customers: Customers,
    into: Annotated[str, Option(metavar="CUSTOMER", help="The account they count for.")],
    from_: Annotated[
        str | None, Option("--from", metavar="DATE", help="From which day on; default: from the beginning.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Customers that are one account: their MRR moves together, from a day on or from the beginning."""
    entry = shelf.open().merge(
        *customers,
        into=into,
        start=values.first_day(from_, "--from"),
        reason=because.reason,
        by=because.who,
        dry_run=dry_run,
    )
    _say(entry, shelf, voice, dry_run=dry_run)


def transfer(
    shelf: Shelf,
    because: Because,
    voice: Voice,
    customer: Annotated[str, Argument(metavar="CUSTOMER", help="The id it has now.")],
    from_: Annotated[str, Option("--from", metavar="CUSTOMER", help="The id it had before.")],
    on: On = None,
    drop_earlier: Annotated[
        bool,
        Option("--drop-earlier", help="Count what it had before that day nowhere, as where both ran side by side."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """A customer that carries another one on, as after a move to another billing system: no churn and nothing new."""
    entry = shelf.open().transfer(
        customer,
        from_customer=from_,
        day=values.first_day(on, "--on"),
        drop_earlier=drop_earlier,
        reason=because.reason,
        by=because.who,
        dry_run=dry_run,
    )
    _say(entry, shelf, voice, dry_run=dry_run)


def exclude(shelf: Shelf, because: Because, voice: Voice, customers: Customers, dry_run: DryRun = False) -> None:
    """Customers that count in no figure, such as test accounts."""
    entry = shelf.open().exclude(*customers, reason=because.reason, by=because.who, dry_run=dry_run)
    _say(entry, shelf, voice, dry_run=dry_run)


def contract(
    shelf: Shelf,
    because: Because,
    voice: Voice,
    terms: Annotated[list[str], Argument(metavar="COLUMN=VALUE", help="The terms, as amount=1200 interval=year.")],
    dry_run: DryRun = False,
) -> None:
    """The terms of a subscription that no source has, in the columns of subscription_items."""
    entry = shelf.open().add_contract(_row(terms), reason=because.reason, by=because.who, dry_run=dry_run)
    _say(entry, shelf, voice, dry_run=dry_run)


def correct(
    shelf: Shelf,
    because: Because,
    voice: Voice,
    table: Annotated[str, Argument(metavar="TABLE", help="The table, as subscription_items.")],
    changes: Annotated[list[str], Argument(metavar="COLUMN=VALUE", help="What is right, as amount=100.")],
    where: Annotated[list[str], Option(metavar="COLUMN=VALUE", help="Which record; repeat until it is the only one.")],
    dry_run: DryRun = False,
) -> None:
    """A wrong fact put right. It holds until the source says something else than it did."""
    entry = shelf.open().correct(
        table, _row(where), _row(changes), reason=because.reason, by=because.who, dry_run=dry_run
    )
    _say(entry, shelf, voice, dry_run=dry_run)


def undo(
    shelf: Shelf,
    because: Because,
    voice: Voice,
    number: Annotated[int, Argument(metavar="N", help="The entry's number.")],
    dry_run: DryRun = False,
) -> None:
    """Undo an entry. Both stay on record."""
    entry = shelf.open().undo(number, reason=because.reason, by=because.who, dry_run=dry_run)
    _say(entry, shelf, voice, dry_run=dry_run)


def likely(looking: Looking, printed: Printed, limit: Limit = None, every_line: All = False) -> None:
    """Customers that may be one, or may have moved, with the evidence and the command. Nothing is applied."""
    book = looking.open()
    with printed.working("comparing customers"):
        result = book.likely(view=looking.view(book))
    show_list(result, printed, None if every_line else limit or SHOWN, chosen=limit is not None)
    if not len(result) and not book.has_names(view=looking.view(book)):
        note("there are no names or e-mail addresses to compare, only ids", quiet=printed.quiet)


def _row(texts: list[str]) -> dict[str, str]:
    found = values.pairs(texts, "")
    for name, given in found.items():
        if len(given) > 1:
            raise UsageError(f"{name} is given twice.")
    return {name: given[0] for name, given in found.items()}


def _say(entry: "Entry", shelf: Shelf, voice: Voice, *, dry_run: bool) -> None:
    if dry_run:
        put_line(f"would enter: {entry.kind} {entry.about}, by {entry.entered_by}")
        return
    put_line(f"entry {entry.entry}: {entry.kind} {entry.about}, by {entry.entered_by}")
    if entry.undoes is None:
        command = f"rollforward entry undo {entry.entry} --reason ...{shelf.said}"
        note(f"To undo it: {command}", quiet=voice.quiet)


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_, "rollforward entry list --book acme"),
    "merge": (
        merge,
        'rollforward entry merge acme-labs --into acme --from 2026-04-15 --reason "one contract" --book acme',
    ),
    "transfer": (transfer, 'rollforward entry transfer A-77 --from cus_1 --reason "moved to Chargebee" --book acme'),
    "exclude": (exclude, 'rollforward entry exclude test-1 --reason "our own test account" --book acme'),
    "contract": (
        contract,
        "rollforward entry contract customer=x amount=1200 currency=USD interval=year starts=2026-05-01 --reason paper",
    ),
    "correct": (
        correct,
        'rollforward entry correct subscription_items amount=100 --where customer=acme --reason "typing" --book acme',
    ),
    "undo": (undo, 'rollforward entry undo 3 --reason "two companies after all" --book acme'),
    "likely": (likely, "rollforward entry likely --book acme"),
}
"""Every command about entries, with the example that its help ends with."""
