"""Static files, each under an address that names its content."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from rollforward.errors import NotFoundError
from rollforward.surfaces.web.page import STATIC

router = APIRouter()

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.get("/static/{digest}/{name:path}")
def static(digest: str, name: str) -> FileResponse:  # noqa: ARG001  the digest makes the address
    """A static file, which never changes under its address."""
    file = (STATIC / name).resolve()
    if not file.is_relative_to(STATIC) or not file.is_file() or file.suffix not in _TYPES:
        raise NotFoundError(f"there is no file {name!r}.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(file, media_type=_TYPES[file.suffix], headers=headers)
