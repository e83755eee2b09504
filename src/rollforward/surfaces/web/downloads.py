"""Downloads: what a page shows, as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from rollforward.errors import UnknownNameError
from rollforward.formats import RENDERERS, Answer, answer_of, csv_text
from rollforward.surfaces import board
from rollforward.surfaces.links import links_from_environment
from rollforward.surfaces.web.page import Page, asked
from rollforward.surfaces.web.subjects import SUBJECTS

router = APIRouter()

_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/download/{subject}.{ending}")
def download(
    subject: str,
    ending: Literal["csv", "json", "xlsx"],
    page: Annotated[Page, asked("kind", "account", "search", "sort", "measure", "metric", "part")],
) -> Response:
    """A subject in the state of the page, with its stamp."""
    if subject not in SUBJECTS:
        raise UnknownNameError("download", subject, list(SUBJECTS))
    result = SUBJECTS[subject](page)
    data = _rendered(answer_of(result), ending)
    name = f"{subject}-{result.stamp.today}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=_MEDIA[ending], headers=headers)


@router.get("/board.pdf")
def board_page(page: Annotated[Page, asked()]) -> Response:
    """The board page of the last period that is over, or of the last one asked for, as PDF."""
    ask = page.ask
    data = page.answer(
        "board",
        lambda book: board.pdf(
            book,
            ask.view,
            now=page.served.clock(),
            every=ask.every,
            end=ask.end,
            where=ask.filters,
            links=links_from_environment(),
        ),
    )
    headers = {"Content-Disposition": 'inline; filename="board.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


def _rendered(answer: Answer, ending: str) -> bytes:
    """An answer as a file. What a spreadsheet could take for a formula is made harmless."""
    return csv_text(answer, for_spreadsheets=True) if ending == "csv" else RENDERERS[ending](answer)
