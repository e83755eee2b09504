"""Drawers: processes that draw pictures beside the server, which goes on meanwhile.

The renderer holds Python's lock while it draws, so that in the server's own process nobody else would be answered.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, Protocol

from rollforward import charts

if TYPE_CHECKING:
    from rollforward.charts import Sketch

PROCESSES = 2
"""How many draw at the same time: a page may have two pictures, and two people may ask."""

REHEARSALS = 8
"""How often a picture is drawn until the next one takes no longer than those after it."""


class Drawn(Protocol):
    """A picture that is drawn, or will be."""

    def svg(self) -> str:
        """The picture; waits until it is there."""


class Drawing(Protocol):
    """What draws pictures."""

    def begin(self, sketch: Sketch, *, everywhere: bool = False) -> Drawn:
        """Begin to draw; `everywhere` in each process, which then draws pictures of that shape at its full speed."""


class Here:
    """Draws in the process of who asks, when the picture is looked at."""

    def begin(self, sketch: Sketch, *, everywhere: bool = False) -> Drawn:  # noqa: ARG002  there is one process
        """A picture that is drawn when somebody looks at it."""
        return _Picture(sketch)


class Drawers:
    """Draws in processes of its own, which end with the one that started them."""

    def __init__(self, processes: int = PROCESSES) -> None:
        self._processes = processes
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """Start the processes, which takes a second; who asks for a picture meanwhile waits for it."""
        pool = self._running()
        for _ in range(self._processes):
            pool.submit(charts.warm)

    def stop(self) -> None:
        """Draw nothing more."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(cancel_futures=True)

    def begin(self, sketch: Sketch, *, everywhere: bool = False) -> Drawn:
        """Begin to draw. Where a process has died, others are started, and what it was to draw is drawn here."""
        pool = self._running()
        try:
            first = pool.submit(charts.drawn, sketch)
            # A process that draws takes no second one meanwhile, so that each of them gets one.
            for _ in range(self._processes if everywhere else 0):
                pool.submit(_rehearse, sketch)
            return _Picture(sketch, first)
        except BrokenProcessPool:
            self._let_go(pool)
            return _Picture(sketch)

    def _let_go(self, pool: ProcessPoolExecutor) -> None:
        """Use a pool no more. Who notices later that it is broken leaves alone the one that stands in its place."""
        with self._lock:
            if self._pool is pool:
                self._pool = None

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                # A copy of the server would hold its locks and its files: they begin anew.
                self._pool = ProcessPoolExecutor(self._processes, get_context("spawn"), _alone)
            return self._pool


class _Picture:
    """A picture that is drawn in another process, or here if there is none or it dies."""

    def __init__(self, sketch: Sketch, future: Future[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._sketch: Sketch | None = sketch
        self._future = future
        self._text = ""

    def svg(self) -> str:
        """The picture; waits until it is there."""
        with self._lock:
            if self._sketch is not None:
                self._text = _text_of(self._sketch, self._future)
                self._sketch = self._future = None
            return self._text


def _text_of(sketch: Sketch, future: Future[str] | None) -> str:
    try:
        return future.result() if future else charts.drawn(sketch)
    except BrokenProcessPool:
        return charts.drawn(sketch)


def _rehearse(sketch: Sketch) -> None:
    """Draw a picture until the renderer is warm: its first ones take three times as long."""
    for _ in range(REHEARSALS):
        charts.drawn(sketch)


def _alone() -> None:
    """In a process that draws: Ctrl+C is the server's, and without the server there is nothing left to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_server, daemon=True).start()


def _end_with_the_server() -> None:
    server = parent_process()
    if server is not None:
        connection.wait([server.sentinel])
        os._exit(0)
