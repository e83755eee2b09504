"""The commands about people: who may come in, with what, and where passwords come from."""

import getpass
import os
import pty
import subprocess
import sys

import pytest

from cli.desk import SETTING, run
from rollforward.people import Actor, People
from rollforward.surfaces.cli.voice import clock

PASSWORD = "a plain horse battery"  # noqa: S105  of nobody


@pytest.fixture
def book(desk, monkeypatch):
    """A book to which ada the admin may come."""
    assert run("init", "book", "--currency", "EUR").status == 0
    monkeypatch.setenv("ROLLFORWARD_PASSWORD", PASSWORD)
    assert run("people", "add", "ada", "--role", "admin", "--book", "book").status == 0
    return desk / "book"


def people_of(book):
    return People.open(book, clock=clock)


def test_the_first_user_is_an_admin_with_a_password_from_the_environment(desk, monkeypatch):
    run("init", "book", "--currency", "EUR")
    monkeypatch.setenv("ROLLFORWARD_PASSWORD", PASSWORD)
    refused = run("people", "add", "vic", "--book", "book")
    assert (refused.status, "has to be an admin" in refused.err) == (2, True)
    added = run("people", "add", "ada", "--role", "admin", "--book", "book")
    assert (added.status, added.out) == (0, "ada may come in as admin\n")
    assert people_of(desk / "book").users.with_password("ada", PASSWORD).role == "admin"


def test_a_password_can_stand_in_a_file(book, monkeypatch):
    (book.parent / "password").write_text(PASSWORD[::-1] + "\n", "utf-8")
    monkeypatch.delenv("ROLLFORWARD_PASSWORD")
    monkeypatch.setenv("ROLLFORWARD_PASSWORD_FILE", str(book.parent / "password"))
    assert run("people", "add", "vic", "--book", "book").status == 0
    assert people_of(book).users.with_password("vic", PASSWORD[::-1])


@pytest.mark.usefixtures("book")
def test_a_password_is_never_on_the_command_line(monkeypatch):
    monkeypatch.delenv("ROLLFORWARD_PASSWORD")
    asked = run("people", "add", "vic", "--book", "book")
    assert (asked.status, "ROLLFORWARD_PASSWORD_FILE" in asked.err) == (2, True)
    assert run("people", "add", "vic", "--password", PASSWORD, "--book", "book").status == 2


def test_a_password_is_asked_for_twice_at_a_terminal_and_not_shown(book):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from rollforward.surfaces.cli import main; main()"]
    environment = {name: value for name, value in {**os.environ, **SETTING}.items() if "PASSWORD" not in name}
    with subprocess.Popen(
        [*command, "people", "add", "vic", "--book", "book"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ) as ran:
        os.close(theirs)
        seen = read_until(ours, b"Password: ")
        os.write(ours, PASSWORD.encode() + b"\n")
        seen += read_until(ours, b": ")
        os.write(ours, PASSWORD.encode() + b"\n")
        seen += read_until(ours, b"viewer")
    os.close(ours)
    assert ran.returncode == 0
    assert PASSWORD.encode() not in seen
    assert people_of(book).users.with_password("vic", PASSWORD)


def read_until(file, wanted):
    found = b""
    while wanted not in found:
        found += os.read(file, 4096)
    return found


def test_a_password_that_is_easy_to_guess_is_refused(book, monkeypatch):
    monkeypatch.setenv("ROLLFORWARD_PASSWORD", "secret")
    refused = run("people", "add", "vic", "--book", "book")
    assert (refused.status, "12 to 256 characters" in refused.err) == (2, True)
    assert [user.name for user in people_of(book).users.all()] == ["ada"]


@pytest.mark.usefixtures("book")
def test_everybody_is_listed_with_their_role():
    run("people", "add", "vic", "--book", "book")
    run("people", "remove", "vic", "--book", "book")
    said = run("people", "list", "--book", "book", "--format", "csv").out
    assert said.splitlines()[1:] == [
        "ada,admin,yes,2026-06-30T12:00:00Z,",
        "vic,viewer,no,2026-06-30T12:00:00Z,",
    ]


def test_a_key_is_printed_alone_once_and_revoked_by_its_first_part(book):
    made = run("people", "key", "ada", "--scope", "read", "--days", "9", "--label", "nightly", "--book", "book")
    token = made.out.strip()
    assert made.out == f"{token}\n"
    assert token not in made.err
    assert people_of(book).keys.find(token)[1].scope == "read"
    listed = run("people", "list", "--keys", "--book", "book", "--format", "csv").out
    prefix = token[:11]
    assert f"{prefix},ada,nightly,read,2026-06-30T12:00:00Z,2026-06-30T12:00:00Z,2026-07-09T12:00:00Z," in listed
    assert token not in listed
    assert run("people", "key", "ada", "--revoke", prefix, "--book", "book").status == 0
    assert people_of(book).keys.find(token) is None
    assert run("people", "key", "ada", "--revoke", prefix, "--book", "book").status == 5


def test_a_role_and_a_password_can_be_changed(book, monkeypatch):
    run("people", "add", "vic", "--book", "book")
    assert run("people", "change", "vic", "--book", "book").status == 2
    monkeypatch.setenv("ROLLFORWARD_PASSWORD", PASSWORD[::-1])
    assert run("people", "change", "vic", "--role", "analyst", "--password", "--book", "book").status == 0
    assert people_of(book).users.with_password("vic", PASSWORD[::-1]).role == "analyst"
    assert run("people", "change", "ada", "--role", "viewer", "--book", "book").status == 2
    assert run("people", "change", "nobody", "--role", "viewer", "--book", "book").status == 5


@pytest.mark.usefixtures("book")
def test_the_only_admin_is_not_removed():
    refused = run("people", "remove", "ada", "--book", "book")
    assert (refused.status, "the only admin" in refused.err) == (2, True)


def test_signing_out_ends_the_sessions(book):
    people = people_of(book)
    token = people.sessions.open(people.users.named("ada"), by=Actor("ada"))
    ran = run("people", "sign-out", "ada", "--book", "book")
    assert (ran.status, ran.out) == (0, "ada is signed out: 1 session ended\n")
    assert people.sessions.find(token) is None


@pytest.mark.usefixtures("book")
def test_the_audit_log_says_who_did_it_here():
    run("people", "add", "vic", "--role", "restricted", "--book", "book")
    said = run("people", "audit", "--book", "book", "--format", "csv", "--limit", "1").out
    assert said.splitlines()[1] == f"2026-06-30T12:00:00Z,{getpass.getuser()},added user,vic as restricted,"


@pytest.mark.usefixtures("desk")
def test_a_book_without_users_is_not_served_to_others():
    run("init", "book", "--currency", "EUR")
    refused = run("serve", "--host", "0.0.0.0", "--book", "book")  # noqa: S104  it is refused
    assert (refused.status, "rollforward people add" in refused.err) == (2, True)


@pytest.mark.usefixtures("book")
def test_a_single_sign_on_said_in_part_is_refused(monkeypatch):
    monkeypatch.setenv("ROLLFORWARD_OIDC_CLIENT_ID", "rollforward")
    refused = run("serve", "--book", "book")
    assert (refused.status, "ROLLFORWARD_OIDC_DISCOVERY" in refused.err) == (2, True)


@pytest.mark.usefixtures("book")
def test_without_the_packages_the_error_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("rollforward.people")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    missing = run("people", "list", "--book", "book")
    assert missing.status == 2
    assert 'pip install "rollforward[web]"' in missing.err


def test_the_people_are_kept_where_the_environment_says(desk, monkeypatch):
    run("init", "book", "--currency", "EUR")
    monkeypatch.setenv("ROLLFORWARD_PASSWORD", PASSWORD)
    monkeypatch.setenv("ROLLFORWARD_PEOPLE_URL", f"sqlite:///{desk}/elsewhere.db")
    assert run("people", "add", "ada", "--role", "admin", "--book", "book").status == 0
    assert not (desk / "book" / "people.sqlite").exists()
    assert (desk / "elsewhere.db").exists()
