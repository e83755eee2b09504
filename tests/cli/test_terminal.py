"""At a terminal and in a pipe: the same data, and a start that loads nothing heavy."""

import os
import pty
import subprocess
import sys

import pytest

from cli.desk import SETTING, TERMS, run

COMMAND = [sys.executable, "-c", "from rollforward.surfaces.cli import main; main()"]
HEAVY = ("babel", "currency_converter", "duckdb", "ibis", "pyarrow", "rich", "xlsxwriter")


def environment():
    return {**os.environ, **SETTING, "TERM": "xterm-256color"}


def at_a_terminal(*arguments):
    """What a command writes to stdout when it and stderr are terminals, line ends as in a pipe."""
    ours, theirs = pty.openpty()
    others, stderr = pty.openpty()
    with subprocess.Popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=stderr, env=environment()) as ran:
        os.close(theirs)
        os.close(stderr)
        text = everything(ours)
        everything(others)
    return ran.returncode, text.replace(b"\r\n", b"\n")


def everything(file):
    parts = []
    try:
        while part := os.read(file, 65536):
            parts.append(part)
    except OSError:  # the other side has closed
        pass
    os.close(file)
    return b"".join(parts)


@pytest.mark.parametrize("command", ["mrr", "accounts", "cohorts --every year", "mrr --format json", "mrr --help"])
@pytest.mark.usefixtures("demo")
def test_a_terminal_and_a_pipe_get_the_same(command):
    arguments = [*command.split(), "--book", "demo"]
    piped = subprocess.run([*COMMAND, *arguments], capture_output=True, check=True, env=environment())
    assert at_a_terminal(*arguments) == (0, piped.stdout)


@pytest.mark.usefixtures("demo")
def test_a_pipe_shows_no_progress():
    piped = subprocess.run([*COMMAND, "build", "--book", "demo"], capture_output=True, check=True, env=environment())
    assert piped.stderr == b""


@pytest.mark.usefixtures("demo")
def test_bytes_are_not_written_to_a_terminal():
    status, text = at_a_terminal("mrr", "--book", "demo", "--format", "parquet")
    assert (status, text) == (2, b"")


def test_a_person_is_asked_before_rows_are_booked(desk):
    run("init", "book", "--currency", "EUR")
    (desk / "terms.csv").write_text(TERMS.replace("Interval", "Cadence by which"), "utf-8")
    assert answered(b"month\n", b"n\n") == 0
    assert "0 imports" in str(run("doctor", "--book", "book")) or "nothing was imported yet" in str(
        run("doctor", "--book", "book")
    )
    assert answered(b"3\n", b"y\n") == 0
    assert "in the 1 import" in run("doctor", "--book", "book").out


def answered(*answers):
    """The exit status of an import at whose questions a person types these answers."""
    ours, theirs = pty.openpty()
    arguments = [*COMMAND, "import", "terms.csv", "--book", "book"]
    with subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment()) as ran:
        os.close(theirs)
        for answer in answers:
            os.write(ours, answer)
        everything(ours)
    return ran.returncode


@pytest.mark.parametrize("arguments", [["--help"], ["mrr", "--help"], ["import", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys\nfrom rollforward.surfaces.cli.app import run\n"
        f"status = run({arguments!r})\nloaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(status, loaded, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert ran.stderr.strip() == "0 []"


def test_completion_is_offered():
    ran = subprocess.run(
        [*COMMAND, "--show-completion", "bash"], capture_output=True, text=True, check=False, env=environment()
    )
    assert "Traceback" not in ran.stderr
