"""Answers that are kept: given again as they are while they hold, and never to anybody else."""

import gzip
import re
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from people.door import KEEPER
from people.house import HOME, Browser, program, signed_in
from rollforward.book import Book
from rollforward.surfaces.server import keeping
from rollforward.surfaces.server.packing import gzipped, packed
from rollforward.surfaces.web.page import Page

EXPLAINED = "/explain?metric=mrr&period=2026-05"
PAGES = [EXPLAINED if path == "/explain" else path for path in keeping.PAGES if "{" not in path]
MONTH = "2026-06"


@contextmanager
def counted():
    """How many pages are made while the block runs."""
    made, html = [], Page.html

    def noted(page, *given, **named):
        made.append(page.request.url.path)
        return html(page, *given, **named)

    with patch.object(Page, "html", noted):
        yield made


def account_of(app):
    return app.state.served.book.accounts().rows[0][0]


def token_of(text):
    return re.search(r'name="csrf_token" value="(\w+)"', text)[1]


@pytest.mark.parametrize("path", [*PAGES, "/?from=2026-01&every=quarter", "/movements?kind=new"])
def test_a_page_is_made_once_while_nothing_changes(house, path):
    reader = signed_in(house, "ann")
    with counted() as made:
        first, again = reader.get(path), reader.get(path)
    assert len(made) == 1
    assert first.status_code == again.status_code == 200
    assert first.text == again.text
    same = dict(first.headers) | {"content-length": again.headers["content-length"]}
    assert dict(again.headers) == same


@pytest.mark.parametrize("pieces", [[b""], [b"one"], [b"", b""], [b"a" * 100_000, b"b", b"", b"c" * 70_000]])
@pytest.mark.parametrize("word", [b"", b"7f", b"x" * 64])
def test_pieces_that_are_packed_apart_are_one_gzip(pieces, word):
    found = gzipped(pieces, [packed(piece) for piece in pieces], word)
    assert gzip.decompress(found) == word.join(pieces)
    assert len(found) < 1_000


def test_a_page_goes_out_packed_or_plain_as_the_reader_takes_it(house):
    reader = signed_in(house, "vic")
    packed = reader.get("/")
    plain = reader.get("/", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text
    assert int(plain.headers["content-length"]) > 3 * int(packed.headers["content-length"])


def test_what_did_not_change_is_not_sent_again(house):
    reader = signed_in(house, "vic")
    tag = reader.get("/churn").headers["etag"]
    unchanged = reader.get("/churn", headers={"if-none-match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert reader.get("/retention", headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_each_reader_has_a_page_of_their_own(house, path):
    readers = {name: signed_in(house, name) for name in ("ada", "ann", "vic", "rex")}
    pages = {name: reader.get(path).text for name, reader in readers.items()}
    for name, reader in readers.items():
        assert reader.get(path).text == pages[name]
        assert re.findall(r"keys · (\w+),", pages[name]) == [name]
    assert len({token_of(text) for text in pages.values()}) == len(readers)


def test_two_browsers_of_one_user_are_given_one_page_with_tokens_of_their_own(house):
    one, other = signed_in(house, "ann"), signed_in(house, "ann")
    with counted() as made:
        tokens = [token_of(browser.get("/").text) for browser in (one, other, one, other)]
    assert len(made) == 1
    assert tokens == [one.token("/settings/own"), other.token("/settings/own")] * 2
    assert tokens[0] != tokens[1]


def test_at_the_machine_itself_each_browser_has_its_token_too(open_house):
    browsers = [Browser(open_house, base_url=HOME, address="127.0.0.1") for _ in range(3)]
    with counted() as made:
        tokens = [token_of(browser.get("/").text) for browser in browsers * 3]
    assert len(made) == 1
    assert tokens == tokens[:3] * 3
    assert len(set(tokens)) == 3
    for browser, token, status in zip(browsers, [*tokens[:2], tokens[0]], (303, 303, 403), strict=True):
        sent = browser.post("/notes", data={"day": f"{MONTH}-10", "text": "x", "csrf_token": token})
        assert sent.status_code == status


def test_a_page_from_an_earlier_sign_in_is_sent_anew(house):
    reader = signed_in(house, "ann")
    tag = reader.get("/").headers["etag"]
    assert reader.get("/", headers={"if-none-match": tag}).status_code == 304
    reader.fill_in("/sign-out", page="/")
    reader.sign_in("ann")
    again = reader.get("/", headers={"if-none-match": tag})
    assert again.status_code == 200
    assert reader.post(
        "/notes", data={"day": f"{MONTH}-10", "text": "x", "csrf_token": token_of(again.text)}
    ).is_redirect


def test_who_sees_no_names_is_given_none_that_others_were_shown(house):
    admin, restricted = signed_in(house, "ada"), signed_in(house, "rex")
    shown = admin.get("/accounts").text
    names = {str(row[1]) for row in house.state.served.book.accounts().rows if row[1]}
    assert sum(name in shown for name in names) > 10
    for _ in range(2):
        masked = restricted.get("/accounts").text
        assert not [name for name in names if name in masked]
    account = account_of(house)
    assert admin.get(f"/accounts/{account}").status_code == 200
    assert restricted.get(f"/accounts/{account}").status_code == 404


def test_a_key_is_answered_by_what_it_may_see(house):
    keys = {
        name: house.state.people.keys.make(name, "read", label="", days=None, by=KEEPER)[1] for name in ("ada", "rex")
    }
    for _ in range(2):
        rows = {name: program(house, key).get("/api/v1/accounts").json()["rows"] for name, key in keys.items()}
        assert all(row["name"] is None for row in rows["rex"])
        assert any(row["name"] for row in rows["ada"])
    for key in house.state.people.keys.all():
        house.state.people.keys.revoke(key.prefix, by=KEEPER)
    assert {program(house, key).get("/api/v1/accounts").status_code for key in keys.values()} == {401}


def test_another_role_shows_at_once(house):
    reader = signed_in(house, "ann")
    assert "/notes" in reader.get("/").text
    house.state.people.users.set_role("ann", "viewer", by=KEEPER)
    assert 'action="/notes"' not in reader.get("/").text


def test_nothing_is_shown_after_signing_out(house):
    reader = signed_in(house, "ann")
    cookies = dict(reader.cookies)
    assert [reader.get("/").status_code for _ in range(2)] == [200, 200]
    tag = reader.get("/").headers["etag"]
    reader.fill_in("/sign-out", page="/")
    reader.cookies.update(cookies)
    assert reader.get("/").status_code == 303
    assert reader.get("/", headers={"if-none-match": tag}).status_code == 303


def test_nothing_is_shown_when_the_session_is_over(house, clock):
    reader = signed_in(house, "ann")
    reader.get("/")
    clock.turn(days=8)
    assert reader.get("/").status_code == 303


def test_a_page_asked_for_again_waits_at_the_door(house):
    signed_in(house, "ada").get("/")
    assert Browser(house).get("/").status_code == 303
    assert Browser(house).get("/", headers={"accept": "*/*"}).status_code == 401
    assert Browser(house, base_url="https://elsewhere.example").get("/").status_code == 421


def test_a_link_shows_its_page_until_it_is_revoked(house):
    admin = signed_in(house, "ada")
    before = admin.get("/churn").text
    share, token = house.state.people.shares.make("ada", "/churn", days=7, by=KEEPER)
    guest = Browser(house)
    guest.get(f"/s/{token}")
    pages = [guest.get("/churn") for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert "ada, admin" not in pages[1].text
    assert "whom ada shared it with" in pages[1].text
    assert admin.get("/churn").text == before
    house.state.people.shares.revoke(share.id, by=KEEPER)
    assert guest.get("/churn").status_code == 303


def test_a_frozen_link_and_a_live_one_show_what_each_is_for(house, clock):
    clock.turn(minutes=30)
    made = [
        house.state.people.shares.make("ada", "/churn", days=7, frozen_at=at, by=KEEPER)[1] for at in (clock.now, None)
    ]
    frozen, live = Browser(house), Browser(house)
    for guest, token in zip((frozen, live), made, strict=True):
        guest.get(f"/s/{token}")
    clock.turn(hours=1)
    for _ in range(2):
        assert "known at 2026" in frozen.get("/churn").text
        assert "known at 2026" not in live.get("/churn").text


# -- what changes shows at once --------------------------------------------------------------------------------------


def test_a_note_shows_at_once_on_every_page_that_has_it(own_house):
    writer, reader = signed_in(own_house, "ann"), signed_in(own_house, "vic")
    assert "the price went up" not in reader.get("/").text
    writer.fill_in("/notes", page="/", day=f"{MONTH}-10", text="the price went up")
    assert "the price went up" in reader.get("/").text
    assert "the price went up" in writer.get("/").text
    note = own_house.state.people.notes.all()[0]
    own_house.state.people.notes.remove(note.id, by=KEEPER)
    assert "the price went up" not in reader.get("/").text


def test_a_saved_segment_shows_at_once_and_means_what_it_means_now(own_house):
    writer, reader = signed_in(own_house, "ann"), signed_in(own_house, "vic")
    rolled = own_house.state.served.book.rollforward(by="plan")
    plans = sorted({row[rolled.names.index("plan")] for row in rolled.rows})
    assert ">big<" not in reader.get("/segments").text
    writer.fill_in("/segments", page="/segments", name="big", where=f"plan={plans[0]}")
    assert ">big<" in reader.get("/segments").text
    first = reader.get("/movements?segment=big").text
    writer.fill_in("/segments", page="/segments", name="big", where=f"plan={plans[1]}")
    assert reader.get("/movements?segment=big").text != first
    writer.fill_in("/segments/remove", page="/segments", name="big")
    assert reader.get("/movements?segment=big").status_code == 400


def test_a_change_of_the_book_shows_at_once_whoever_makes_it(own_house, clock):
    reader, account = signed_in(own_house, "vic"), account_of(own_house)
    other = own_house.state.served.book.accounts().rows[1][0]
    before = {path: reader.get(path).text for path in ("/", f"/accounts/{account}", "/accounts")}
    Book.open(own_house.state.served.path, clock=clock).merge(account, into=other, reason="one firm", by="cli")
    after = {path: reader.get(path).text for path in ("/", "/accounts")}
    assert all(after[path] != before[path] for path in after)
    assert account not in after["/accounts"]


def test_a_changed_setting_and_a_policy_file_show_at_once(own_house):
    reader, folder = signed_in(own_house, "vic"), own_house.state.served.path
    assert "ours" not in reader.get("/").text.partition("</select>")[0]
    (folder / "policies").mkdir(exist_ok=True)
    file = folder / "policies" / "ours.toml"
    file.write_text('extends = "default"\n')
    assert ">ours<" in reader.get("/").text
    mrr = reader.get("/?policy=ours&compare=none").text
    file.write_text('extends = "stripe"\n')
    assert reader.get("/?policy=ours&compare=none").text != mrr
    changed = (folder / "book.toml").read_text().replace('policy = "default"', 'policy = "stripe"')
    (folder / "book.toml").write_text(changed)
    assert "policy stripe" in reader.get("/").text


def test_the_next_day_shows_at_once(own_house, clock):
    reader = signed_in(own_house, "vic")
    first = reader.get("/").text
    clock.turn(days=1)
    assert reader.get("/").text != first


def test_a_page_that_was_overtaken_while_it_was_made_is_not_kept(own_house):
    reader, html = signed_in(own_house, "vic"), Page.html
    settings = own_house.state.served.path / "book.toml"
    before = settings.read_text()

    def overtaken(page, *given, **named):
        settings.write_text(before.replace('policy = "default"', 'policy = "stripe"'))
        return html(page, *given, **named)

    standing = '<option value="" selected>stripe'
    with patch.object(Page, "html", overtaken):
        assert standing in reader.get("/").text
    settings.write_text(before)
    assert standing not in reader.get("/").text


def test_a_page_as_known_at_a_time_and_a_refusal_are_made_anew(house, clock):
    reader, known = signed_in(house, "ann"), "s_of=2026-06-30T12:30"
    clock.turn(hours=1)
    with counted() as made:
        for query in (f"a{known}", f"a{known}", f"%61{known}", f"%61{known}"):
            assert reader.get(f"/?{query}").status_code == 200
    assert len(made) == 4
    for _ in range(2):
        assert reader.get("/?every=fortnight").status_code == 400


@pytest.mark.parametrize(
    "path", ["/settings/own", "/settings/people", "/settings/audit", "/sources", "/definitions", "/settings"]
)
def test_other_pages_are_made_anew(house, path):
    reader = signed_in(house, "ada")
    with counted() as made:
        assert [reader.get(path).status_code for _ in range(2)] == [200, 200]
    assert len(made) == 2


def test_requests_that_are_answered_again_are_counted_by_their_route(house):
    reader, account = signed_in(house, "ada"), account_of(house)
    for _ in range(3):
        reader.get(f"/accounts/{account}")
    line = 'rollforward_requests_total{method="GET",route="/accounts/{account}",status="200"} 3.0'
    assert line in reader.get("/metrics").text
