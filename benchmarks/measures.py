"""Measures: seconds and peak memory of commands and of steps, as medians and as ratios pair by pair."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Figure:
    """One row of the report: what was measured, its median, and the goal it stands beside."""

    what: str
    median: str
    goal: str
    holds: bool | None = None

    def row(self) -> str:
        """The row as Markdown."""
        verdict = "" if self.holds is None else ("yes" if self.holds else "**no**")
        return f"| {self.what} | {self.median} | {self.goal} | {verdict} |"


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def paired(ours: Callable[[], float], theirs: Callable[[], float], runs: int) -> tuple[float, float, float]:
    """Median seconds of both, run in turn, and the median of their ratios."""
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[0] / pair[1] for pair in pairs),
    )


def median_seconds(run: Callable[[], object], runs: int) -> float:
    """The median of several runs."""
    return statistics.median(seconds(run) for _ in range(runs))


def command(*arguments: str) -> tuple[float, int]:
    """Seconds and peak memory in MB of a command in a process of its own."""
    begun = time.perf_counter()
    launched = [sys.executable, "-S", "-c", _LAUNCHER, sys.executable, *arguments]
    done = subprocess.run(launched, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with status {done.returncode}\n{done.stderr}")
    return time.perf_counter() - begun, int(done.stdout.split()[-1]) // 1024


_LAUNCHER = (
    "import resource, subprocess, sys; "
    "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
)
"""A small process between, so that the peak memory is the command's own and not that of the one that measures."""


def own_peak() -> int:
    """The peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
