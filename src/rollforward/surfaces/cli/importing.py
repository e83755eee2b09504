"""The command `import`: sort files, propose maps, settle what is open, book the rows, account for every one of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from rollforward.errors import IncompleteError, UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.closes import warn_of_restated
from rollforward.surfaces.cli.conversation import ask_all, confirmed
from rollforward.surfaces.cli.options import Shelf, Voice
from rollforward.surfaces.cli.output import write
from rollforward.surfaces.cli.progress import counting
from rollforward.surfaces.cli.proposals import answer_all, files_said, how_on, show_proposal, show_refused
from rollforward.surfaces.cli.rates import Ecb, import_ecb
from rollforward.surfaces.cli.report import show_reports
from rollforward.surfaces.cli.voice import is_conversation, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.book import Book
    from rollforward.book.proposals import Refused
    from rollforward.book.taking_in import Reach
    from rollforward.sources.column_map import ColumnMap
    from rollforward.sources.proposal import Proposal
    from rollforward.store.intake import ImportReport


@dataclass(frozen=True)
class Mapping:
    """Where the column maps come from."""

    map_file: Annotated[
        Path | None, Option("--map", metavar="FILE", help="One map for all files; without it maps are proposed.")
    ] = None
    save_map: Annotated[
        Path | None, Option(metavar="FILE", help="Write the proposed map to a file; several to a folder.")
    ] = None
    answers: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="Answer a question: NAME=VALUE, NAME.WORD=VALUE, FILE:NAME=VALUE."),
    ] = None


@dataclass(frozen=True)
class Reaching:
    """Whose the rows of the files are, and how far they reach."""

    source: Annotated[str, Option(metavar="NAME", help="The source; the same one for later files of it.")] = "files"
    good_to: Annotated[
        str | None, Option(metavar="DATE", help="The last day that the rows tell of; default: today.")
    ] = None
    complete: Annotated[
        bool, Option("--complete", help="They are all the source has; what it no longer has is removed.")
    ] = False

    def reach(self, *, empty_is_meant: bool) -> "Reach":
        """The reach that the options name."""
        from rollforward.book.taking_in import Reach

        return Reach(values.last_day(self.good_to, "--good-to"), self.complete, empty_is_meant)


@dataclass(frozen=True)
class Settled:
    """What is going to be booked: the files of each kind with their map, in order; and what is not."""

    kinds: "list[tuple[Sequence[Path], ColumnMap]]"
    refused: "Sequence[Refused]" = ()


def import_(
    shelf: Shelf,
    mapping: Mapping,
    rates: Ecb,
    reaching: Reaching,
    voice: Voice,
    paths: Annotated[
        list[Path] | None,
        Argument(metavar="PATH", help="Files or folders: csv, xlsx, json, jsonl, parquet."),
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Count what would be booked, and book nothing.")] = False,
    yes: Annotated[bool, Option("--yes", help="Book without asking, even if some file is refused.")] = False,
) -> None:
    """Book the rows of files, all or nothing. A row that cannot be read goes to quarantine, with its reason.

    Shapes: subscription terms, change logs, renewals, invoice lines, MRR snapshots, customers, exchange rates,
    payments. Each kind of file gets a map of its own.
    """
    _refuse_neither_nor_both(paths or [], mapping, rates)
    if rates.ecb:
        import_ecb(rates, shelf, voice, dry_run=dry_run)
        _tell_of_closes(shelf, voice, dry_run=dry_run)
        return
    book = shelf.open()
    reach = reaching.reach(empty_is_meant=yes)
    settled = _settled(book, paths or [], mapping, is_asked=not (yes or dry_run))
    if reach.complete and settled.refused:
        show_refused(settled.refused)
        raise UsageError("with --complete every file counts, and some are refused. Nothing was booked.")
    with counting("importing", None, quiet=voice.quiet) as tell:
        reports = book.import_kinds(
            settled.kinds,
            source=reaching.source,
            reach=reach,
            dry_run=dry_run,
            progress=lambda file, rows: tell(Path(file).name, rows),
        )
    names = [files_said(files) for files, _ in settled.kinds]
    show_reports(list(zip(names, reports, strict=True)), shelf, dry_run=dry_run)
    show_refused(settled.refused)
    _tell_of_closes(shelf, voice, dry_run=dry_run)
    note(_next(shelf, reports, dry_run=dry_run), quiet=voice.quiet)
    if settled.refused or any(report.rows_in and not report.booked + report.unchanged for report in reports):
        raise Exit(IncompleteError.exit_status)


def _tell_of_closes(shelf: Shelf, voice: Voice, *, dry_run: bool) -> None:
    if not (dry_run or voice.quiet):
        warn_of_restated(shelf)


def _refuse_neither_nor_both(paths: "Sequence[Path]", mapping: Mapping, rates: Ecb) -> None:
    if not rates.ecb:
        rates.refuse_alone()
    if bool(paths) == rates.ecb:
        raise UsageError(
            "--ecb reads no files: leave out the files, or --ecb."
            if rates.ecb
            else "nothing to import is named. Name files or folders, or the ECB's exchange rates with --ecb."
        )
    if rates.ecb and (mapping.map_file or mapping.save_map or mapping.answers):
        raise UsageError("--ecb reads no files: leave out --map, --save-map and --set.")


def _settled(book: "Book", paths: list[Path], mapping: Mapping, *, is_asked: bool) -> Settled:
    """The one map there is for all files, or those that are proposed once nothing is open and they are agreed to."""
    if mapping.map_file is None:
        return _agreed(book, paths, mapping, is_asked=is_asked)
    if mapping.answers or mapping.save_map:
        raise UsageError("with --map nothing is proposed: leave out --set and --save-map, or --map.")
    return Settled([(paths, book.load_map(mapping.map_file))])


def _agreed(book: "Book", paths: list[Path], mapping: Mapping, *, is_asked: bool) -> Settled:
    sorted_files = book.sort_files(paths)
    refused = sorted_files.refused
    if not sorted_files.proposals:
        raise UsageError("\n".join(f"{one.file}: {one.reason}" for one in refused) + "\nNothing was booked.")
    proposals = _answered(book, sorted_files.proposals, mapping)
    is_ready = all(proposal.is_ready for proposal in proposals)
    if is_asked or not is_ready:
        show_refused(refused)
    if not is_ready or (is_asked and not is_conversation()):
        raise UsageError(how_on(proposals, refused, paths))
    if is_asked and not confirmed(_what(proposals, refused)):
        note("Nothing was booked.")
        raise Exit
    return Settled([(proposal.files, proposal.column_map) for proposal in proposals], refused)


def _answered(book: "Book", proposals: "Sequence[Proposal]", mapping: Mapping) -> "Sequence[Proposal]":
    """The proposals with their answers, shown; what is open is asked where a person sits."""
    proposals = [_talked_over(book, one) for one in answer_all(book, proposals, mapping.answers or [])]
    if mapping.save_map:
        _save(book, proposals, mapping.save_map)
    return book.in_order(proposals)


def _talked_over(book: "Book", proposal: "Proposal") -> "Proposal":
    show_proposal(proposal)
    if is_conversation() and not proposal.is_ready:
        proposal = ask_all(book, proposal)
        show_proposal(proposal)
    return proposal


def _what(proposals: "Sequence[Proposal]", refused: "Sequence[Refused]") -> str:
    number = sum(len(proposal.files) for proposal in proposals)
    if refused:
        return f"the other {number:,} files" if number > 1 else "the other file"
    return "these rows" if number == 1 else f"the rows of these {number:,} files"


def _save(book: "Book", proposals: "Sequence[Proposal]", place: Path) -> None:
    """Write the one map to a file, or each to a file of its own in a folder."""
    if len(proposals) == 1 and not place.is_dir():
        files = [place]
    else:
        if place.suffix or place.is_file():
            kinds = f"these are {len(proposals)} kinds of files, and each needs a map"
            raise UsageError(f"{kinds}: name a folder with --save-map, not {place}.")
        place.mkdir(parents=True, exist_ok=True)
        files = [place / f"{proposal.files[0].name.split('.')[0]}.toml" for proposal in proposals]
    for file, proposal in zip(files, proposals, strict=True):
        write(file, book.map_text(proposal.column_map).encode())
        note(f"wrote {file}" + ("" if proposal.is_ready else ", which is not complete yet"))


def _next(shelf: Shelf, reports: "list[ImportReport]", *, dry_run: bool) -> str:
    if dry_run:
        return "Nothing was booked: this was a dry run."
    if any(report.quarantined for report in reports):
        return f"Next: rollforward problems{shelf.said}"
    # Who pays and what a currency is worth make no MRR by themselves.
    recurs = {table for report in reports for table in report.by_table} - {"customers", "exchange_rates", "payments"}
    return f"Next: rollforward {'mrr' if recurs else 'import FILE'}{shelf.said}"
