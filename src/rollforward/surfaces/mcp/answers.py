"""What a tool answers: rows with their units, the stamp, a link, and a cursor to what follows."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from rollforward.errors import UsageError
from rollforward.formats import Answer, answer_of, json_text
from rollforward.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.results import Result, ResultColumn, Stamp
    from rollforward.surfaces.mcp.asked import Paged


def said(answer: Answer, link: str, *, total: int | None = None, following: str | None = None) -> dict[str, Any]:
    """An answer as JSON: exact decimals in quotes, unknown as null, each column with its unit."""
    found = json.loads(json_text(answer))
    columns = [_column(column, answer.stamp) for column in answer.columns]
    return {
        "subject": answer.subject,
        "columns": columns,
        "rows": found["rows"],
        "total": len(answer.rows) if total is None else total,
        "next": following,
        "stamp": found["stamp"],
        "link": link,
    }


def _column(column: ResultColumn, stamp: Stamp | None) -> dict[str, str]:
    units = {"money": stamp.currency if stamp else "", "ratio": "ratio (0.1 is 10 %)", "count": "number", "day": "day"}
    return {"name": column.name, "unit": units.get(column.kind, "text")}


def paged(result: Result, link: str, page: Paged, *asked: object) -> dict[str, Any]:
    """Some rows of a result, from where a cursor stands. `asked` is what the cursor holds for."""
    mark = _mark(result, asked)
    first = _place(page.cursor, mark) if page.cursor else 0
    total = result.count() if isinstance(result, Listing) else len(result)
    rows = result.part(first, page.limit) if isinstance(result, Listing) else result.rows[first : first + page.limit]
    end = first + len(rows)
    following = _cursor(end, mark) if end < total else None
    return said(answer_of(result, rows), link, total=total, following=following)


def _mark(result: Result, asked: Sequence[object]) -> str:
    """What tells one question on one state of the book from another."""
    stamp = result.stamp
    told = [stamp.ledger_hash, stamp.today, stamp.data_as_of, result.subject, *asked]
    return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _cursor(place: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"{place} {mark}".encode()).decode()


def _place(cursor: str, mark: str) -> int:
    try:
        place, _, found = base64.urlsafe_b64decode(cursor.encode()).decode("ascii").partition(" ")
        number = int(place)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"the cursor {cursor!r} is none. Take `next` of an answer as it is.") from error
    if found != mark or number < 0:
        raise UsageError("the cursor is of other arguments, or the book has changed since. Ask anew without a cursor.")
    return number
