"""A picture is drawn for the sheet on which a reader sees it, and for the other one when it is to be seen there."""

import httpx
import pytest

TELEPHONE = {"width": 390, "height": 844}
WIDE, NARROW = ".drawn-wide > svg", ".drawn-narrow > svg"
PAGES = ("/", "/movements", "/accounts/c0000001", "/retention", "/churn", "/segments")


def asked(site, path="/", **headers):
    """The answer to somebody who asks with some headers."""
    return httpx.get(site + path, headers=headers)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_each_picture_once_and_asks_for_the_other_sheet_where_it_is_seen(site, visit, path):
    page = visit(site + path)
    pictures = page.locator(WIDE).count()
    assert pictures > 0
    assert page.locator(NARROW).count() == 0
    page.set_viewport_size(TELEPHONE)
    for number in range(pictures):
        picture = page.locator(".drawn-narrow").nth(number)
        picture.scroll_into_view_if_needed()
        picture.locator("svg").wait_for()
    assert page.locator(NARROW).count() == pictures
    assert page.locator(WIDE).count() == pictures
    assert [one.is_visible() for one in page.locator(WIDE).all()] == [False] * pictures
    page.set_viewport_size({"width": 1440, "height": 1000})
    assert [one.is_visible() for one in page.locator(NARROW).all()] == [False] * pictures


def test_a_telephone_gets_the_narrow_picture_at_once(site, visit):
    page = visit(site, viewport=TELEPHONE, user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148")
    assert page.locator(NARROW).is_visible()
    assert page.locator(WIDE).count() == 0


def test_a_narrow_window_without_javascript_shows_the_wide_picture(site, visit):
    page = visit(site, viewport=TELEPHONE, java_script_enabled=False)
    assert page.locator(WIDE).is_visible()


def test_both_sheets_have_the_same_marks(site):
    wide, narrow = asked(site).text, asked(site, **{"Rollforward-Sheet": "narrow"}).text
    marks = [page.count("<a href=", page.index("<svg"), page.index("</svg>")) for page in (wide, narrow)]
    assert marks[0] == marks[1] > 12


def test_an_answer_for_one_sheet_is_not_taken_for_the_other(site):
    with httpx.Client(base_url=site) as browser:
        browser.get("/")  # is given its cookie
        wide, narrow = browser.get("/"), browser.get("/", headers={"Sec-CH-UA-Mobile": "?1"})
        tag = {"If-None-Match": wide.headers["etag"]}
        assert browser.get("/", headers=tag).status_code == 304
        assert browser.get("/", headers={**tag, "Rollforward-Sheet": "narrow"}).status_code == 200
    assert narrow.headers["etag"] != wide.headers["etag"]
    assert "rollforward-sheet" in wide.headers["vary"]
