"""The command `sources`: what came from where, what became of it, and the day it is good to."""

from typing import Annotated

from typer import Exit, Option

from rollforward.errors import ReconciliationError
from rollforward.surfaces.cli.options import Looking, Printed
from rollforward.surfaces.cli.voice import note


def sources(
    looking: Looking,
    printed: Printed,
    imports: Annotated[bool, Option("--imports", help="A line for each import.")] = False,
) -> None:
    """Every source: rows in = booked + unchanged + quarantined, the day it is good to, its state and what to do.

    `waiting` counts the rows still in quarantine of what the policy counts; `removed` what a source no longer has.
    """
    book = looking.open()
    with printed.working("counting"):
        result = book.sources(imports=imports, view=looking.view(book))
    printed.show(result)
    if not result.rows:
        note("nothing was imported yet: rollforward import FILE" + looking.said, quiet=printed.quiet)
    if any(str(row["state"]) == "does not add up" for row in result.to_dicts()):
        raise Exit(ReconciliationError.exit_status)
