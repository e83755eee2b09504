"""What people leave: notes, saved segments, answers to writes, settings, and the audit log of all that."""

import inspect
import threading
from datetime import date

import pytest
from sqlalchemy.exc import DatabaseError

from people.door import KEEPER, PASSWORD, people_in
from rollforward.errors import FormatError, NotFoundError, UsageError
from rollforward.people import Actor
from rollforward.people.answered import Answered, KeyReusedError, UnderWayError
from rollforward.people.pseudonyms import Pseudonyms

ANN = Actor("ann", "198.51.100.4")


def test_notes_are_pinned_to_days(people):
    later = people.notes.add(date(2026, 6, 2), " price rise ", by=ANN)
    people.notes.add(date(2026, 1, 31), "board meeting", by=ANN)
    assert [(note.day, note.text, note.author) for note in people.notes.all()] == [
        (date(2026, 1, 31), "board meeting", "ann"),
        (date(2026, 6, 2), "price rise", "ann"),
    ]
    assert people.notes.all(start=date(2026, 6, 2), end=date(2026, 6, 2)) == [later]
    with pytest.raises(NotFoundError):
        people.notes.remove(later.id, of="vic", by=KEEPER)
    people.notes.remove(later.id, of="ann", by=ANN)
    assert len(people.notes.all()) == 1


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2001])
def test_a_note_says_something_and_not_too_much(people, text):
    with pytest.raises(UsageError, match="from 1 to 2,000 characters"):
        people.notes.add(date(2026, 6, 2), text, by=ANN)


def test_a_segment_is_saved_under_a_name_and_replaced_by_it(people):
    people.segments.save("Big in Europe", {"country": ["DE", "FR"]}, by=ANN)
    people.segments.save("Big in Europe", {"country": ["DE"], "plan": ["Pro"]}, by=KEEPER)
    (saved,) = people.segments.all()
    assert (saved.filters, saved.author) == ({"country": ["DE"], "plan": ["Pro"]}, "keeper")
    people.segments.remove("Big in Europe", by=ANN)
    with pytest.raises(NotFoundError):
        people.segments.named("Big in Europe")


@pytest.mark.parametrize(("name", "filters"), [("", {"plan": ["Pro"]}), ("empty", {}), ("bare", {"plan": []})])
def test_a_segment_has_a_name_and_a_filter(people, name, filters):
    with pytest.raises(UsageError):
        people.segments.save(name, filters, by=ANN)


def test_a_write_that_comes_twice_is_answered_alike(people, clock):
    claim = people.answers.claim("ann", "k1", "POST /api/v1/notes", b"{}")
    with pytest.raises(UnderWayError):
        people.answers.claim("ann", "k1", "POST /api/v1/notes", b"{}")
    people.answers.keep(claim, 201, "application/json", b'{"id":1}')
    again = people.answers.claim("ann", "k1", "POST /api/v1/notes", b"{}")
    assert again == Answered(201, "application/json", b'{"id":1}')
    assert not isinstance(people.answers.claim("vic", "k1", "POST /api/v1/notes", b"{}"), Answered)
    with pytest.raises(KeyReusedError):
        people.answers.claim("ann", "k1", "POST /api/v1/notes", b'{"other": 1}')
    with pytest.raises(KeyReusedError):
        people.answers.claim("ann", "k1", "POST /api/v1/closes", b"{}")
    clock.turn(hours=24)
    assert not isinstance(people.answers.claim("ann", "k1", "POST /api/v1/notes", b"{}"), Answered)


def test_a_write_that_failed_may_be_tried_again(people):
    claim = people.answers.claim("ann", "k1", "POST /x", b"")
    people.answers.give_up(claim)
    assert people.answers.claim("ann", "k1", "POST /x", b"") == claim
    people.answers.give_up_all()
    assert people.answers.claim("ann", "k1", "POST /x", b"") == claim


CHANGES = {
    ("users", "add"): lambda p: p.users.add("new", "viewer", password=PASSWORD, by=ANN),
    ("users", "set_role"): lambda p: p.users.set_role("vic", "analyst", by=ANN),
    ("users", "set_password"): lambda p: p.users.set_password("vic", PASSWORD[::-1], by=ANN),
    ("users", "remove"): lambda p: p.users.remove("vic", by=ANN),
    ("users", "of_subject"): lambda p: p.users.of_subject("https://id.example", "1", "eve", None, by=ANN),
    ("sessions", "open"): lambda p: p.sessions.open(p.users.named("vic"), by=ANN),
    ("sessions", "end"): lambda p: p.sessions.end(p.sessions.open(p.users.named("vic"), by=ANN), by=ANN),
    ("sessions", "end_all"): lambda p: p.sessions.end_all("vic", by=ANN),
    ("keys", "make"): lambda p: p.keys.make("vic", "read", by=ANN),
    ("keys", "revoke"): lambda p: p.keys.revoke(p.keys.make("vic", "read", by=ANN)[0].prefix, by=ANN),
    ("shares", "make"): lambda p: p.shares.make("ann", "/", days=1, by=ANN),
    ("shares", "revoke"): lambda p: p.shares.revoke(p.shares.make("ann", "/", days=1, by=ANN)[0].id, by=ANN),
    ("notes", "add"): lambda p: p.notes.add(date(2026, 6, 1), "x", by=ANN),
    ("notes", "remove"): lambda p: p.notes.remove(p.notes.add(date(2026, 6, 1), "x", by=ANN).id, by=ANN),
    ("segments", "save"): lambda p: p.segments.save("s", {"plan": ["Pro"]}, by=ANN),
    ("segments", "remove"): lambda p: (
        p.segments.save("s", {"plan": ["Pro"]}, by=ANN),
        p.segments.remove("s", by=ANN),
    ),
    ("audit", "add"): lambda p: p.audit.add("imported", "terms.csv", by=ANN),
}
"""One use of each method that changes something in somebody's name."""

DEEDS = {
    "add": "added",
    "set_role": "changed role",
    "set_password": "changed password",
    "remove": "removed",
    "of_subject": "added user",
    "open": "signed in",
    "end": "signed out",
    "end_all": "signed out everywhere",
    "make": ("made key", "shared"),
    "revoke": "revoked",
    "save": "saved segment",
}


def test_every_change_that_there_is_has_its_line(people):
    sides = ("users", "sessions", "keys", "shares", "notes", "segments", "audit", "answers", "flights")
    found = {
        (side, name)
        for side in sides
        for name, method in inspect.getmembers(getattr(people, side), inspect.ismethod)
        if "by" in inspect.signature(method).parameters and not name.startswith("_")
    }
    assert found == set(CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=".".join)
def test_a_change_is_written_down_with_who_when_and_where_from(everybody, clock, change):
    clock.turn(minutes=7)
    CHANGES[change](everybody)
    last = everybody.audit.deeds(limit=1)[0]
    assert (last.who, last.address, last.at) == ("ann", "198.51.100.4", clock.now)
    if change != ("audit", "add"):
        assert last.did.startswith(DEEDS[change[1]])


def test_a_change_that_is_refused_leaves_no_line(everybody):
    before = everybody.audit.deeds()
    with pytest.raises(UsageError):
        everybody.users.remove("ada", by=ANN)
    with pytest.raises(NotFoundError):
        everybody.notes.remove(17, by=ANN)
    assert everybody.audit.deeds() == before


def test_the_audit_log_is_read_page_by_page(people):
    for number in range(5):
        people.audit.add("imported", f"file {number}", by=ANN if number % 2 else KEEPER)
    first = people.audit.deeds(limit=2)
    assert [deed.about for deed in first] == ["file 4", "file 3"]
    assert [deed.about for deed in people.audit.deeds(limit=9, before=first[-1].id)] == ["file 2", "file 1", "file 0"]
    assert [deed.about for deed in people.audit.deeds(who="ann")] == ["file 3", "file 1"]


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'"])
def test_the_audit_log_is_only_added_to(everybody, statement):
    before = everybody.audit.deeds()
    with pytest.raises(DatabaseError, match="only added to"), everybody.database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert everybody.audit.deeds() == before


def test_many_threads_write_at_once_and_nothing_is_lost(people):
    failed = []

    def leave(number):
        try:
            for turn in range(10):
                people.notes.add(date(2026, 1, 1 + turn), f"{number}.{turn}", by=Actor(f"t{number}"))
                people.notes.all()
        except Exception as error:  # noqa: BLE001  told by the thread that waits
            failed.append(error)

    threads = [threading.Thread(target=leave, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(people.notes.all()) == 80
    assert len(people.audit.deeds(limit=100)) == 80


def test_a_claim_is_given_to_one_of_many(people):
    got = []

    def ask():
        try:
            got.append(people.answers.claim("ann", "k", "POST /x", b""))
        except UnderWayError:
            got.append(None)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one]) == 1
    assert len(got) == 8


def test_a_database_of_a_later_release_is_refused(tmp_path, clock):
    people = people_in(tmp_path, clock)
    with people.database.writing() as connection:
        connection.exec_driver_sql("UPDATE about SET value = '99' WHERE name = 'version'")
    people.close()
    with pytest.raises(FormatError, match="later release"):
        people_in(tmp_path, clock)


@pytest.mark.parametrize(
    ("url", "said"),
    [("no url", "is not one"), ("nosuch://host/name", "Install the driver"), ("sqlite:////no/x", "/no/x")],
)
def test_a_database_that_cannot_be_used_is_told(tmp_path, clock, url, said):
    with pytest.raises(UsageError, match=said):
        people_in(tmp_path, clock, url)


def test_the_people_can_be_kept_in_another_database(tmp_path, clock):
    people = people_in(tmp_path, clock, f"sqlite:///{tmp_path}/elsewhere.db")
    people.users.add("ada", "admin", password=PASSWORD, by=KEEPER)
    people.close()
    assert [file.name for file in tmp_path.glob("*.db")] == ["elsewhere.db"]
    assert not (tmp_path / "people.sqlite").exists()


def test_a_pseudonym_is_the_same_each_time_and_another_book_s_is_another(people):
    secret = people.database.secret
    mine, other = Pseudonyms(secret), Pseudonyms(bytes(reversed(secret)))
    said = mine.of("ada@acme.example")
    assert said == people.pseudonyms.of("ada@acme.example")
    assert "ada" not in said
    assert mine.account(said) == "ada@acme.example"
    assert said != other.of("ada@acme.example")
    assert other.account(said) is None
    assert [mine.account(text) for text in ("ada@acme.example", "p-", "p-!!", "p-abcd", said[:-4] + "AAAA")] == [
        None
    ] * 5
