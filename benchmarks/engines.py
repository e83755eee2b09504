"""The same build on every engine, at several sizes and with one thread and two. `make bench-engines`.

Each build runs from the same record tables in a process of its own, and has to give the same ledger hash. Engines
beside the embedded one are servers that this script starts: Sail, and Spark itself with `--spark PYTHON`, the Python
of an environment in which the whole `pyspark` is installed (it needs Java).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from book import benchmark_book

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path("bench-data")
KEPT = FOLDER / "engines.json"
REPORT = Path("docs/scale.md")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
PATIENCE = 120
CHILD = Path(__file__).with_name("one_build.py")


@dataclass
class Run:
    """One build: where it ran, how long each step took, the memory it took at most, and the ledger's hash."""

    engine: str
    threads: int
    buckets: int
    customers: int
    steps: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    processor: float = 0.0
    memory: int = 0
    hash: str = ""
    load: float = 0.0

    @property
    def place(self) -> tuple[int, str, int, int]:
        """What tells it from other runs."""
        return self.customers, self.engine, self.threads, self.buckets


@dataclass
class Server:
    """A server that was started: its address, and the process whose memory counts."""

    url: str
    process: subprocess.Popen[bytes]

    def processor(self) -> float:
        """The processor seconds of the server so far, its children's included."""
        return sum(_processor_of(pid) for pid in (self.process.pid, *_children(self.process.pid)))

    def peak(self) -> int:
        """The peak memory of the server in MB, its children's included."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(_peak_of(pid) for pid in pids)


def main() -> None:
    """Measure, print the tables, and write them where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", default="100000", help="customers, separated by commas; none: only write what was measured last"
    )
    parser.add_argument("--spark", help="a Python with the whole pyspark, for Spark itself")
    parser.add_argument("--spark-up-to", type=int, default=100_000, help="the most customers that Spark is tried with")
    parser.add_argument("--buckets", default="16", help="buckets, separated by commas")
    parser.add_argument("--runs", type=int, default=1, help="how often each build runs; the median counts")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {REPORT}")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",") if size]
    buckets = [int(number) for number in asked.buckets.split(",")]
    for size in sizes:
        records = _records(size)
        spark = asked.spark if size <= asked.spark_up_to else None
        for run in _measured(records, size, buckets, spark, asked.runs):
            print(_line(run), flush=True)
            _keep(run)
    report = _report(_kept(), _costs())
    print(report, flush=True)
    if asked.write:
        text = REPORT.read_text("utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        REPORT.write_text(before + BEGIN + report + END + after, "utf-8")


def _kept() -> list[Run]:
    """The last run of each engine, size, number of threads and of buckets."""
    return [Run(**run) for run in json.loads(KEPT.read_text("utf-8"))] if KEPT.exists() else []


def _keep(run: Run) -> None:
    runs = {run.place: run for run in (*_kept(), run)}
    told = [asdict(runs[place]) for place in sorted(runs)]
    KEPT.write_text(json.dumps(told, indent=1), "utf-8")


def _records(size: int) -> Path:
    records = FOLDER / f"records-{size}"
    if not records.exists():
        print(f"making the records of {size:,} customers", flush=True)
        FOLDER.mkdir(exist_ok=True)
        benchmark_book(FOLDER, size).write_records(records)
    return records


def _measured(records: Path, size: int, buckets: list[int], spark: str | None, times: int) -> Iterator[Run]:
    for threads in (1, 2):
        for number in buckets:
            yield _median([_build(records, Run("DuckDB", threads, number, size), "duckdb") for _ in range(times)])
        with _sail(threads) as server:
            for number in buckets:
                yield _median([_build(records, Run("Sail", threads, number, size), server) for _ in range(times)])
        if spark is not None and threads > 1:
            with _spark(spark, threads) as server:
                yield _median([_build(records, Run("Spark", threads, buckets[-1], size), server) for _ in range(times)])


def _build(records: Path, run: Run, engine: Server | str) -> Run:
    """One build in a process of its own."""
    out = FOLDER / f"out-{run.engine}"
    url = engine.url if isinstance(engine, Server) else engine
    before = engine.processor() if isinstance(engine, Server) else 0.0
    threads = str(run.threads if url == "duckdb" else 0)
    command = [sys.executable, str(CHILD), str(records), str(out), url, str(run.buckets), threads]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{run.engine}: {done.stderr[-6000:]}")
    *told, run.hash, own, spent = done.stdout.split("\n")[:-1]
    marks = [(float(at), step) for at, step in (line.split("\t") for line in told)]
    for (at, step), (until, _) in pairwise(marks):
        run.steps[step] = run.steps.get(step, 0.0) + until - at
    run.seconds = marks[-1][0]
    run.processor = float(spent) + (engine.processor() - before if isinstance(engine, Server) else 0.0)
    run.load = os.getloadavg()[0]
    run.memory = engine.peak() if isinstance(engine, Server) else int(own)
    return run


def _median(runs: list[Run]) -> Run:
    middle = statistics.median_low([run.seconds for run in runs])
    return next(run for run in runs if run.seconds == middle)


# -- servers ----------------------------------------------------------------------------------------------------------


@contextmanager
def _sail(threads: int) -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    more = {"SAIL_EXECUTION__DEFAULT_PARALLELISM": str(threads), "RUST_LOG": "off"}
    with _started(command, port, more, cpus=threads) as server:
        yield server


@contextmanager
def _spark(python: str, threads: int) -> Iterator[Server]:
    port = _free_port()
    find = [python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"]
    home = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    settings = {
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.memory": "6g",
        "spark.sql.shuffle.partitions": str(4 * threads),
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
    }
    command = [f"{home}/bin/spark-submit", "--master", f"local[{threads}]"]
    command += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    with _started(command, port, {"SPARK_HOME": home, "PYSPARK_PYTHON": python}, cpus=threads) as server:
        yield server


@contextmanager
def _started(command: list[str], port: int, more: dict[str, str], *, cpus: int) -> Iterator[Server]:
    """A server bound to so many processors, ready to be asked, gone at the end."""
    taskset = ["taskset", "--cpu-list", f"0-{cpus - 1}"] if shutil.which("taskset") else []
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*taskset, *command], env={**os.environ, **more}, start_new_session=True, **quiet)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} does not start")
            time.sleep(0.1)
        yield Server(f"sc://127.0.0.1:{port}", process)
    finally:
        for pid in (*_children(process.pid), process.pid):
            os.kill(pid, 9)
        process.wait()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(child) for child in path.read_text().split()] if path.exists() else []
    return [*own, *(grandchild for child in own for grandchild in _children(child))]


def _processor_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


# -- the report -------------------------------------------------------------------------------------------------------


def _costs() -> str:
    """Rows and bytes of each table and stage, from the files of the embedded engine's last result."""
    records = Path(json.loads((FOLDER / "out-DuckDB" / "result.json").read_text("utf-8"))["records"])
    size = int(records.name.rpartition("-")[2])
    lines = [
        f"| step, at {size:,} customers | rows | bytes in Parquet | bytes a row | rows a customer |",
        "|---|---|---|---|---|",
    ]
    ledger = FOLDER / "out-DuckDB" / "ledger"
    shown = ("spans", "valued", "movements", "cube", "overlaps", "set_aside")
    folders = [(records / name, f"records: `{name}`") for name in ("customers", "subscription_items")]
    folders += [(ledger / name, f"`{name}`") for name in shown if (ledger / name).exists()]
    for folder, name in folders:
        files = [str(file) for file in folder.rglob("*.parquet")]
        (rows,) = duckdb.execute("SELECT count(*) FROM read_parquet(?)", [files]).fetchall()[0]
        taken = sum(Path(file).stat().st_size for file in files)
        each = f"{taken / rows:.1f}" if rows else ""
        lines.append(f"| {name} | {rows:,} | {taken:,} | {each} | {rows / size:.2f} |")
    return "\n".join(lines) + "\n"


def _line(run: Run) -> str:
    kept = [f"{run.steps.get(step, 0):.1f}" for step in _STEPS]
    cells = [
        f"{run.customers:,}",
        run.engine,
        run.threads,
        run.buckets,
        f"{run.seconds:.1f}",
        f"{run.processor:.1f}",
        *kept,
        f"{run.memory:,}",
        f"{run.load:.0f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


_STEPS = ("what counts, from when to when", "how MRR moved", "flows by day and segment", "proofs")


_HEADS = ("customers", "engine", "threads", "buckets", "build, s", "processors, s")
_HEADS += ("spans, s", "movements, s", "cube, s", "proofs, s", "peak, MB", "load")


def _report(runs: list[Run], costs: str) -> str:
    hashes = {size: {run.hash for run in runs if run.customers == size} for size in {run.customers for run in runs}}
    if wrong := [size for size, found in hashes.items() if len(found) > 1]:
        raise SystemExit(f"the engines disagree at {wrong} customers: {hashes}")
    return (
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores that others used.\n"
        "The load is the machine's in the minute of the run, and what else ran is in the seconds by the clock.\n"
        "Those of the processors, of client and engine together, it changes little.\n"
        "A build goes from Parquet to Parquet; beside it four of its steps, and the peak memory of the engine.\n"
        "Every build of a size gave the same hash.\n\n"
        f"| {' | '.join(_HEADS)} |\n|"
        + "---|" * len(_HEADS)
        + "\n"
        + "".join(f"{_line(run)}\n" for run in runs)
        + f"\n{costs}"
    )


if __name__ == "__main__":
    main()
