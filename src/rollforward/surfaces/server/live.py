"""Live pages: whoever has one open is told within a second when the book changes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from rollforward.errors import RollforwardError
from rollforward.surfaces.server.meanwhile import meanwhile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rollforward.surfaces.server.served import Served

EVERY = 0.3
"""Seconds between two looks at the book. A look costs the state of three files."""

BEAT = 15
"""Seconds after which an idle stream says that it is alive, so that nothing between closes it."""

router = APIRouter()


class Watch:
    """Watches a book and wakes who waits for a change."""

    def __init__(self, served: Served, every: float = EVERY) -> None:
        self._served = served
        self._every = every
        self._changed = asyncio.Condition()
        self.state = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch while the block runs."""
        self.state = await self._look()
        async with meanwhile(self._go_on()):
            yield

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            found = await self._look()
            if found != self.state:
                async with self._changed:
                    self.state = found
                    self._changed.notify_all()

    async def _look(self) -> str:
        try:
            return await asyncio.to_thread(lambda: self._served.state)
        except RollforwardError:
            return ""

    async def changed(self, since: str, wait: float) -> str:
        """The state once it is another than `since`, or as it is after `wait` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait), self._changed:
                await self._changed.wait_for(lambda: self.state != since)
        return self.state


@router.get("/live", include_in_schema=False)
async def live(request: Request) -> StreamingResponse:
    """Server-sent events: `changed` whenever the book is another than it was."""
    watch: Watch = request.app.state.watch

    async def events() -> AsyncIterator[str]:
        state = watch.state
        yield "retry: 1000\n\n"
        while not await request.is_disconnected():
            found = await watch.changed(state, BEAT)
            yield ": still here\n\n" if found == state else "event: changed\ndata: book\n\n"
            state = found

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)
