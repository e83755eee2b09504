"""Answering: a table page by page in the form that is wanted, or a document; each with its stamp and its tag."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fastapi import Response

from rollforward.formats import Answer, csv_text, exact_rows, parquet
from rollforward.listing import Listing
from rollforward.surfaces.api import media
from rollforward.surfaces.api.cursors import Cursor, digest, first_row
from rollforward.surfaces.server.kept import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollforward.results import Cell, Result, ResultColumn, Stamp
    from rollforward.surfaces.api.calls import Call

KEPT_ROWS = 200
"""The most rows of an answer that is kept; whoever reads a long list to its end asks for each part once."""

_TRIES = 3


@dataclass(frozen=True)
class Told:
    """A document with its stamp, if a ledger stands behind it."""

    body: Mapping[str, Any] | None
    stamp: Stamp | None = None


@dataclass(frozen=True)
class Rendered:
    """An answer in bytes."""

    body: bytes
    media: str
    tag: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, call: Call, status: int = 200) -> Response:
        """The response, or that nothing changed since the tag that the request names."""
        headers = {"Vary": "Accept, Authorization, Cookie", "Cache-Control": "private, no-cache", **self.headers}
        headers |= {"ETag": self.tag} if self.tag else {"Cache-Control": "no-store"}
        if self.tag and matches(call.request.headers.get("if-none-match", ""), self.tag):
            return Response(status_code=304, headers=headers)
        return Response(self.body, status, headers, self.media)


def rendered(body: bytes, form: str, stamp: Stamp | None, headers: Mapping[str, str] | None = None) -> Rendered:
    """An answer with its tag: the ledger's hash, and a sum of what it says. It is weak, since it may go out packed."""
    ledger = f"{stamp.ledger_hash}-" if stamp and stamp.ledger_hash else ""
    said = {"Rollforward-Stamp": json.dumps(stamp.to_dict())} if stamp else {}
    return Rendered(body, form, f'W/"{ledger}{sha256(body).hexdigest()[:16]}"', {**said, **(headers or {})})


# -- documents -------------------------------------------------------------------------------------------------------


def as_json(told: Mapping[str, Any]) -> bytes:
    """A document as JSON."""
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def document(call: Call, make: Callable[[Call], Told]) -> Response:
    """The response that gives one document."""

    def made() -> Rendered:
        told = make(call)
        stamp = {"stamp": told.stamp.to_dict()} if told.stamp else {}
        return rendered(as_json({**(told.body or {}), **stamp}), media.JSON, told.stamp)

    return _settled(call, made).response(call)


# -- tables ----------------------------------------------------------------------------------------------------------


def table(call: Call, make: Callable[[Call], Result | Answer]) -> Response:
    """The response that gives one page of a table."""

    def made() -> Rendered:
        return _page(call, make(call))

    return _settled(call, made).response(call)


def _settled(call: Call, made: Callable[[], Rendered]) -> Rendered:
    """An answer all of one state of the book: where that changes while it is made, it is made anew."""
    for _ in range(_TRIES):
        before = call.served.state
        found = made()
        if call.served.state == before:
            break
    return found


def _page(call: Call, result: Result | Answer) -> Rendered:
    if call.limit > KEPT_ROWS or result.stamp is None:
        return _made_page(call, result)
    which = ("api page", call.question, call.media, call.limit, call.one("next"))
    return call.served.answer(which, lambda _: _made_page(call, result))


def _made_page(call: Call, result: Result | Answer) -> Rendered:
    state = digest(json.dumps(result.stamp.to_dict()) if result.stamp else repr(result.rows))
    first = first_row(call.one("next"), call.question, state)
    found = _rows(result, first, call.limit + 1)
    more = len(found) > call.limit
    after = str(Cursor(first + call.limit, call.question, state)) if more else None
    answer = Answer(result.subject, result.columns, found[: call.limit], result.stamp)
    headers = {"Link": f'<{call.ask.url(call.request.url.path, next=after)}>; rel="next"'} if after else {}
    return rendered(_FORMS[call.media](answer, after), call.media, result.stamp, headers)


def _rows(result: Result | Answer, first: int, number: int) -> list[tuple[Cell, ...]]:
    if isinstance(result, Listing):
        return result.part(first, number)
    return result.rows[first : first + number]


def _json(answer: Answer, after: str | None) -> bytes:
    names = answer.names
    told = {
        "subject": answer.subject,
        "stamp": answer.stamp.to_dict() if answer.stamp else None,
        "columns": [_column(column, answer.stamp) for column in answer.columns],
        "rows": [dict(zip(names, row, strict=True)) for row in exact_rows(answer)],
        "next": after,
    }
    return as_json(told)


def _column(column: ResultColumn, stamp: Stamp | None) -> dict[str, str]:
    currency = {"currency": stamp.currency} if column.kind == "money" and stamp else {}
    return {"name": column.name, "kind": column.kind, **currency}


_FORMS: dict[str, Callable[[Answer, str | None], bytes]] = {
    media.JSON: _json,
    media.CSV: lambda answer, _: csv_text(answer),
    media.PARQUET: lambda answer, _: parquet(answer),
}


def sub_table(result: Result, rows: list[tuple[Cell, ...]]) -> list[dict[str, Any]]:
    """Some rows of a result as part of a document."""
    shown = Answer(result.subject, result.columns, rows, result.stamp)
    return [dict(zip(shown.names, row, strict=True)) for row in exact_rows(shown)]
