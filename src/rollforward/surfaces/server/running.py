"""Running the server: where it listens, and that it never answers strangers by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

HOME = "127.0.0.1"
PORT = 8765


def run(app: FastAPI, host: str, port: int) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False, date_header=True)
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit as error:
        raise UsageError(
            f"{host}:{port} cannot be listened on. Take another --port, or stop what listens there."
        ) from error
