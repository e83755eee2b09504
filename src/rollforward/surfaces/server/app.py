"""The application: pages, API and live changes over one book."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from rollforward import __version__
from rollforward.surfaces import api, web
from rollforward.surfaces.server import health, live, measured, problems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rollforward.surfaces.server.served import Served


def application(served: Served) -> FastAPI:
    """The application that serves a book."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.state.watch.running())
            yield

    app = FastAPI(title="Rollforward", version=__version__, lifespan=lifespan, openapi_url=None)
    app.state.served = served
    app.state.watch = live.Watch(served)
    app.state.readiness = health.Readiness(served)
    app.state.measures = measured.Measures(served)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(measured.Measuring, measures=app.state.measures)
    problems.install(app)
    for module in (live, health, measured):
        app.include_router(module.router)
    api.install(app)
    web.install(app)
    return app
