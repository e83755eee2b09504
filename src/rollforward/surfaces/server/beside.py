"""What runs beside the pages: begun once there is a book, ended with the server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from rollforward.surfaces.server.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from rollforward.surfaces.server.served import Served

LOOK = 1.0
"""Seconds between two looks whether a book has come."""


class Work(Protocol):
    """Something that goes on in threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Begin nothing more, and wait for what is under way."""


@asynccontextmanager
async def going_on(served: Served, works: Sequence[Work]) -> AsyncIterator[None]:
    """Let works go on while the block runs."""
    try:
        async with meanwhile(_begin(served, works)):
            yield
    finally:
        for work in works:
            await asyncio.to_thread(work.stop)


async def _begin(served: Served, works: Sequence[Work]) -> None:
    while not served.is_there:  # noqa: ASYNC110  a folder on disk is nothing that tells
        await asyncio.sleep(LOOK)
    for work in works:
        await asyncio.to_thread(work.start)
