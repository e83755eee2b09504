"""What became of an import: every row accounted for, and the first problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.cli.output import put_line

if TYPE_CHECKING:
    from rollforward.errors import Problem
    from rollforward.store.intake import ImportReport

_SHOWN = 5


def show_report(report: ImportReport, *, dry_run: bool) -> None:
    """Print what became of the rows: rows in = booked + unchanged + quarantined."""
    put_line(
        f"{'dry run: ' if dry_run else ''}{report.rows_in:,} rows in = {report.booked:,} booked"
        f" + {report.unchanged:,} unchanged + {report.quarantined:,} quarantined"
    )
    put_line(f"of those booked, {report.changed:,} change what was known; {report.notes:,} notes")
    for table, booked in report.by_table.items():
        put_line(f"  {table}: {booked:,} booked")
    for problem in report.first_problems[:_SHOWN]:
        put_line(problem_line(problem))
    more = report.quarantined + report.notes - min(_SHOWN, len(report.first_problems))
    if more:
        put_line(f"{more:,} more: rollforward problems" if not dry_run else f"{more:,} more")


def problem_line(problem: Problem) -> str:
    """A problem in one line: file, row, field, value, reason, remedy."""
    value = f" {problem.value!r}" if problem.value else ""
    field = f"{problem.field}{value}: " if problem.field else ""
    return f"{problem.severity}: {problem.file}, row {problem.row}: {field}{problem.reason}. {problem.remedy}"
