"""What is sent to the API: a body of limited size, and writes that are done once however often they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from rollforward.people.claims import Answered, KeyReusedError, UnderWayError
from rollforward.surfaces.api import media
from rollforward.surfaces.api.answering import Rendered, Told, as_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.people.claims import Claim
    from rollforward.surfaces.api.calls import Call

M = TypeVar("M", bound=BaseModel)

MOST = 32 * 1024 * 1024
"""The most bytes of a body."""

KEY = "idempotency-key"


@dataclass(frozen=True)
class Sent:
    """A body and its media type, empty where there is none."""

    data: bytes
    media: str

    def read(self, model: type[M]) -> M:
        """The body as a model has it; RequestValidationError where it is not of its shape."""
        try:
            return model.model_validate_json(self.data)
        except ValidationError as error:
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise RequestValidationError(faults) from error


async def body_of(request: Request) -> bytes:
    """The body of a request; 413 as soon as it is larger than `MOST`."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > MOST:
        raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> HTTPException:
    return HTTPException(413, f"a body has at most {MOST:,} bytes. Send the rows in several requests.")


def once(call: Call, given: bytes, make: Callable[[Call, Sent], Told]) -> Response:
    """The answer to a write. Sent again under its idempotency key within 24 hours it is not done again."""
    taken = call.operation.body
    form = media.sent(call.request.headers.get("content-type", ""), taken.media) if taken else ""
    key = call.request.headers.get(KEY)
    if key is None:
        return _response(call, make(call, Sent(given, form)))
    claim = _claim(call, key, form, given)
    if isinstance(claim, Answered):
        return Response(claim.body, claim.status, {"Idempotency-Replayed": "true"}, claim.media or None)
    try:
        response = _response(call, make(call, Sent(given, form)))
    except BaseException:
        call.people.answers.give_up(claim)
        raise
    call.people.answers.keep(claim, response.status_code, response.media_type or "", bytes(response.body))
    return response


def _claim(call: Call, key: str, form: str, given: bytes) -> Claim | Answered:
    request = f"{call.request.method} {call.request.url.path}?{call.request.url.query} {form}"
    reader = f"{call.reader.way} {call.reader.id or call.reader.name}"
    try:
        return call.people.answers.claim(reader, key, request, given)
    except KeyReusedError as error:
        raise HTTPException(422, str(error)) from error
    except UnderWayError as error:
        raise HTTPException(409, str(error), {"Retry-After": "1"}) from error


def _response(call: Call, told: Told) -> Response:
    status = call.operation.status
    if told.body is None:
        return Response(status_code=status)
    stamp = {"stamp": told.stamp.to_dict()} if told.stamp else {}
    return Rendered(as_json({**told.body, **stamp}), media.JSON).response(call, status)
