"""Pages of a long list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from rollforward.listing import Listing
    from rollforward.results import Cell
    from rollforward.surfaces.web.page import Page

LENGTH = 50
"""The lines of a page."""


@dataclass(frozen=True)
class Part:
    """Some rows of a list: the number of the first (from 1) and last, of how many, and the neighbouring pages."""

    rows: list[tuple[Cell, ...]]
    first: int
    last: int
    count: int
    earlier: str | None
    later: str | None


def part_of(page: Page, listed: Listing, path: str, *, latest_first: bool = False) -> Part:
    """The rows of a list that the parameter `after` asks for, on the page of a path."""
    read = listed.latest if latest_first else listed.part
    after = _after(page.ask.one("after"))
    count = page.answer(("count", listed.subject, page.ask.said), lambda _: listed.count())
    rows = page.answer(("part", listed.subject, page.ask.said), lambda _: read(after, LENGTH))
    earlier = page.ask.url(path, after=max(after - LENGTH, 0) or None) + "#entries" if after else None
    later = page.ask.url(path, after=after + LENGTH) + "#entries" if after + LENGTH < count else None
    return Part(rows, after + 1 if rows else 0, after + len(rows), count, earlier, later)


def _after(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isdecimal() or len(text) > 12:  # noqa: PLR2004  no list is that long
        raise UsageError(f"after {text!r} is not a number of rows. Write a whole number, 0 or more.")
    return int(text)
