"""The commands that close months: close, closes, restatement, reopen."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces.cli.options import AllowStale, DryRun, Looking, Periodic, Printed, Shelf, Voice, warn_of_stale
from rollforward.surfaces.cli.output import put_bytes, put_line
from rollforward.surfaces.cli.progress import working
from rollforward.surfaces.cli.voice import note as say
from rollforward.surfaces.cli.voice import warn

if TYPE_CHECKING:
    from rollforward.book import Book, View

Period = Annotated[str, Argument(metavar="PERIOD", help="A month (2026-10), or the months of 2026-Q4 or 2026.")]
By = Annotated[str | None, Option("--by", metavar="NAME", help="Who does it; default: who is logged in.")]


@dataclass(frozen=True)
class Series(Shelf):
    """Which closes of which book: those of a policy, in a currency."""

    policy: Annotated[str | None, Option(metavar="NAME", help="Under which policy; default: the book's.")] = None
    currency: Annotated[str | None, Option(metavar="CODE", help="In which currency; default: the book's.")] = None

    def view(self) -> "View":
        """The view that the options name."""
        from rollforward.book import View

        return View(self.policy, self.currency.upper() if self.currency else None)


def close(
    period: Period,
    series: Series,
    voice: Voice,
    note: Annotated[str, Option(metavar="TEXT", help="What to remember of it.")] = "",
    by: By = None,
    allow_stale: AllowStale = False,
    dry_run: DryRun = False,
) -> None:
    """Keep the roll-forward of a month as it is reported, with policy, hash, who and when.

    What is learned later shows beside it. Months are closed in order, when they are over; the first may be
    any from the first record on.
    """
    from rollforward.formats import answer_of, table

    book, view = series.open(), replace(series.view(), allow_stale=allow_stale)
    with working("closing", quiet=voice.quiet):
        result = book.close(period, by=_name(by), note=note, view=view, dry_run=dry_run)
    put_bytes(table(answer_of(result)))
    months = ", ".join(str(row[0]) for row in result.rows)
    put_line(f"{'would close' if dry_run else 'closed'} {months}, by {_name(by)}")
    say(str(result.stamp), quiet=voice.quiet)
    warn_of_stale(result.stamp, quiet=voice.quiet)
    for short in [] if voice.quiet else book.short_of(str(result.rows[-1][0]), view=view):
        warn(short)
    Looking(series.book, series.policy, series.currency).warn_of_uncounted(book, quiet=voice.quiet)


def closes(
    series: Series,
    printed: Printed,
    period: Annotated[str | None, Argument(metavar="MONTH", help="One closed month: then and now.")] = None,
) -> None:
    """The closed months: what was reported, what they are now, and what became of them.

    A month is closed, restated (later facts or rules changed it) or reopened. With MONTH its two roll-forwards;
    of a reopened one, what was reported.
    """
    book = series.open()
    with printed.working("comparing"):
        view = series.view()
        result = book.closed_month(period, view=view) if period else book.closes(view=view)
    printed.show(result)
    if not result.rows:
        say("no month was closed yet", quiet=printed.quiet)


def restatement(
    period: Annotated[str, Argument(metavar="MONTH", help="A closed month, such as 2026-10.")],
    series: Series,
    printed: Printed,
) -> None:
    """What changed a closed month: each movement that is not what it was, and the facts learned since.

    The movements add up to the difference of each column. A table shows the two roll-forwards above them.
    """
    from rollforward.formats import answer_of, table

    book = series.open()
    with printed.working("comparing"):
        found = book.restatement(period, view=series.view())
    if printed.for_people and printed.output is None:
        put_bytes(table(answer_of(found.figures)))
        put_line()
    printed.show(found.movements)
    if not found.movements.rows:
        say(f"{found.period} is as it was reported", quiet=printed.quiet)
    if found.rules_changed and not printed.quiet:
        warn("the policy is another one than at the close; by_rules is what that alone makes")


def reopen(
    period: Period,
    series: Series,
    voice: Voice,
    reason: Annotated[str, Option(metavar="TEXT", help="Why; it stays on record.")],
    by: By = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, Option("--yes", help="Reopen the closed months after it too.")] = False,
) -> None:
    """Open a closed month again, on record: what was reported stays in the list of closes."""
    if not reason.strip():
        raise UsageError("--reason is empty. Say why: it stays on record.")
    book = series.open()
    months = book.reopen(period, by=_name(by), reason=reason, view=series.view(), later=yes, dry_run=dry_run)
    put_line(f"{'would reopen' if dry_run else 'reopened'} {', '.join(months)}, by {_name(by)}")
    say(f"Next: rollforward close {months[0]}{series.said}", quiet=voice.quiet)


def _name(by: str | None) -> str:
    """Who does something: the name given, or that of who is logged in."""
    import getpass

    if by is not None and not by.strip():
        raise UsageError("--by is empty. Name who does it, or leave it out.")
    return by or getpass.getuser()


def warn_of_restated(shelf: Shelf) -> None:
    """Warn after an import of the closed months that are no longer as they were reported."""
    from rollforward.errors import IncompleteError

    book = shelf.open()
    if not book.has_closes():
        return
    try:
        months = [one.period for one in book.changed_closes()]
    except IncompleteError:
        warn(f"months are closed, and nothing is left to hold them against: rollforward closes{shelf.said}")
        return
    if months:
        *most, last = months
        listed = f"{', '.join(most)} and {last} are" if most else f"{last} is"
        warn(f"{listed} closed and now differ{'' if most else 's'}: rollforward closes{shelf.said}")


def warn_of_closes(book: "Book", looking: Looking, periodic: Periodic, *, in_part: bool) -> None:
    """Warn where closed months are shown otherwise than they were reported."""
    from rollforward.money import quantize

    view, days = looking.view(book), periodic.days(book)
    if view.as_of is not None:
        return
    if book.policy(view.policy).closed_months == "next_open":
        if book.has_closes(view=view) and (
            in_part or not book.shows_as_reported(every=periodic.every, end=days["end"], view=view)
        ):
            warn(
                "closed months are shown as they are known now. As they were reported they are shown for the whole "
                "book by month, quarter or year"
            )
        return
    for one in [] if in_part else book.changed_closes(**days, view=view):
        currency = view.currency or book.settings.currency
        reported, now = (f"{quantize(amount, currency):,}" for amount in (one.reported, one.now))
        changed = (
            f"reported {reported}, now {now}"
            if reported != now
            else f"reported {now} as it is now, made of other movements"
        )
        series = Looking(looking.book, looking.policy, looking.currency)
        warn(f"{one.period} was {changed}: rollforward closes {one.period}{series.said}")
