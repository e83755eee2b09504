"""The commands that check: verify and doctor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from rollforward.errors import ReconciliationError, UsageError
from rollforward.surfaces.cli.options import Looking, Printed, Shelf
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from rollforward.book.cases import Difference, Verdict
    from rollforward.formats import Answer
    from rollforward.results import Cell


def verify(
    shelf: Shelf,
    printed: Printed,
    paths: Annotated[list[Path] | None, Argument(metavar="PATH", help="Case files, or folders of them.")] = None,
    integrity: Annotated[
        bool, Option("--integrity", help="Instead: whether anything in the book was changed by hand.")
    ] = False,
) -> None:
    """Run cases (records in, numbers out) and print each difference, or verify the integrity of a book.

    With --format or --output every case has a line, those that hold too, with nothing under `differences`.
    """
    if integrity == bool(paths):
        raise UsageError("name case files, or take --integrity to verify the book itself: one of the two.")
    if integrity:
        _verify_integrity(shelf, printed)
    else:
        _verify_cases(paths or [], printed)


def _verify_integrity(shelf: Shelf, printed: Printed) -> None:
    """Look for what was changed by hand, and say of each thing whether it is whole."""
    from rollforward.formats import Answer
    from rollforward.results import column

    with printed.working("verifying") as tell:
        audited = shelf.open().audit(progress=tell)
    columns = tuple(column(name, "text") for name in ("check", "state", "found"))
    rows: list[tuple[Cell, ...]] = [(one.check, "ok" if one.is_whole else "differs", one.found) for one in audited]
    printed.show_answer(Answer("integrity", columns, rows))
    if not all(one.is_whole for one in audited):
        raise Exit(ReconciliationError.exit_status)


def _verify_cases(paths: list[Path], printed: Printed) -> None:
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
    from rollforward.book.cases import load, verdict

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
