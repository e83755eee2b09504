"""Notices at the command line: webhooks and their secrets, watched folders, and what is refused."""

import re

import pytest

from cli.desk import TERMS, run
from notices.world import MAP


@pytest.fixture
def book(desk):
    assert run("init", "book", "--currency", "EUR").status == 0
    (desk / "in").mkdir()
    (desk / "map.toml").write_text(MAP, "utf-8")
    return desk / "book"


def test_the_secret_of_a_webhook_is_shown_once(book):
    ran = run("notices", "add", "hook", "--to", "https://example.com/mrr", "--every", "day", "--book", "book")
    (secret,) = re.findall(r"^secret (whsec_[A-Za-z0-9+/=]+)$", ran.out, re.MULTILINE)
    listed = run("notices", "list", "--book", "book", "--format", "json")
    assert "https://example.com/mrr" in listed.out
    assert secret not in listed.out + listed.err
    kept = [file for file in book.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
    assert [file.stat().st_mode & 0o077 for file in kept] == [0]


@pytest.mark.usefixtures("book")
def test_a_folder_is_watched_under_its_whole_path(desk):
    ran = run("notices", "add", "in", "--watch", "in", "--source", "billing", "--map", "map.toml", "--book", "book")
    assert ran.out == f"added in: files in {desk / 'in'} as source billing\n"
    assert str(desk / "in") in run("notices", "list", "--book", "book").out
    ran = run("notices", "send", "in", "--book", "book")
    assert (ran.status, "no digest" in ran.err) == (2, True)


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--every", "day"], "nobody is named"),
        (["--to", "a@example.com"], "nothing to tell of"),
        (["--to", "a@example.com", "--every", "day", "--at", "8am"], "no time of day"),
        (["--to", "a@example.com", "--over", "much"], "no amount"),
        (["--to", "a@example.com", "--over", "-5"], "above 0"),
        (["--to", "a@example.com", "--over", "NaN"], "above 0"),
        (["--to", "a@example.com", "--every", "day", "--policy", "strip"], "unknown policy"),
        (["--to", "a@example.com", "--every", "day", "--source", "x"], "--watch"),
        (["--watch", "in", "--source", "x"], "--map"),
        (["--watch", "nowhere", "--source", "x", "--map", "map.toml"], "no folder"),
        (["--watch", "in", "--map", "map.toml"], "--source"),
        (["--watch", "in", "--source", "x", "--map", "map.toml", "--every", "day"], "no digest of its own"),
        (["--watch", ""], "empty"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(options, said):
    ran = run("notices", "add", "x", *options, "--book", "book")
    assert ran.status == 2
    assert said in ran.err
    assert run("notices", "list", "--book", "book", "--format", "csv").out.splitlines() == ["name,what,to,next,last"]


@pytest.mark.usefixtures("book")
def test_a_name_is_no_path():
    ran = run("notices", "add", "../x", "--to", "a@example.com", "--every", "day", "--book", "book")
    assert (ran.status, "is no name" in ran.err) == (2, True)
    ran = run("notices", "remove", "../../book", "--book", "book")
    assert (ran.status, "no notice is called" in ran.err) == (5, True)


def test_a_wrong_mail_file_is_told_before_anything_is_sent(book, desk):
    (desk / "terms.csv").write_text(TERMS, "utf-8")
    run("notices", "add", "x", "--to", "a@example.com", "--every", "day", "--book", "book")
    (book / "mail.toml").write_text("password = 'x'\n", "utf-8")
    ran = run("notices", "send", "x", "--book", "book")
    assert (ran.status, "file of its own" in ran.err) == (2, True)
