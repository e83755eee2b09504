"""Sessions, keys, share links and attempts: how long they open, and what they never give away."""

from datetime import datetime

import pytest

from people.door import KEEPER, PASSWORD, people_in
from rollforward.errors import NotFoundError, UsageError
from rollforward.people.attempts import MOST


def signed_in(people, name="vic", **more):
    return people.sessions.open(people.users.named(name), by=KEEPER, **more)


def test_a_session_ends_when_nobody_uses_it(everybody, clock):
    token = signed_in(everybody)
    for _ in range(5):
        clock.turn(hours=11)
        assert everybody.sessions.find(token)
    clock.turn(hours=12)
    assert everybody.sessions.find(token) is None


def test_a_session_ends_in_a_week_however_much_it_is_used(everybody, clock):
    token = signed_in(everybody)
    for _ in range(7 * 24 // 6 - 1):
        clock.turn(hours=6)
        assert everybody.sessions.find(token)
    clock.turn(hours=6)
    assert everybody.sessions.find(token) is None


def test_signing_out_ends_this_session_and_everywhere_ends_all(everybody):
    here, there, other = (signed_in(everybody, name) for name in ("vic", "vic", "ann"))
    everybody.sessions.end(here, by=KEEPER)
    assert everybody.sessions.find(here) is None
    assert everybody.sessions.find(there)
    signed_in(everybody)
    assert everybody.sessions.end_all("VIC", by=KEEPER) == 2
    assert everybody.sessions.find(there) is None
    assert everybody.sessions.find(other)


def test_signing_in_ends_the_session_that_was_there_before(everybody):
    planted = signed_in(everybody)
    token = signed_in(everybody, replaces=planted)
    assert everybody.sessions.find(planted) is None
    assert everybody.sessions.find(token)


def test_a_key_opens_until_it_ends(everybody, clock):
    key, token = everybody.keys.make("ann", "write", label="nightly", days=2, by=KEEPER)
    assert token.startswith(key.prefix)
    assert everybody.keys.find(token)[0].name == "ann"
    clock.turn(days=1, hours=23)
    assert everybody.keys.find(token)
    assert everybody.keys.all("ann")[0].used_at == clock.now
    clock.turn(hours=1)
    assert everybody.keys.find(token) is None


def test_a_key_that_is_revoked_opens_nothing(everybody):
    key, token = everybody.keys.make("ann", "read", by=KEEPER)
    with pytest.raises(NotFoundError):
        everybody.keys.revoke(key.prefix, of="vic", by=KEEPER)
    assert everybody.keys.find(token)
    everybody.keys.revoke(key.prefix, of="ann", by=KEEPER)
    assert everybody.keys.find(token) is None
    with pytest.raises(NotFoundError):
        everybody.keys.revoke(key.prefix, by=KEEPER)


@pytest.mark.parametrize(("name", "scope"), [("vic", "write"), ("rex", "write"), ("ann", "admin")])
def test_a_key_cannot_do_more_than_its_user(everybody, name, scope):
    with pytest.raises(UsageError, match="cannot do more"):
        everybody.keys.make(name, scope, by=KEEPER)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_key_lives_some_days(everybody, days):
    with pytest.raises(UsageError, match="from 1 to 3,650 days"):
        everybody.keys.make("ann", "read", days=days, by=KEEPER)


def test_a_link_opens_one_path_with_one_query(everybody):
    share, token = everybody.shares.make("ann", "/movements?every=month&by=plan", days=30, by=KEEPER)
    found = everybody.shares.find(token)
    assert found == share
    assert found.opens("/movements", "by=plan&every=month")
    refused = [("/movements", ""), ("/movements", "every=month"), ("/accounts", "every=month&by=plan")]
    assert not any(found.opens(*other) for other in refused)
    assert not found.opens("/movements", "every=month&by=plan&by=country")
    assert not found.opens("/movements/", "every=month&by=plan")


def test_a_link_ends_and_can_be_revoked(everybody, clock):
    share, token = everybody.shares.make("ann", "/", days=1, by=KEEPER)
    _, other = everybody.shares.make("ann", "/", days=365, by=KEEPER)
    everybody.shares.revoke(share.id, by=KEEPER)
    assert everybody.shares.find(token) is None
    clock.turn(days=365)
    assert everybody.shares.find(other) is None


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "movements", "", "/a#b", "/a\nb", "/\x00"]
)
def test_a_link_leads_to_a_page_of_this_server(everybody, path):
    with pytest.raises(UsageError, match="not a page to share"):
        everybody.shares.make("ann", path, days=1, by=KEEPER)


def test_a_link_shows_no_more_than_who_made_it_sees(everybody):
    with pytest.raises(UsageError, match="cannot show more"):
        everybody.shares.make("rex", "/", days=1, personal=True, by=KEEPER)
    with pytest.raises(UsageError, match="still to come"):
        everybody.shares.make("ann", "/", days=1, frozen_at=datetime(2026, 7, 1), by=KEEPER)  # noqa: DTZ001
    with pytest.raises(UsageError, match="from 1 to 365 days"):
        everybody.shares.make("ann", "/", days=366, by=KEEPER)


def test_nothing_that_opens_a_door_is_kept_in_clear(everybody, tmp_path, clock):
    opened = [
        PASSWORD,
        signed_in(everybody),
        everybody.keys.make("ann", "write", by=KEEPER)[1],
        everybody.shares.make("ann", "/", days=1, by=KEEPER)[1],
        everybody.flights.begin({"state": "s"}),
    ]
    secret_part = opened[2].rsplit("_", 1)[1]
    everybody.close()
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert not [word for word in (*opened, secret_part) for data in files if word.encode() in data]
    again = people_in(tmp_path, clock)
    if again.users.are_there():  # The files are those of this database.
        assert again.keys.find(opened[2])
    again.close()


def test_only_its_owner_can_read_the_files(tmp_path, clock):
    people = people_in(tmp_path, clock)
    people.users.add("ada", "admin", password=PASSWORD, by=KEEPER)
    assert {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == dict.fromkeys(
        ("people.sqlite", "people.sqlite-shm", "people.sqlite-wal"), 0
    )
    people.close()


def test_too_many_failures_for_a_name_make_the_next_wait(people, clock):
    for number in range(MOST["name"]):
        assert people.attempts.begin("Ada", f"198.51.100.{number}") == 0
        clock.turn(seconds=10)
    assert people.attempts.begin(" ada ", "198.51.100.99") == 15 * 60 - 100
    assert people.attempts.begin("vic", "198.51.100.1") == 0
    clock.turn(seconds=15 * 60 - 100)
    assert people.attempts.begin("ada", "198.51.100.99") == 0


def test_too_many_failures_from_an_address_make_the_next_wait(people):
    for number in range(MOST["address"]):
        assert people.attempts.begin(f"user {number}", f"2001:db8:1:1::{number:x}") == 0
    assert people.attempts.begin("ada", "2001:db8:1:1:ffff::1") == 15 * 60
    assert people.attempts.begin("ada", "2001:db8:1:2::1") == 0


def test_waiting_does_not_make_the_wait_longer(people, clock):
    for _ in range(MOST["name"]):
        people.attempts.begin("ada", "198.51.100.1")
    clock.turn(minutes=14)
    for _ in range(MOST["name"]):
        assert people.attempts.begin("ada", "198.51.100.1") == 60
    clock.turn(seconds=60)
    assert people.attempts.begin("ada", "198.51.100.1") == 0


def test_who_signs_in_is_counted_no_more(people):
    for _ in range(MOST["name"] * 5):
        assert people.attempts.begin("ada", "198.51.100.1") == 0
        people.attempts.succeeded("ada", "198.51.100.1")


def test_a_single_sign_on_lands_once_and_soon(people, clock):
    token, late = (people.flights.begin({"state": "s", "next": "/closes"}) for _ in range(2))
    assert people.flights.land("another") is None
    assert people.flights.land(token) == {"state": "s", "next": "/closes"}
    assert people.flights.land(token) is None
    clock.turn(minutes=10)
    assert people.flights.land(late) is None
