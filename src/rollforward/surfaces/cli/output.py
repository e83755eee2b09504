"""Where answers go: bytes to stdout or, whole or not at all, to a file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollforward.formats import Answer

_ENDINGS = {
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".md": "md",
    ".xlsx": "xlsx",
    ".txt": "table",
}


def put(answer: Answer, wanted: str | None, file: Path | None) -> None:
    """Print an answer in the format wanted, or in that of the file's ending."""
    from rollforward.formats import RENDERERS

    chosen = format_for(wanted, file)
    if file is None:
        _refuse_binary(chosen)
        put_bytes(RENDERERS[chosen](answer))
    else:
        write(file, RENDERERS[chosen](answer))


def format_for(wanted: str | None, file: Path | None) -> str:
    """The format: the one wanted, that of the file's ending, or a table."""
    if wanted or file is None:
        _refuse_contradiction(wanted, file)
        return wanted or "table"
    if file.suffix.lower() not in _ENDINGS:
        raise UsageError(f"--output {file}: the ending names no format. Use {', '.join(_ENDINGS)}, or add --format.")
    return _ENDINGS[file.suffix.lower()]


def _refuse_contradiction(wanted: str | None, file: Path | None) -> None:
    """Refuse a file whose ending names another format than the one wanted. A text file can hold any text."""
    named = _ENDINGS.get(file.suffix.lower()) if file else None
    if named not in {None, "table", wanted}:
        raise UsageError(
            f"--output {file} is {named} by its ending, and --format says {wanted}. Leave one of them out."
        )


def _refuse_binary(chosen: str) -> None:
    if chosen == "xlsx":
        raise UsageError("--format xlsx needs a file. Add --output FILE.xlsx.")
    if chosen == "parquet" and sys.stdout.isatty():
        raise UsageError("--format parquet would fill the terminal with bytes. Add --output FILE.parquet, or a pipe.")


def put_bytes(data: bytes) -> None:
    """Write to stdout, in UTF-8 whatever the locale, so that a pipe and a terminal get the same."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def put_line(text: str = "") -> None:
    """Write a line to stdout."""
    put_bytes(f"{text}\n".encode())


def write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(file) as partial:
        partial.write_bytes(data)


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Another file to write to, which takes the place of the first once it is whole."""
    partial = file.with_name(f".part-{file.name}")
    try:
        yield partial
        partial.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}. Check the folder and its rights.") from error
    finally:
        partial.unlink(missing_ok=True)
