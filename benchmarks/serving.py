"""What a server of the book takes: from start to the first page, for each kind of request, and under a load."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from book import benchmark_book
from measures import Figure
from places import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8797
ADDRESS = f"http://127.0.0.1:{PORT}"
RUNS = 20
SECONDS = 10
ASKING = 4
"""How many ask at the same time in the load."""

LINE = 10_000_000 / 8
"""Bytes a second of the line on which the first page is to be readable."""


def serving_rows(size: int) -> Iterator[Figure]:
    """What the server of a built book takes."""
    book = benchmark_book(FOLDER, size)
    book.ledger()
    accounts = [str(row[0]) for row in book.accounts().part(0, 400)]
    # Python compiles what it loads when it first does, and where it was installed it has.
    with served(book.path):
        pass
    with served(book.path) as (started, process):
        yield Figure("start of `serve`, to the first answer", f"{started:.2f} s", "under 2 s", started < 2)
        with httpx.Client(base_url=ADDRESS, timeout=60) as client:
            client.get("/")  # the ledger's files are opened, the first picture drawn
            _let_rest(process.pid)
            yield from _page_rows(client, accounts)
            yield from _weight_rows(client)
            yield from _mixed_rows(client, accounts)
        rate, slow = _load(_mixed(accounts))
        yield Figure(
            f"mixed reads, each asked before, {ASKING} at a time for {SECONDS} s",
            f"{rate:.0f} a second, p95 {slow * 1000:.0f} ms",
            "200 a second",
            rate >= 200,
        )
        memory = _memory(process.pid)
        what = "peak memory of the server and the processes that draw for it"
        yield Figure(what, f"{memory:,} MB", "under 1,000 MB", memory < 1_000)


def _page_rows(client: httpx.Client, accounts: list[str]) -> Iterator[Figure]:
    months = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)][:RUNS]
    cold = _p95(client, [f"/?from={month}" for month in months])
    yield Figure(
        "the overview of months that were not asked for before, p95", f"{cold * 1000:.0f} ms", "150 ms", cold <= 0.15
    )
    warm = _p95(client, ["/?from=2025-01"] * (RUNS * 2))
    yield Figure("the overview, asked again, p95", f"{warm * 1000:.0f} ms", "30 ms", warm <= 0.03)
    names = ("mrr", "quick_ratio", "arpa", "customer_churn_rate", "nrr", "grr", "net_new_mrr", "customers")
    paths = [f"/api/v1/metrics/{name}?from={month}" for name, month in zip(cycle(names), months, strict=False)]
    first = _p95(client, paths)
    yield Figure("a metric by month from the API, first asked, p95", f"{first * 1000:.0f} ms", "50 ms", first <= 0.05)
    again = _p95(client, paths)
    yield Figure("the same again, p95", f"{again * 1000:.0f} ms", "50 ms", again <= 0.05)
    page = _p95(client, [f"/accounts/{account}" for account in accounts[: RUNS * 2]])
    yield Figure("the page of an account, first asked, p95", f"{page * 1000:.0f} ms", "30 ms", page <= 0.03)


def _let_rest(pid: int) -> None:
    """Wait until the server has found what it finds beforehand: it then uses next to no processor time."""
    used = -1.0
    while (now := _processor_seconds(pid)) - used > 0.1:
        used = now
        time.sleep(1)


def _processor_seconds(pid: int) -> float:
    """The processor time that a process has used so far, in seconds."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _weight_rows(client: httpx.Client) -> Iterator[Figure]:
    """The bytes of a first visit: the page and what it loads, compressed as they go over the wire."""
    page = client.get("/")
    parts = [part.split('"')[0] for part in page.text.split('="/static/')[1:]]
    loaded = sum(_wire(client, f"/static/{part}") for part in parts)
    whole = _wire(client, "/") + loaded
    readable = whole / LINE + _p95(client, ["/"] * RUNS)
    yield Figure("the first page with all it loads, over the wire", f"{whole / 1000:.0f} KB", "60 KB", whole <= 60_000)
    yield Figure("readable on a line of 10 Mbit/s", f"{readable:.2f} s", "0.5 s", readable <= 0.5)


def _wire(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path) as answer:
        return sum(len(part) for part in answer.iter_raw())


def _p95(client: httpx.Client, paths: list[str]) -> float:
    taken = []
    for path in paths:
        begun = time.perf_counter()
        answer = client.get(path)
        taken.append(time.perf_counter() - begun)
        answer.raise_for_status()
    return sorted(taken)[math.ceil(len(taken) * 0.95) - 1]


def _mixed(accounts: list[str]) -> list[str]:
    """What the readers of the load ask for."""
    pages = ["/", "/movements?from=2025-06", "/api/v1/metrics/mrr?from=2025-01", "/api/v1/rollforward?from=2025-01"]
    return pages + [f"/accounts/{account}" for account in accounts[:40]]


def _mixed_rows(client: httpx.Client, accounts: list[str]) -> Iterator[Figure]:
    """What is asked for in the load, first and again by one reader, who holds a cookie as a browser does."""
    mixed = _mixed(accounts)
    first = max(_p95(client, [path]) for path in mixed if path not in {"/", *mixed[4:]})
    yield Figure("movements, a metric and the roll-forward, first asked, the slowest", f"{first:.2f} s", "")
    again = _p95(client, mixed * 2)
    yield Figure("the pages of the load, asked again, p95", f"{again * 1000:.0f} ms", "30 ms", again <= 0.03)


def _load(mixed: list[str]) -> tuple[float, float]:
    """Answers a second and the 95th percentile of their seconds, of several readers that ask without a pause.

    Each reader is a browser of its own, to whom each page is given for the first time once.
    """
    taken: list[float] = []
    until = time.perf_counter() + SECONDS

    def read(offset: int) -> None:
        with httpx.Client(base_url=ADDRESS, timeout=60) as client:
            for path in islice(cycle(mixed), offset, None):
                if time.perf_counter() > until:
                    return
                begun = time.perf_counter()
                client.get(path).raise_for_status()
                taken.append(time.perf_counter() - begun)

    readers = [threading.Thread(target=read, args=(number * 11,)) for number in range(ASKING)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return len(taken) / SECONDS, sorted(taken)[math.ceil(len(taken) * 0.95) - 1]


@contextmanager
def served(folder: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    """A server of a book in a process of its own, and the seconds until it answered."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "rollforward", "serve", "--book", str(folder), "--port", str(PORT), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=_compiling())
    try:
        while True:
            with suppress(httpx.TransportError):
                httpx.get(f"{ADDRESS}/healthz")
                break
            time.sleep(0.02)
        yield time.perf_counter() - begun, process
    finally:
        process.terminate()
        process.wait(20)


def _compiling() -> dict[str, str]:
    """An environment in which Python keeps what it compiles, in the folder of the benchmark."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str((FOLDER / "compiled").resolve())}


def _memory(pid: int) -> int:
    """The largest memory that a process had so far and those that it started, added up, in MB."""
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
    return own + sum(_memory(int(one)) for one in started)
