"""The door of a served book: who comes in by which way, to what, and what is refused."""

import re

import pytest
from fastapi.routing import APIRoute

from people.door import KEEPER, PASSWORD
from people.house import AWAY, HOME, HTML, Browser, program, signed_in
from rollforward.people.attempts import MOST
from rollforward.surfaces.server.door import OPEN, OWN
from rollforward.surfaces.server.security import CONTENT, may_bind

ROLES = {"ada": "admin", "ann": "analyst", "vic": "viewer", "rex": "restricted"}
SAFE = {"GET", "HEAD"}


def routes_of(app):
    """Every method and path that the application answers, with its parameters filled in."""
    found = []
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            path = re.sub(r"\{[^}]+\}", "x1", route.path)
            found += [(method, path) for method in route.methods]
        waiting += list(getattr(getattr(route, "original_router", None), "routes", []))
    return sorted(found)


def test_nobody_comes_in_anywhere_without_signing_in(house):
    stranger = Browser(house)
    asked = [(method, path) for method, path in routes_of(house) if not path.startswith(OPEN)]
    assert len(asked) > 30
    for method, path in asked:
        page, told = (stranger.request(method, path, headers={"accept": kind}) for kind in ("text/html", "*/*"))
        assert told.status_code == 401, f"{method} {path}"
        assert page.status_code == (303 if method == "GET" else 401), f"{method} {path}"
        assert not told.headers.get("set-cookie")


@pytest.mark.parametrize("name", ROLES)
def test_who_may_only_read_changes_nothing_and_settings_are_for_admins(own_house, name):
    reader = signed_in(own_house, name)
    token = reader.token("/settings/own")
    changes = [(m, p) for m, p in routes_of(own_house) if m not in SAFE and not p.startswith(OWN)]
    assert changes
    for method, path in changes:
        status = reader.request(method, path, data={"csrf_token": token}).status_code
        for_admins = path.startswith("/settings") and not path.startswith("/settings/shares")
        refused = ROLES[name] in {"viewer", "restricted"} or (ROLES[name] == "analyst" and for_admins)
        assert (status == 403) == refused, f"{method} {path}: {status}"


PERMISSIONS = {
    # What is asked for: admin, analyst, viewer, restricted.
    ("GET", "/"): (200, 200, 200, 200),
    ("GET", "/movements"): (200, 200, 200, 200),
    ("GET", "/accounts"): (200, 200, 200, 200),
    ("GET", "/accounts?search=inc"): (200, 200, 200, 403),
    ("GET", "/explain?metric=mrr&period=2026-06"): (200, 200, 200, 200),
    ("GET", "/retention"): (200, 200, 200, 200),
    ("GET", "/segments?by=plan"): (200, 200, 200, 200),
    ("GET", "/segments?by=name"): (200, 200, 200, 403),
    ("GET", "/movements?where=name%3DAcme"): (200, 200, 200, 403),
    ("GET", "/definitions"): (200, 200, 200, 200),
    ("GET", "/closes"): (200, 200, 200, 200),
    ("GET", "/sources"): (200, 200, 200, 403),
    ("GET", "/sources/doctor"): (200, 200, 200, 403),
    ("GET", "/settings/own"): (200, 200, 200, 200),
    ("GET", "/settings/shares"): (200, 200, 403, 403),
    ("GET", "/settings/people"): (200, 403, 403, 403),
    ("GET", "/settings/audit"): (200, 403, 403, 403),
    ("POST", "/notes"): (303, 303, 403, 403),
    ("POST", "/settings/own/keys"): (200, 200, 200, 200),
    ("POST", "/settings/shares"): (200, 200, 403, 403),
    ("POST", "/settings/people"): (303, 403, 403, 403),
    ("POST", "/settings/people/role"): (303, 403, 403, 403),
    ("POST", "/settings/people/sign-out"): (303, 403, 403, 403),
    ("POST", "/settings/people/remove"): (303, 403, 403, 403),
}
FIELDS = {
    "/notes": {"day": "2026-06-01", "text": "hello"},
    "/settings/own/keys": {"scope": "read", "days": "9"},
    "/settings/shares": {"path": "/", "days": "9"},
    "/settings/people": {"name": "new", "role": "viewer", "password": PASSWORD},
    "/settings/people/role": {"name": "vic", "role": "analyst"},
    "/settings/people/sign-out": {"name": "vic"},
    "/settings/people/remove": {"name": "vic"},
}


@pytest.mark.parametrize(("place", "name"), list(enumerate(ROLES)))
def test_each_role_may_what_the_table_says(house, place, name):
    got, expected = {}, {}
    for (method, path), statuses in PERMISSIONS.items():
        reader = signed_in(house, name)
        asked = reader.fill_in(path, "/settings/own", **FIELDS[path]) if method == "POST" else reader.get(path)
        got[method, path], expected[method, path] = asked.status_code, statuses[place]
    assert got == expected


@pytest.mark.parametrize(
    ("name", "scope", "statuses"),
    [
        ("ada", "admin", (200, 303, 303)),
        ("ada", "write", (200, 303, 403)),
        ("ada", "read", (200, 403, 403)),
        ("ann", "write", (200, 303, 403)),
        ("vic", "read", (200, 403, 403)),
    ],
)
def test_a_key_does_what_its_scope_and_its_user_both_allow(house, name, scope, statuses):
    _, token = house.state.people.keys.make(name, scope, by=KEEPER)
    client = program(house, token)
    note, user = FIELDS["/notes"], FIELDS["/settings/people"]
    got = (client.get("/"), client.post("/notes", data=note), client.post("/settings/people", data=user))
    assert tuple(answer.status_code for answer in got) == statuses


def test_a_key_follows_the_role_of_its_user(house):
    _, token = house.state.people.keys.make("ann", "write", by=KEEPER)
    house.state.people.users.set_role("ann", "viewer", by=KEEPER)
    assert program(house, token).post("/notes", data=FIELDS["/notes"]).status_code == 403


def test_a_key_cannot_make_itself_into_more(house):
    _, token = house.state.people.keys.make("ada", "read", by=KEEPER)
    client = program(house, token)
    for path in ("/settings/own/keys", "/settings/own/password"):
        assert (
            client.post(path, data={"scope": "admin", "current": PASSWORD, "password": PASSWORD[::-1]}).status_code
            == 403
        )
    assert client.get("/settings/own").status_code == 403
    assert len(house.state.people.keys.all()) == 1


def test_a_key_that_opens_nothing_is_refused_even_beside_a_session(house):
    reader = signed_in(house, "ada")
    for header in ("Bearer rf_00000000_nothing", "bearer ", "Bearer x y"):
        answer = reader.get("/", headers={"authorization": header})
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["www-authenticate"]
    assert reader.get("/").status_code == 200


def test_a_key_in_the_address_is_none(house):
    _, token = house.state.people.keys.make("ada", "read", by=KEEPER)
    assert Browser(house).get(f"/movements?key={token}", headers={"accept": "*/*"}).status_code == 401


# -- signing in ------------------------------------------------------------------------------------------------------


def test_signing_in_leads_to_the_page_that_was_asked_for(house):
    browser = Browser(house)
    sent = browser.get("/movements?every=year", headers=HTML)
    assert sent.headers["location"] == "/sign-in?next=/movements%3Fevery%3Dyear"
    assert browser.get(sent.headers["location"]).status_code == 200
    done = browser.sign_in("ada", next="/movements?every=year")
    assert (done.status_code, done.headers["location"]) == (303, "/movements?every=year")
    assert browser.get("/movements?every=year").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""])
def test_signing_in_leads_to_no_other_site(house, target):
    assert Browser(house).sign_in("ada", next=target).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(house):
    wrong = Browser(house).sign_in("ada", "not the password")
    unknown = Browser(house).sign_in("adb", "not the password")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "is not right" in wrong.text
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong.text) == strip.sub("", unknown.text)


def test_over_https_the_cookie_is_of_this_host_alone(house):
    done = Browser(house).sign_in("ada")
    cookie = done.headers["set-cookie"]
    assert cookie.startswith("__Host-rollforward=")
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= set(cookie.lower().split("; "))
    assert "domain" not in cookie.lower()


def test_over_http_at_home_the_cookie_can_still_not_be_read(house):
    cookie = Browser(house, base_url=HOME, address="127.0.0.1").sign_in("ada").headers["set-cookie"]
    assert cookie.startswith("rollforward=")
    assert {"httponly", "samesite=lax"} <= set(cookie.lower().split("; "))


def test_a_planted_session_is_worth_nothing_after_signing_in(house):
    mallory = signed_in(house, "vic")
    planted = mallory.cookies["__Host-rollforward"]
    victim = Browser(house)
    victim.cookies.set("__Host-rollforward", planted)
    token = victim.token("/settings/own")
    assert victim.post("/sign-in", data={"name": "ada", "password": PASSWORD, "csrf_token": token}).status_code == 303
    assert mallory.get("/").status_code == 303
    assert victim.get("/settings/audit").status_code == 200


def test_an_old_cookie_opens_nothing_after_signing_out(house):
    browser = signed_in(house, "ann")
    kept = browser.cookies["__Host-rollforward"]
    done = browser.fill_in("/sign-out", "/settings/own")
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    assert 'rollforward=""' in done.headers["set-cookie"]
    replayed = Browser(house)
    replayed.cookies.set("__Host-rollforward", kept)
    assert replayed.get("/").status_code == 303


def test_signing_out_everywhere_reaches_every_browser(house):
    here, there, other = signed_in(house, "ann"), signed_in(house, "ann"), signed_in(house, "vic")
    assert here.fill_in("/sign-out/everywhere", "/settings/own").status_code == 303
    assert [browser.get("/").status_code for browser in (here, there, other)] == [303, 303, 200]


def test_a_session_ends(house, clock):
    browser = signed_in(house, "ann")
    clock.turn(hours=12)
    assert browser.get("/").status_code == 303


def test_a_user_who_is_removed_is_out_at_once(house):
    browser = signed_in(house, "ann")
    signed_in(house, "ada").fill_in("/settings/people/remove", "/settings/people", name="ann")
    assert browser.get("/").status_code == 303
    assert Browser(house).sign_in("ann").status_code == 401


def test_a_password_is_changed_with_the_present_one(house):
    browser = signed_in(house, "vic")
    path = "/settings/own/password"
    assert browser.fill_in(path, "/settings/own", current="wrong", password=PASSWORD[::-1]).status_code == 403
    assert browser.fill_in(path, "/settings/own", current=PASSWORD, password="short").status_code == 400  # noqa: S106
    assert browser.fill_in(path, "/settings/own", current=PASSWORD, password=PASSWORD[::-1]).status_code == 303
    assert browser.get("/").status_code == 303
    assert Browser(house).sign_in("vic").status_code == 401
    assert Browser(house).sign_in("vic", PASSWORD[::-1]).status_code == 303


def test_guessing_is_slowed_by_name_from_wherever_it_comes(house, clock):
    for number in range(MOST["name"]):
        assert Browser(house, address=f"203.0.113.{number}").sign_in("ada", "a guess").status_code == 401
    stopped = Browser(house, address="203.0.113.200").sign_in("ada")
    assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "900")
    assert Browser(house).sign_in("vic").status_code == 303
    clock.turn(minutes=15)
    assert Browser(house).sign_in("ada").status_code == 303


def test_guessing_is_slowed_by_address_under_whatever_name(house):
    browser = Browser(house)
    for number in range(MOST["address"]):
        assert browser.sign_in(f"user {number}", "a guess").status_code == 401
    assert browser.sign_in("vic").status_code == 429
    assert Browser(house, address="203.0.113.9").sign_in("vic").status_code == 303


def test_who_is_signed_in_stays_so_while_others_guess(house):
    browser = signed_in(house, "ada")
    for _ in range(MOST["name"] + 1):
        Browser(house, address="203.0.113.1").sign_in("ada", "a guess")
    assert browser.get("/").status_code == 200


def test_failures_are_written_down_and_what_was_typed_is_not(house):
    Browser(house).sign_in("ada", "a guess")
    Browser(house).sign_in("my secret typed as a name", "x")
    deeds = house.state.people.audit.deeds(limit=2)
    assert [(deed.who, deed.did, deed.address) for deed in deeds] == [
        ("somebody", "failed to sign in", "198.51.100.7"),
        ("ada", "failed to sign in", "198.51.100.7"),
    ]


# -- forgery ---------------------------------------------------------------------------------------------------------

FORGED = [
    {},
    {"csrf_token": ""},
    {"csrf_token": "0" * 64},
    {"csrf_token": "\u00e4"},
]


@pytest.mark.parametrize("fields", FORGED)
def test_a_form_without_the_token_of_its_page_is_refused(house, fields):
    browser = signed_in(house, "ada")
    answer = browser.post("/notes", data={**FIELDS["/notes"], **fields})
    assert answer.status_code == 403
    assert house.state.people.notes.all() == []


def test_the_token_of_another_sign_in_is_refused(house):
    browser, other = signed_in(house, "ada"), signed_in(house, "ada")
    token = other.token("/settings/own")
    assert browser.post("/notes", data={**FIELDS["/notes"], "csrf_token": token}).status_code == 403
    before = Browser(house)
    stale = before.token()
    before.sign_in("ada")
    assert before.post("/notes", data={**FIELDS["/notes"], "csrf_token": stale}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": AWAY.replace("https", "http")},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_a_token(house, headers):
    browser = signed_in(house, "ada")
    fields = {**FIELDS["/notes"], "csrf_token": browser.token("/settings/own")}
    assert browser.post("/notes", data=fields, headers=headers).status_code == 403
    own = {"sec-fetch-site": "same-origin", "origin": AWAY}
    assert browser.post("/notes", data=fields, headers=own).status_code == 303


def test_a_script_of_the_page_sends_the_token_in_a_header(house):
    browser = signed_in(house, "ada")
    token = browser.token("/settings/own")
    assert browser.post("/notes", data=FIELDS["/notes"], headers={"x-csrf-token": token}).status_code == 303
    assert browser.post("/notes", data=FIELDS["/notes"], headers={"x-csrf-token": "other"}).status_code == 403


def test_signing_in_cannot_be_forged_either(house):
    browser = Browser(house)
    fields = {"name": "vic", "password": PASSWORD}
    assert browser.post("/sign-in", data=fields).status_code == 403
    token = Browser(house).token()
    assert browser.post("/sign-in", data={**fields, "csrf_token": token}).status_code == 403
    browser.token()
    assert browser.post("/sign-in", data={**fields, "csrf_token": token}).status_code == 403


# -- share links -----------------------------------------------------------------------------------------------------


def shared(app, path, **more):
    share, token = app.state.people.shares.make("ann", path, **{"days": 7, **more}, by=KEEPER)
    return share, f"/s/{token}"


def test_a_link_shows_its_page_and_no_other(house):
    _, link = shared(house, "/movements?every=year&by=plan")
    guest = Browser(house)
    opened = guest.get(link)
    assert (opened.status_code, opened.headers["location"]) == (303, "/movements?every=year&by=plan")
    assert opened.headers["referrer-policy"] == "no-referrer"
    page = guest.get(opened.headers["location"])
    assert page.status_code == 200
    assert link not in page.text
    assert guest.get("/movements?by=plan&every=year").status_code == 200
    others = ("/", "/movements", "/movements?every=year", "/movements?every=year&by=plan&kind=new", "/accounts",
              "/download/movements.csv?every=year&by=plan", "/settings/own", "/settings/shares")  # fmt: skip
    assert {path: guest.get(path).status_code for path in others} == dict.fromkeys(others, 303)


def test_a_link_changes_nothing(house):
    _, link = shared(house, "/notes")
    guest = Browser(house)
    guest.get(link)
    token = guest.token()
    assert guest.post("/notes", data={**FIELDS["/notes"], "csrf_token": token}).status_code == 401


def test_two_links_stand_side_by_side_in_a_browser(house):
    guest = Browser(house)
    for path in ("/retention", "/churn"):
        guest.get(shared(house, path)[1])
    assert [guest.get(path).status_code for path in ("/retention", "/churn", "/")] == [200, 200, 303]


def test_a_link_that_is_over_or_revoked_shows_nothing(house, clock):
    share, link = shared(house, "/retention", days=2)
    _, other = shared(house, "/churn", days=1)
    guest = Browser(house)
    guest.get(link), guest.get(other)
    clock.turn(days=1)
    assert [guest.get(path).status_code for path in ("/retention", "/churn")] == [200, 303]
    assert guest.get(other).status_code == 404
    house.state.people.shares.revoke(share.id, by=KEEPER)
    assert guest.get("/retention").status_code == 303
    assert guest.get("/s/nothing").status_code == 404


def test_a_frozen_link_shows_what_was_known_then(house, clock):
    clock.turn(minutes=30)
    frozen_at = clock.now
    _, frozen = shared(house, "/movements", frozen_at=frozen_at)
    clock.turn(hours=1)
    guest, reader = Browser(house), signed_in(house, "vic")
    guest.get(frozen)
    assert f"known at {frozen_at:%Y-%m-%d %H:%M:%S} UTC" in guest.get("/movements").text
    assert "known at 2026" not in reader.get("/movements").text


def test_a_link_shows_names_only_when_it_was_told_to(house):
    names = names_of(house)
    for personal in (False, True):
        guest = Browser(house)
        guest.get(shared(house, "/accounts", personal=personal)[1])
        page = guest.get("/accounts").text
        assert any(name in page for name in names) == personal


# -- who sees no personal data ---------------------------------------------------------------------------------------


def names_of(app):
    """The names and ids of the accounts of the book."""
    rows = app.state.served.book.accounts().rows
    assert len(rows) > 10
    return {str(row[1]) for row in rows} | {str(row[0]) for row in rows}


PAGES = ("/", "/movements", "/accounts", "/explain?metric=mrr&period=2026-06", "/churn", "/retention", "/closes",
         "/segments", "/download/accounts.csv", "/download/movements.json", "/download/scheduled.csv")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_who_sees_no_personal_data_sees_no_name_and_no_id(house, path):
    names, viewer, restricted = names_of(house), signed_in(house, "vic"), signed_in(house, "rex")
    shown = viewer.get(path)
    assert shown.status_code == 200
    for _ in range(2):  # What was kept for the one is not given to the other.
        masked = restricted.get(path)
        assert masked.status_code == 200
        assert [name for name in names if name in masked.text] == []
    assert viewer.get(path).text.count("\n") == shown.text.count("\n")


def test_a_pseudonym_leads_to_its_account_and_the_id_does_not(house):
    restricted = signed_in(house, "rex")
    (account, *_), *_ = house.state.served.book.accounts().rows
    pseudonym = house.state.people.pseudonyms.of(account)
    assert pseudonym in restricted.get("/accounts").text
    page = restricted.get(f"/accounts/{pseudonym}")
    assert page.status_code == 200
    assert [name for name in names_of(house) if name in page.text] == []
    assert restricted.get(f"/accounts/{account}").status_code == 404


@pytest.mark.parametrize("order", ["name", "-name", "account"])
def test_who_sees_no_names_is_not_told_their_order(house, order):
    restricted = signed_in(house, "rex")
    assert restricted.get("/accounts?sort=-since").status_code == 200
    assert "sort=name" not in restricted.get("/accounts").text
    assert restricted.get(f"/accounts?sort={order}").status_code == 403
    assert signed_in(house, "vic").get(f"/accounts?sort={order}").status_code == 200


# -- what every answer carries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/settings/people", "/s/nothing"])
def test_every_answer_says_what_a_page_may_do(house, path):
    for browser in (Browser(house), signed_in(house, "vic")):
        headers = browser.get(path).headers
        assert headers["content-security-policy"] == CONTENT
        assert "unsafe" not in CONTENT
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert {"referrer-policy", "permissions-policy"} <= set(headers)
    assert "strict-transport-security" not in Browser(house, base_url=HOME).get(path).headers


def test_a_fault_of_ours_carries_them_too(house, monkeypatch):
    reader = signed_in(house, "vic")
    monkeypatch.setattr(type(house.state.served), "answer", lambda *_: 1 / 0)
    answer = reader.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CONTENT


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "", "mrr.acme.example.evil.example"])
def test_the_server_answers_under_its_own_names_alone(house, host):
    assert signed_in(house, "ada").get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["mrr.acme.example", "MRR.acme.example:443", "localhost:8765", "127.0.0.1", "[::1]:8765"]
)
def test_its_own_names_are_known(house, host):
    assert Browser(house).get("/sign-in", headers={"host": host}).status_code == 200


# -- a book to which nobody signs in ---------------------------------------------------------------------------------


def at_home(app, **more):
    return Browser(app, base_url=HOME, address="127.0.0.1", **more)


def test_a_book_without_users_is_open_at_the_machine_itself(open_house):
    assert at_home(open_house).get("/settings/people").status_code == 200


@pytest.mark.parametrize(
    ("base_url", "address", "headers"),
    [
        (HOME, "198.51.100.7", {}),
        (AWAY, "127.0.0.1", {}),
        ("http://192.0.2.1:8765", "127.0.0.1", {}),
        (HOME, "127.0.0.1", {"x-forwarded-for": "198.51.100.7"}),
        (HOME, "127.0.0.1", {"forwarded": "for=198.51.100.7"}),
    ],
)
def test_it_is_open_to_nobody_else(open_house, base_url, address, headers):
    stranger = Browser(open_house, base_url=base_url, address=address)
    assert stranger.get("/", headers=headers).status_code == 303


def test_the_first_user_closes_the_door_behind_them(open_house):
    browser = at_home(open_house)
    fields = {"name": "ada", "role": "viewer", "password": PASSWORD}
    assert browser.fill_in("/settings/people", "/settings/people", **fields).status_code == 400
    assert browser.fill_in("/settings/people", "/settings/people", **{**fields, "role": "admin"}).status_code == 303
    assert browser.get("/").status_code == 303
    assert browser.sign_in("ada").status_code == 303
    assert browser.get("/settings/people").status_code == 200


def test_a_page_of_another_site_changes_nothing_there_either(open_house):
    browser = at_home(open_house)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"cookie": "x=y"}, {}):
        assert browser.post("/notes", data=FIELDS["/notes"], headers=headers).status_code == 403
    assert browser.fill_in("/notes", "/", **FIELDS["/notes"]).status_code == 303


def test_a_public_address_takes_an_admin_who_can_sign_in(people):
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert may_bind(host, people) is None
    for host in ("0.0.0.0", "::", "", "192.168.1.4", "mrr.acme.example"):  # noqa: S104
        assert "rollforward people add" in str(may_bind(host, people))
        assert may_bind(host, None)
    people.users.add("ada", "admin", password=None, by=KEEPER)
    assert may_bind("0.0.0.0", people)  # noqa: S104
    people.users.set_password("ada", PASSWORD, by=KEEPER)
    assert may_bind("0.0.0.0", people) is None  # noqa: S104


# -- the pages -------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_can_be_revoked(house):
    browser = signed_in(house, "ann")
    made = browser.fill_in("/settings/own/keys", "/settings/own", label="nightly", scope="write", days="30")
    (token,) = re.findall(r"<pre>(rf_\w{8}_[\w-]+)</pre>", made.text)
    assert made.headers["cache-control"] == "no-store"
    assert program(house, token).get("/").status_code == 200
    again = browser.get("/settings/own").text
    prefix = token[:11]
    assert prefix in again
    assert token not in again
    assert browser.fill_in("/settings/own/keys/revoke", "/settings/own", prefix=prefix).status_code == 303
    assert program(house, token).get("/").status_code == 401


def test_a_key_of_somebody_else_is_revoked_by_an_admin_alone(house):
    key, token = house.state.people.keys.make("ann", "read", by=KEEPER)
    assert (
        signed_in(house, "vic").fill_in("/settings/own/keys/revoke", "/settings/own", prefix=key.prefix).status_code
        == 404
    )
    assert program(house, token).get("/").status_code == 200
    admin = signed_in(house, "ada")
    assert admin.fill_in("/settings/people/keys/revoke", "/settings/people", prefix=key.prefix).status_code == 303
    assert program(house, token).get("/").status_code == 401


def test_a_link_is_made_on_its_page_and_works(house):
    browser = signed_in(house, "ann")
    made = browser.fill_in("/settings/shares", "/settings/shares", path="/churn", days="3", freeze="true")
    (link,) = re.findall(rf"<pre>{AWAY}(/s/[\w-]+)</pre>", made.text)
    guest = Browser(house)
    assert guest.get(guest.get(link).headers["location"]).status_code == 200
    (share,) = house.state.people.shares.all()
    assert (share.path, share.personal, share.frozen_at is None) == ("/churn", False, False)
    refused = browser.fill_in("/settings/shares", "/settings/shares", path="//evil.example", days="3")
    assert refused.status_code == 400
    assert (
        signed_in(house, "ada").fill_in("/settings/shares/revoke", "/settings/shares", number=share.id).status_code
        == 303
    )
    assert guest.get("/churn").status_code == 303


def test_what_is_typed_is_never_markup(house):
    browser = signed_in(house, "ada")
    script = "<script>alert(1)</script>"
    browser.fill_in("/settings/people", "/settings/people", name=script, role="viewer", password=PASSWORD)
    for path in ("/settings/people", "/settings/audit"):
        assert script not in browser.get(path).text
    assert script not in Browser(house).sign_in(script, "x").text


def test_the_audit_log_is_read_page_by_page(house):
    for number in range(250):
        house.state.people.audit.add("imported", f"file {number:03}", by=KEEPER)
    browser = signed_in(house, "ada")
    seen, path = [], "/settings/audit"
    while path:
        page = browser.get(path).text
        seen += re.findall(r"file (\d{3})", page)
        (path,) = re.findall(r'rel="next" href="([^"]+)"', page) or [None]
    assert seen == [f"{number:03}" for number in reversed(range(250))]
    assert browser.get("/settings/audit?before=x").status_code == 400
