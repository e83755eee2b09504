"""The command that writes the book out: export."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces.cli.options import Looking, Voice
from rollforward.surfaces.cli.output import put_line, write
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
) -> None:
    """Write the ledger (movements), the MRR of every customer and month, the roll-forward and the accounts to files."""
    book = looking.open()
    named = ["rollforward.xlsx"] if format == "xlsx" else [f"{name}.{format}" for name in EXPORTS]
    _refuse_replacing([folder / name for name in named], replace=yes or dry_run)
    with working("exporting", quiet=voice.quiet) as tell:
        results = _results(book, looking, tell)
        data = _workbook(results) if format == "xlsx" else _files(results, format)
        if not dry_run:
            _write(folder, data)
    for name in named:
        put_line(f"{'would write' if dry_run else 'wrote'} {folder / name}: {_size(name, results)}")
    note(str(next(iter(results.values())).stamp), quiet=voice.quiet)


def _refuse_replacing(files: list[Path], *, replace: bool) -> None:
    there = [str(file) for file in files if file.exists()]
    if there and not replace:
        raise UsageError(f"{', '.join(there)} would be replaced. Add --yes, or name another folder.")


def _results(book: "Book", looking: Looking, tell: Callable[[str], None]) -> dict[str, "Result"]:
    view = looking.view(book)
    made = {}
    for name, ask in EXPORTS.items():
        tell(name)
        made[name] = ask(book, view)
    return made


def _workbook(results: dict[str, "Result"]) -> dict[str, bytes]:
    from rollforward.formats import answer_of, workbook

    return {"rollforward.xlsx": workbook(*(answer_of(result) for result in results.values()))}


def _files(results: dict[str, "Result"], chosen: str) -> dict[str, bytes]:
    from rollforward.formats import RENDERERS, answer_of

    return {f"{name}.{chosen}": RENDERERS[chosen](answer_of(result)) for name, result in results.items()}


def _write(folder: Path, data: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in data.items():
        write(folder / name, content)


def _size(name: str, results: dict[str, "Result"]) -> str:
    asked = results.get(Path(name).stem) if not name.endswith("xlsx") else None
    return (
        f"{len(asked):,} rows" if asked else ", ".join(f"{one} {len(result):,} rows" for one, result in results.items())
    )
