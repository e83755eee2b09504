"""Sources: what came in, what became of it, how far each is good, and every problem with the way out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from rollforward.errors import UnknownNameError
from rollforward.surfaces.web import subjects
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.results import Cell
    from rollforward.surfaces.web.tables import Row

router = APIRouter()

SEVERITIES = ("quarantined", "set aside", "note")
SHOWN = 100
"""The problems and imports that are shown; a download has all."""


@router.get("/sources")
def sources(page: Annotated[Page, asked("severity")]) -> HTMLResponse:
    """The sources, the imports and the problems."""
    severity = page.ask.one("severity")
    if severity is not None and severity not in SEVERITIES:
        raise UnknownNameError("severity", severity, list(SEVERITIES))
    listed = subjects.sources(page)
    imports = subjects.imports(page)
    problems = subjects.problems(page)
    by_severity = Counter(str(row[-1]) for row in page.answer("every problem", lambda book: book.problems()).rows)
    return page.html(
        "sources.html",
        stamp=listed.stamp,
        severity=severity,
        severities=[(name, f"{by_severity[name]:,}", page.ask.url("/sources", severity=name)) for name in SEVERITIES],
        every=page.ask.url("/sources", severity=None),
        sources=table_of(
            listed,
            "Sources",
            mark=lambda row: "" if row["state"] in {"ok", "ended"} else "look",
            download=page.ask.url("/download/sources.{}"),
            empty="Nothing was imported yet.",
        ),
        problems=table_of(
            problems,
            "Problems",
            rows=problems.rows[:SHOWN],
            download=page.ask.url("/download/problems.{}"),
            empty="No problem: every row was read and counts.",
            note=_said(len(problems.rows), "problems"),
        ),
        imports=table_of(
            imports,
            "Imports",
            rows=imports.rows[::-1][:SHOWN],
            download=page.ask.url("/download/imports.{}"),
            empty="Nothing was imported yet.",
            note=_said(len(imports.rows), "imports"),
        ),
        doctor=page.ask.url("/sources/doctor", severity=None),
    )


@router.get("/sources/doctor")
def doctor(page: Annotated[Page, asked()]) -> HTMLResponse:
    """What the doctor finds. It reads the whole book, which takes its time in a large one."""
    checks = page.answer("doctor", lambda book: book.doctor(view=page.ask.view))
    found = table_of(checks, "What the doctor finds", mark=_mark, rows=_worst_first(checks.rows))
    return page.html("doctor.html", stamp=checks.stamp, found=found, back=page.ask.url("/sources"))


def _said(number: int, what: str) -> str:
    return f"The first {SHOWN} of {number:,} {what}; a download has all." if number > SHOWN else ""


def _mark(row: Row) -> str:
    return {"look": "look", "fails": "fails"}.get(str(row["state"]), "")


def _worst_first(rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    order = ["fails", "look", "ok"]
    return sorted(rows, key=lambda row: order.index(str(row[1])) if row[1] in order else len(order))
