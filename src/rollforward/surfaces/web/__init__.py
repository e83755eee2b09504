"""The pages: server-rendered, readable without JavaScript, every number a link to what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response


def install(app: FastAPI) -> None:
    """Add the pages, their static files and the page of errors to an application."""
    from rollforward.surfaces.web import (
        accounts,
        churn,
        closes,
        definitions,
        downloads,
        explain,
        importing,
        movements,
        notes,
        overview,
        retention,
        segments,
        settings,
        sources,
        start,
        static,
    )
    from rollforward.surfaces.web.page import plain_page

    def error_page(request: Request, found: dict[str, Any]) -> Response:
        return plain_page(request, "error.html", found["status"], problem=found)

    app.state.error_page = error_page
    figures = (overview, movements, accounts, explain, retention, churn, segments, sources, definitions, closes)
    for module in (static, start, *figures, settings, importing, notes, downloads):
        app.include_router(module.router, include_in_schema=False)
