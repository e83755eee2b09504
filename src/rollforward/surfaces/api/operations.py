"""The operations of the API: each is entered once; its route, its description and its reference follow from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import getdoc
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from rollforward.surfaces.api import media
from rollforward.surfaces.api.answering import document, table
from rollforward.surfaces.api.calls import call_of
from rollforward.surfaces.api.models import Table
from rollforward.surfaces.api.parameters import PAGE, Parameter, parameters
from rollforward.surfaces.api.sending import Sent, body_of, once
from rollforward.surfaces.server.who import Reader, who

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

    from rollforward.formats import Answer
    from rollforward.results import Result
    from rollforward.surfaces.api.answering import Told
    from rollforward.surfaces.api.calls import Call

ROOT = "/api/v1"
"""Where the API stands."""


@dataclass(frozen=True)
class Body:
    """What an operation takes: its media types with the model or schema of each, and an example of the first."""

    media: Mapping[str, Any]
    example: Any
    required: bool = True


@dataclass(frozen=True)
class Operation:
    """An operation: its stable id, where it stands, what it takes, what it answers, and an example that works."""

    id: str
    tag: str
    method: str
    path: str
    about: str
    takes: tuple[Parameter, ...]
    model: type[BaseModel] | None
    media: tuple[str, ...]
    example: Mapping[str, Any] = field(default_factory=dict)
    scope: str = "read"
    status: int = 200
    errors: tuple[int, ...] = ()
    body: Body | None = None

    @property
    def named(self) -> list[str]:
        """The parameters in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


OPERATIONS: dict[str, Operation] = {}
"""Every operation by id."""


class Group:
    """Operations about one subject."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.router = APIRouter(prefix=ROOT)

    def table(
        self, path: str, name: str, *, row: type[BaseModel], takes: Sequence[str] = (), example: Mapping[str, Any] = {}
    ) -> Callable[[Callable[[Call], Result | Answer]], Callable[[Call], Result | Answer]]:
        """Enter a function that answers with a table; it is given page by page, as JSON, CSV or Parquet."""

        def enter(make: Callable[[Call], Result | Answer]) -> Callable[[Call], Result | Answer]:
            operation = self._enter(
                Operation(
                    name,
                    self.tag,
                    "get",
                    path,
                    getdoc(make) or "",
                    parameters(*takes, *PAGE),
                    Table[row],  # type: ignore[valid-type]
                    tuple(media.TABLES),
                    example,
                    errors=(410,),
                )
            )

            def endpoint(request: Request, reader: Annotated[Reader, Depends(who)]) -> Response:
                return table(call_of(request, reader, operation), make)

            self._route(operation, endpoint)
            return make

        return enter

    def document(
        self,
        path: str,
        name: str,
        *,
        model: type[BaseModel],
        takes: Sequence[str] = (),
        example: Mapping[str, Any] = {},
    ) -> Callable[[Callable[[Call], Told]], Callable[[Call], Told]]:
        """Enter a function that answers with one document, as JSON."""

        def enter(make: Callable[[Call], Told]) -> Callable[[Call], Told]:
            about, taken = getdoc(make) or "", parameters(*takes)
            operation = self._enter(Operation(name, self.tag, "get", path, about, taken, model, (media.JSON,), example))

            def endpoint(request: Request, reader: Annotated[Reader, Depends(who)]) -> Response:
                return document(call_of(request, reader, operation), make)

            self._route(operation, endpoint)
            return make

        return enter

    def write(
        self,
        path: str,
        name: str,
        *,
        model: type[BaseModel] | None,
        body: Body | None = None,
        method: str = "post",
        status: int = 201,
        takes: Sequence[str] = (),
        example: Mapping[str, Any] = {},
    ) -> Callable[[Callable[[Call, Sent], Told]], Callable[[Call, Sent], Told]]:
        """Enter a function that writes something, once for each idempotency key."""

        def enter(make: Callable[[Call, Sent], Told]) -> Callable[[Call, Sent], Told]:
            about, taken = getdoc(make) or "", parameters(*takes)
            errors = (413, 415, 422, 423) if body else (422, 423)
            operation = self._enter(
                Operation(
                    name,
                    self.tag,
                    method,
                    path,
                    about,
                    taken,
                    model,
                    (media.JSON,),
                    example,
                    "write",
                    status,
                    errors,
                    body,
                )
            )

            def endpoint(
                request: Request,
                reader: Annotated[Reader, Depends(who)],
                given: Annotated[bytes, Depends(body_of)],
            ) -> Response:
                return once(call_of(request, reader, operation), given, make)

            self._route(operation, endpoint)
            return make

        return enter

    def _enter(self, operation: Operation) -> Operation:
        OPERATIONS[operation.id] = operation
        return operation

    def _route(self, operation: Operation, endpoint: Callable[..., Response]) -> None:
        self.router.add_api_route(
            operation.path, endpoint, methods=[operation.method.upper()], name=operation.id, response_class=Response
        )
