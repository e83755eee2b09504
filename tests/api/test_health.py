"""Whether the server lives and can answer at once, and what it measured."""

import time

from api.desk import Desk, is_problem
from rollforward.book import Book


def measured(desk):
    lines = desk.client.get("/metrics").text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_a_server_lives_even_without_a_book(tmp_path):
    desk = Desk(tmp_path)
    assert desk.client.get("/healthz").json() == {"status": "ok"}
    found = desk.client.get("/readyz")
    assert str(tmp_path) not in found.text
    is_problem(found, 503)


def test_a_server_is_ready_once_the_ledger_is_up_to_date(own):
    assert own.client.get("/readyz").json() == {"status": "ready"}
    own.send("/records/customers", [{"customer": "new"}], source="crm")
    waited = own.client.get("/readyz")
    assert "being built" in is_problem(waited, 503)
    assert waited.headers["Retry-After"] == "1"
    until = time.monotonic() + 60
    while own.client.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_requests_are_counted_by_route_and_status(own):
    own.get("/accounts/c0000001")
    own.get("/accounts/nobody")
    own.get("/nothing/of/the/sort")
    found = measured(own)
    route = 'method="GET",route="/api/v1/accounts/{account}"'
    assert found[f'rollforward_requests_total{{{route},status="200"}}'] == "1.0"
    assert found[f'rollforward_requests_total{{{route},status="404"}}'] == "1.0"
    assert found['rollforward_requests_total{method="GET",route="none",status="404"}'] == "1.0"
    assert found[f"rollforward_request_seconds_count{{{route}}}"] == "2.0"


def test_measures_hold_no_personal_data(own):
    own.get("/accounts/c0000001")
    own.get("/accounts", search="Lumenstone")
    text = own.client.get("/metrics").text
    assert "c0000001" not in text
    assert "Lumenstone" not in text


def test_ledgers_that_are_built_are_counted(own):
    own.send("/records/customers", [{"customer": "new"}], source="crm")
    own.get("/rollforward")
    own.get("/rollforward", policy="stripe")
    assert measured(own)['rollforward_ledgers_built_total{way="caught_up"}'] == "1.0"
    assert measured(own)['rollforward_ledgers_built_total{way="anew"}'] == "1.0"


def test_measures_are_for_those_who_may_read(own):
    with own.read_by("viewer", scopes=()):
        assert own.client.get("/metrics").status_code == 403


def test_two_servers_measure_apart(own, tmp_path):
    own.get("/rollforward")
    Book.create(tmp_path / "other", currency="EUR")
    assert not [name for name in measured(Desk(tmp_path / "other")) if "rollforward_requests_total" in name]
