"""A desk at which programs ask: the API of a small demo book."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlencode

from starlette.testclient import TestClient

from rollforward.book import Book
from rollforward.people.roles import scopes_of
from rollforward.surfaces.server import keeping
from rollforward.surfaces.server.app import application
from rollforward.surfaces.server.served import Served
from rollforward.surfaces.server.who import Reader, who

NOW = datetime(2026, 7, 1, 9, 0)  # noqa: DTZ001  the clock of a book is in UTC, without an offset
ROOT = "/api/v1"
HOME = "http://127.0.0.1"
PROBLEM = "application/problem+json"
TERMS = {
    "customer": "acme",
    "subscription": "s1",
    "item": "i1",
    "plan": "Pro",
    "amount": "50000.00",
    "currency": "USD",
    "interval": "month",
    "starts": "2026-06-01",
}


def clock():
    return NOW


class Ticking:
    """A clock that goes on a second with each look."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return NOW + timedelta(seconds=self.looks)


def make_book(folder, customers=40):
    book = Book.demo(folder, customers=customers, seed=1, clock=clock).make(lambda *_: None)
    book.close("2026-04", by="ada", note="as reported")
    return book


class Desk:
    """Asks the API of a book and reads what it says."""

    def __init__(self, folder, at=clock):
        self.folder = folder
        self.app = application(Served(folder, at))
        self.client = TestClient(self.app, HOME, raise_server_exceptions=False, client=("127.0.0.1", 50_000))

    @property
    def book(self):
        return Book.open(self.folder, clock=clock)

    def get(self, path, accept=None, headers=None, **said):
        query = urlencode({name.rstrip("_"): value for name, value in said.items()}, doseq=True)
        sent = {**({"Accept": accept} if accept else {}), **(headers or {})}
        return self.client.get(f"{ROOT}{path}" + (f"?{query}" if query else ""), headers=sent)

    def rows(self, path, **said):
        found = self.get(path, **said)
        assert found.status_code == 200, found.text
        return found.json()["rows"]

    def send(self, path, rows, *, key=None, form="application/json", **said):
        sent = {"Content-Type": form, **({"Idempotency-Key": key} if key else {})}
        body = {"json": rows} if form == "application/json" and not isinstance(rows, bytes) else {"content": rows}
        return self.client.post(f"{ROOT}{path}?{urlencode(said)}", headers=sent, **body)

    @contextmanager
    def read_by(self, role, way="session", scopes=None):
        """Whoever asks is a reader of a role."""
        reader = Reader(role, role, scopes_of(role) if scopes is None else frozenset(scopes), way)
        self.app.dependency_overrides[who] = lambda: reader
        try:
            with patch.object(keeping, "reader_of", lambda _: reader):
                yield reader
        finally:
            self.app.dependency_overrides.clear()


def is_problem(found, status):
    """Whether an answer is a problem of a status that says so itself."""
    told = found.json()
    assert found.headers["content-type"] == PROBLEM, found.text
    assert found.status_code == told["status"] == status, found.text
    assert told["title"]
    assert told["detail"]
    return told["detail"]
