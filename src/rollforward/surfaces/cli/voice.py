"""What the command line says beside its data: notes, warnings and errors, all on stderr."""

import os
import sys
from datetime import UTC, datetime

import typer

from rollforward.errors import UsageError


def note(text: str, *, quiet: bool = False) -> None:
    """Say something beside the data, unless asked to be quiet."""
    if not quiet:
        typer.echo(text, err=True)


def warn(text: str) -> None:
    """Say something that should not be missed."""
    _marked("warning", "yellow", text)


def fail(text: str) -> None:
    """Say what went wrong."""
    _marked("error", "red", text)


def _marked(word: str, color: str, text: str) -> None:
    typer.echo(f"{word if is_plain() else typer.style(word, fg=color)}: {text}", err=True)


def is_plain() -> bool:
    """Whether stderr is to be without colour."""
    return bool(os.environ.get("NO_COLOR")) or not sys.stderr.isatty()


def is_conversation() -> bool:
    """Whether a person sits at a terminal and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def clock() -> datetime:
    """The time now, in UTC. ROLLFORWARD_NOW sets it, for tests and documentation; UsageError where it is no time."""
    fixed = os.environ.get("ROLLFORWARD_NOW")
    if not fixed:
        from rollforward.book import now

        return now()
    try:
        moment = datetime.fromisoformat(fixed)
    except ValueError as error:
        raise UsageError(
            f"ROLLFORWARD_NOW {fixed!r} is not a time. Write it as 2026-06-30T12:00:00, in UTC, or unset it."
        ) from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
