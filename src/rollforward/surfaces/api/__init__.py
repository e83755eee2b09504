"""The REST interface: what the book answers, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Add the API, its description and its reference page to an application."""
    from rollforward.surfaces.api import every, reference

    for group in every.GROUPS:
        app.include_router(group.router)
    app.include_router(reference.router)
