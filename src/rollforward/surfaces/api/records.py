"""Records: rows in canonical columns, booked like those of a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from rollforward.book.receiving import RECEIVED, Delivered, FaultyRowsError, Reach, TooManyRowsError, receive
from rollforward.errors import UnknownNameError
from rollforward.surfaces import written
from rollforward.surfaces.api import media, models
from rollforward.surfaces.api.answering import Told
from rollforward.surfaces.api.operations import Body, Group

if TYPE_CHECKING:
    from rollforward.book.receiving import Received
    from rollforward.errors import Problem
    from rollforward.surfaces.api.calls import Call
    from rollforward.surfaces.api.sending import Sent

group = Group("Records")

SHOWN = 1_000
"""The most problems that an answer names."""

_FORMS = {media.JSON: "json", media.JSON_LINES: "jsonl", media.CSV: "csv", media.PARQUET: "parquet"}
_ROWS = {"type": "array", "items": {"type": "object"}, "minItems": 1, "description": "rows by canonical column"}
_BODY = Body(
    {
        media.JSON: _ROWS,
        media.JSON_LINES: {"type": "string", "description": "a row as JSON in each line"},
        media.CSV: {"type": "string", "description": "a line of columns, then a row in each line"},
        media.PARQUET: {"type": "string", "format": "binary"},
    },
    [
        {
            "customer": "example",
            "subscription": "s1",
            "item": "i1",
            "plan": "Pro",
            "amount": "100.00",
            "currency": "USD",
            "interval": "month",
            "starts": "2026-06-01",
        }
    ],
)
_TOLD = ("table", "file", "row", "field", "value", "reason", "remedy", "severity")


@group.write(
    "/records/{table}",
    "sendRecords",
    model=models.Received,
    body=_BODY,
    takes=("source", "file", "good_to", "complete", "faulty", "dry_run"),
    example={"table": "subscription_items", "source": "api", "dry_run": "true"},
)
def send(call: Call, sent: Sent) -> Told:
    """Book rows of a table, all of them in one step or none.

    The columns are those of docs/files.md. Rows that are there already change nothing; a row with other facts under a
    known key is another version. A row that cannot be read waits in quarantine and is told with its reason and remedy;
    with `faulty=refuse` it keeps all rows out.
    """
    table = call.named["table"]
    call.found(lambda: _known(table))
    delivered = Delivered(
        source=str(call.one("source")),
        data=sent.data,
        form=_FORMS[sent.media],
        file=call.one("file") or "",
        reach=Reach(written.exact_day(call.one("good_to"), "good_to"), call.flag("complete")),
        refuse=call.one("faulty") == "refuse",
        dry_run=call.flag("dry_run"),
    )
    try:
        received = receive(call.book, table, delivered)
    except FaultyRowsError as error:
        raise Refused(str(error), [_fault(one) for one in error.problems[:SHOWN]]) from error
    except TooManyRowsError as error:
        raise HTTPException(413, str(error)) from error
    if not delivered.dry_run:
        about = f"{received.report.rows_in} rows of {table} from {delivered.source}, import {received.report.number}"
        call.people.audit.add("sent records", about, by=call.actor)
    return Told(_report(table, received, dry_run=delivered.dry_run))


class Refused(HTTPException):
    """Rows that were refused, each with its reason."""

    def __init__(self, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(422, detail)
        self.errors = errors


def _known(table: str) -> None:
    if table not in RECEIVED:
        raise UnknownNameError("table", table, list(RECEIVED))


def _report(table: str, received: Received, *, dry_run: bool) -> dict[str, Any]:
    told = asdict(received.report)
    good_to = received.report.good_to
    names = ("number", "source", "rows_in", "booked", "unchanged", "quarantined", "changed", "removed", "notes")
    return {
        **{name: told[name] for name in names},
        "table": table,
        "good_to": good_to.isoformat() if good_to else None,
        "dry_run": dry_run,
        "problems": [_fault(one) for one in received.problems[:SHOWN]],
    }


def _fault(problem: Problem) -> dict[str, Any]:
    return {"source": problem.source, **{name: getattr(problem, name) for name in _TOLD}}
