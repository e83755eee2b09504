"""Users: names, passwords, roles, and that somebody is always left to let others in."""

import pytest
from argon2 import PasswordHasher

from people.door import KEEPER, PASSWORD
from rollforward.errors import NotFoundError, UnknownNameError, UsageError
from rollforward.people.passwords import Passwords
from rollforward.people.users import Users


def test_a_book_has_nobody_until_somebody_is_added(people):
    assert not people.users.are_there()
    people.users.add("Ada@acme.example", "admin", password=PASSWORD, by=KEEPER)
    assert people.users.are_there()
    assert people.users.admin_can_sign_in()
    assert [(user.name, user.role, user.active) for user in people.users.all()] == [("Ada@acme.example", "admin", True)]


def test_a_name_is_known_in_any_case(everybody):
    assert everybody.users.with_password(" ADA ", PASSWORD).name == "ada"
    with pytest.raises(UsageError, match="ada is there already"):
        everybody.users.add("Ada", "viewer", password=PASSWORD, by=KEEPER)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(everybody):
    assert everybody.users.with_password("ada", PASSWORD + "!") is None
    assert everybody.users.with_password("nobody", PASSWORD) is None
    assert everybody.users.with_password("nobody", "the password of nobody") is None


def test_a_password_is_the_same_however_it_is_typed(people):
    people.users.add("zoe", "admin", password="caf\u00e9 au lait, please", by=KEEPER)  # noqa: S106
    assert people.users.with_password("zoe", "cafe\u0301 au lait, please")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 257, ""])
def test_a_password_that_is_easy_to_guess_is_refused(people, password):
    with pytest.raises(UsageError, match="too easy to guess"):
        people.users.add("ada", "admin", password=password, by=KEEPER)
    assert not people.users.are_there()


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 321])
def test_a_name_is_one_line(people, name):
    with pytest.raises(UsageError, match="not a name to sign in with"):
        people.users.add(name, "viewer", password=PASSWORD, by=KEEPER)


def test_an_unknown_role_is_refused_with_those_there_are(people):
    with pytest.raises(UnknownNameError, match="admin"):
        people.users.add("ada", "administrator", password=PASSWORD, by=KEEPER)


def test_the_only_admin_stays(everybody):
    with pytest.raises(UsageError, match="the only admin"):
        everybody.users.remove("ada", by=KEEPER)
    with pytest.raises(UsageError, match="the only admin"):
        everybody.users.set_role("ada", "viewer", by=KEEPER)
    everybody.users.set_role("ann", "admin", by=KEEPER)
    everybody.users.remove("ada", by=KEEPER)
    assert everybody.users.with_password("ada", PASSWORD) is None


def test_who_is_removed_is_let_in_nowhere_and_can_come_back_with_a_new_password(everybody):
    user = everybody.users.named("ann")
    session = everybody.sessions.open(user, by=KEEPER)
    _, key = everybody.keys.make("ann", "write", by=KEEPER)
    _, share = everybody.shares.make("ann", "/movements", days=3, by=KEEPER)
    everybody.users.remove("ann", by=KEEPER)
    with pytest.raises(NotFoundError):
        everybody.users.named("ann")
    everybody.users.add("ann", "viewer", password=PASSWORD[::-1], by=KEEPER)
    assert everybody.users.with_password("ann", PASSWORD) is None
    assert everybody.users.with_password("ann", PASSWORD[::-1]).role == "viewer"
    assert everybody.sessions.find(session) is None
    assert everybody.keys.find(key) is None
    assert everybody.shares.find(share) is None


def test_a_new_password_ends_every_session(everybody):
    token = everybody.sessions.open(everybody.users.named("vic"), by=KEEPER)
    everybody.users.set_password("vic", PASSWORD[::-1], by=KEEPER)
    assert everybody.sessions.find(token) is None
    assert everybody.users.with_password("vic", PASSWORD) is None
    assert everybody.users.with_password("vic", PASSWORD[::-1])


def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(everybody):
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    users = Users(everybody.database, dearer)
    assert users.with_password("ada", PASSWORD)
    with everybody.database.reading() as connection:
        (kept,) = connection.exec_driver_sql("SELECT password FROM users WHERE name = 'ada'").one()
    assert "m=16,t=2" in kept
    assert users.with_password("ada", PASSWORD)


def test_single_sign_on_knows_its_people_by_subject(everybody):
    first = everybody.users.of_subject("https://id.example", "17", "eve@acme.example", None, by=KEEPER)
    again = everybody.users.of_subject("https://id.example", "17", "eve.married@acme.example", "analyst", by=KEEPER)
    assert (first.name, first.role) == ("eve@acme.example", "viewer")
    assert (again.id, again.role) == (first.id, "analyst")
    assert everybody.users.of_subject("https://id.example", "18", "eve@acme.example", None, by=KEEPER) is None


def test_single_sign_on_takes_over_who_is_there_under_that_name_once(everybody):
    bound = everybody.users.of_subject("https://id.example", "1", "ada", None, by=KEEPER)
    assert (bound.name, bound.role) == ("ada", "admin")
    assert everybody.users.of_subject("https://id.example", "2", "ada", None, by=KEEPER) is None
    assert everybody.users.of_subject("https://other.example", "1", "ada", None, by=KEEPER) is None


def test_single_sign_on_does_not_bring_back_who_was_removed(everybody):
    everybody.users.of_subject("https://id.example", "3", "vic", None, by=KEEPER)
    everybody.users.remove("vic", by=KEEPER)
    everybody.users.remove("rex", by=KEEPER)
    assert everybody.users.of_subject("https://id.example", "3", "vic", None, by=KEEPER) is None
    assert everybody.users.of_subject("https://id.example", "4", "rex", "admin", by=KEEPER) is None


def test_the_first_user_is_an_admin(people):
    with pytest.raises(UsageError, match="has to be an admin"):
        people.users.add("vic", "viewer", password=PASSWORD, by=KEEPER)
    assert not people.users.are_there()
