"""Health and readiness: whether the server lives, and whether it can answer at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from rollforward.errors import RollforwardError
from rollforward.surfaces.server.problems import MEDIA, problem

if TYPE_CHECKING:
    from rollforward.surfaces.server.served import Served

router = APIRouter()


class Readiness:
    """Whether the book opens and its ledger is up to date. If it is not, it is built beside, once at a time."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._building = threading.Lock()
        self._last: str | None = None

    def lacking(self) -> str | None:
        """What is lacking for an answer at once, in words; None if nothing."""
        try:
            _, _, there = self._served.book.planned_build()
        except RollforwardError as error:
            return str(error)
        if there:
            self._last = None
            return None
        if self._building.acquire(blocking=False):
            threading.Thread(target=self._build, name="readiness", daemon=True).start()
        return self._last or "the ledger is being built."

    def _build(self) -> None:
        try:
            self._served.book.build(force=False)
        except RollforwardError as error:
            self._last = str(error)
        finally:
            self._building.release()


@router.get("/healthz", include_in_schema=False)
def health() -> JSONResponse:
    """That the server lives."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@router.get("/readyz", include_in_schema=False)
def ready(request: Request) -> JSONResponse:
    """Whether the book opens and its ledger is up to date; 503 with the reason where not."""
    readiness: Readiness = request.app.state.readiness
    lacking = readiness.lacking()
    if lacking is None:
        return JSONResponse({"status": "ready"}, headers={"Cache-Control": "no-store"})
    told = problem(503, "Not ready", _without_names(lacking))
    return JSONResponse(told, 503, {"Retry-After": "1", "Cache-Control": "no-store"}, MEDIA)


def _without_names(lacking: str) -> str:
    """What is lacking, as strangers may read it: whoever probes need not sign in."""
    return lacking if lacking == "the ledger is being built." else "the book cannot answer. Its own pages say why."
