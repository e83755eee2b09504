"""A server of pages, for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import uvicorn

from rollforward.book import now
from rollforward.surfaces.server.app import application
from rollforward.surfaces.server.served import Served


@contextmanager
def serving(folder):
    """The address of a server of a folder, in this process."""
    app = application(Served(folder, now))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
