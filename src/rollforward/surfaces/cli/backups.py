"""The commands that keep a book safe: backup and restore."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from rollforward.surfaces import written as values
from rollforward.surfaces.cli.options import DryRun, Shelf, Voice, said
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.progress import counting
from rollforward.surfaces.cli.voice import note


def backup(
    file: Annotated[Path, Argument(metavar="FILE", help="The archive to write, a zip file.")],
    shelf: Shelf,
    voice: Voice,
    with_ledgers: Annotated[
        bool, Option("--with-ledgers", help="Ledgers too; they can be built anew, so they are left out.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, Option("--yes", help="Replace the file if it is there.")] = False,
) -> None:
    """The book as one archive: settings, policies and records, with a manifest to check them by.

    Others can read and write the book meanwhile: the archive holds one state of it.
    """
    book = shelf.open()
    planned = book.planned_backup(file, with_ledgers=with_ledgers, replace=yes)
    if dry_run:
        put_line(f"would write {file} with {', '.join(planned)}")
        return
    with counting("writing", sum(planned.values()), quiet=voice.quiet) as tell:
        manifest = book.backup(file, with_ledgers=with_ledgers, replace=yes, progress=tell)
    put_line(f"{file} holds the book with its {_imports(manifest.imports)}: {', '.join(manifest.files)}")
    note(f"Next: rollforward restore {file} DIR --dry-run, which checks every byte of it", quiet=voice.quiet)


def restore(
    file: Annotated[Path, Argument(metavar="FILE", help="An archive that backup wrote.")],
    folder: Annotated[
        Path, Argument(parser=values.folder, metavar="DIR", help="The book's folder: a new or an empty one.")
    ],
    voice: Voice,
    dry_run: Annotated[bool, Option("--dry-run", help="Check every byte of the archive, and restore nothing.")] = False,
) -> None:
    """The book of a backup, put in a folder once every byte of it has been checked against its manifest."""
    from rollforward.book import Book

    with counting("checking" if dry_run else "restoring", None, quiet=voice.quiet) as tell:
        manifest = Book.restore(file, folder, dry_run=dry_run, progress=tell)
    holds = f"the book with its {_imports(manifest.imports)} as it was at {manifest.made_at} UTC"
    if dry_run:
        put_line(f"{file} is whole: it would make {folder} {holds}")
        return
    put_line(f"{folder} is {holds}")
    note(f"Next: rollforward doctor{said(folder)}", quiet=voice.quiet)


def _imports(number: int) -> str:
    return "1 import" if number == 1 else f"{number:,} imports"
