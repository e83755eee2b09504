"""A served book with people, and browsers and programs that come to it."""

import re
from contextlib import contextmanager

from fastapi.testclient import TestClient

from people.door import PASSWORD
from rollforward.surfaces.server.app import application
from rollforward.surfaces.server.served import Served

HOME = "http://127.0.0.1:8765"
AWAY = "https://mrr.acme.example"
HTML = {"accept": "text/html"}


def served_with(folder, people, clock, **more):
    return application(Served(folder, clock), people, **{"hosts": ["mrr.acme.example"], **more})


class Browser(TestClient):
    """A browser: it holds cookies, follows nothing, and fills in the token of the form that it was shown."""

    def __init__(self, app, *, base_url=AWAY, address="198.51.100.7"):
        super().__init__(
            app, base_url=base_url, client=(address, 50000), follow_redirects=False, raise_server_exceptions=False
        )
        self.headers.update({"accept": "text/html,*/*;q=0.8", "user-agent": "Mosaic 2.7"})

    def token(self, page="/sign-in"):
        return re.search(r'name="csrf_token" value="(\w+)"', self.get(page).text)[1]

    def fill_in(self, action, page="/sign-in", **fields):
        return self.post(action, data={**fields, "csrf_token": self.token(page)})

    def sign_in(self, name, password=PASSWORD, **more):
        return self.fill_in("/sign-in", name=name, password=password, **more)


def signed_in(app, name, **more):
    browser = Browser(app, **more)
    assert browser.sign_in(name).status_code == 303
    return browser


def program(app, key, *, base_url=AWAY):
    """A program that sends a key."""
    client = Browser(app, base_url=base_url)
    client.headers.update({"authorization": f"Bearer {key}", "accept": "application/json"})
    return client


@contextmanager
def without_header(client, name):
    held = client.headers.pop(name)
    yield client
    client.headers[name] = held
