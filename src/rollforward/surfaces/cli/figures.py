"""The commands that answer with figures by period: mrr, metrics, cohorts."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.closes import warn_of_closes
from rollforward.surfaces.cli.options import Filtered, Looking, Periodic, Printed, Segmented, are, said
from rollforward.surfaces.cli.voice import warn

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.formats import Answer


def mrr(
    looking: Looking,
    segmented: Segmented,
    periodic: Periodic,
    printed: Printed,
    causes: Annotated[bool, Option("--causes", help="What moved it: price, quantity, plan, discount, ...")] = False,
    constant: Annotated[
        str | None, Option(metavar="DATE", help="Beside it the closing at that day's exchange rates.")
    ] = None,
) -> None:
    """The roll-forward: opening MRR + movements = closing MRR, for each period.

    Amounts are rounded only for reading, and every printed row adds up.
    """
    if causes and constant:
        raise UsageError("--constant and --causes are two tables: ask for one of them.")
    if causes and segmented.by:
        raise UsageError("--causes shows what moved whole accounts. Leave out --by, or take a part with --where.")
    book = looking.open()
    if day := values.exact_day(constant, "--constant"):
        _constant(book, looking, segmented, periodic, printed, day)
        return
    days, where, view = periodic.days(book), segmented.chosen(), looking.view(book)
    with printed.working("adding up"):
        if causes:
            result = book.causes(every=periodic.every, **days, where=where, view=view)
        else:
            result = book.rollforward(every=periodic.every, **days, where=where, by=segmented.by, view=view)
    printed.show(result)
    segmented.warn_of_nothing(result, quiet=printed.quiet)
    looking.warn_of_uncounted(book, quiet=printed.quiet)
    if not printed.quiet:
        warn_of_closes(book, looking, periodic, in_part=causes or bool(where or segmented.by))


def _constant(
    book: "Book", looking: Looking, segmented: Segmented, periodic: Periodic, printed: Printed, day: date
) -> None:
    """Reported figures beside those at one day's rates."""
    if segmented.by:
        raise UsageError("--constant is for the whole or a part of it: leave out --by, and name a part with --where.")
    view = looking.view(book)
    with printed.working("adding up"):
        result = book.constant_currency(
            at=day, every=periodic.every, **periodic.days(book), where=segmented.chosen(), view=view
        )
    printed.show(result)
    segmented.warn_of_nothing(result, quiet=printed.quiet)
    looking.warn_of_uncounted(book, quiet=printed.quiet)
    if not printed.quiet:
        _warn_of_missing_rates(book, looking, day)


def _warn_of_missing_rates(book: "Book", looking: Looking, day: date) -> None:
    """Warn of records that lack a rate on the day, so that the constant side is short of them."""
    missing = book.uncounted_constant(at=day, view=looking.view(book))
    if missing.records:
        warn(
            f"at the rates of {day}, {are(missing.records)} set aside that the reported figures hold: no rate of "
            f"{' and '.join(missing.lacking)} is known; try `rollforward import --ecb --from {day}{said(looking.book)}`"
        )


def metrics(
    looking: Looking,
    segmented: Segmented,
    periodic: Periodic,
    printed: Printed,
    names: Annotated[list[str] | None, Argument(metavar="NAME", help="Metrics; default: all.")] = None,
    listed: Annotated[bool, Option("--list", help="List the metrics with formula, unit and source.")] = False,
) -> None:
    """The values of metrics for each period."""
    from rollforward.formats import answer_of

    if listed:
        printed.show_answer(_registry(names or []))
        return
    book = looking.open()
    with printed.working("working out"):
        result = book.metrics(
            *(names or []),
            every=periodic.every,
            **periodic.days(book),
            where=segmented.chosen(),
            by=segmented.by,
            view=looking.view(book),
        )
    # Every metric makes a table far wider than a screen, so that it is read downwards.
    printed.show_answer(replace(answer_of(result), turned=not names and segmented.by is None))
    segmented.warn_of_nothing(result, quiet=printed.quiet)
    looking.warn_of_uncounted(book, quiet=printed.quiet)


def _registry(names: list[str]) -> "Answer":
    """The registry of metrics as an answer."""
    from rollforward.formats import Answer
    from rollforward.metrics.registry import every_metric, find
    from rollforward.results import column

    shown = ("name", "unit", "about", "formula", "empty", "source")
    listed = [find(name) for name in names] or every_metric()
    rows = [tuple(str(getattr(metric, part)) for part in shown) for metric in listed]
    return Answer("metric list", tuple(column(part, "text") for part in shown), list(rows))


def cohorts(
    looking: Looking,
    filtered: Filtered,
    printed: Printed,
    measure: Annotated[Literal["customers", "mrr"], Option(help="What is left of a cohort.")] = "customers",
    every: Annotated[Literal["month", "quarter", "year"], Option(help="The length of a period.")] = "month",
    absolute: Annotated[bool, Option("--absolute", help="Amounts or customers instead of percentages.")] = False,
) -> None:
    """Accounts by the period of their first MRR, and what is left of them after each period."""
    book = looking.open()
    with printed.working("following cohorts"):
        result = book.cohorts(
            measure=measure, every=every, percent=not absolute, where=filtered.chosen(), view=looking.view(book)
        )
    printed.show(result)
    filtered.warn_of_nothing(result, quiet=printed.quiet)
    looking.warn_of_uncounted(book, quiet=printed.quiet)
