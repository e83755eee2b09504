"""What the overview says is found before somebody asks for it."""

import shutil
import time

import pytest
from fastapi.testclient import TestClient

from rollforward.book import Book, now
from rollforward.surfaces.server.app import application
from rollforward.surfaces.server.served import Served
from rollforward.surfaces.web.warming import Warming


@pytest.fixture
def folder(demo_book, tmp_path):
    return shutil.copytree(demo_book, tmp_path / "book")


def until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to pass within a minute")


def test_the_overview_is_found_at_the_start_and_after_each_change(folder):
    served = Served(folder, now)
    warming = Warming(served, every=0.05)
    warming.start()
    try:
        until(lambda: len(served.answers) >= 4)
        former = served.state
        book = Book.open(folder)
        (one, *_), (other, *_) = book.accounts().part(0, 2)
        book.merge(one, into=other, reason="the same company", by="Ada")
        assert served.state != former
        until(lambda: {kept.state for kept in served.answers._kept.values()} == {served.state})  # noqa: SLF001
    finally:
        warming.stop()
    found = len(served.answers)
    with TestClient(application(served), base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        assert client.get("/").status_code == 200
    asked = {key[1] for key in served.answers._kept}  # noqa: SLF001
    assert {"headlines", "rollforward", "latest"} <= asked
    drawn = len(served.answers) - found
    assert drawn <= 3, "the picture and the notes alone were left to be found"
    last = Book.open(folder).movements().last(1)[0][1]
    assert {("account", last), ("records of an account", last)} <= asked, "the account that moved last is known"


def test_a_folder_without_a_book_is_looked_at_until_there_is_one(tmp_path):
    served = Served(tmp_path / "book", now)
    warming = Warming(served, every=0.05)
    warming.start()
    time.sleep(0.2)
    made = Book.demo(tmp_path / "book", customers=50)
    made.make(lambda *_: None).build()
    until(lambda: len(served.answers) >= 4)
    warming.stop()
