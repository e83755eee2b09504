"""Notes that people pin to dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import NotFoundError
from rollforward.formats import Answer
from rollforward.results import column
from rollforward.surfaces.api import models
from rollforward.surfaces.api.answering import Told
from rollforward.surfaces.api.media import JSON
from rollforward.surfaces.api.operations import Body, Group
from rollforward.surfaces.server.refusing import not_allowed

if TYPE_CHECKING:
    from rollforward.people.notes import Note
    from rollforward.results import Cell
    from rollforward.surfaces.api.calls import Call
    from rollforward.surfaces.api.sending import Sent

group = Group("Notes")

_COLUMNS = (
    column("id", "count"),
    column("day", "day"),
    column("text", "text"),
    column("author", "text"),
    column("made_at", "text"),
)


def _row(note: Note) -> tuple[Cell, ...]:
    return (note.id, note.day, note.text, note.author, f"{note.made_at.isoformat()}Z")


@group.table("/notes", "listNotes", row=models.NoteRow, takes=("from", "to"), example={"from": "2026"})
def notes(call: Call) -> Answer:
    """The notes that are pinned to days, by day."""
    if not call.reader.sees_personal_data:
        raise not_allowed("Notes may name customers, and your role sees no personal data.")
    return Answer(
        "notes", _COLUMNS, [_row(one) for one in call.people.notes.all(start=call.ask.start, end=call.ask.end)]
    )


@group.write(
    "/notes",
    "addNote",
    model=models.Note,
    body=Body({JSON: models.ToNote}, {"day": "2026-05-04", "text": "New prices for everybody"}),
)
def add(call: Call, sent: Sent) -> Told:
    """Pin a note to a day."""
    wanted = sent.read(models.ToNote)
    made = call.people.notes.add(wanted.day, wanted.text, by=call.actor)
    return Told(dict(zip([one.name for one in _COLUMNS], _row(made), strict=True)) | {"day": made.day.isoformat()})


@group.write("/notes/{note}", "removeNote", model=None, method="delete", status=204, example={"note": "1"})
def remove(call: Call, _: Sent) -> Told:
    """Take a note away. Who is no admin takes away their own."""
    named = call.named["note"]
    if not (named.isascii() and named.isdecimal() and len(named) < 10):  # noqa: PLR2004  ids are short
        raise NotFoundError(f"there is no note {named[:80]!r}.")
    own = None if "admin" in call.reader.scopes else call.reader.name
    call.people.notes.remove(int(named), of=own, by=call.actor)
    return Told(None)
