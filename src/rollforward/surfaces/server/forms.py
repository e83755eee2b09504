"""Forms that write: who may send them, what is in them, and where the browser goes afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from rollforward.errors import UsageError
from rollforward.people.actor import Actor
from rollforward.surfaces.server.csrf import FIELD
from rollforward.surfaces.server.who import Reader, people_of, who

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.people.people import People
    from rollforward.surfaces.server.served import Served

BACK = "back"
"""The field that says which page a form was sent from."""


@dataclass(frozen=True)
class Form:
    """A form that somebody sent who may."""

    request: Request
    served: Served
    people: People
    reader: Reader
    fields: dict[str, str]

    @property
    def book(self) -> Book:
        """The book."""
        return self.served.book

    @property
    def actor(self) -> Actor:
        """Who sent it, as the audit log names them."""
        return Actor(self.reader.name, self.request.client.host if self.request.client else "")

    def __getitem__(self, name: str) -> str:
        return self.fields[name]

    def wrote(self, action: str, about: str) -> None:
        """Write down in the audit log what was done."""
        self.people.audit.add(action, about, by=self.actor)

    def done(self, path: str) -> RedirectResponse:
        """Go to a page: the one the form came from, if it says so, else the one of a path."""
        back = self.fields.get(BACK, "")
        here = back if back.startswith("/") and not back.startswith(("//", "/\\")) else path
        return RedirectResponse(here, status_code=303)


def writing(*names: str, scope: str = "write") -> Any:  # noqa: ANN401  a dependency of FastAPI
    """The dependency that reads a form with some fields, sent by somebody who holds a scope."""

    async def read(request: Request, reader: Annotated[Reader, Depends(who)]) -> Form:
        if scope not in reader.scopes:
            raise HTTPException(403, f"the role {reader.role} may not do this. Ask an admin of this book.")
        given = await request.form()
        fields = {name: str(given.get(name) or "").strip() for name in (*names, BACK)}
        if unknown := sorted(set(given) - {*names, BACK, FIELD}):
            raise UsageError(f"the form has no field {unknown[0]!r}. It has: {', '.join(names)}.")
        state = request.app.state
        return Form(request, state.served, people_of(request), reader, fields)

    return Depends(read)
