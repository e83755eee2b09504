"""The command that writes the book out: export."""

from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces.cli.options import Looking, Voice, warn_of_stale
from rollforward.surfaces.cli.output import put_line, whole, write
from rollforward.surfaces.cli.progress import working
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from rollforward.book import Book, View
    from rollforward.results import Result

EXPORTS: dict[str, Callable[["Book", "View"], "Result"]] = {
    "rollforward": lambda book, view: book.rollforward(view=view),
    "movements": lambda book, view: book.movements(view=view),
    "customer_months": lambda book, view: book.customer_months(view=view),
    "accounts": lambda book, view: book.accounts(view=view),
}
"""What an export holds, by name."""


def export(
    folder: Annotated[Path, Argument(metavar="DIR", help="Where to; made if it is not there.")],
    looking: Looking,
    voice: Voice,
    format: Annotated[Literal["csv", "parquet", "xlsx"], Option(help="A file each, or one workbook.")] = "csv",  # noqa: A002
    dry_run: Annotated[bool, Option("--dry-run", help="Say what would be written.")] = False,
    yes: Annotated[bool, Option("--yes", help="Replace files that are there.")] = False,
    records: Annotated[
        bool, Option("--records", help="The records as Parquet tables instead, for `build --records`.")
    ] = False,
) -> None:
    """Write the ledger (movements), the MRR of every customer and month, the roll-forward and the accounts to files."""
    book = looking.open()
    if records:
        _export_records(book, folder, voice, replace=yes, dry_run=dry_run)
        return
    files = [folder / "rollforward.xlsx"] if format == "xlsx" else [folder / f"{name}.{format}" for name in EXPORTS]
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and an export is a folder of files. Name a folder.")
    _refuse_replacing(files, replace=yes or dry_run)
    with working("exporting", quiet=voice.quiet) as tell:
        view = looking.view(book)
        results = {name: ask(book, view) for name, ask in EXPORTS.items()}
        if dry_run:
            sizes = [_counted(result) for result in results.values()]
        else:
            folder.mkdir(parents=True, exist_ok=True)
            sizes = _written(files, results, tell)
    _say(files, sizes, "would write" if dry_run else "wrote")
    stamp = results["rollforward"].stamp
    note(str(stamp), quiet=voice.quiet)
    warn_of_stale(stamp, quiet=voice.quiet)
    looking.warn_of_uncounted(book, quiet=voice.quiet)


def _export_records(book: "Book", folder: Path, voice: Voice, *, replace: bool, dry_run: bool) -> None:
    if dry_run:
        put_line(f"would write the records of the book as Parquet tables to {folder}")
        return
    with working("exporting", quiet=voice.quiet) as tell:
        rows = book.write_records(folder, replace=replace, progress=tell)
    for table, size in rows.items():
        if size:
            put_line(f"wrote {folder / table}: {size:,} rows")
    note(f"Next: rollforward build --records {quote(str(folder))} --out OUT", quiet=voice.quiet)


def _refuse_replacing(files: list[Path], *, replace: bool) -> None:
    there = [str(file) for file in files if file.exists()]
    if there and not replace:
        raise UsageError(f"{', '.join(there)} would be replaced. Add --yes, or name another folder.")


def _counted(result: "Result") -> int:
    from rollforward.listing import Listing

    return result.count() if isinstance(result, Listing) else len(result)


def _written(files: list[Path], results: dict[str, "Result"], tell: Callable[[str], None]) -> list[int]:
    """Write the files: how many rows each result has."""
    if len(files) == 1:
        return _write_workbook(files[0], results)
    sizes = []
    for file, (name, result) in zip(files, results.items(), strict=True):
        tell(name)
        sizes.append(_write(file, result))
    return sizes


def _write_workbook(file: Path, results: dict[str, "Result"]) -> list[int]:
    from rollforward.formats import answer_of, workbook

    write(file, workbook(*(answer_of(result) for result in results.values())))
    return [len(result) for result in results.values()]


def _write(file: Path, result: "Result") -> int:
    """Write one file, whole or not at all: how many rows it has. A listing goes straight from the book to the file."""
    from rollforward.formats import RENDERERS, answer_of
    from rollforward.listing import Listing

    if not isinstance(result, Listing):
        write(file, RENDERERS[file.suffix[1:]](answer_of(result)))
        return len(result)
    with whole(file) as partial:
        return result.copy(partial)


def _say(files: list[Path], sizes: list[int], verb: str) -> None:
    if len(files) == 1:
        said = ", ".join(f"{name} {size:,} rows" for name, size in zip(EXPORTS, sizes, strict=True))
        put_line(f"{verb} {files[0]}: {said}")
        return
    for file, size in zip(files, sizes, strict=True):
        put_line(f"{verb} {file}: {size:,} rows")
