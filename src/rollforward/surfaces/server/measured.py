"""What the server did, for Prometheus: requests by route and status, how long they took, ledgers built, answers kept.

Routes are named by their pattern, so that no address and with it no personal data is ever a label.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException

from rollforward.surfaces.server.who import Reader, who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rollforward.surfaces.server.served import Served

router = APIRouter()

_SECONDS = (0.005, 0.01, 0.03, 0.05, 0.1, 0.15, 0.3, 0.5, 1, 3, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """The measures of one server, in a registry of their own."""

    def __init__(self, served: Served) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "rollforward_requests", "Requests by route and status.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "rollforward_request_seconds",
            "Seconds until a request was answered.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_State(served))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, status).inc()
        self._seconds.labels(known, route).observe(seconds)


class _State(Collector):
    """What is read off the book when somebody asks."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def collect(self) -> Iterator[Metric]:
        """The ledgers that were built, and the answers that are kept."""
        built = CounterMetricFamily("rollforward_ledgers_built", "Ledgers built by this server.", labels=("way",))
        for way, number in (self._served.book.built if self._served.is_there else {}).items():
            built.add_metric((way,), number)
        yield built
        kept = len(self._served.answers)
        yield GaugeMetricFamily("rollforward_answers_kept", "Answers that are kept.", value=kept)


class Measuring:
    """The part of an application that measures its requests."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._measures.answered(scope["method"], route, status, perf_counter() - began)


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, reader: Annotated[Reader, Depends(who)]) -> Response:
    """The measures as Prometheus reads them."""
    if "read" not in reader.scopes or reader.way == "share":
        raise HTTPException(403, "the measures take a key that may read.")
    measures: Measures = request.app.state.measures
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)
