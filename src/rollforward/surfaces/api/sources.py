"""Sources, imports and problems: what came, what became of it, and what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.surfaces.api import models
from rollforward.surfaces.api.operations import Group
from rollforward.surfaces.api.parameters import VIEW

if TYPE_CHECKING:
    from rollforward.results import Result
    from rollforward.surfaces.api.calls import Call

group = Group("Sources")


@group.table("/sources", "listSources", row=models.Source, takes=VIEW)
def sources(call: Call) -> Result:
    """Every source: what came, what became of it, the day it is good to, its state and what to do."""
    ask = call.ask
    return call.answer(lambda book: book.sources(view=ask.view))


@group.table("/imports", "listImports", row=models.Import, takes=VIEW)
def imports(call: Call) -> Result:
    """Every import: rows in = booked + unchanged + quarantined."""
    ask = call.ask
    return call.answer(lambda book: book.sources(imports=True, view=ask.view))


@group.table(
    "/problems", "listProblems", row=models.Fault, takes=("severity", *VIEW), example={"severity": "quarantined"}
)
def problems(call: Call) -> Result:
    """What could not be read or does not count, each with its reason and what to do.

    Quarantined rows are in no figure; rows set aside do not count under the policy or in the currency; a note is a row
    that counts and that someone should look at.
    """
    ask = call.ask
    return call.answer(lambda book: book.problems(severity=call.one("severity"), view=ask.view))
