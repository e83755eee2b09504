"""The description of the API for programs, and its reference for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote as escaped
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from rollforward.surfaces.api import media
from rollforward.surfaces.api.every import IN_ORDER
from rollforward.surfaces.api.operations import ROOT, Operation
from rollforward.surfaces.api.schema import openapi
from rollforward.surfaces.server.who import Reader, who
from rollforward.surfaces.web.page import Page, asked

if TYPE_CHECKING:
    from rollforward.surfaces.api.parameters import Parameter

router = APIRouter()


@dataclass(frozen=True)
class Entry:
    """An operation as people read it."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    named: tuple[tuple[str, str], ...]
    takes: tuple[Parameter, ...]
    forms: str
    bodies: str
    curl: str


@router.get(f"{ROOT}/openapi.json")
def described(reader: Annotated[Reader, Depends(who)]) -> Response:  # noqa: ARG001  whoever may come in may read it
    """The description as OpenAPI 3.1."""
    return Response(_described(), media_type=media.JSON, headers={"Cache-Control": "private, no-cache"})


@cache
def _described() -> bytes:
    return json.dumps(openapi(), ensure_ascii=False).encode()


@router.get("/api")
def reference(page: Annotated[Page, asked()]) -> HTMLResponse:
    """The reference: every operation with its parameters and an example."""
    base = str(page.request.base_url).rstrip("/")
    groups: dict[str, list[Entry]] = {}
    for one in IN_ORDER:
        groups.setdefault(one.tag, []).append(_entry(one, base))
    about = openapi()["info"]["description"]
    return page.html("api.html", groups=groups, about=_paragraphs(about), root=ROOT)


def _paragraphs(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The first paragraph of a description, and each point as its name and what it says."""
    first, _, points = text.partition("\n\n")
    listed = [" ".join(point.split()) for point in points.split("* **")[1:]]
    parted = [point.partition("**") for point in listed]
    return first, [(name.rstrip("."), _begun(said.strip())) for name, _, said in parted]


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _entry(one: Operation, base: str) -> Entry:
    told: dict[str, Any] = openapi()["paths"][ROOT + one.path][one.method]
    summary, _, more = one.about.partition("\n\n")
    named = tuple((part["name"], part["description"]) for part in told["parameters"] if part["in"] == "path")
    forms = ", ".join(one.media) if one.model else ""
    bodies = ", ".join(one.body.media) if one.body else ""
    about = " ".join(more.split())
    return Entry(
        one.id, one.method.upper(), ROOT + one.path, summary, about, named, one.takes, forms, bodies, curl(one, base)
    )


def address(one: Operation) -> str:
    """The path and query of an operation's example."""
    path = one.path
    for name in one.named:
        path = path.replace(f"{{{name}}}", escaped(str(one.example[name]), safe=",@"))
    said = {name: value for name, value in one.example.items() if name not in one.named}
    return f"{ROOT}{path}" + (f"?{urlencode(said, doseq=True)}" if said else "")


def curl(one: Operation, base: str) -> str:
    """An operation's example as a command line."""
    parts = ["curl", *([] if one.method == "get" else ["-X", one.method.upper()])]
    if one.body:
        form = next(iter(one.body.media))
        parts += ["-H", quote(f"Content-Type: {form}"), "-d", quote(json.dumps(one.body.example))]
    return " ".join([*parts, quote(base + address(one))])
