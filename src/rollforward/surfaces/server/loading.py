"""Loading: what takes long to load is loaded once the server is up, before somebody asks for a page."""

from __future__ import annotations

import logging
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("rollforward.server")


def begin(open_people: Callable[[], object]) -> Thread:
    """Load the database of people, in a thread that nobody waits for."""
    thread = Thread(target=_load, args=(open_people,), name="loading", daemon=True)
    thread.start()
    return thread


def _load(part: Callable[[], object]) -> None:
    try:
        part()
    except Exception as error:  # noqa: BLE001  whoever asks for it is told
        _log.info("not loaded beforehand: %s", error)
