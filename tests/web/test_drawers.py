"""Pictures are drawn beside the server, and are the same wherever they are drawn."""

import os
import signal
import subprocess
import sys
import time
from datetime import date, datetime
from decimal import Decimal

import pytest

from rollforward import charts
from rollforward.results import Result, Stamp, column
from rollforward.surfaces.server.drawers import Drawers, Here

STAMP = Stamp("default", "0" * 12, "EUR", "UTC", date(2026, 6, 20), datetime(2026, 6, 21, 8), None, "f" * 12)  # noqa: DTZ001
COLUMNS = ("period", "text"), ("churned_mrr", "money")
RATES = Result(
    "metrics",
    tuple(column(*one) for one in COLUMNS),
    STAMP,
    "SELECT 1",
    lambda: [("2026-05", Decimal(5)), ("2026-06", Decimal(8))],
)


@pytest.fixture
def drawers():
    found = Drawers()
    yield found
    found.stop()


@pytest.fixture
def sketch():
    return charts.sketch(RATES, links=lambda mark: f"/to?when={mark.period}")


def processes_of(drawers):
    return list(drawers._pool._processes)  # noqa: SLF001  nobody else has to know them


def is_running(process):
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")


def test_a_picture_is_the_same_wherever_it_is_drawn(drawers, sketch):
    drawers.start()
    beside = drawers.begin(sketch)
    assert beside.svg() == Here().begin(sketch).svg() == charts.drawn(sketch)
    assert beside.svg().count("<a href=") == 2, "each mark leads somewhere"
    assert os.getpid() not in processes_of(drawers)


def test_when_a_process_that_draws_dies_the_picture_is_drawn_all_the_same(drawers, sketch):
    first = drawers.begin(sketch).svg()
    for process in processes_of(drawers):
        os.kill(process, signal.SIGKILL)
    for _ in range(3):
        assert drawers.begin(sketch).svg() == first
    assert processes_of(drawers), "others were started"


def test_the_processes_end_with_the_one_that_started_them():
    script = (
        "from rollforward.surfaces.server.drawers import Drawers\n"
        "import time\n"
        "if __name__ == '__main__':\n"
        "    drawers = Drawers()\n"
        "    drawers.start()\n"
        "    while not drawers._pool._processes: time.sleep(0.02)\n"
        "    print(*drawers._pool._processes, flush=True)\n"
        "    time.sleep(600)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    drawing = [int(one) for one in server.stdout.readline().split()]
    server.kill()
    server.wait()
    for _ in range(600):
        if not any(is_running(one) for one in drawing):
            return
        time.sleep(0.1)
    pytest.fail("a process that draws outlived its server by a minute")
