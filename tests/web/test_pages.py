"""Every page: it answers, nothing on it shuts anybody out, and it reads without JavaScript."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from rollforward.surfaces.web import staging
from rollforward.surfaces.web.page import STATIC
from web.house import serving

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
    "/sources/doctor",
    "/definitions",
    "/definitions?what_if=trials%3Dinclude",
    "/closes",
    "/import",
    "/explain?metric=nrr&period=2026-05",
    "/?as_of=1999-01-01",
    "/no-such-page",
)
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What axe looks for, and what of it the colours of another theme decide."""


def one_account(site):
    with httpx.Client(base_url=site) as client:
        return client.get("/download/accounts.json").json()["rows"][0]["account"]


@pytest.mark.parametrize("path", [*PAGES, None])
def test_axe_finds_nothing_on_any_page(site, visit, path):
    page = visit(site + (path or f"/accounts/{one_account(site)}"), color_scheme="light")
    found = violations(page, LEVELS)
    page.emulate_media(color_scheme="dark")
    assert found | violations(page, COLOURS) == {}


def violations(page, rules):
    """What axe finds on a page, with the first elements of it. What it finds in order it does not write out."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return {one["id"]: [node["html"][:160] for node in one["nodes"][:3]] for one in found}


def test_axe_sees_words_that_cannot_be_read_in_the_dark_alone(site, visit):
    page = visit(f"{site}/no-such-page", color_scheme="light", bypass_csp=True)
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == {}
    page.add_style_tag(content="h1 { color: #222 !important }")
    assert list(violations(page, COLOURS)) == ["color-contrast"]
    page.emulate_media(color_scheme="light")
    assert violations(page, COLOURS) == {}


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


def test_the_vendored_script_is_the_one_that_was_reviewed():
    file = STATIC / "vendor" / "htmx-2.0.11.min.js"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest == "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    assert (STATIC / "vendor" / "htmx-LICENSE").read_text().startswith("Zero-Clause BSD")


def test_nothing_is_told_to_a_collector_that_the_environment_names(own_book, monkeypatch):
    """FastAPI would send traces where OTEL_EXPORTER_OTLP_ENDPOINT says so, if it were let."""
    heard = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        with serving(own_book) as address:
            assert httpx.get(f"{address}/healthz").status_code == 200
        collector.shutdown()
    assert heard == []


def sent(site, name, content):
    """The answer to a file that is sent with the form of the page."""
    with httpx.Client(base_url=site, timeout=60, follow_redirects=True) as client:
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/import").text)[1]
        return client.post("/import", files={"files": (name, content)}, data={"source": "x", "csrf_token": token})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("page.html", b"<script>", "not a table that is read here"),
        ("../../etc/passwd.csv", b"", "passwd.csv"),
        (".csv", b"a,b\n", "no name for a file"),
        ("bomb.csv.gz", gzip.compress(b"0" * 10_000_000, 1)[:-8], "not whole"),
        ("book.xlsx", b"PK\x03\x04 nothing", "not whole"),
        ("empty.csv", b"", "empty.csv"),
    ],
)
def test_a_hostile_upload_is_refused_and_nothing_is_left(site, name, content, said, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = sent(site, name, content)
    assert said in answer.text
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert list(tmp_path.glob("rollforward-upload-*")) == []


def test_an_upload_that_unpacks_to_too_much_is_refused(site, monkeypatch):
    monkeypatch.setattr(staging, "UNPACKED", 1_000_000)
    packed = gzip.compress(b"customer,plan\n" * 200_000)
    answer = sent(site, "terms.csv.gz", packed)
    assert answer.status_code == 400
    assert "unpacks to more than 1,000,000 bytes" in answer.text


def test_a_form_that_is_too_large_is_refused(site):
    answer = httpx.post(f"{site}/notes", content=b"x" * 1_100_000, headers={"Origin": site})
    assert answer.status_code == 413
