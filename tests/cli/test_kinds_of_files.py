"""Files of several kinds at once: a map each, one agreement, all of them or none, and no file lost in silence."""

import os
import pty
import subprocess

import pytest

from cli.desk import CUSTOMERS, RATES, SALES, TERMS, count_in_spite_of_quarantine, run
from cli.test_terminal import COMMAND, environment, everything

POUNDS = "Customer,Plan,Price,Currency,Interval,Start,End,Sales rep\neton,Pro,10.00,GBP,month,2026-01-01,,Ann\n"


@pytest.fixture
def files(desk):
    """A book, and a folder with three kinds of files, two of one kind."""
    run("init", "book", "--currency", "EUR", "--today", "2026-06-30")
    count_in_spite_of_quarantine("book")
    (desk / "in").mkdir()
    (desk / "in" / "a_terms.csv").write_text(TERMS, "utf-8")
    (desk / "in" / "b_terms.csv").write_text(TERMS.splitlines()[0] + "\nfern,Pro,30.00,EUR,month,2026-01-01,\n")
    (desk / "in" / "customers.csv").write_text(CUSTOMERS, "utf-8")
    (desk / "in" / "rates.csv").write_text(RATES, "utf-8")
    return desk / "in"


def accounted(ran):
    return [line.split(" rows in")[0] for line in ran.out.splitlines() if " rows in = " in line]


@pytest.mark.usefixtures("files")
def test_each_kind_has_its_map_and_its_line_and_rates_come_first():
    ran = run("import", "in", "--book", "book", "--yes")
    assert ran.status == 0, ran
    assert accounted(ran) == ["in/rates.csv: 1", "in/customers.csv: 2", "in/a_terms.csv and 1 more: 5", "in all: 8"]
    assert "in all: 8 rows in = 7 booked + 0 unchanged + 1 quarantined" in ran.out
    assert "in each of 3 imports" in run("doctor", "--book", "book").out
    again = run("import", "in", "--book", "book", "--yes")
    assert "in all: 8 rows in = 0 booked + 7 unchanged + 1 quarantined" in again.out


@pytest.mark.usefixtures("files")
def test_a_dry_run_of_several_kinds_books_nothing():
    ran = run("import", "in", "--book", "book", "--dry-run")
    assert ran.status == 0
    assert "dry run, in all: 8 rows in = 7 booked" in ran.out
    assert "nothing was imported yet" in run("doctor", "--book", "book").out


def test_a_refused_file_is_named_and_without_agreement_nothing_is_booked(files):
    (files / "deals.csv").write_text(SALES, "utf-8")
    (files / "notes.txt").write_text("", "utf-8")
    (files / "plan.pdf").write_text("", "utf-8")
    asked = run("import", "in", "--book", "book")
    assert asked.status == 2
    refused = [line.split(": ")[1] for line in asked.out.splitlines() if line.startswith("refused: ")]
    assert refused == ["in/deals.csv", "in/notes.txt", "in/plan.pdf"]
    assert "What is refused above would stay out." in asked.err
    assert "nothing was imported yet" in run("doctor", "--book", "book").out
    agreed = run("import", "in", "--book", "book", "--yes")
    assert agreed.status == 3, "what was left out can be seen in the status"
    assert "in all: 8 rows in = 7 booked" in agreed.out
    assert [line.split(": ")[1] for line in agreed.out.splitlines() if line.startswith("refused: ")] == refused


def test_files_that_are_all_refused_are_one_error(files):
    (files / "deals.csv").write_text(SALES, "utf-8")
    ran = run("import", "in/deals.csv", "--book", "book", "--yes")
    assert ran.status == 2
    assert ran.err.startswith("error: in/deals.csv: it looks like a list of sales")
    assert ran.err.endswith("\nNothing was booked.\n")


def test_a_books_own_files_are_no_data(files):
    run("init", "in", "--currency", "EUR", "--today", "2026-06-30")
    run("notices", "add", "board", "--to", "board@example.com", "--every", "month", "--book", "in")
    (files / "mail.toml").touch()
    (files / "notices.lock").touch()
    ran = run("import", "in", "--book", "in", "--yes")
    assert ran.status == 0, ran
    assert (files / "book.duckdb").exists()


@pytest.mark.usefixtures("files")
def test_one_map_serves_all_files_when_it_is_named():
    assert run("import", "in/a_terms.csv", "--book", "book", "--save-map", "terms.toml").status == 2
    ran = run("import", "in/a_terms.csv", "in/b_terms.csv", "--book", "book", "--map", "terms.toml")
    assert (ran.status, accounted(ran)) == (0, ["5"])


def test_several_maps_are_saved_to_a_folder(files):
    assert "name a folder with --save-map" in run("import", "in", "--book", "book", "--save-map", "one.toml").err
    run("import", "in", "--book", "book", "--save-map", "maps")
    saved = files.parent / "maps"
    assert {file.name for file in saved.iterdir()} == {"a_terms.toml", "customers.toml", "rates.toml"}
    assert run("import", "in/rates.csv", "--book", "book", "--map", "maps/rates.toml").status == 0


def test_an_answer_goes_to_every_file_that_asks_or_to_the_one_it_names(files):
    (files / "a_terms.csv").write_text(TERMS.replace("Interval", "Cadence"), "utf-8")
    (files / "c_terms.csv").write_text(POUNDS.replace("Interval", "Cadence"), "utf-8")
    (files / "b_terms.csv").unlink()
    asked = run("import", "in", "--book", "book", "--yes")
    assert asked.status == 2
    assert "--set 'a_terms.csv:interval=...' --set 'c_terms.csv:interval=...'" in asked.err
    one = run("import", "in", "--book", "book", "--yes", "--set", "a_terms.csv:interval=month")
    assert (one.status, "1 question is open" in one.err, "a_terms.csv:interval" in one.err) == (2, True, False)
    unknown = run("import", "in", "--book", "book", "--yes", "--set", "rates.csv:interval=month")
    assert "--set 'rates.csv:interval=month' answers no question. Open: 'interval'." in unknown.err
    assert run("import", "in", "--book", "book", "--yes", "--set", "interval=month").status == 0


@pytest.mark.usefixtures("files")
def test_a_failure_under_way_leaves_nothing_of_any_file(monkeypatch):
    from rollforward.store.intake import Intake

    finish = Intake.finish

    def fails_at_the_last(self, files, column_map):
        if any("terms" in file for file in files):
            raise OSError(5, "disk error", "in/a_terms.csv")
        return finish(self, files, column_map)

    monkeypatch.setattr(Intake, "finish", fails_at_the_last)
    assert run("import", "in", "--book", "book", "--yes").status == 1
    monkeypatch.undo()
    assert "nothing was imported yet" in run("doctor", "--book", "book").out


@pytest.mark.parametrize(
    ("answer", "imports"), [(b"n\n", "nothing was imported yet"), (b"y\n", "in each of 3 imports")]
)
def test_a_person_is_asked_once(files, answer, imports):
    (files / "deals.csv").write_text(SALES, "utf-8")
    ours, theirs = pty.openpty()
    arguments = [*COMMAND, "import", "in", "--book", "book"]
    with subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment()) as ran:
        os.close(theirs)
        os.write(ours, answer)
        text = everything(ours).decode()
    assert ran.returncode == (3 if answer == b"y\n" else 0)
    assert text.count("Book the other 4 files?") == 1
    assert imports in run("doctor", "--book", "book").out


MORE = "Customer,Name,Industry,Country\nacme,Acme Limited,Robots,GB\ndune,Dune BV,Sand,NL\n"
"""Customers again, in other columns: one of them with another name."""


def test_files_of_two_kinds_that_contradict_each_other_are_a_problem(desk):
    (desk / "customers.csv").write_text(CUSTOMERS, "utf-8")
    (desk / "more.csv").write_text(MORE, "utf-8")
    run("init", "book", "--currency", "EUR")
    count_in_spite_of_quarantine("book")
    for booked, unchanged in ((3, 0), (0, 3)):
        ran = run("import", "customers.csv", "more.csv", "--book", "book", "--yes")
        assert f"in all: 4 rows in = {booked} booked + {unchanged} unchanged + 1 quarantined" in ran.out
        assert "the same key with different facts stands in this import already (customers.csv, row 2)" in ran.out
    alone = run("import", "more.csv", "--book", "book", "--yes")
    assert "1 booked + 1 unchanged + 0 quarantined; of those booked, 1 change" in alone.out
