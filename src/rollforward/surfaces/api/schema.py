"""The description of the API as OpenAPI 3.1, made of its operations."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from rollforward import __version__
from rollforward.book.receiving import RECEIVED
from rollforward.surfaces.api import media, models
from rollforward.surfaces.api.every import IN_ORDER
from rollforward.surfaces.api.operations import ROOT, Operation
from rollforward.surfaces.api.sending import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

_ABOUT = """Every figure of the book, exact: money and ratios are decimal strings, days are ISO dates, unknown is null.

* **Stamp.** Each answer says what it was made with: policy, currency, time zone, data as of, known at, ledger hash; in
  the body, and as JSON in the header `Rollforward-Stamp`.
* **Lists** come page by page: `limit` rows (at most 1,000), and `next` asks for the page after. A cursor belongs to one
  state of the book; once that changed, 410 asks to begin anew.
* **Form.** Tables come as JSON, CSV or Parquet, by `Accept`.
* **ETag** is the ledger's hash with a sum of the answer; `If-None-Match` is answered with 304 while nothing changed.
* **Errors** are `application/problem+json` (RFC 9457), and say what is allowed.
* **Writes** take an `Idempotency-Key`: sent again under it within 24 hours, a write is not done again but answered
  alike.
* **Keys** are sent as `Authorization: Bearer KEY`. Without sign-in the server answers on its own machine alone."""

_ERRORS = {
    304: "Nothing changed since the tag that `If-None-Match` names.",
    400: "A parameter is unknown, wrong, empty, said twice or missing. It says what is allowed.",
    401: "Sign-in or a key is needed.",
    403: "The role or key may not do this, or it would show personal data to a role that sees none.",
    404: "What the path names is not there.",
    406: "None of the forms that `Accept` names can be had.",
    409: "The data does not suffice for a true answer, or the request of an idempotency key is still under way.",
    410: "The book changed since the list was begun. Begin it anew, without `next`.",
    413: f"The body is larger than {MOST:,} bytes, or has too many rows.",
    415: "A body of this type is not taken.",
    422: "The body is not of the shape asked for, or an idempotency key came again with another request.",
    423: "Another process writes to the book. Try again.",
    429: "Too many requests. `Retry-After` says when to try again.",
}
_ALWAYS = (400, 401, 403, 404, 406, 409, 429)

_NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "metrics": ("a metric, or several with commas between", {"pattern": r"^[a-z0-9_]+(,[a-z0-9_]+)*$"}),
    "account": ("the id of an account", {"minLength": 1}),
    "policy": ("a policy, NAME or NAME@VERSION", {"minLength": 1}),
    "other": ("the policy that it is compared with", {"minLength": 1}),
    "month": ("a month such as 2026-04", {"pattern": r"^\d{4}-\d{2}$"}),
    "field": ("a field, such as plan", {"minLength": 1}),
    "note": ("the id of a note", {"pattern": r"^\d{1,9}$"}),
    "table": ("the table of the rows", {"enum": list(RECEIVED)}),
}
"""What stands in paths."""

_REF = "#/components/schemas/{model}"


@cache
def openapi() -> dict[str, Any]:
    """The whole description."""
    listed = IN_ORDER
    used = {one.model for one in listed if one.model} | {models.Problem}
    used |= {model for one in listed if one.body for model in one.body.media.values() if isinstance(model, type)}
    ordered = sorted(used, key=lambda model: model.__name__)
    names, defined = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF)
    refs = {model: names[(model, "validation")] for model in ordered}
    paths: dict[str, Any] = {}
    for one in listed:
        paths.setdefault(ROOT + one.path, {})[one.method] = _operation(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rollforward", "version": __version__, "description": _ABOUT, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in listed)],
        "paths": paths,
        "components": {
            "schemas": defined["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "an API key"}},
            "headers": _HEADERS,
        },
        "security": [{"key": []}, {}],
    }


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_HEADERS = {
    "ETag": {"description": "the ledger's hash with a sum of the answer", "schema": {"type": "string"}},
    "Rollforward-Stamp": {"description": "the stamp as JSON", "schema": {"type": "string"}},
    "Link": {"description": 'the next page, rel="next"', "schema": {"type": "string"}},
}


def _operation(one: Operation, refs: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    summary, _, more = one.about.partition("\n\n")
    told: dict[str, Any] = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": summary.removesuffix("."),
        "description": f"{more}\n\nScope: {one.scope}.".strip(),
        "parameters": list(_parameters(one)),
    }
    if one.body:
        told["requestBody"] = _body(one, refs)
    told["responses"] = {str(one.status): _success(one, refs), **dict(_errors(one, refs))}
    return told


def _parameters(one: Operation) -> Iterator[dict[str, Any]]:
    for name in one.named:
        about, more = _NAMED[name]
        told = {
            "name": name,
            "in": "path",
            "required": True,
            "description": about,
            "schema": {"type": "string", **more},
        }
        yield {**told, "example": one.example[name]}
    for parameter in one.takes:
        said = parameter.to_openapi()
        yield {**said, "example": one.example[parameter.name]} if parameter.name in one.example else said
    if one.scope == "write":
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "a word of your own, under which this is done once",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
        }


def _body(one: Operation, refs: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for form, shape in one.body.media.items() if one.body else ():
        content[form] = {"schema": refs[shape] if isinstance(shape, type) else shape}
    first = next(iter(content))
    content[first]["example"] = one.body.example if one.body else None
    return {"required": True, "content": content}


def _success(one: Operation, refs: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    if one.model is None:
        return {"description": "It is done."}
    shapes = {media.JSON: refs[one.model], media.CSV: {"type": "string"}, media.PARQUET: {}}
    content = {form: {"schema": shapes[form]} for form in one.media}
    told = {"description": (one.model.__doc__ or "").strip().partition("\n")[0] or "The answer.", "content": content}
    if one.method != "get":
        return told
    headers = ["ETag", *(["Rollforward-Stamp"] if one.model.model_fields.get("stamp") else [])]
    headers += ["Link"] if "next" in one.model.model_fields else []
    return {**told, "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}


def _errors(one: Operation, refs: dict[type[BaseModel], dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    also = (304,) if one.method == "get" else ()
    for status in sorted({*_ALWAYS, *also, *one.errors}):
        told: dict[str, Any] = {"description": _ERRORS[status]}
        if status >= 400:  # noqa: PLR2004  a problem from here on
            told["content"] = {media.PROBLEM: {"schema": refs[models.Problem]}}
        yield str(status), told
