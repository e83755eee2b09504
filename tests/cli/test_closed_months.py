"""Closed months at the command line: an import that changes one says so, and a close that rests on too little."""

import pytest

from cli.desk import run

TERMS = """Customer,Plan,Price,Currency,Interval,Start,End
acme,Pro,120.00,USD,month,2026-01-15,
bolt,Pro,100.00,USD,month,2026-02-01,{end}
"""


@pytest.fixture
def closed(desk):
    run("init", "book", "--currency", "USD")
    (desk / "terms.csv").write_text(TERMS.format(end=""), "utf-8")
    assert run("import", "terms.csv", "--book", "book", "--yes").status == 0
    assert run("close", "2026-04", "--book", "book").status == 0
    assert run("close", "2026-05", "--book", "book").status == 0
    return desk


def test_an_import_says_which_closed_months_it_changes(closed):
    unchanged = run("import", "terms.csv", "--book", "book", "--yes")
    assert "closed" not in unchanged.err
    (closed / "terms.csv").write_text(TERMS.format(end="2026-05-10"), "utf-8")
    changed = run("import", "terms.csv", "--book", "book", "--yes")
    assert "warning: 2026-05 is closed and now differs: rollforward closes --book book" in changed.err
    (closed / "terms.csv").write_text(TERMS.format(end="2026-04-10"), "utf-8")
    changed = run("import", "terms.csv", "--book", "book", "--yes")
    assert "warning: 2026-04 and 2026-05 are closed and now differ: rollforward closes --book book" in changed.err


def test_a_close_warns_of_a_source_that_ends_within_the_month(desk):
    run("init", "book", "--currency", "USD")
    (desk / "terms.csv").write_text(TERMS.format(end=""), "utf-8")
    run("import", "terms.csv", "--book", "book", "--yes", "--good-to", "2026-05-28")
    ran = run("close", "2026-05", "--book", "book", "--dry-run")
    assert ran.status == 0
    assert "warning: source files is good to 2026-05-28, and 2026-05 ends with 2026-05-31" in ran.err


def test_a_close_is_withheld_from_stale_data_unless_that_is_allowed(desk):
    run("init", "book", "--currency", "USD")
    (desk / "terms.csv").write_text(TERMS.format(end=""), "utf-8")
    run("import", "terms.csv", "--book", "book", "--yes", "--good-to", "2026-05-20")
    assert run("close", "2026-05", "--book", "book").status != 0
    allowed = run("close", "2026-05", "--book", "book", "--allow-stale")
    assert allowed.status == 0
    assert "warning: these figures come from source files good to 2026-05-20" in allowed.err


def test_customers_without_names_are_said_to_have_none_to_compare(desk):
    run("init", "book", "--currency", "USD")
    (desk / "terms.csv").write_text(TERMS.format(end=""), "utf-8")
    run("import", "terms.csv", "--book", "book", "--yes")
    ran = run("entry", "likely", "--book", "book")
    assert "there are no names or e-mail addresses to compare, only ids" in ran.err
