"""The commands that check: verify and doctor."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Exit

from rollforward.errors import ReconciliationError
from rollforward.surfaces.cli.options import Looking, Printed, Voice
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting


def verify(
    paths: Annotated[list[Path], Argument(metavar="PATH", help="Case files, or folders of them.")], voice: Voice
) -> None:
    """Run cases (records in, numbers out) and print each difference."""
    from rollforward.cases import load
    from rollforward.cases import verify as run

    total = sum(1 for _ in load(paths))
    done = 0
    with counting("verifying", total, quiet=voice.quiet) as tell:

        def count(case: str) -> None:
            nonlocal done
            done += 1
            tell(case, done)

        verdicts = run(paths, count)
    differing = [verdict for verdict in verdicts if verdict.differences]
    for difference in (found for verdict in differing for found in verdict.differences):
        put_line(str(difference))
    put_line(f"{len(verdicts):,} cases, {len(differing):,} differ")
    if differing:
        raise Exit(ReconciliationError.exit_status)


def doctor(looking: Looking, printed: Printed) -> None:
    """Examine the book: each check is ok, worth a look, or fails, with what to do."""
    book = looking.open()
    with printed.working("examining"):
        result = book.doctor(view=looking.view(book))
    printed.show(result)
    if any(row["state"] == "fails" for row in result.to_dicts()):
        raise Exit(ReconciliationError.exit_status)
