"""The options that commands share, each declared once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from typer import Option

from rollforward.calendar import Every
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.progress import Tell, working
from rollforward.surfaces.cli.voice import clock, note, warn

if TYPE_CHECKING:
    from rollforward.book import Book, View
    from rollforward.book.policies import Policies
    from rollforward.formats import Answer
    from rollforward.results import Result, Stamp


class Days(TypedDict):
    """From when to when, as the book is asked."""

    start: date | None
    end: date | None


Format = Literal["table", "json", "csv", "parquet", "md", "xlsx"]


Currency = Annotated[str | None, Option(metavar="CODE", help="In which currency; default: the book's.")]
AsOf = Annotated[str | None, Option(metavar="TIME", help="As known then: a day, to its end, or a timestamp.")]
AllowStale = Annotated[bool, Option("--allow-stale", help="Even from stale or incomplete sources.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what would be done, and do nothing.")]


@dataclass(frozen=True)
class Voice:
    """How much is said beside the data."""

    quiet: Annotated[bool, Option("--quiet", "-q", help="Say nothing but the data and errors.")] = False
    no_color: Annotated[bool, Option("--no-color", help="No colour, as with NO_COLOR.")] = False


@dataclass(frozen=True)
class Shelf:
    """Which book."""

    book: Annotated[
        Path,
        Option(
            "--book",
            parser=values.folder,
            metavar="DIR",
            envvar="ROLLFORWARD_BOOK",
            show_envvar=False,
            help="The book's folder.",
        ),
    ] = Path()

    def open(self) -> "Book":
        """The book; NotABookError if there is none."""
        from rollforward.book import Book

        return Book.open(self.book, clock=clock, tell=note)

    def policies(self) -> "Policies":
        """The policies of the book; the built-in ones where no book is named and none is here."""
        from rollforward.book.policies import Policies, built_in
        from rollforward.errors import NotABookError

        try:
            book = self.open()
        except NotABookError:
            if self.book != Path():
                raise
            return built_in()
        return Policies(book.shelf, book.settings.policy)

    @property
    def said(self) -> str:
        """The options that name the same book in another command, with a space before each."""
        return said(self.book)


def said(book: Path) -> str:
    """The option that names a book, with a space before it; nothing for the folder one stands in."""
    return "" if book == Path() else f" --book {quote(str(book))}"


@dataclass(frozen=True)
class Looking(Shelf):
    """Which book, and how it is looked at."""

    policy: Annotated[str | None, Option(metavar="NAME", help="Under which policy; default: the book's.")] = None
    currency: Currency = None
    as_of: AsOf = None
    allow_stale: AllowStale = False

    def view(self, book: "Book") -> "View":
        """The view that the options name."""
        return self.view_in(book.settings.timezone)

    def view_in(self, timezone: str) -> "View":
        """The view that the options name, in a time zone."""
        from rollforward.book import View

        moment = values.known_at(self.as_of, timezone, clock())
        return View(self.policy, self.currency.upper() if self.currency else None, moment, self.allow_stale)

    @property
    def said(self) -> str:
        """The options that name the same ledger in another command, with a space before each."""
        more = (("--policy", self.policy), ("--currency", self.currency), ("--as-of", self.as_of))
        return said(self.book) + "".join(f" {option} {quote(text)}" for option, text in more if text)

    def warn_of_uncounted(self, book: "Book", *, quiet: bool) -> None:
        """Warn on stderr of the rows that are in no figure."""
        found = None if quiet else book.uncounted(view=self.view(book))
        if found is None or not found.quarantined + found.set_aside:
            return
        numbers = ((found.quarantined, "in quarantine"), (found.set_aside, "set aside"))
        counted = " and ".join(f"{are(number)} {state}" for number, state in numbers if number)
        warn(f"{counted}; see `rollforward problems{self.said}`")


def warn_of_stale(stamp: "Stamp", *, quiet: bool) -> None:
    """Warn on stderr of sources that are stale or incomplete, where figures came from them all the same."""
    if stamp.stale and not quiet:
        warn(f"these figures come from {stamp.stale}")


def are(number: int) -> str:
    """So many rows are, in words."""
    return "1 row is" if number == 1 else f"{number:,} rows are"


@dataclass(frozen=True)
class Filtered:
    """Which part of the book."""

    where: Annotated[
        list[str] | None, Option(metavar="FIELD=VALUE", help="Only these; repeat for more, one field twice: either.")
    ] = None

    def chosen(self) -> dict[str, list[str]]:
        """The values of each field."""
        return values.pairs(self.where, "--where")

    def warn_of_nothing(self, result: "Result", *, quiet: bool) -> None:
        """Warn where a filter leaves nothing but zeros, as a word that the book does not know does."""
        figures = [place for place, column in enumerate(result.columns) if column.kind not in {"text", "day"}]
        if self.where and not quiet and not any(row[place] for row in result.rows for place in figures):
            said = " and ".join(dict.fromkeys(self.where))
            warn(f"nothing matches {said}; values are compared letter by letter")


@dataclass(frozen=True)
class Segmented(Filtered):
    """Which part of the book, and grouped by what."""

    by: Annotated[str | None, Option(metavar="FIELD", help="One line for each value of a field.")] = None


@dataclass(frozen=True)
class Ranged:
    """From when to when."""

    from_: Annotated[str | None, Option("--from", metavar="DATE", help="First day, month (2026-01) or year.")] = None
    to: Annotated[str | None, Option("--to", metavar="DATE", help="Last day, month or year.")] = None

    def days(self, book: "Book") -> Days:  # noqa: ARG002  where periods are fiscal, the book says which
        """The first and the last day."""
        return {"start": values.first_day(self.from_, "--from"), "end": values.last_day(self.to, "--to")}


@dataclass(frozen=True)
class Periodic(Ranged):
    """From when to when, and in which periods."""

    every: Annotated[Every, Option(help="The length of a period.")] = "month"

    def days(self, book: "Book") -> Days:
        """The first and the last day. Where periods are the book's fiscal quarters or years, so is a bare year."""
        fiscal = book.settings.fiscal_year_start if self.every in {"quarter", "year"} else 1
        return {
            "start": values.first_day(self.from_, "--from", fiscal),
            "end": values.last_day(self.to, "--to", fiscal),
        }


@dataclass(frozen=True)
class Printed(Voice):
    """How and where an answer is printed."""

    format: Annotated[
        Format | None, Option(help="Default: table, or by the ending of --output.", show_choices=True)
    ] = None
    output: Annotated[Path | None, Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None

    @contextmanager
    def working(self, about: str) -> Iterator[Tell]:
        """Progress, as far as it is wanted."""
        with working(about, quiet=self.quiet) as tell:
            yield tell

    def show(self, result: "Result") -> None:
        """Print a result: the data on stdout or to the file, the stamp on stderr."""
        from rollforward.formats import answer_of

        self.show_answer(answer_of(result))

    def show_answer(self, answer: "Answer") -> None:
        """Print an answer: the data on stdout or to the file, the stamp on stderr."""
        from rollforward.surfaces.cli.output import put

        put(answer, self.format, self.output)
        if answer.stamp:
            note(str(answer.stamp), quiet=self.quiet)
            warn_of_stale(answer.stamp, quiet=self.quiet)

    @property
    def for_people(self) -> bool:
        """Whether the answer is to be read by people, so that a long list may be shown in part."""
        from rollforward.surfaces.cli.output import format_for

        return format_for(self.format, self.output) in {"table", "md"}
