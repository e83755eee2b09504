"""The commands that check: verify and doctor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit

from rollforward.errors import ReconciliationError
from rollforward.surfaces.cli.options import Looking, Printed
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from rollforward.cases import Difference, Verdict
    from rollforward.formats import Answer


def verify(
    paths: Annotated[list[Path], Argument(metavar="PATH", help="Case files, or folders of them.")], printed: Printed
) -> None:
    """Run cases (records in, numbers out) and print each difference.

    With --format or --output every case has a line, those that hold too, with nothing under `differences`.
    """
    verdicts = _verdicts(paths, quiet=printed.quiet)
    differing = [verdict for verdict in verdicts if verdict.differences]
    counted = f"{_cases(len(verdicts))}, {len(differing):,} {'differs' if len(differing) == 1 else 'differ'}"
    if printed.format or printed.output:
        printed.show_answer(_answer(verdicts))
        note(counted, quiet=printed.quiet)
    else:
        for difference in (found for verdict in differing for found in verdict.differences):
            put_line(str(difference))
        put_line(counted)
    if differing:
        raise Exit(ReconciliationError.exit_status)


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number:,} cases"


def _verdicts(paths: list[Path], *, quiet: bool) -> "list[Verdict]":
    from rollforward.cases import load, verdict

    cases = list(load(paths))
    found = []
    with counting("verifying", len(cases), quiet=quiet) as tell:
        for done, (file, case) in enumerate(cases):
            tell(case["id"], done)
            found.append(verdict(case, file))
    return found


def _answer(verdicts: "list[Verdict]") -> "Answer":
    """A line for each case: its differences in words, nothing where it holds."""
    from rollforward.formats import Answer
    from rollforward.results import column

    columns = tuple(column(name, "text") for name in ("case", "file", "differences"))
    rows = [(one.case, str(one.file), "; ".join(map(_difference, one.differences)) or None) for one in verdicts]
    return Answer("verify", columns, list(rows))


def _difference(found: "Difference") -> str:
    return f"{found.where}: expected {found.expected}, found {found.found}"


def doctor(looking: Looking, printed: Printed) -> None:
    """Examine the book: each check is ok, worth a look, or fails, with what to do."""
    book = looking.open()
    with printed.working("examining"):
        result = book.doctor(view=looking.view(book))
    printed.show(result)
    if any(row["state"] == "fails" for row in result.to_dicts()):
        raise Exit(ReconciliationError.exit_status)
