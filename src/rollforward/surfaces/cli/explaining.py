"""The commands that open a number: explain, history."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from rollforward.calendar import Every
from rollforward.errors import UsageError
from rollforward.surfaces.cli.options import Filtered, Looking, Voice
from rollforward.surfaces.cli.progress import working
from rollforward.surfaces.cli.voice import note
from rollforward.surfaces.written import exact_day

if TYPE_CHECKING:
    from rollforward.book.explaining.explanation import Explanation

SHOWN = 10
"""The accounts and movements of a figure that are named unless told otherwise."""


@dataclass(frozen=True)
class Opened(Voice):
    """How and where an explanation is printed."""

    format: Annotated[Literal["table", "json", "md"], Option(help="Indented text, JSON or Markdown.")] = "table"
    output: Annotated[Path | None, Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None
    sql: Annotated[bool, Option("--sql", help="Print the queries behind it instead.")] = False

    def show(self, explanation: "Explanation", looking: str = "", filters: str = "") -> None:
        """Print an explanation; `looking` and `filters` are the options with which its parts are opened in turn."""
        from rollforward.book.explaining.rendering import RENDERERS, Reopened
        from rollforward.surfaces.cli.output import put_bytes, write

        data = (
            f"{explanation.sql};\n".encode()
            if self.sql
            else RENDERERS[self.format](explanation, Reopened(looking, filters))
        )
        if self.output is None:
            put_bytes(data)
        else:
            write(self.output, data)
        note(str(explanation.stamp), quiet=self.quiet)


@dataclass(frozen=True)
class OfAccount:
    """Which account, and on which day."""

    account: Annotated[str | None, Option(metavar="ID", help="An account instead of a metric.")] = None
    on: Annotated[str | None, Option("--on", metavar="DAY", help="The account's MRR on a day.")] = None
    movement: Annotated[str | None, Option(metavar="DAY", help="What moved the account's MRR on a day.")] = None


@dataclass(frozen=True)
class Length:
    """How long a period is, and how many of its parts are named."""

    every: Annotated[Every | None, Option(help="The length of the period; default: as written.")] = None
    limit: Annotated[int, Option(min=1, metavar="N", help="Accounts and movements named for a figure.")] = SHOWN
    every_part: Annotated[bool, Option("--all", help="All of them.")] = False


def explain(
    looking: Looking,
    filtered: Filtered,
    of_account: OfAccount,
    length: Length,
    opened: Opened,
    metric: Annotated[str | None, Argument(metavar="METRIC", help="Any metric, such as churned_mrr.")] = None,
    period: Annotated[str | None, Argument(metavar="PERIOD", help="2026-06-30, 2026-06, 2026-Q2 or 2026.")] = None,
) -> None:
    """Why a number is what it is: movements, spans, records, raw rows, the rules, rates, and when each was learned.

    The parts of each number add up to it. What could be opened further is named with its command.
    """
    book = looking.open()
    with working("opening", quiet=opened.quiet):
        explanation = book.explain(
            metric,
            period,
            account=of_account.account,
            on=exact_day(of_account.on, "--on"),
            movement=exact_day(of_account.movement, "--movement"),
            every=length.every,
            where=filtered.chosen(),
            limit=None if length.every_part else length.limit,
            view=looking.view(book),
        )
    opened.show(explanation, looking.said, "".join(f" --where {quote(text)}" for text in filtered.where or ()))
    looking.warn_of_uncounted(book, quiet=opened.quiet)


def history(
    looking: Looking,
    opened: Opened,
    account: Annotated[str, Argument(metavar="ACCOUNT", help="The account's id.")],
    on: Annotated[str | None, Option("--on", metavar="DAY", help="Its MRR on a day; default: today.")] = None,
    month: Annotated[str | None, Option(metavar="MONTH", help="Its movements of a month (2026-06) instead.")] = None,
) -> None:
    """What the book said about an account over time: each time it learned something that changed the answer.

    Each time names the movements that changed against the time before, and the facts that changed them.
    """
    if opened.sql:
        raise UsageError("a history is put together from many small ledgers and has no query. Leave out --sql.")
    book = looking.open()
    with working("looking back", quiet=opened.quiet):
        explanation = book.history(account, on=exact_day(on, "--on"), month=month, view=looking.view(book))
    opened.show(explanation, looking.said)
