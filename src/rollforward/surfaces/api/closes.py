"""Closes: months as they were reported, and what changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.book import View
from rollforward.formats import answer_of, exact_rows
from rollforward.surfaces.api import models
from rollforward.surfaces.api.answering import Told
from rollforward.surfaces.api.media import JSON
from rollforward.surfaces.api.operations import Body, Group

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.api.calls import Call
    from rollforward.surfaces.api.sending import Sent

group = Group("Closes")

_SERIES = ("policy", "currency")


@group.table("/closes", "listCloses", row=models.Close, takes=_SERIES)
def closes(call: Call) -> Result:
    """The closed months: what was reported, what they are now, and whether they were restated or reopened."""
    ask = call.ask
    return call.answer(lambda book: book.closes(view=ask.view))


@group.table("/closes/{month}", "getClose", row=models.ClosedMonth, takes=_SERIES, example={"month": "2026-04"})
def closed_month(call: Call) -> Result:
    """A closed month as it was reported and as it is now, column by column."""
    ask = call.ask
    return call.answer(lambda book: book.closed_month(call.named["month"], view=ask.view))


@group.table(
    "/closes/{month}/movements",
    "getRestatement",
    row=models.Difference,
    takes=_SERIES,
    example={"month": "2026-04"},
)
def restatement(call: Call) -> Result:
    """What changed a closed month: each movement that is not what it was, and the facts learned since.

    The movements add up to the difference of every column of `getClose`.
    """
    ask = call.ask
    return call.answer(lambda book: book.restatement(call.named["month"], view=ask.view).movements)


@group.write(
    "/closes",
    "closeMonth",
    model=models.Closed,
    body=Body({JSON: models.ToClose}, {"period": "2026-05", "note": "as reported to the board", "dry_run": True}),
    takes=(*_SERIES, "allow_stale"),
)
def close(call: Call, sent: Sent) -> Told:
    """Keep the roll-forward of a month as it is reported.

    Or of the months of a quarter or year. Months are closed in order, once they are over. With `dry_run` nothing is
    kept.
    """
    wanted = sent.read(models.ToClose)
    view = replace(
        View(), policy=call.one("policy"), currency=call.ask.view.currency, allow_stale=call.flag("allow_stale")
    )
    book = call.book
    result = book.close(wanted.period, by=call.reader.name, note=wanted.note, view=view, dry_run=wanted.dry_run)
    if not wanted.dry_run:
        call.people.audit.add("closed", ", ".join(str(row[0]) for row in result.rows), by=call.actor)
    rows = [dict(zip(result.names, row, strict=True)) for row in exact_rows(answer_of(result))]
    short = book.short_of(str(result.rows[-1][0]), view=view)
    return Told({"rows": rows, "closed_by": call.reader.name, "short": short}, result.stamp)
