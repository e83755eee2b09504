"""The output of every command, against golden files. Refresh them with REFRESH_SNAPSHOTS=1."""

import os
import shlex
from pathlib import Path

import pytest

from cli.desk import CUSTOMERS, RATES, SALES, TERMS, make_demo, run, sitting_in
from rollforward.surfaces.cli.app import every_command

GOLDEN = Path(__file__).parent / "golden" / "cli"
BOOK = "--book demo"

READING = {
    "help": "--help",
    "version": "--version",
    "mrr": f"mrr {BOOK} --from 2025-07",
    "mrr_by_currency": f"mrr {BOOK} --every year --by currency --from 2025",
    "mrr_where": f"mrr {BOOK} --every quarter --where country=DE --where country=US --where plan=Team --from 2025",
    "mrr_json": f"mrr {BOOK} --every year --from 2026 --format json",
    "mrr_csv": f"mrr {BOOK} --every quarter --from 2026 --format csv",
    "mrr_md": f"mrr {BOOK} --every quarter --from 2026 --format md",
    "mrr_in_yen": f"mrr {BOOK} --every year --policy never-converted --currency JPY",
    "movements": f"movements {BOOK} --from 2026-06 --limit 8",
    "movements_kind": f"movements {BOOK} --kind churn --from 2026",
    "metrics": f"metrics {BOOK} --every year",
    "metrics_named": f"metrics mrr nrr_12m grr_6m quick_ratio growth_rate {BOOK} --from 2026-01 --every quarter",
    "metrics_list": "metrics --list",
    "cohorts": f"cohorts {BOOK} --every year",
    "cohorts_mrr": f"cohorts {BOOK} --every year --measure mrr --absolute",
    "accounts": f"accounts {BOOK} --limit 10",
    "accounts_search": f"accounts {BOOK} --search inc --limit 3 --format csv",
    "explain_metric": f"explain quick_ratio 2026-06 {BOOK} --limit 2",
    "explain_account": f"explain --account c0000051 --on 2026-06-30 {BOOK} --format md",
    "explain_movement": f"explain --account c0000022 --movement 2026-06-29 {BOOK}",
    "explain_unknown": f"explain --account c000005 --on 2026-06-30 {BOOK}",
    "history": f"history c0000044 {BOOK}",
    "problems": f"problems {BOOK}",
    "build": f"build {BOOK}",
    "doctor": f"doctor {BOOK}",
    "doctor_json": f"doctor {BOOK} --format json",
    "sources": f"sources {BOOK}",
    "sources_imports": f"sources {BOOK} --imports",
    "verify": "verify holds.json",
    "verify_differs": "verify holds.json differs.json",
    "verify_json": "verify holds.json differs.json --format json",
    "build_dry_run": f"build {BOOK} --dry-run",
    "demo_dry_run": "demo other --customers 60 --files --dry-run",
    "init_dry_run": "init other --currency EUR --dry-run",
    "export": f"export out {BOOK} --dry-run",
    "policy_list": f"policy list {BOOK}",
    "policy_show": f"policy show never-converted {BOOK}",
    "policy_show_json": "policy show baremetrics --format json",
    "policy_new": f"policy new ours --extends stripe past_due_days=14 {BOOK} --dry-run",
    "policy_diff": f"policy diff default lago {BOOK}",
    "policy_diff_accounts": f"policy diff default lago {BOOK} --accounts --limit 5",
    "policy_what_if": f"policy what-if past_due_days=14 discounts=none {BOOK} --on 2026-05",
}
"""Commands on the demo book, by the name of their golden file."""

IMPORTING = (
    "init books --currency eur --timezone Europe/Berlin --today 2026-06-30",
    "import terms.csv --book books",
    "import terms.csv --book books --save-map terms.toml",
    "import terms.csv --book books --map terms.toml --dry-run",
    "import terms.csv --book books --map terms.toml",
    "import terms.csv --book books --map terms.toml",
    "problems --book books",
    "mrr --book books",
    "doctor --book books",
)
"""A session: a new book and its first file, told command by command."""

REACHING = (
    "init books --currency eur --timezone Europe/Berlin",
    "import terms.csv --book books --map terms.toml --source billing --good-to 2026-06-01",
    "mrr --book books",
    "mrr --book books --every quarter --allow-stale",
    "sources --book books",
    "import mended.csv --book books --map terms.toml --source billing --complete --dry-run",
    "import terms.csv --book books --map terms.toml --source billing --complete",
    "import mended.csv --book books --map terms.toml --source billing --complete",
    "mrr --book books --every quarter",
    "mrr --book books --as-of 2026-06-29",
    "sources --book books --imports",
)
"""A session: a stale source with a row in quarantine, then all that the source has."""

SEVERAL = (
    "init books --currency eur --timezone Europe/Berlin --today 2026-06-30",
    "import in --book books",
    "import in --book books --yes",
    "accounts --book books --allow-stale",
)
"""A session: a folder with several kinds of files, of which one is refused."""

BACKING_UP = (
    "init books --currency eur --timezone Europe/Berlin --today 2026-06-30",
    "import terms.csv --book books --yes",
    "backup books.zip --book books --dry-run",
    "backup books.zip --book books",
    "backup books.zip --book books",
    "restore books.zip back --dry-run",
    "restore books.zip back",
    "restore books.zip back",
    "restore terms.csv again",
    "mrr --book back --from 2026-05",
)
"""A session: a book is backed up, and comes back in another folder."""


NOTICES = (
    "init books --currency eur --timezone Europe/Berlin --today 2026-06-30",
    "import terms.csv --book books --yes --quiet",
    "notices add board --to board@example.com --every month --book books --dry-run",
    "notices add board --to board@example.com --every month --book books",
    "notices add board --to board@example.com --every month --book books",
    "notices add large --to nobody --over 100 --book books",
    "notices add large --to ops@example.com --over 100 --where plan=Pro --book books",
    "notices send board --book books --dry-run",
    "notices send board --book books",
    "notices list --book books",
    "notices list --book books --log board",
    "notices remove board --book books",
    "notices remove board --book books",
)
"""A session: somebody is told of each month and of large movements."""

BOLT = "bolt,Pro,100.00,EUR,month,2026-02-01,2026-05-01\n"
MAP = """shape = "terms"

[columns]
customer = "Customer"
plan = "Plan"
amount = "Price"
currency = "Currency"
interval = "Interval"
starts = "Start"
ends = "End"
"""
CLOSING = (
    ("2026-06-02T09:00:00", "init books --currency eur --timezone Europe/Berlin"),
    ("2026-06-02T09:05:00", "import terms.csv --book books --yes --quiet"),
    ("2026-06-02T09:10:00", "close 2026-06 --book books --by Ada"),
    ("2026-06-02T09:10:00", "close 2026-04 --book books --by Ada --dry-run"),
    ("2026-06-02T09:10:00", "close 2026-04 --book books --by Ada --note 'sent to the board'"),
    ("2026-06-02T09:15:00", "close 2026-05 --book books --by Ada"),
    ("2026-06-09T09:00:00", "import late.csv --book books --yes --quiet"),
    ("2026-06-10T09:00:00", "mrr --book books --from 2026-04"),
    ("2026-06-10T09:00:00", "closes --book books"),
    ("2026-06-10T09:00:00", "closes 2026-04 --book books"),
    ("2026-06-10T09:00:00", "restatement 2026-04 --book books"),
    ("2026-06-10T09:00:00", "restatement 2026-05 --book books --format json"),
    ("2026-06-10T09:05:00", "reopen 2026-04 --book books --by Bob --reason 'a file was late'"),
    ("2026-06-10T09:05:00", "reopen 2026-04 --book books --by Bob --reason 'a file was late' --yes"),
    ("2026-06-10T09:10:00", "closes --book books"),
    ("2026-06-10T09:10:00", "verify --integrity --book books"),
)
"""A session: months are closed, a file comes late, and they are opened again; each command with its time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("golden")
    ran = make_demo(made)
    policies = made / "demo" / "policies"
    policies.mkdir()
    (policies / "never-converted.toml").write_text('exchange_rate = "none"\n', "utf-8")
    with sitting_in(made):
        # Used once, whichever command is tried first in this process.
        run(*shlex.split(READING["mrr_in_yen"]))
    return made, ran


def told(command):
    return f"$ rollforward {command}\n{run(*shlex.split(command))}"


def hold_against(name, text):
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("REFRESH_SNAPSHOTS"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_demo(folder):
    hold_against("demo", f"$ rollforward demo demo --customers 60 --files\n{folder[1]}")


@pytest.mark.parametrize("name", READING)
def test_output(name, folder):
    with sitting_in(folder[0]):
        hold_against(name, told(READING[name]))


def help_file(name):
    return f"help_{name.replace(' ', '_')}"


@pytest.mark.parametrize("name", every_command())
def test_help(name, tmp_path):
    with sitting_in(tmp_path):
        text = told(f"{name} --help")
    hold_against(help_file(name), text)
    assert len(text.splitlines()) <= 40, "a command's help fits a screen"
    assert f"Example: rollforward {name}" in text


def test_importing(tmp_path):
    (tmp_path / "terms.csv").write_text(TERMS, "utf-8")
    with sitting_in(tmp_path):
        hold_against("importing", "\n".join(told(command) for command in IMPORTING))


def test_reaching(tmp_path):
    (tmp_path / "terms.csv").write_text(TERMS, "utf-8")
    (tmp_path / "mended.csv").write_text(TERMS.replace("fifty", "50").replace(BOLT, ""), "utf-8")
    (tmp_path / "terms.toml").write_text(MAP, "utf-8")
    with sitting_in(tmp_path):
        hold_against("reaching", "\n".join(told(command) for command in REACHING))


def test_importing_several_kinds(tmp_path):
    (tmp_path / "in").mkdir()
    for name, text in {"terms": TERMS, "customers": CUSTOMERS, "rates": RATES, "deals": SALES}.items():
        (tmp_path / "in" / f"{name}.csv").write_text(text, "utf-8")
    with sitting_in(tmp_path):
        hold_against("importing_several_kinds", "\n".join(told(command) for command in SEVERAL))


def test_backing_up(tmp_path):
    (tmp_path / "terms.csv").write_text(TERMS, "utf-8")
    with sitting_in(tmp_path):
        hold_against("backing_up", "\n".join(told(command) for command in BACKING_UP))


def readable():
    return "".join(line for line in TERMS.splitlines(keepends=True) if "fifty" not in line)


def test_notices(tmp_path):
    (tmp_path / "terms.csv").write_text(readable(), "utf-8")
    with sitting_in(tmp_path):
        hold_against("notices", "\n".join(told(command) for command in NOTICES))


def test_closing(tmp_path, monkeypatch):
    (tmp_path / "terms.csv").write_text(readable(), "utf-8")
    (tmp_path / "late.csv").write_text(readable().replace("2026-02-01,2026-05-01", "2026-02-01,2026-04-10"), "utf-8")
    parts = []
    with sitting_in(tmp_path):
        for now, command in CLOSING:
            monkeypatch.setenv("ROLLFORWARD_NOW", now)
            parts.append(told(command))
    hold_against("closing", "\n".join(parts))


def test_golden_files_name_no_path_of_a_machine():
    texts = [file.read_text("utf-8") for file in GOLDEN.glob("*.txt")]
    assert texts
    folders = ("tmp", "home", "work", "root")
    assert not any(f"/{folder}/" in text for text in texts for folder in folders)


def test_every_golden_file_has_its_test():
    sessions = {"demo", "importing", "importing_several_kinds", "backing_up", "reaching", "closing", "notices"}
    named = {*READING, *map(help_file, every_command()), *sessions}
    assert {file.stem for file in GOLDEN.glob("*.txt")} == named
