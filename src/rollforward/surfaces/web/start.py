"""The first run: no book is there yet, and there are two ways on: the demo, or a book of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.book import Book
from rollforward.book.view import quiet
from rollforward.surfaces.web.page import plain_page

if TYPE_CHECKING:
    from rollforward.surfaces.server.served import Served

router = APIRouter()

CUSTOMERS = 500
"""The customers of the demo that is made in the browser."""


@router.get("/start")
def start(request: Request) -> HTMLResponse:
    """Explore the demo, or begin a book."""
    served: Served = request.app.state.served
    if served.is_there:
        return plain_page(request, "started.html")
    return plain_page(request, "start.html", folder=str(served.path), customers=CUSTOMERS)


@router.post("/start/demo")
def demo(request: Request) -> RedirectResponse:
    """Make the demo company's book."""
    served: Served = request.app.state.served
    if not served.is_there:
        made = Book.demo(served.path, customers=CUSTOMERS, clock=served.clock).make(lambda _name, _number: None)
        made.build(progress=quiet)
    return RedirectResponse("/", 303)


@router.post("/start/book")
def book(
    request: Request, currency: Annotated[str, Form()], timezone: Annotated[str, Form()] = "UTC"
) -> RedirectResponse:
    """Begin an empty book, and go on to the first file."""
    served: Served = request.app.state.served
    if not served.is_there:
        Book.create(served.path, clock=served.clock, currency=currency.strip().upper(), timezone=timezone.strip())
    return RedirectResponse("/import", 303)
