"""Loading: the parts that take long to load are loaded once the server is up, before somebody asks for a page."""

from __future__ import annotations

import logging
from threading import Thread
from typing import TYPE_CHECKING

from rollforward import charts

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("rollforward.server")


def begin(open_people: Callable[[], object]) -> Thread:
    """Load the database of people and the renderer of pictures, in a thread that nobody waits for.

    The renderer comes last: while it starts, which takes half a second, Python does nothing else.
    """
    thread = Thread(target=_go_through, args=((open_people, charts.warm),), name="loading", daemon=True)
    thread.start()
    return thread


def _go_through(steps: tuple[Callable[[], object], ...]) -> None:
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001  whoever asks for it is told
            _log.info("not loaded beforehand: %s", error)
