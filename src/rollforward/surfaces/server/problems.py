"""What went wrong, as RFC 9457 `application/problem+json` for programs and as a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from rollforward.errors import (
    BookLockedError,
    DiskFullError,
    IncompleteError,
    NotABookError,
    NotFoundError,
    RollforwardError,
    UsageError,
)
from rollforward.surfaces.server.security import headers_for

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

API = "/api/"
MEDIA = "application/problem+json"

_STATUS: tuple[tuple[type[RollforwardError], int, str], ...] = (
    (NotFoundError, 404, "Not found"),
    (IncompleteError, 409, "The data does not suffice"),
    (BookLockedError, 423, "The book is being written"),
    (DiskFullError, 507, "The disk is full"),
    (UsageError, 400, "The request cannot be answered as it stands"),
)
_TITLES = {
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed",
    406: "Not to be had in that form",
    409: "Under way",
    410: "The book changed",
    413: "Too large",
    415: "Not taken",
    422: "The request is not of the shape asked for",
    429: "Too many",
}


def status_of(error: RollforwardError) -> tuple[int, str]:
    """The HTTP status and title of an error."""
    return next(((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), (500, "Failed"))


def problem(status: int, title: str, detail: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A problem as RFC 9457 has it."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def install(application: FastAPI) -> None:
    """Let every error of the application become a problem or a page."""

    @application.exception_handler(RollforwardError)
    async def known(request: Request, error: RollforwardError) -> Response:
        if isinstance(error, NotABookError) and not request.url.path.startswith(API):
            return RedirectResponse("/start", 303)
        status, title = status_of(error)
        return _told(request, problem(status, title, str(error)))

    @application.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"where": ".".join(map(str, fault["loc"])), "reason": fault["msg"].removeprefix("Value error, ")}
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault['where']}: {fault['reason']}" for fault in faults)
        return _told(request, problem(422, "The request is not of the shape asked for", detail, errors=faults))

    @application.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        title = _TITLES.get(error.status_code, "Refused")
        errors = {"errors": found} if (found := getattr(error, "errors", None)) else {}
        told = problem(error.status_code, title, str(error.detail), **errors)
        return _told(request, told, dict(error.headers or {}))

    @application.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        detail = f"{type(error).__name__}. This is a fault of rollforward: please report it."
        # This answer is made outside of all that adds headers to others.
        return _told(request, problem(500, "Failed", detail), headers_for(request.url.scheme))


def _told(request: Request, found: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    if request.url.path.startswith(API):
        found["instance"] = request.url.path
        return JSONResponse(found, found["status"], headers=headers, media_type=MEDIA)
    page: Response = request.app.state.error_page(request, found)
    page.headers.update(headers or {})
    return page
