"""The commands that list: movements, accounts, problems."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from rollforward.errors import UnknownNameError
from rollforward.surfaces.cli.options import Filtered, Looking, Printed, Ranged
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from rollforward.results import Cell, Result

SHOWN = 50
"""The lines that a table shows unless told otherwise. Files and programs get every line."""

Limit = Annotated[int | None, Option(min=1, metavar="N", help=f"Lines; default: {SHOWN} in tables, else all.")]
All = Annotated[bool, Option("--all", help="Every line.")]
_NOTHING = {"likely": "no customers look alike"}
"""What is said of an empty list, where `no` and its name do not do."""
KINDS = ("new", "expansion", "contraction", "churn", "reactivation", "exchange", "transfer", "entered", "left")


@dataclass(frozen=True)
class Moved:
    """Which movements, and whether with their causes."""

    kind: Annotated[str | None, Option(metavar="KIND", help="new, expansion, contraction, churn, ...")] = None
    account: Annotated[str | None, Option(metavar="ID", help="Of one account.")] = None
    causes: Annotated[bool, Option("--causes", help="A line for each cause: price, quantity, plan, ...")] = False

    def check(self) -> None:
        """UnknownNameError for a kind that there is not."""
        if self.kind is not None and self.kind not in KINDS:
            raise UnknownNameError("kind", self.kind, list(KINDS))


def movements(
    looking: Looking,
    filtered: Filtered,
    ranged: Ranged,
    printed: Printed,
    moved: Moved,
    limit: Limit = None,
    every_line: All = False,
) -> None:
    """How MRR moved: each dated change of an account, with its MRR before and after. The latest stand last."""
    moved.check()
    book = looking.open()
    with printed.working("listing"):
        result = book.movements(
            **ranged.days(book),
            where=filtered.chosen(),
            kind=moved.kind,
            account=moved.account,
            causes=moved.causes,
            view=looking.view(book),
        )
    show_list(result, printed, None if every_line else limit or SHOWN, chosen=limit is not None, latest=True)
    looking.warn_of_uncounted(book, quiet=printed.quiet)


def accounts(
    looking: Looking,
    filtered: Filtered,
    printed: Printed,
    search: Annotated[str | None, Option(metavar="TEXT", help="In the account's name or id.")] = None,
    sort: Annotated[
        str,
        Option(metavar="COLUMN", help="By mrr, name, country, status, since or last_moved; -mrr for the largest."),
    ] = "-mrr",
    limit: Limit = None,
    every_line: All = False,
) -> None:
    """Every account, the largest first: its MRR now, since when, its last movement, its plans."""
    book = looking.open()
    with printed.working("listing"):
        result = book.accounts(where=filtered.chosen(), search=search, sort=sort, view=looking.view(book))
    show_list(result, printed, None if every_line else limit or SHOWN, chosen=limit is not None)
    looking.warn_of_uncounted(book, quiet=printed.quiet)


def problems(
    looking: Looking,
    printed: Printed,
    severity: Annotated[
        Literal["quarantined", "set aside", "note"] | None, Option(help="Only those of one kind.")
    ] = None,
    limit: Limit = None,
    every_line: All = False,
) -> None:
    """What could not be read or does not count, with its file, row, reason and remedy."""
    book = looking.open()
    with printed.working("listing"):
        result = book.problems(severity=severity, view=looking.view(book))
    show_list(result, printed, None if every_line else limit or SHOWN, chosen=limit is not None)


def show_list(result: "Result", printed: Printed, limit: int | None, *, chosen: bool, latest: bool = False) -> None:
    """Print a list; a table as many lines as it may have, with a note of how many more there are."""
    from rollforward.formats import answer_of

    is_limited = limit is not None and (chosen or printed.for_people)
    total = _count(result) if is_limited else 0
    if limit is None or total <= limit:
        printed.show(result)
        if not result.rows:
            note(_NOTHING.get(result.subject, f"no {result.subject}"), quiet=printed.quiet)
        return
    rows = _part(result, total - limit if latest else 0, limit)
    which, more = "latest" if latest else "first", total - limit
    note(f"the {which} {limit:,} of {total:,} lines; {more:,} more with --all or --limit N", quiet=printed.quiet)
    printed.show_answer(answer_of(result, rows))


def _count(result: "Result") -> int:
    from rollforward.listing import Listing

    return result.count() if isinstance(result, Listing) else len(result)


def _part(result: "Result", first: int, number: int) -> "list[tuple[Cell, ...]]":
    from rollforward.listing import Listing

    return result.part(first, number) if isinstance(result, Listing) else result.rows[first : first + number]
