"""The entrance: everything by which people come in, put into an application at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends

from rollforward.surfaces.server import oidc, sharing, signin
from rollforward.surfaces.server.door import door
from rollforward.surfaces.server.security import Security
from rollforward.surfaces.web import people as pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fastapi import FastAPI

    from rollforward.people import People


def install(
    app: FastAPI,
    people: People | None,
    *,
    open_people: Callable[[], People | None] | None = None,
    sign_on: oidc.Provider | None = None,
    hosts: Iterable[str] = (),
) -> None:
    """Let an application ask everybody who they are. To be called before any router is included.

    Without `people`, before there is a book, they are asked of `open_people` at each request. `hosts` are the names
    under which the server is reached.
    """
    app.state.people, app.state.open_people, app.state.sign_on = people, open_people, sign_on
    app.router.dependencies.append(Depends(door))
    app.add_middleware(Security, hosts=tuple(hosts))
    for router in (signin.router, sharing.router, oidc.router, pages.router):
        app.include_router(router)
