"""What became of an import: every row accounted for, and the first problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.cli.output import put_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.errors import Problem
    from rollforward.store.intake import ImportReport
    from rollforward.surfaces.cli.options import Shelf

_SHOWN = 5


def show_reports(reports: Sequence[tuple[str, ImportReport]], shelf: Shelf, *, dry_run: bool) -> None:
    """Print what became of the rows of each kind of file; then the sum, where there are several."""
    several = len(reports) > 1
    for name, report in reports:
        _show(report, shelf, about=f"{name}: " if several else "dry run: " if dry_run else "", dry_run=dry_run)
    if several:
        parts = ("rows_in", "booked", "unchanged", "quarantined", "changed", "notes", "removed")
        sums = (sum(getattr(report, part) for _, report in reports) for part in parts)
        put_line(("dry run, " if dry_run else "") + "in all: " + _accounted(*sums))


def _show(report: ImportReport, shelf: Shelf, *, about: str, dry_run: bool) -> None:
    """Print what became of the rows of one import, and its first problems."""
    counts = (report.rows_in, report.booked, report.unchanged, report.quarantined)
    put_line(about + _accounted(*counts, report.changed, report.notes, report.removed))
    for table, booked in report.by_table.items():
        put_line(f"  {table}: {booked:,} booked")
    for problem in report.first_problems[:_SHOWN]:
        put_line(problem_line(problem))
    more = report.quarantined + report.notes - min(_SHOWN, len(report.first_problems))
    if more:
        put_line(f"{more:,} more" + ("" if dry_run else f": rollforward problems{shelf.said}"))


def _accounted(
    rows_in: int, booked: int, unchanged: int, quarantined: int, changed: int, notes: int, removed: int
) -> str:
    """The rows in a line: rows in = booked + unchanged + quarantined."""
    known = f"; of those booked, {changed:,} change what was known" if changed else ""
    noted = f"; {notes:,} with a note" if notes else ""
    gone = f"; {removed:,} removed, which the source no longer has" if removed else ""
    sums = f"{rows_in:,} rows in = {booked:,} booked + {unchanged:,} unchanged + {quarantined:,} quarantined"
    return sums + known + noted + gone


def problem_line(problem: Problem) -> str:
    """A problem in one line: file, row, field, value, reason, remedy."""
    value = f" {problem.value!r}" if problem.value else ""
    field = f"{problem.field}{value}: " if problem.field else ""
    return f"{problem.severity}: {problem.file}, row {problem.row}: {field}{problem.reason}. {problem.remedy}"
