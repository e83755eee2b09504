"""Media types: in which form an answer is given, and a body sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterable

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
JSON_LINES = "application/x-ndjson"
PROBLEM = "application/problem+json"

TABLES = {JSON: "json", CSV: "csv", PARQUET: "parquet"}
"""The forms of a table, by media type, with the name of each format."""

_NAMES = {"application/jsonl": JSON_LINES, "application/x-jsonlines": JSON_LINES, "application/ndjson": JSON_LINES}


@dataclass(frozen=True)
class _Range:
    main: str
    sub: str
    quality: float

    def fits(self, media: str) -> int:
        """How closely a media type fits: 3 itself, 2 any of its kind, 1 any at all, 0 not."""
        main, _, sub = media.partition("/")
        if self.main == "*":
            return 1
        if self.main != main:
            return 0
        return {sub: 3, "*": 2}.get(self.sub, 0)


def accepted(header: str, offered: Iterable[str]) -> str:
    """The offered media type that a header `Accept` prefers, the first of several alike; 406 if it takes none."""
    offers = list(offered)
    ranges = [found for part in header.split(",") if (found := _range(part))] or [_Range("*", "*", 1)]
    rated = {media: _quality(media, ranges) for media in offers}
    best = max(offers, key=lambda media: rated[media])
    if not rated[best]:
        raise HTTPException(406, f"{header} is not to be had here. There is {', '.join(offers)}.")
    return best


def _quality(media: str, ranges: list[_Range]) -> float:
    fitting = [(one.fits(media), one.quality) for one in ranges if one.fits(media)]
    return max(fitting)[1] if fitting else 0


def _range(text: str) -> _Range | None:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    main, _, sub = media.partition("/")
    if not main or not sub:
        return None
    said = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return _Range(main, sub, min(max(float(said), 0), 1))
    except ValueError:
        return _Range(main, sub, 0)


def sent(header: str, taken: Iterable[str]) -> str:
    """The media type of a body by its header `Content-Type`; 415 if it is none of those that are taken."""
    said = header.partition(";")[0].strip().lower()
    media = _NAMES.get(said, said)
    if media not in taken:
        what = f"a body of type {said!r}" if said else "a body without a Content-Type"
        raise HTTPException(415, f"{what} is not taken here. Send {', '.join(taken)}.")
    return media
