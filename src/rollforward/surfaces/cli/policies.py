"""The commands about policies: list, show, new, diff, what-if."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.listings import SHOWN, All, Limit, show_list
from rollforward.surfaces.cli.options import AllowStale, AsOf, Currency, DryRun, Looking, Printed, Shelf, Voice, are
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.voice import note, warn

if TYPE_CHECKING:
    from rollforward.book import Book, View
    from rollforward.book.bridge import PolicyBridge

On = Annotated[str | None, Option("--on", metavar="DATE", help="On which day; default: today.")]
Accounts = Annotated[bool, Option("--accounts", help="Each account that a rule changes, instead of the bridge.")]


@dataclass(frozen=True)
class Compared(Shelf):
    """Which book, and how it is looked at under whatever policy."""

    currency: Currency = None
    as_of: AsOf = None
    allow_stale: AllowStale = False

    def view(self, book: "Book") -> "View":
        """The view that the options name."""
        return Looking(self.book, None, self.currency, self.as_of, self.allow_stale).view(book)


def list_(shelf: Shelf, printed: Printed) -> None:
    """The policies: the book's own and the built-in ones. Without a book, the built-in ones."""
    policies = shelf.policies()
    printed.show_answer(policies.listed())
    if broken := policies.broken():
        raise UsageError(f"{', '.join(broken)} cannot be used: the list says why. Correct the files in `policies`.")


def show(
    shelf: Shelf,
    printed: Printed,
    name: Annotated[str | None, Argument(metavar="NAME", help="NAME or NAME@VERSION; default: the book's.")] = None,
) -> None:
    """A policy in words: each rule, its value, where that comes from; then what becomes of each status.

    Built-in policies are shown without a book too. Files and programs get rules and statuses in one table.
    """
    policies = shelf.policies()
    policy, kept = policies.find(name), policies.versions(name)
    if printed.for_people and printed.output is None:
        printed.show_answer(policies.rules(name))
        put_line()
        printed.show_answer(policies.statuses(name))
    else:
        printed.show_answer(policies.rules_and_statuses(name))
    versions = ", ".join(kept) or "none so far"
    note(f"policy {policy.label} ({policy.hash}), versions: {versions}", quiet=printed.quiet)


def new(
    shelf: Shelf,
    voice: Voice,
    name: Annotated[str, Argument(metavar="NAME", help="The name of the new policy.")],
    extends: Annotated[str, Option(metavar="NAME", help="The policy whose rules it starts from.")],
    changes: Annotated[list[str] | None, Argument(metavar="KEY=VALUE", help="Rules, as gap_days=14.")] = None,
    dry_run: DryRun = False,
) -> None:
    """A policy of your own: a file in the book that says every key, its meaning and what it may say."""
    from rollforward.book.policies import Policies

    book = shelf.open()
    policies = Policies(book.shelf, book.settings.policy)
    if dry_run:
        path, text = policies.planned(name, extends, changes or [])
        put_line(f"would write {path}:\n\n{text.rstrip()}")
        return
    put_line(f"{policies.make(name, extends, changes or [])} is written. It extends {extends}.")
    note(f"Next: rollforward policy diff {extends} {name}{shelf.said}", quiet=voice.quiet)


def diff(
    compared: Compared,
    printed: Printed,
    first: Annotated[str, Argument(metavar="A", help="A policy, or NAME@VERSION.")],
    other: Annotated[str, Argument(metavar="B", help="The policy to compare it with.")],
    on: On = None,
    accounts: Accounts = False,
    limit: Limit = None,
    every_line: All = False,
) -> None:
    """Two policies side by side: what each rule that differs is worth on this book.

    A bridge from MRR under A to MRR under B. The rules are switched one after the other, so that a later effect is
    measured with the earlier rules in place. The residual is what they leave unexplained: 0.
    """
    book = compared.open()
    with printed.working("comparing"):
        bridge = book.policy_bridge(
            first, other, on=values.last_day(on, "--on"), view=compared.view(book), accounts=accounts
        )
    _print(bridge, printed, None if every_line else limit or SHOWN, chosen=limit is not None)
    _warn_of_quarantine(book, compared, quiet=printed.quiet)


def what_if(
    looking: Looking,
    printed: Printed,
    changes: Annotated[list[str], Argument(metavar="KEY=VALUE", help="Rules, as past_due_days=14.")],
    on: On = None,
    accounts: Accounts = False,
    limit: Limit = None,
    every_line: All = False,
) -> None:
    """What rules would be worth on this book if they were otherwise. Nothing is changed."""
    from rollforward.book.policies import settings_of

    book = looking.open()
    with printed.working("comparing"):
        bridge = book.what_if(
            settings_of(changes, "what-if"),
            on=values.last_day(on, "--on"),
            view=looking.view(book),
            accounts=accounts,
        )
    _print(bridge, printed, None if every_line else limit or SHOWN, chosen=limit is not None)
    _warn_of_quarantine(book, looking, quiet=printed.quiet)


def _print(bridge: "PolicyBridge", printed: Printed, limit: int | None, *, chosen: bool) -> None:
    if bridge.changed is not None:
        show_list(bridge.changed, printed, limit, chosen=chosen)
        return
    printed.show(bridge)
    if not bridge.switches:
        note("no rule differs", quiet=printed.quiet)


def _warn_of_quarantine(book: "Book", shelf: Shelf, *, quiet: bool) -> None:
    number = 0 if quiet else book.quarantined()
    if number:
        warn(f"{are(number)} in quarantine; see `rollforward problems{shelf.said}`")


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_, "rollforward policy list --book acme"),
    "show": (show, "rollforward policy show stripe"),
    "new": (new, "rollforward policy new ours --extends stripe past_due_days=14 --book acme"),
    "diff": (diff, "rollforward policy diff default stripe --book acme --on 2026-01-31"),
    "what-if": (what_if, "rollforward policy what-if discounts=none --book acme --accounts"),
}
"""Every command about policies, with the example that its help ends with."""
