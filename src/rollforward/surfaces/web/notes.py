"""Notes that people pin to dates, which stand under the charts of those days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from rollforward.surfaces import written
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.server.who import people_of

if TYPE_CHECKING:
    from rollforward.people.notes import Note
    from rollforward.surfaces.web.page import Page

router = APIRouter()


def notes_of(page: Page) -> list[Note]:
    """The notes of the days that a page shows."""
    ask = page.shown
    if not page.reader.sees_personal_data:
        return []  # What people write may name anybody.
    found: list[Note] = people_of(page.request).notes.all(start=ask.start, end=ask.end)
    return found


@router.post("/notes")
def add(form: Annotated[Form, writing("day", "text")]) -> RedirectResponse:
    """Pin a note to a day."""
    day = written.exact_day(form["day"] or "empty", "day")
    assert day is not None  # noqa: S101  a text was handed in
    form.people.notes.add(day, form["text"], by=form.actor)
    return form.done("/")


@router.post("/notes/{note}/remove")
def remove(form: Annotated[Form, writing()], note: int) -> RedirectResponse:
    """Take a note away."""
    form.people.notes.remove(note, by=form.actor)
    return form.done("/")
