"""What cannot be answered is refused with a problem that says what is allowed."""

import pytest

from api.desk import ROOT, is_problem
from rollforward.surfaces.server.answers import Answers

WRONG = [
    ("/rollforward?form=2026", "unknown parameter 'form'. Did you mean from?"),
    ("/rollforward?kind=new", "unknown parameter 'kind'"),
    ("/rollforward?from=", "the parameter 'from' is empty"),
    ("/rollforward?every=fortnight", "Known: day, week, month, quarter, year"),
    ("/rollforward?from=2026-01&from=2026-02", "is said twice"),
    ("/rollforward?from=yesterday", "It is the first day"),
    ("/rollforward?from=2026-13", "is not a day"),
    ("/rollforward?from=2026-05&to=2026-04", "is after"),
    ("/rollforward?where=plan", "It is a filter FIELD=VALUE"),
    ("/rollforward?where=colour=blue", "unknown field 'colour'"),
    ("/rollforward?by=colour", "unknown field 'colour'"),
    ("/rollforward?policy=ours", "unknown policy 'ours'"),
    ("/rollforward?currency=DOLLAR", "ISO 4217"),
    ("/rollforward?currency=XQZ", "XQZ"),
    ("/rollforward?segment=ours", "none is saved yet"),
    ("/rollforward?as_of=noon", "is not a time"),
    ("/rollforward?as_of=2099-01-01", "still to come"),
    ("/rollforward?allow_stale=perhaps", "Known: true, false"),
    ("/movements?limit=0", "from 1 to 1000"),
    ("/movements?limit=1001", "from 1 to 1000"),
    ("/movements?limit=ten", "from 1 to 1000"),
    ("/movements?kind=growth", "Known: new, expansion"),
    ("/cohorts?every=week", "unknown cohort period"),
    ("/explain?metric=mrr", "name a metric and a period"),
    ("/metrics?from=2026", "unknown parameter 'from'. Known: limit, next"),
]

NOT_THERE = [
    ("/nothing", "Not Found"),
    ("/metrics/profit", "unknown metric 'profit'"),
    ("/accounts/nobody", "the book knows no account 'nobody'"),
    ("/accounts/nobody/history", "the book knows no account"),
    ("/movements?account=nobody", "the book knows no account"),
    ("/policies/ours", "unknown policy"),
    ("/policies/default/diff/ours", "unknown policy"),
    ("/policies/default@9", "has no version 9"),
    ("/closes/2026-01", "is not a closed month"),
    ("/segments/colour", "unknown field"),
]


@pytest.mark.parametrize(("asked", "said"), WRONG)
def test_what_is_asked_wrongly_is_told_what_is_allowed(desk, asked, said):
    assert said in is_problem(desk.client.get(ROOT + asked), 400)


@pytest.mark.parametrize(("asked", "said"), NOT_THERE)
def test_what_is_not_there_is_said_to_be_missing(desk, asked, said):
    assert said in is_problem(desk.client.get(ROOT + asked), 404)


@pytest.mark.parametrize("path", ["/overview", "/explain?metric=mrr&period=2026-05", "/accounts/c0000001"])
def test_a_document_is_no_table(desk, path):
    assert "There is application/json" in is_problem(desk.client.get(ROOT + path, headers={"Accept": "text/csv"}), 406)


@pytest.mark.parametrize("form", ["text/html", "image/*", "application/json;q=0"])
def test_a_form_that_is_not_there_is_refused(desk, form):
    is_problem(desk.get("/rollforward", form), 406)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_is_only_read_is_not_written(desk, method):
    found = desk.client.request(method, f"{ROOT}/rollforward")
    is_problem(found, 405)
    assert found.headers["Allow"] == "GET"


def test_a_book_that_is_not_there_is_said_to_be_missing(tmp_path):
    from api.desk import Desk

    assert "is not a book" in is_problem(Desk(tmp_path).get("/rollforward"), 404)


def test_a_fault_of_the_program_tells_nothing_of_its_inside(desk, monkeypatch):
    def fails(*_, **__):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("rollforward.book.Book.fields", fails)
    monkeypatch.setattr(desk.app.state.served, "answers", Answers())  # none that another test was given
    assert "a secret" not in is_problem(desk.get("/segments", limit=3), 500)
