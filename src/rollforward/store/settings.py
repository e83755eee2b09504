"""The settings of a book: `book.toml` in its folder, written by `init` and meant to be read and changed by people."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rollforward.errors import NotABookError, UsageError
from rollforward.money import is_currency
from rollforward.store.placing import write_in_place

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

FILE = "book.toml"
SETTINGS = {
    "currency": "the reporting currency, an ISO 4217 code",
    "timezone": "the time zone whose days count, such as Europe/Berlin",
    "fiscal_year_start": "the month, 1 to 12, in which fiscal quarters and years begin",
    "policy": "the policy that holds where a command names none",
    "segments": "fields whose roll-forwards the build keeps ready: plan, product, currency, country, an attribute",
    "today": "the day up to which a book of past data looks; leave it out in a living book",
    "stale_after": "days after which figures wait for newer data of a source",
    "incomplete_above": "the share of a source's rows in quarantine above which figures wait for them",
    "ended_sources": "sources that ended and will not say anything newer, such as a former billing system",
}
"""Every setting, and what it is."""

DEFAULT_SEGMENTS = ("plan", "currency", "country")


@dataclass(frozen=True)
class Settings:
    """What a book was set up with."""

    currency: str = "USD"
    timezone: str = "UTC"
    fiscal_year_start: int = 1
    policy: str = "default"
    segments: tuple[str, ...] = DEFAULT_SEGMENTS
    today: date | None = None
    stale_after: int = 7
    incomplete_above: Decimal = Decimal("0.05")
    ended_sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_waiting(self.stale_after, self.incomplete_above)
        if not is_currency(self.currency):
            raise UsageError(f"currency {self.currency!r} is not an ISO 4217 code such as USD or EUR.")
        if not 1 <= self.fiscal_year_start <= 12:  # noqa: PLR2004  the months of a year
            raise UsageError(f"fiscal_year_start {self.fiscal_year_start!r} is not a month from 1 to 12.")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError(
                f"timezone {self.timezone!r} is not known. Write one such as UTC or Europe/Berlin."
            ) from error

    def text(self) -> str:
        """The settings as `book.toml` says them, each with its meaning."""
        lines = ["# The settings of this book. Change them here; the next command follows."]
        for name, about in SETTINGS.items():
            value = getattr(self, name)
            lines += ["", f"# {about}", f"# {name} = 2026-01-31" if value is None else f"{name} = {_toml(value)}"]
        return "\n".join(lines) + "\n"


def _check_waiting(stale_after: object, incomplete_above: object) -> None:
    if type(stale_after) is not int or stale_after < 0:
        raise UsageError(f"stale_after {stale_after!r} is not a whole number of days, 0 or more.")
    if type(incomplete_above) not in {int, Decimal} or not 0 <= incomplete_above <= 1:  # type: ignore[operator]
        raise UsageError(f"incomplete_above {incomplete_above!s} is not a share from 0 to 1, such as 0.05.")


def _toml(value: Any) -> str:  # noqa: ANN401  a setting is text, a number, a day or a list
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def save(path: Path, settings: Settings, file: str = FILE) -> None:
    """Write the settings of the book in a folder, whole or not at all."""
    write_in_place(path / file, settings.text().encode())


def load(path: Path, file: str = FILE) -> Settings:
    """The settings of the book in a folder; NotABookError if there are none."""
    try:
        found = tomllib.loads((path / file).read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise NotABookError(path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path / file} is not TOML: {error}") from error
    unknown = sorted(set(found) - set(SETTINGS))
    if unknown:
        raise UsageError(f"{path / file}: unknown setting {unknown[0]!r}. Known: {', '.join(SETTINGS)}.")
    try:
        found |= {name: tuple(found[name]) for name in ("segments", "ended_sources") if name in found}
        return Settings(**found)
    except TypeError as error:
        raise UsageError(f"{path / file}: a setting is of the wrong kind ({error}).") from error
