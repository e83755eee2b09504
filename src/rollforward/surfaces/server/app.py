"""The application: pages, API and live changes over one book."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from rollforward import __version__
from rollforward.surfaces import web
from rollforward.surfaces.server import live, problems

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

    app = FastAPI(title="Rollforward", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.served = served
    app.state.watch = live.Watch(served)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    problems.install(app)
    app.include_router(live.router)
    web.install(app)
    return app
