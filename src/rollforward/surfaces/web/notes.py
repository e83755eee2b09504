"""Notes that people pin to dates, and those that the book pins itself. They stand on the charts of those days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from rollforward.results import ResultColumn
from rollforward.surfaces import written
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.server.who import people_of
from rollforward.surfaces.web.words import value_text

if TYPE_CHECKING:
    from datetime import date

    from rollforward.book.closing import Changed
    from rollforward.people.notes import Note
    from rollforward.surfaces.server.asking import Ask
    from rollforward.surfaces.web.page import Page

router = APIRouter()


@dataclass(frozen=True)
class Pinned:
    """What is pinned to a day: a person's note, or what the book pins itself, with the page that says more.

    kind: `note`, `policy` for a change of the policy, `restatement` for a closed month that is shown otherwise than it
    was reported.
    """

    day: date
    text: str
    kind: str = "note"
    href: str | None = None
    note: Note | None = None


def pinned_on(page: Page) -> list[Pinned]:
    """What is pinned to the days that a page shows, by day."""
    people = [Pinned(note.day, note.text, note=note) for note in _notes_of(page)]
    return sorted([*people, *told_by_book(page)], key=lambda one: one.day)


def _notes_of(page: Page) -> list[Note]:
    ask = page.shown
    if not page.reader.sees_personal_data:
        return []  # What people write may name anybody.
    found: list[Note] = people_of(page.request).notes.all(start=ask.start, end=ask.end)
    return found


def told_by_book(page: Page) -> list[Pinned]:
    """The changes of the policy and the restated months among the days that a page shows."""
    ask = page.shown
    changes, restated = page.answer(
        "what the book pins",
        lambda book: (
            book.policy_changes(ask.view.policy),
            book.changed_closes(start=ask.start, end=ask.end, view=ask.view),
        ),
    )
    return [
        *(_told(page, day, f"The policy became {label}.", "policy") for day, label in changes if _is_shown(ask, day)),
        *(_restated(page, one) for one in restated),
    ]


def _is_shown(ask: Ask, day: date) -> bool:
    return (ask.start is None or day >= ask.start) and (ask.end is None or day <= ask.end)


def pinned_url(page: Page, kind: str, day: str) -> str:
    """What opens what is pinned: the close of a restated month, the definitions, or the notes below the chart."""
    if kind == "restatement":
        return page.url(f"/closes/{day[:7]}")
    return page.url("/definitions") if kind == "policy" else f"{page.here}#notes-title"


def _told(page: Page, day: date, text: str, kind: str) -> Pinned:
    return Pinned(day, text, kind, pinned_url(page, kind, day.isoformat()))


def _restated(page: Page, one: Changed) -> Pinned:
    column = ResultColumn("mrr", "money")
    reported, now = (value_text(column, value, None) for value in (one.reported, one.now))
    how = f"reported as {reported}, and is {now} now" if reported != now else "reported with other movements"
    day = page.period(one.period).last_day
    return _told(page, day, f"{one.period} was {how}.", "restatement")


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
