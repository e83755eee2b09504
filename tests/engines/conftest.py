"""An engine behind Spark Connect, started by the tests that ask for it: Sail, from PyPI, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from engines.desk import DUCKDB

_PATIENCE = 60


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


class Sail:
    """A Sail server: where it listens, and how it ends."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"sc://127.0.0.1:{port}"
        self._process = process

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def sail_server(threads: int | None = None):
    port = free_port()
    command = [sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    more = {"SAIL_RUNTIME__STACK_SIZE": "16777216", "SAIL_EXECUTION__DEFAULT_PARALLELISM": str(threads or 2)}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **more, "RUST_LOG": "off"}
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not answers(port):
            assert process.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        yield Sail(port, process)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def sail():
    """The address of a server that all tests share."""
    with sail_server() as server:
        yield server.url


@pytest.fixture
def mortal():
    """A server of a test's own, which it may kill."""
    with sail_server() as server:
        yield server


@pytest.fixture(params=[DUCKDB, "sail"])
def engine(request):
    """Each engine, by its name."""
    return DUCKDB if request.param == DUCKDB else request.getfixturevalue("sail")
