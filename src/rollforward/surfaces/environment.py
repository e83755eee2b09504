"""What the environment says: settings and secrets, each in a variable or in a file that a variable names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from rollforward.people import People
    from rollforward.people.database import Clock

EXTRA = 'pip install "rollforward[web]"'


def told(name: str) -> str | None:
    """The value of a variable, or the text of the file that NAME_FILE names; None where neither says anything.

    UsageError if both are set or the file cannot be read.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if not file:
        return value or None
    if value:
        raise UsageError(f"{name} and {name}_FILE are both set. Leave one of them out.")
    try:
        return Path(file).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}_FILE names {file}, which cannot be read: {error}.") from error


def several(name: str) -> tuple[str, ...]:
    """The values of a variable that has several, with commas between them."""
    return tuple(part.strip() for part in (told(name) or "").split(",") if part.strip())


def people_of(folder: Path, clock: Clock) -> People:
    """The people of the book in a folder, or in the database that ROLLFORWARD_PEOPLE_URL names.

    UsageError if the packages for it are not installed or the database cannot be used.
    """
    try:
        from rollforward.people import People
    except ModuleNotFoundError as error:
        raise UsageError(f"People need more packages ({error.name}). Get them with: {EXTRA}") from error
    return People.open(folder, clock=clock, url=told("ROLLFORWARD_PEOPLE_URL"))
