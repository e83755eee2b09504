"""Every page: it answers, nothing on it shuts anybody out, and it reads without JavaScript."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = (
    "/",
    "/movements?kind=churn",
    "/accounts",
    "/accounts?search=nobody-at-all",
    "/retention",
    "/churn",
    "/segments?by=country",
    "/segments?where=plan%3DBusiness",
    "/sources",
    "/definitions",
    "/definitions?what_if=trials%3Dinclude",
    "/closes",
    "/import",
    "/explain?metric=nrr&period=2026-05",
    "/?as_of=1999-01-01",
    "/no-such-page",
)
TABLES = {"axe": "wcag2a wcag2aa wcag21a wcag21aa"}


def one_account(site):
    with httpx.Client(base_url=site) as client:
        return client.get("/download/accounts.json").json()["rows"][0]["account"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(site, visit, theme):
    found = {}
    page = visit(site, color_scheme=theme)
    for path in (*PAGES, f"/accounts/{one_account(site)}"):
        page.goto(site + path)
        result = Axe().run(page, options={"runOnly": TABLES["axe"].split()})
        for violation in result.response["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found[f"{path}: {violation['id']}"] = nodes
    page.goto(site)
    assert found == {}


@pytest.mark.parametrize("path", [path for path in PAGES if "1999" not in path and "no-such" not in path])
def test_a_page_reads_without_javascript_and_has_its_stamp(site, path):
    answer = httpx.get(site + path)
    assert answer.status_code == 200
    assert "policy default@1" in answer.text or path == "/import"
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("every=fortnight", "unknown period"),
        ("from=soon", "from &#39;soon&#39; is not a day"),
        ("policy=ours", "unknown policy"),
        ("currency=XXX1", "not an ISO 4217 code"),
        ("as_of=later", "as_of &#39;later&#39; is not a time"),
        ("where=plan", "has no field and value"),
        ("where=colour%3Dred", "unknown field"),
        ("perioud=2026", "unknown parameter &#39;perioud&#39;"),
        ("from=2026-01&from=2026-02", "said twice"),
        ("segment=none", "unknown segment"),
        ("compare=twin", "unknown comparison"),
        ("allow_stale=perhaps", "neither true nor false"),
    ],
)
def test_a_wrong_parameter_is_a_page_that_says_what_is_allowed(site, query, said):
    answer = httpx.get(f"{site}/?{query}")
    assert answer.status_code == 400
    assert said in answer.text


def test_nothing_of_a_page_comes_from_elsewhere(site, visit):
    page = visit("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES[:3]:
        page.goto(site + path)
    assert asked
    assert [url for url in asked if not url.startswith(site)] == []


def test_a_page_prints_without_its_controls(site, visit):
    page = visit(site)
    assert page.get_by_role("navigation").is_visible()
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.pdf().startswith(b"%PDF")
