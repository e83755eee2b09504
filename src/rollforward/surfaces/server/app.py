"""The application: pages, API and live changes over one book."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.gzip import GZipMiddleware

from rollforward import __version__
from rollforward.people.people import People
from rollforward.surfaces import web
from rollforward.surfaces.server import live, problems
from rollforward.surfaces.server.limits import BodyLimit
from rollforward.surfaces.web.staging import Staging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rollforward.surfaces.server.served import Served

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""What FastAPI would tell a collector that the environment names. Nothing leaves the machine that way."""


def application(served: Served, people: People | None = None) -> FastAPI:
    """The application that serves a book, with the people of its folder unless others are handed in."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(app.state.staging.close)
            await stack.enter_async_context(app.state.watch.running())
            yield

    app = FastAPI(
        title="Rollforward",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    app.state.served = served
    app.state.watch = live.Watch(served)
    app.state.staging = Staging(served.clock)
    app.state.people = people or People.open(served.path, clock=served.clock)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    problems.install(app)
    app.include_router(live.router)
    web.install(app)
    return app
