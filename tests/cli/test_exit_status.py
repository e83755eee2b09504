"""How commands end: one message with the way out, and the status that scripts rely on."""

import os
import signal
import subprocess
import sys

import duckdb
import pytest

from cli.desk import SETTING, TERMS, count_in_spite_of_quarantine, run
from rollforward.book import Book
from rollforward.surfaces.cli.app import every_command


def ended(ran, status, *said):
    """The command ended so, with one message and nothing that only a programmer reads."""
    assert ran.status == status, ran
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err
    for text in said:
        assert text in ran.err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("mrr --nonsense", "--nonsense"),
        ("nonsense", "nonsense"),
        ("mrr --book demo --every fortnight", "fortnight"),
        ("mrr --book demo --from yesterday", "Write a day (2026-01-31), a month (2026-01) or a year (2026)."),
        ("mrr --book demo --from 2026-02-30", "--from '2026-02-30' is not a day"),
        ("mrr --book demo --from 2027", "2027-01-01 is after the book's last day, 2026-06-30"),
        ("mrr --book demo --from 2026-05 --to 2026-03", "2026-05-01 is after 2026-03-31, the last day asked for"),
        ("mrr --book demo --constant 2026-05-31 --causes", "ask for one of them"),
        ("explain --account c0000005 --book demo", "--on DAY for its MRR, or --movement DAY"),
        ("mrr --book demo --where plan", "Write --where FIELD=VALUE."),
        ("mrr --book demo --where colour=red", "unknown field 'colour'"),
        ("mrr --book demo --by colour", "unknown field 'colour'"),
        ("mrr --book demo --policy chart", "unknown policy 'chart'"),
        ("mrr --book demo --currency QQQ", "QQQ"),
        ("mrr --book demo --as-of soon", "--as-of 'soon' is not a time"),
        ("mrr --book demo --format xlsx", "Add --output FILE.xlsx."),
        ("mrr --book demo --output mrr.pdf", "the ending names no format"),
        ("metrics nothing --book demo", "unknown metric 'nothing'"),
        ("movements --book demo --kind chrun", "Did you mean churn?"),
        ("init demo --currency EUR", "holds a book already"),
        ("demo demo", "A demo book is replaced with --yes"),
        ("init other --currency euros", "not an ISO 4217 code"),
        ("init other --currency EUR --timezone Moon", "timezone 'Moon' is not known"),
        ("init other --currency EUR --policy mine", "unknown policy 'mine'"),
        ("import nothing.csv --book demo", "does not exist"),
        ("import holds.json --book demo --map none.toml", "none.toml"),
        ("import demo/files/customers.csv --book demo --set a", "Write --set NAME=VALUE."),
        ("import demo/files/customers.csv --book demo --set a=b", "answers no question"),
        ("import demo/files/customers.csv --book demo", "nobody could be asked"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_a_request_that_cannot_be_answered_is_2(command, said):
    ended(run(*command.split()), 2, said)


@pytest.mark.usefixtures("demo")
def test_a_clock_that_is_set_to_no_time_says_how_to_set_it(monkeypatch):
    monkeypatch.setenv("ROLLFORWARD_NOW", "rubbish")
    ended(run("mrr", "--book", "demo"), 2, "ROLLFORWARD_NOW 'rubbish'", "2026-06-30T12:00:00")


@pytest.mark.usefixtures("demo")
def test_movements_of_an_account_that_the_book_does_not_know_name_the_nearest():
    ended(run("movements", "--account", "c000005", "--book", "demo"), 5, "knows no account 'c000005'", "c0000005")
    assert run("movements", "--account", "c0000005", "--book", "demo").status == 0


BECAUSE = ["--reason", "why"]

WITHOUT_A_BOOK = {"demo", "init", "verify", "restore", "serve"}
"""Commands that need no book; `serve` offers to make one."""


@pytest.mark.parametrize("command", sorted(set(every_command()) - WITHOUT_A_BOOK))
@pytest.mark.usefixtures("desk")
def test_no_book_is_5(command):
    arguments = {
        "import": ["file.csv"],
        "export": ["out"],
        "backup": ["book.zip"],
        "explain": ["mrr", "2026-06"],
        "history": ["acme"],
        "close": ["2026-06"],
        "restatement": ["2026-06"],
        "reopen": ["2026-06", *BECAUSE],
        "entry merge": ["b", "--into", "a", *BECAUSE],
        "entry transfer": ["b", "--from", "a", *BECAUSE],
        "entry exclude": ["a", *BECAUSE],
        "entry contract": ["customer=a", *BECAUSE],
        "entry correct": ["customers", "name=b", "--where", "customer=a", *BECAUSE],
        "entry undo": ["1", *BECAUSE],
        "board": ["june.pdf"],
        "notices add": ["board", "--to", "a@example.com", "--every", "month"],
        "notices remove": ["board"],
        "notices send": ["board"],
        "people add": ["ann", "--role", "admin"],
        "people change": ["ann", "--role", "admin"],
        "people remove": ["ann"],
        "people key": ["ann", "--scope", "read"],
        "people sign-out": ["ann"],
        "policy new": ["ours", "--extends", "stripe"],
        "policy diff": ["default", "stripe"],
        "policy what-if": ["discounts=none"],
    }
    ended(
        run(*command.split(), *arguments.get(command, []), "--book", "nowhere"),
        5,
        "nowhere is not a book",
        "rollforward init nowhere --currency USD",
    )


@pytest.mark.usefixtures("desk")
def test_a_case_file_that_is_not_there_is_5():
    ended(run("verify", "cases"), 5, "cases does not exist")


@pytest.mark.usefixtures("desk")
def test_no_backup_is_5():
    ended(run("restore", "nowhere.zip", "book"), 5, "nowhere.zip is not there", "rollforward backup")


@pytest.mark.usefixtures("desk")
def test_an_empty_book_is_3():
    assert run("init", "empty", "--currency", "EUR").status == 0
    ended(run("mrr", "--book", "empty"), 3, "the book has none", "rollforward import")


def test_an_import_of_which_nothing_could_be_booked_is_3(desk):
    run("init", "book", "--currency", "EUR")
    count_in_spite_of_quarantine("book")
    (desk / "terms.csv").write_text(TERMS.splitlines()[0] + "\ndune,Basic,fifty,EUR,month,2026-04-01,\n", "utf-8")
    ran = run("import", "terms.csv", "--book", "book", "--yes")
    assert ran.status == 3
    assert "1 rows in = 0 booked + 0 unchanged + 1 quarantined" in ran.out


@pytest.mark.usefixtures("demo")
def test_a_case_that_differs_is_4():
    ran = run("verify", "differs.json")
    assert ran.status == 4
    assert ran.out.splitlines()[-1] == "1 case, 1 differs"


def test_a_book_that_lost_rows_is_4(demo, tmp_path):
    book = copied(demo, tmp_path)
    with duckdb.connect(str(book / "book.duckdb")) as connection:
        connection.execute("DELETE FROM customers WHERE customer = 'c0000001'")
    ran = run("doctor", "--book", book)
    assert ran.status == 4
    assert "fails" in ran.out


def test_a_ledger_that_was_tampered_with_is_4(demo, tmp_path):
    book = copied(demo, tmp_path)
    name = Book.open(book).ledger().name
    with duckdb.connect(str(book / "ledgers" / f"{name}.duckdb")) as connection:
        connection.execute(f"UPDATE {name}.packed_movements SET amount = amount + 1 WHERE kind = 'new'")
    ran = run("doctor", "--book", book)
    assert ran.status == 4
    assert "before + amount = after" in ran.out


def copied(demo, tmp_path):
    book = tmp_path / "copy"
    book.mkdir()
    for name in ("book.toml", "book.duckdb"):
        (book / name).write_bytes((demo / "demo" / name).read_bytes())
    return book


def test_a_book_that_another_process_writes_is_1(demo, tmp_path):
    book = copied(demo, tmp_path)
    holder = (
        "import sys; from pathlib import Path; from rollforward.store.lock import writers_lock\n"
        "with writers_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", holder, str(book)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        ran = run("import", "demo/files", "--book", book, "--yes")
        read = run("mrr", "--book", book, "--from", "2026")
        other.stdin.close()
    ended(ran, 1, "being written by another process", f"process {other.pid}")
    assert read.status == 0, "readers are not shut out"


@pytest.mark.usefixtures("demo")
def test_a_fault_of_ours_is_1_and_shows_no_traceback(monkeypatch):
    monkeypatch.setattr(Book, "rollforward", lambda *_, **__: 1 // 0)
    ended(run("mrr", "--book", "demo"), 1, "ZeroDivisionError", "please report it")
    monkeypatch.setenv("ROLLFORWARD_DEBUG", "1")
    assert "Traceback" in run("mrr", "--book", "demo").err


@pytest.mark.usefixtures("demo")
def test_a_reader_that_leaves_a_pipe_is_no_failure():
    command = f"{sys.executable} -m rollforward movements --book demo --format csv | head -1; echo ${{PIPESTATUS[0]}}"
    code = "from rollforward.surfaces.cli import main; main()"
    command = command.replace("-m rollforward", f"-c '{code}'")
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=environment())
    assert ran.stdout.splitlines() == ["day,account,name,subscription,kind,mrr,before,after", "0"]
    assert "Traceback" not in ran.stderr


@pytest.mark.usefixtures("demo")
def test_a_reader_of_both_streams_that_leaves_is_no_failure_either():
    code = "from rollforward.surfaces.cli import main; main()"
    asked = "metrics mrr --by subscription --every day --book demo"
    command = f"{sys.executable} -c '{code}' {asked} 2>&1 | head -2; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=environment())
    assert ran.stdout.splitlines()[-1] == "0"
    assert ran.stderr == ""


INTERRUPTED = """
import os, signal, sys
from rollforward.store.intake import Intake
from rollforward.surfaces.cli.app import run

method = getattr(Intake, sys.argv[1])

def interrupted(self, *arguments, **named):
    made = method(self, *arguments, **named)
    os.kill(os.getpid(), signal.SIGINT)
    return made

setattr(Intake, sys.argv[1], interrupted)
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize("moment", ["add", "finish"])
def test_an_interrupted_import_is_130_and_leaves_the_book_as_it_was(desk, moment):
    run("init", "book", "--currency", "EUR", "--today", "2026-06-30")
    count_in_spite_of_quarantine("book")
    (desk / "first.csv").write_text(TERMS, "utf-8")
    (desk / "second.csv").write_text(TERMS.replace("120.00", "130.00"), "utf-8")
    assert run("import", "first.csv", "--book", "book", "--yes").status == 0
    before = run("mrr", "--book", "book"), run("problems", "--book", "book")
    command = [sys.executable, "-c", INTERRUPTED, moment, "import", "second.csv", "--book", "book", "--yes"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert ran.returncode == 130, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Interrupted. Nothing was kept" in ran.stderr
    assert (run("mrr", "--book", "book"), run("problems", "--book", "book")) == before
    assert run("import", "second.csv", "--book", "book", "--yes").status == 0


def environment():
    return {**os.environ, **SETTING}


@pytest.mark.usefixtures("desk")
def test_interrupting_stays_python_s_own():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
