"""Single sign-on, against a provider on this machine: who comes in, and every way in which it must not work."""

import time
from dataclasses import replace

import pytest
from joserfc.jwk import RSAKey

from people.door import KEEPER
from people.house import HTML, Browser, served_with
from people.identity import SECRET, Identity, serving
from rollforward.errors import UnknownNameError, UsageError
from rollforward.surfaces.server.oidc import Provider, provider_of
from rollforward.surfaces.server.security import may_bind


@pytest.fixture
def identity():
    with serving(Identity(claims={"email": "Eve@acme.example", "email_verified": True, "groups": ["finance"]})) as one:
        yield one


@pytest.fixture
def provider(identity):
    return Provider(f"{identity.url}/.well-known/openid-configuration", "rollforward", SECRET, ("acme.example",))


@pytest.fixture
def app(small_book, people, clock, provider):
    return served_with(small_book, people, clock, sign_on=provider)


def come_in(app, identity, browser=None, target="/churn"):
    """What the server says when the browser comes back from the provider."""
    browser = browser or Browser(app)
    left = browser.get(f"/sign-in/sso?next={target}")
    assert left.status_code == 302, left.text
    return browser.get(identity.authorize(left.headers["location"]))


def test_who_the_provider_vouches_for_comes_in(app, identity):
    browser = Browser(app)
    back = come_in(app, identity, browser)
    assert (back.status_code, back.headers["location"]) == (303, "/churn")
    assert browser.get("/churn").status_code == 200
    (user,) = app.state.people.users.all()
    assert (user.name, user.role, user.has_password) == ("eve@acme.example", "viewer", False)
    assert [deed.did for deed in app.state.people.audit.deeds()] == ["signed in", "added user"]


def test_the_provider_is_asked_with_pkce_state_and_nonce(app, identity):
    come_in(app, identity)
    asked = identity.asked
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert {"openid", "email"} <= set(asked["scope"].split())
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert asked["redirect_uri"] == "https://mrr.acme.example/sign-in/sso/back"
    assert SECRET not in str(asked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 3600},
        {"state": "another"},
    ],
    ids=lambda wrong: next(iter(wrong)),  # what an hour ago was is another number in each process
)
def test_a_token_that_is_not_ours_lets_nobody_in(app, identity, wrong):
    identity.wrong = wrong
    browser = Browser(app)
    assert come_in(app, identity, browser).status_code == 502
    assert not app.state.people.users.are_there()
    assert browser.get("/churn").status_code == 303


def test_a_token_of_another_key_lets_nobody_in(app, identity):
    identity.signs_with = RSAKey.generate_key(2048, {"kid": "k1"})
    assert come_in(app, identity).status_code == 502
    assert not app.state.people.users.are_there()


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "eve@evil.example"},
        {"email": "eve@acme.example.evil.example"},
        {"email": "acme.example"},
        {"email": None},
    ],
    ids=str,
)
def test_an_address_that_is_not_verified_or_not_of_the_domain_is_refused(app, identity, claims):
    identity.claims |= claims
    assert come_in(app, identity).status_code == 403
    assert not app.state.people.users.are_there()


def test_coming_back_works_once_and_in_the_browser_that_left(app, identity):
    browser, other = Browser(app), Browser(app)
    address = identity.authorize(browser.get("/sign-in/sso").headers["location"])
    other.get("/sign-in/sso")
    assert other.get(address).status_code == 502
    assert Browser(app).get(address).status_code == 403
    assert browser.get(address).status_code == 303
    assert browser.get(address).status_code == 403
    assert identity.tokens == 1


def test_coming_back_too_late_is_refused(app, identity, clock):
    browser = Browser(app)
    address = identity.authorize(browser.get("/sign-in/sso").headers["location"])
    clock.turn(minutes=10)
    assert browser.get(address).status_code == 403
    assert identity.tokens == 0


def test_coming_back_leads_to_no_other_site(app, identity):
    assert come_in(app, identity, target="//evil.example").headers["location"] == "/"


def test_groups_give_the_role_at_each_sign_in(small_book, people, clock, identity, provider):
    provider = replace(provider, roles={"finance": "analyst", "board": "restricted", "it": "admin"})
    app = served_with(small_book, people, clock, sign_on=provider)
    for groups, role in ((["finance"], "analyst"), (["board", "it"], "admin"), ("board", "restricted")):
        identity.claims["groups"] = groups
        assert come_in(app, identity).status_code == 303
        assert people.users.named("eve@acme.example").role == role
    for groups in (["sales"], [], None):
        identity.claims["groups"] = groups
        assert come_in(app, identity).status_code == 403


def test_who_was_removed_does_not_come_back_by_it(app, identity):
    app.state.people.users.add("ada", "admin", password=None, by=KEEPER)
    come_in(app, identity)
    app.state.people.users.remove("eve@acme.example", by=KEEPER)
    assert come_in(app, identity).status_code == 403


def test_a_book_with_single_sign_on_is_open_to_nobody_without(app, provider, people):
    home = Browser(app, base_url="http://127.0.0.1:8765", address="127.0.0.1")
    assert home.get("/", headers=HTML).status_code == 303
    assert "/sign-in/sso?next=" in home.get("/sign-in").text
    assert may_bind("0.0.0.0", people, provider) is None  # noqa: S104


def test_a_provider_that_is_away_is_told(small_book, people, clock):
    away = Provider("http://127.0.0.1:9/.well-known/openid-configuration", "rollforward", SECRET, ("acme.example",))
    answer = Browser(served_with(small_book, people, clock, sign_on=away)).get("/sign-in/sso")
    assert answer.status_code == 502
    assert SECRET not in answer.text


def test_without_a_provider_there_is_no_such_way(house):
    assert Browser(house).get("/sign-in/sso").status_code == 404
    assert Browser(house).get("/sign-in/sso/back?code=c1&state=s").status_code == 404


SAID = {
    "ROLLFORWARD_OIDC_DISCOVERY": "https://id.example/.well-known/openid-configuration",
    "ROLLFORWARD_OIDC_CLIENT_ID": "rollforward",
    "ROLLFORWARD_OIDC_DOMAINS": "acme.example, @acme.test",
}


def test_the_provider_is_read_from_the_environment_and_its_secret_from_a_file(monkeypatch, tmp_path):
    assert provider_of() is None
    for name, value in SAID.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="ROLLFORWARD_OIDC_CLIENT_SECRET says nothing"):
        provider_of()
    (tmp_path / "secret").write_text(f"{SECRET}\n", "utf-8")
    monkeypatch.setenv("ROLLFORWARD_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("ROLLFORWARD_OIDC_ROLES", "finance=analyst, all staff=viewer")
    found = provider_of()
    assert (found.client_secret, found.domains) == (SECRET, ("acme.example", "acme.test"))
    assert found.roles == {"finance": "analyst", "all staff": "viewer"}
    assert SECRET not in repr(found)
    monkeypatch.setenv("ROLLFORWARD_OIDC_CLIENT_SECRET", SECRET)
    with pytest.raises(UsageError, match="both set"):
        provider_of()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("DISCOVERY", "http://id.example/x", UsageError),
        ("DISCOVERY", "id.example", UsageError),
        ("ROLES", "finance", UsageError),
        ("ROLES", "finance=boss", UnknownNameError),
    ],
)
def test_a_provider_that_is_said_wrongly_is_refused(monkeypatch, name, value, error):
    for own, said in {**SAID, "ROLLFORWARD_OIDC_CLIENT_SECRET": SECRET, "ROLLFORWARD_OIDC_ROLES": "a=viewer"}.items():
        monkeypatch.setenv(own, said)
    monkeypatch.setenv(f"ROLLFORWARD_OIDC_{name}", value)
    with pytest.raises(error):
        provider_of()
