"""The command that makes the board page: board."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from rollforward.calendar import Every
from rollforward.errors import UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.options import Filtered, Looking, Voice
from rollforward.surfaces.cli.output import put_line, write
from rollforward.surfaces.cli.progress import working
from rollforward.surfaces.cli.voice import clock


def board(
    looking: Looking,
    filtered: Filtered,
    voice: Voice,
    file: Annotated[Path, Argument(metavar="FILE.pdf", help="Where to.")],
    every: Annotated[Every, Option(help="The length of a period.")] = "month",
    to: Annotated[
        str | None, Option("--to", metavar="DATE", help="A day in the last period; default: the last one over.")
    ] = None,
    yes: Annotated[bool, Option("--yes", help="Replace the file if it is there.")] = False,
) -> None:
    """The figures of a period on one page of PDF: headlines, the roll-forward, what moved most, and what they mean."""
    from rollforward.surfaces.board import pdf
    from rollforward.surfaces.links import links_from_environment

    if file.suffix.lower() != ".pdf":
        raise UsageError(f"{file} is no PDF by its ending. Name a file such as june.pdf.")
    if file.exists() and not yes:
        raise UsageError(f"{file} would be replaced. Add --yes, or name another file.")
    book = looking.open()
    end, view = values.last_day(to, "--to"), looking.view(book)
    with working("setting the page", quiet=voice.quiet):
        links = links_from_environment()
        made = pdf(book, view, now=clock(), every=every, end=end, where=filtered.chosen(), links=links)
    write(file, made)
    put_line(f"wrote {file}")
    looking.warn_of_uncounted(book, quiet=voice.quiet)
