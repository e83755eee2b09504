"""Importing in the browser: upload, see how the file is read, answer what is open, look at the count, book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from rollforward.book.proposals import preview_of, unread
from rollforward.book.taking_in import KEPT_APART
from rollforward.errors import UsageError
from rollforward.surfaces.server.who import Reader, who
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.tables import table_of

if TYPE_CHECKING:
    from rollforward.sources.proposal import Answer, Proposal
    from rollforward.surfaces.web.staging import Staging, Upload

router = APIRouter()


async def sent(request: Request, reader: Annotated[Reader, Depends(who)]) -> Mapping[str, Any]:
    """The form of somebody who may import."""
    if "write" not in reader.scopes:
        raise HTTPException(403, f"the role {reader.role} may not import. Ask an admin of this book.")
    form = await request.form(max_files=20)
    return {name: form.getlist(name) for name in form}


@router.get("/import")
def choose(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The form that takes files."""
    former = dict.fromkeys(str(one["source"]) for one in page.book.imports()[::-1])
    return page.html("import.html", taken=[source for source in former if source not in KEPT_APART])


@router.post("/import")
def upload(
    request: Request, form: Annotated[Mapping[str, Any], Depends(sent)], reader: Annotated[Reader, Depends(who)]
) -> RedirectResponse:
    """Put files aside and go on to how they are read."""
    files = [(one.filename or "", one.file) for one in form.get("files", []) if isinstance(one, UploadFile)]
    source = _text(form, "source") or "files"
    found = _staging(request).take([one for one in files if one[0]], owner=reader.name, source=source)
    try:
        book = request.app.state.served.book
        found.sorted = book.sort_files(found.files)
        found.proposals = found.sorted.proposals
    except BaseException:
        _staging(request).forget(found)
        raise
    return RedirectResponse(f"/import/{found.token}", 303)


@router.get("/import/{token}")
def show(page: Annotated[Page, asked()], token: str) -> HTMLResponse:
    """How the files are read, what is open, and what would be booked."""
    found = _staging(page.request).find(token, page.reader.name)
    return page.html("imported.html", reports=found.booked) if found.booked else _shown(page, found)


@router.post("/import/{token}")
def settle(
    request: Request, token: str, form: Annotated[Mapping[str, Any], Depends(sent)], page: Annotated[Page, asked()]
) -> Any:  # noqa: ANN401  a page, or the way to one
    """Answer questions, book, or give up."""
    staging = _staging(request)
    found = staging.find(token, page.reader.name)
    action = _text(form, "action")
    if found.booked:
        return RedirectResponse(f"/import/{token}", 303)
    if action == "give up":
        staging.forget(found)
        return RedirectResponse("/import", 303)
    found.proposals = tuple(_answered(page, one, number, form) for number, one in enumerate(found.proposals))
    if action == "book" and found.proposals and all(one.is_ready for one in found.proposals):
        reports = page.book.import_kinds(_kinds(page, found), source=found.source)
        names = [", ".join(file.name for file in one.files) for one in page.book.in_order(found.proposals)]
        staging.settle(found, list(zip(names, reports, strict=True)))
    return RedirectResponse(f"/import/{token}", 303)


def _shown(page: Page, found: Upload) -> HTMLResponse:
    ready = bool(found.proposals) and all(one.is_ready for one in found.proposals)
    reports = page.book.import_kinds(_kinds(page, found), source=found.source, dry_run=True) if ready else []
    kinds = []
    for number, one in enumerate(found.proposals):
        preview = preview_of(one)
        kinds.append(
            {
                "number": number,
                "files": ", ".join(file.name for file in one.files),
                "map": one.column_map,
                "columns": [
                    (name, " + ".join(bound.columns) or f"always {bound.constant}", one.reasons.get(name, ""))
                    for name, bound in one.column_map.columns.items()
                ],
                "unread": unread(one),
                "questions": one.questions,
                "preview": preview and table_of(preview, "The first rows as they would be booked"),
            }
        )
    return page.html(
        "import_map.html",
        token=found.token,
        source=found.source,
        kinds=kinds,
        refused=[(one.file.name, one.reason) for one in (found.sorted.refused if found.sorted else ())],
        ready=ready,
        reports=reports,
    )


def _kinds(page: Page, found: Upload) -> list[tuple[Any, Any]]:
    return [(one.files, one.column_map) for one in page.book.in_order(found.proposals)]


def _answered(page: Page, proposal: Proposal, number: int, form: Mapping[str, Any]) -> Proposal:
    """A proposal with the answers that the form has for it."""
    given: dict[str, Answer] = {}
    for question in proposal.questions:
        name = f"{number}.{question.name}"
        if question.is_by_word:
            words = {option: _text(form, f"{name}.{option}") for option in question.options}
            if any(words.values()):
                given[question.name] = {word: text for word, text in words.items() if text}
        elif text := _text(form, name):
            given[question.name] = text
    return page.book.answer(proposal, given) if given else proposal


def _text(form: Mapping[str, Any], name: str) -> str:
    found = form.get(name) or [""]
    if not isinstance(found[0], str):
        raise UsageError(f"{name} is a text, not a file.")
    return found[0].strip()


def _staging(request: Request) -> Staging:
    staging: Staging = request.app.state.staging
    return staging
