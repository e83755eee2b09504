"""A served demo book, and a browser to look at it with."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from rollforward.book import Book, now
from web.house import serving

CUSTOMERS = 200
_QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def demo_book(tmp_path_factory):
    """The folder of a demo book, built. Tests that write take a copy."""
    folder = tmp_path_factory.mktemp("web") / "demo"
    made = Book.demo(folder, customers=CUSTOMERS, clock=now)
    made.make(lambda _name, _number: None).build()
    return folder


@pytest.fixture(scope="session")
def site(demo_book):
    """The address of the served demo book."""
    with serving(demo_book) as address:
        yield address


@pytest.fixture
def own_book(demo_book, tmp_path):
    """A copy of the demo book to write to."""
    return shutil.copytree(demo_book, tmp_path / "book")


@pytest.fixture
def own_site(own_book):
    """The address of a served copy of the demo book."""
    with serving(own_book) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_QUIETLY))
        yield browser
        browser.close()


def is_complaint(said):
    """Whether a browser says that a page is wrong, and not that the answer is an error that was asked for."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture
def visit(browser):
    """Opens pages in a browser of its own: `visit(address, **context)`. What it complains of fails the test."""
    contexts, complaints = [], []

    def go(address, **context):
        opened = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **context})
        opened.set_default_timeout(20_000)
        contexts.append(opened)
        page = opened.new_page()
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield go
    for one in contexts:
        one.close()
    assert complaints == []
