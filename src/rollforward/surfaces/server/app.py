"""The application: pages, API and live changes over one book."""

from __future__ import annotations

import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.gzip import GZipMiddleware

from rollforward import __version__
from rollforward.surfaces import api, web
from rollforward.surfaces.environment import people_of
from rollforward.surfaces.server import beside, entrance, health, live, loading, measured, problems
from rollforward.surfaces.server.keeping import Keeping
from rollforward.surfaces.server.kept import Kept
from rollforward.surfaces.server.limits import BodyLimit
from rollforward.surfaces.web.staging import Staging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from rollforward.people import People
    from rollforward.surfaces.server.oidc import Provider
    from rollforward.surfaces.server.served import Served

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""What FastAPI would tell a collector that the environment names. Nothing leaves the machine that way."""


def application(
    served: Served,
    people: People | None = None,
    *,
    sign_on: Provider | None = None,
    hosts: Iterable[str] = (),
    works: Sequence[beside.Work] = (),
) -> FastAPI:
    """The application that serves a book to its people.

    `hosts` are the names under which it is reached; `sign_on` is the provider of single sign-on. Without people they
    are looked for in the book's folder, once there is one. `works` go on beside the pages.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(app.state.staging.close)
            await stack.enter_async_context(app.state.watch.running())
            await stack.enter_async_context(beside.going_on(served, works))
            loading.begin(open_people)
            yield

    app = FastAPI(title="Rollforward", version=__version__, lifespan=lifespan, openapi_url=None, telemetry=NO_TELEMETRY)
    app.state.served = served
    app.state.watch = live.Watch(served)
    app.state.staging = Staging(served.clock)
    app.state.readiness = health.Readiness(served)
    app.state.measures = measured.Measures(served)
    app.add_middleware(BodyLimit)
    app.add_middleware(Keeping, served=served, kept=Kept())
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=6)
    app.add_middleware(measured.Measuring, measures=app.state.measures)
    problems.install(app)

    opening = threading.Lock()

    def open_people() -> People | None:
        with opening:
            if app.state.people is None and served.is_there:
                app.state.people = people_of(served.path, served.clock)
            found: People | None = app.state.people
            return found

    entrance.install(app, people, open_people=open_people, sign_on=sign_on, hosts=hosts)
    for module in (live, health, measured):
        app.include_router(module.router)
    api.install(app)
    web.install(app)
    return app
