"""The command `import`: propose a map, settle what is open, book the rows, account for every one of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from rollforward.errors import IncompleteError, UsageError
from rollforward.surfaces.cli.conversation import ask_all, confirmed
from rollforward.surfaces.cli.options import Shelf, Voice
from rollforward.surfaces.cli.output import write
from rollforward.surfaces.cli.progress import counting
from rollforward.surfaces.cli.proposals import answered, show_proposal
from rollforward.surfaces.cli.report import show_report
from rollforward.surfaces.cli.voice import is_conversation, note

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.sources.column_map import ColumnMap
    from rollforward.sources.proposal import Proposal


@dataclass(frozen=True)
class Mapping:
    """Where the column map comes from."""

    map_file: Annotated[
        Path | None, Option("--map", metavar="FILE", help="The column map; without it one is proposed.")
    ] = None
    save_map: Annotated[Path | None, Option(metavar="FILE", help="Write the proposed map to a file.")] = None
    answers: Annotated[
        list[str] | None, Option("--set", metavar="NAME=VALUE", help="Answer a question; NAME.WORD=VALUE for a word.")
    ] = None

    def settled(self, book: "Book", paths: list[Path], *, is_asked: bool) -> "ColumnMap":
        """The map of the file, or the one that is proposed once nothing about it is open and it is agreed to."""
        if self.map_file is None:
            return _agreed(_proposed(book, paths, self.answers or [], self.save_map), paths, is_asked=is_asked)
        from rollforward.sources.map_file import load_map

        if self.answers or self.save_map:
            raise UsageError("with --map nothing is proposed: leave out --set and --save-map, or --map.")
        return load_map(self.map_file)


def import_(
    paths: Annotated[
        list[Path],
        Argument(metavar="PATH", help="Files or folders of one kind: csv, xlsx, json, jsonl, parquet."),
    ],
    shelf: Shelf,
    mapping: Mapping,
    voice: Voice,
    source: Annotated[str, Option(metavar="NAME", help="The source; the same one for later files of it.")] = "files",
    dry_run: Annotated[bool, Option("--dry-run", help="Count what would be booked, and book nothing.")] = False,
    yes: Annotated[bool, Option("--yes", help="Book without asking.")] = False,
) -> None:
    """Book the rows of files, all or nothing. A row that cannot be read goes to quarantine, with its reason.

    Shapes: subscription terms, change logs, renewals, invoice lines, MRR snapshots, customers, exchange rates and
    payments.
    """
    book = shelf.open()
    column_map = mapping.settled(book, paths, is_asked=not (yes or dry_run))
    with counting("importing", None, quiet=voice.quiet) as tell:
        report = book.import_files(
            paths, column_map, source=source, dry_run=dry_run, progress=lambda file, rows: tell(Path(file).name, rows)
        )
    show_report(report, dry_run=dry_run)
    note(_next(shelf.book, dry_run=dry_run), quiet=voice.quiet)
    if report.rows_in and not report.booked + report.unchanged:
        raise Exit(IncompleteError.exit_status)


def _proposed(book: "Book", paths: list[Path], answers: list[str], save_map: Path | None) -> "Proposal":
    """The proposal with its answers, shown; what is open is asked where a person sits."""
    proposal = answered(book.propose(paths), answers)
    show_proposal(proposal)
    if is_conversation() and not proposal.is_ready:
        proposal = ask_all(proposal)
        show_proposal(proposal)
    if save_map:
        _save(proposal, save_map)
    return proposal


def _agreed(proposal: "Proposal", paths: list[Path], *, is_asked: bool) -> "ColumnMap":
    """The map of a proposal that is ready and, where a person can be asked, agreed to."""
    if not proposal.is_ready or (is_asked and not is_conversation()):
        raise UsageError(_how_on(proposal, paths))
    if is_asked and not confirmed():
        note("Nothing was booked.")
        raise Exit
    return proposal.column_map


def _save(proposal: "Proposal", file: Path) -> None:
    from rollforward.sources.map_file import dump_map

    write(file, dump_map(proposal.column_map).encode())
    note(f"wrote {file}" + ("" if proposal.is_ready else ", which is not complete yet"))


def _how_on(proposal: "Proposal", paths: list[Path]) -> str:
    named = " ".join(map(str, paths))
    if proposal.is_ready:
        ways = "add --yes, or write it with --save-map FILE and pass it with --map FILE"
        return f"nothing was booked, for nobody could be asked. If the proposal is right: {ways}."
    said = " ".join(f"--set '{question.name}=...'" for question in proposal.questions)
    number = len(proposal.questions)
    opened = "a question is" if number == 1 else f"{number} questions are"
    return (
        f"{opened} open, and nothing was booked. Answer: rollforward import {named} {said}\n"
        "or write the map with --save-map FILE, complete it, and pass it with --map FILE."
    )


def _next(book: Path, *, dry_run: bool) -> str:
    folder = "" if book == Path() else f" --book {book}"
    return "Nothing was booked: this was a dry run." if dry_run else f"Next: rollforward mrr{folder}"
