"""The settings of the book: what they are, and changing those that a page can change."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from rollforward.errors import UsageError
from rollforward.surfaces.server.forms import Form, writing
from rollforward.surfaces.web.page import Page, asked

router = APIRouter()

CHANGED = ("timezone", "currency", "fiscal_year_start", "policy", "stale_after")
"""The settings that the page changes. All of them stand in `book.toml`, with what each is."""

_NUMBERS = {"fiscal_year_start", "stale_after"}


@router.get("/settings")
def settings(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The settings of the book."""
    found = page.book.settings
    return page.html(
        "settings.html",
        settings=[(name, about, getattr(found, name), name in CHANGED) for name, about in page.book.settings_told],
    )


@router.post("/settings")
def change(form: Annotated[Form, writing(*CHANGED, scope="admin")]) -> RedirectResponse:
    """Change settings: those whose field is not empty."""
    changes = {name: _read(name, form[name]) for name in CHANGED if form[name]}
    form.book.change_settings(**changes)
    form.wrote("changed settings", ", ".join(f"{name} = {value}" for name, value in changes.items()))
    return form.done("/settings")


def _read(name: str, text: str) -> Any:  # noqa: ANN401  a text or a number
    if name not in _NUMBERS:
        return text.upper() if name == "currency" else text
    if not text.isdecimal():
        raise UsageError(f"{name} {text!r} is not a whole number.")
    return int(text)
