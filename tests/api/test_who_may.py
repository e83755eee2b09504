"""Who may do what: each operation by each role, and what is hidden from readers who see no personal data."""

import re

import pytest

from api.desk import ROOT, Desk, is_problem
from rollforward.people import Actor
from rollforward.surfaces.api.every import OPERATIONS
from rollforward.surfaces.api.reference import address

READERS = {
    "admin": ("admin", "session", None),
    "analyst": ("analyst", "session", None),
    "viewer": ("viewer", "session", None),
    "restricted": ("restricted", "session", None),
    "a key that reads": ("admin", "key", {"read"}),
    "a key that writes": ("analyst", "key", {"read", "write"}),
    "a share link": ("viewer", "share", {"read"}),
    "nobody": ("viewer", "session", set()),
}
WRITERS = {"admin", "analyst", "a key that writes"}
READ_BY = {*READERS} - {"a share link", "nobody"}
HIDDEN = {"getAccountHistory", "listNotes", "listProblems"}
"""What tells of rows of sources, of what was learned of an account, or of what people wrote."""


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_is_open_to_those_who_may(own_or_read, operation, name):
    one, (role, way, scopes) = OPERATIONS[operation], READERS[name]
    desk = own_or_read
    path = address(one)
    if one.id == "getAccount" and role == "restricted":
        path = f"{ROOT}/accounts/{desk.app.state.people.pseudonyms.of('c0000001')}"
    with desk.read_by(role, way, scopes):
        found = desk.client.request(one.method, path, json=one.body.example if one.body else None)
    may = name in (WRITERS if one.scope == "write" else READ_BY) and not (one.id in HIDDEN and role == "restricted")
    assert (found.status_code in {one.status, 404 if one.id == "removeNote" else one.status}) == may, found.text
    if not may:
        is_problem(found, 403)


@pytest.fixture(scope="module")
def own_or_read(made, tmp_path_factory):
    """A desk for all of the table: its writes are dry runs and notes."""
    import shutil

    folder = tmp_path_factory.mktemp("api-roles") / "book"
    shutil.copytree(made, folder)
    found = Desk(folder)
    found.send("/notes", {"day": "2026-05-04", "text": "there from the start"})
    return found


READ = [one for one in OPERATIONS.values() if one.method == "get" and one.id not in HIDDEN]


@pytest.mark.parametrize("operation", READ, ids=lambda one: one.id)
@pytest.mark.parametrize("form", ["application/json", "text/csv"])
def test_nothing_that_is_shown_without_personal_data_names_an_account(own_or_read, operation, form):
    if form not in operation.media:
        return
    desk = own_or_read
    names = {row["name"] for row in desk.rows("/accounts", limit=1000)}
    ids = {row["account"] for row in desk.rows("/accounts", limit=1000)}
    path = address(operation)
    if operation.id == "getAccount":
        path = f"{ROOT}/accounts/{desk.app.state.people.pseudonyms.of('c0000001')}"
    with desk.read_by("restricted"):
        found = desk.client.get(path, headers={"Accept": form})
    assert found.status_code == 200
    assert not [name for name in names if name and name in found.text]
    assert not [one for one in ids if re.search(rf"\b{one}\b", found.text)]


def test_a_pseudonym_stays_the_same_and_opens_the_account(desk):
    whole = desk.rows("/accounts", limit=3)
    with desk.read_by("restricted"):
        masked = desk.rows("/accounts", limit=3)
        assert [row["mrr"] for row in masked] == [row["mrr"] for row in whole]
        assert {row["name"] for row in masked} == {None}
        one = masked[0]["account"]
        told = desk.get(f"/accounts/{one}").json()
        assert (told["account"], told["name"], told["mrr"]) == (one, None, whole[0]["mrr"])
        moved = desk.rows("/movements", account=one, limit=1000)
        assert {row["account"] for row in moved} == {one}
        explained = desk.get("/explain", account=one, on="2026-06-30").json()
        assert (explained["about"], "parts" in explained) == (f"MRR of {one}", False)
        part = desk.get("/explain", metric="mrr", period="2026-05").json()["parts"][0]
        assert part["about"] == part["opens"]["account"]


@pytest.mark.parametrize(
    "asked",
    [
        "/accounts?search=a",
        "/accounts?where=name=Acme",
        "/rollforward?by=name",
        "/segments/customer",
        "/rollforward?by=subscription",
    ],
)
def test_what_would_name_somebody_is_refused(desk, asked):
    with desk.read_by("restricted"):
        assert "no personal data" in is_problem(desk.client.get(ROOT + asked), 403)


@pytest.mark.parametrize(
    "asked", ["/accounts/c0000001", "/movements?account=c0000001", "/explain?account=c0000001&on=2026-06-30"]
)
def test_an_id_is_no_pseudonym(desk, asked):
    with desk.read_by("restricted"):
        is_problem(desk.client.get(ROOT + asked), 404)


def test_a_key_opens_what_its_scope_says_and_nothing_once_it_is_revoked(own):
    own.get("/notes")
    people = own.app.state.people
    people.users.add("ada", role="admin", password="a long word of hers", by=Actor("test"))
    key, word = people.keys.make("ada", "read", by=Actor("test"))
    sent = {"Authorization": f"Bearer {word}"}
    assert own.get("/rollforward", headers=sent).status_code == 200
    is_problem(own.client.post(f"{ROOT}/notes", json={"day": "2026-05-04", "text": "x"}, headers=sent), 403)
    assert is_problem(own.get("/rollforward"), 401).startswith("Sign in")
    people.keys.revoke(key.prefix, by=Actor("test"))
    is_problem(own.get("/rollforward", headers=sent), 401)


def test_another_site_writes_nothing_through_a_browser(own):
    sent = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    is_problem(own.client.post(f"{ROOT}/notes", json={"day": "2026-05-04", "text": "x"}, headers=sent), 403)
    is_problem(own.client.post(f"{ROOT}/notes", content=b"x", headers={"Content-Type": "text/plain"}), 403)
    assert own.rows("/notes") == []
