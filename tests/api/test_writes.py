"""What programs send is booked once and whole, and what became of each row is told."""

import io
import json
import threading
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.desk import ROOT, TERMS, is_problem
from rollforward.surfaces.api import sending

ITEMS = "/records/subscription_items"


def mrr(desk, account="acme"):
    return next((row["mrr"] for row in desk.rows("/accounts", limit=1000) if row["account"] == account), None)


def test_rows_that_are_sent_count(own):
    found = own.send(ITEMS, [TERMS], source="crm")
    told = found.json()
    assert found.status_code == 201
    assert (told["rows_in"], told["booked"], told["unchanged"], told["quarantined"]) == (1, 1, 0, 0)
    assert mrr(own) == "50000.00"


def test_the_same_rows_again_change_nothing_and_others_are_a_new_version(own):
    own.send(ITEMS, [TERMS], source="crm")
    assert own.send(ITEMS, [TERMS], source="crm").json()["unchanged"] == 1
    assert own.send(ITEMS, [{**TERMS, "amount": "70000.00"}], source="crm").json()["changed"] == 1
    assert mrr(own) == "70000.00"


def test_numbers_keep_their_digits(own):
    body = json.dumps([TERMS]).replace('"50000.00"', "12345678.1234567891").encode()
    own.send(ITEMS, body, source="crm")
    record = own.book.explain(account="acme", on=date(2026, 6, 30)).to_dict()
    assert "12345678.1234567891" in json.dumps(record)


def test_a_row_that_cannot_be_read_waits_and_is_told_why(own):
    told = own.send(ITEMS, [TERMS, {**TERMS, "item": "i2", "amount": "lots"}], source="crm", file="terms").json()
    assert (told["booked"], told["quarantined"]) == (1, 1)
    (fault,) = told["problems"]
    assert (fault["row"], fault["field"], fault["value"], fault["file"]) == (2, "amount", "lots", "terms")
    assert fault["reason"]
    assert fault["remedy"]
    assert [row["value"] for row in own.rows("/problems", allow_stale="true")] == ["lots"]


def test_a_row_sent_again_under_its_name_leaves_quarantine(own):
    wrong, right = {**TERMS, "amount": "lots"}, TERMS
    own.send(ITEMS, [wrong], source="crm", file="terms")
    own.send(ITEMS, [right], source="crm", file="terms")
    assert own.rows("/problems") == []


def test_all_rows_stay_out_where_one_is_faulty_and_that_is_wanted(own):
    before = len(own.book.imports())
    found = own.send(ITEMS, [TERMS, {**TERMS, "item": "i2", "amount": "lots"}], source="crm", faulty="refuse")
    assert "1 row cannot be read" in is_problem(found, 422)
    assert found.json()["errors"][0]["field"] == "amount"
    assert len(own.book.imports()) == before
    assert mrr(own) is None


def test_a_dry_run_tells_and_keeps_nothing(own):
    before = len(own.book.imports())
    assert own.send(ITEMS, [TERMS], source="crm", dry_run="true").json()["booked"] == 1
    assert len(own.book.imports()) == before


def test_a_complete_delivery_removes_what_is_gone(own):
    own.send(ITEMS, [TERMS, {**TERMS, "item": "i2"}], source="crm")
    assert own.send(ITEMS, [TERMS], source="crm", complete="true").json()["removed"] == 1
    assert mrr(own) == "50000.00"


def parquet_of(rows):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


TYPED = {**TERMS, "amount": Decimal("50000.00"), "starts": date(2026, 6, 1)}
FORMS = {
    "application/x-ndjson": json.dumps(TERMS).encode() + b"\n",
    "text/csv": f"{','.join(TERMS)}\n{','.join(TERMS.values())}\n".encode(),
    "application/vnd.apache.parquet": parquet_of([TYPED]),
    "application/json": json.dumps({"rows": [TERMS]}).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_rows_books_the_same(own, form):
    assert own.send(ITEMS, FORMS[form], source="crm", form=form).json()["booked"] == 1
    assert mrr(own) == "50000.00"


def test_attributes_and_discounts_come_along(own):
    customer = {"customer": "acme", "name": "Acme", "attributes": {"tier": "gold"}}
    own.send("/records/customers", [customer], source="crm")
    own.send(ITEMS, [{**TERMS, "discounts": [{"percent": 10, "duration": "forever"}]}], source="crm")
    own.send("/records/customers", b'customer,attributes\nbeta,"{""tier"": ""gold""}"\n', source="crm", form="text/csv")
    assert mrr(own) == "45000.00"
    assert {row["account"] for row in own.rows("/accounts", where="tier=gold")} == {"acme"}


def test_a_binary_fraction_is_not_exact(own):
    body = parquet_of([{**TERMS, "amount": 0.1}])
    told = own.send(ITEMS, body, source="crm", form="application/vnd.apache.parquet").json()
    assert told["problems"][0]["reason"] == "a binary fraction is not exact"


BROKEN = [
    ("application/json", b"{", 400, "is not JSON"),
    ("application/json", b"[" * 100_000, 400, "is not JSON"),
    ("application/json", b'{"customer": "c1"}', 400, "is not a list of rows"),
    ("application/json", b"[1]", 400, "row 1 is not an object"),
    ("application/json", b"[]", 400, "no row"),
    ("application/json", b"\xff\xfe", 400, "is not UTF-8"),
    ("application/x-ndjson", b'{"customer": "c1"}\nnot\n', 400, "line 2 is not JSON"),
    ("text/csv", b"customer,plan\nc1\n", 400, "row 1 has not as many cells"),
    ("text/csv", b"customer,customer\nc1,c2\n", 400, "names a column twice"),
    ("application/vnd.apache.parquet", b"PAR1 no", 400, "is not a Parquet file"),
    ("application/xml", b"c1", 415, "Send application/json"),
    ("", b"c1", 415, "without a Content-Type"),
]


@pytest.mark.parametrize(("form", "body", "status", "said"), BROKEN)
def test_a_body_that_cannot_be_read_leaves_nothing_behind(own, form, body, status, said):
    before = own.folder.joinpath("book.duckdb").read_bytes()
    assert said in is_problem(own.send(ITEMS, body, source="crm", form=form), status)
    assert own.folder.joinpath("book.duckdb").read_bytes() == before


def test_a_body_that_is_too_large_is_refused_before_it_is_read(own, monkeypatch):
    monkeypatch.setattr(sending, "MOST", 1000)
    is_problem(own.send(ITEMS, b" " * 1001, source="crm"), 413)
    pieces = (b" " * 400 for _ in range(3))
    streamed = own.client.post(
        f"{ROOT}{ITEMS}?source=crm", content=pieces, headers={"Content-Type": "application/json"}
    )
    is_problem(streamed, 413)


def test_a_small_file_that_unpacks_to_many_rows_is_refused(own, monkeypatch):
    monkeypatch.setattr("rollforward.sources.sent.MOST", 10)
    body = parquet_of([TERMS] * 11)
    is_problem(own.send(ITEMS, body, source="crm", form="application/vnd.apache.parquet"), 413)


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        ("/records/account_links", {"source": "crm"}, 404),
        ("/records/nothing", {"source": "crm"}, 404),
        (ITEMS, {}, 400),
        (ITEMS, {"source": "people"}, 400),
        (ITEMS, {"source": "ecb"}, 400),
        (ITEMS, {"source": "crm", "good_to": "2099-01-01"}, 400),
    ],
)
def test_rows_of_what_is_not_taken_are_refused(own, path, said, status):
    is_problem(own.send(path, [TERMS], **said), status)


# -- done once -------------------------------------------------------------------------------------------------------


def test_a_write_that_comes_twice_under_one_key_is_done_once(own):
    first = own.send(ITEMS, [TERMS], source="crm", key="k1")
    again = own.send(ITEMS, [TERMS], source="crm", key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len([one for one in own.book.imports() if one["source"] == "crm"]) == 1


def test_a_key_that_comes_with_another_body_is_refused(own):
    own.send(ITEMS, [TERMS], source="crm", key="k1")
    assert "used for another request" in is_problem(
        own.send(ITEMS, [{**TERMS, "item": "i2"}], source="crm", key="k1"), 422
    )
    is_problem(own.send(ITEMS, [TERMS], source="other", key="k1"), 422)


def test_a_key_whose_write_is_under_way_has_to_wait(own, monkeypatch):
    from rollforward.surfaces.api import records

    began, go_on, real = threading.Event(), threading.Event(), records.receive

    def slowly(*given):
        began.set()
        go_on.wait(20)
        return real(*given)

    monkeypatch.setattr(records, "receive", slowly)
    found = []
    first = threading.Thread(target=lambda: found.append(own.send(ITEMS, [TERMS], source="crm", key="k1")))
    first.start()
    began.wait(20)
    try:
        second = own.send(ITEMS, [TERMS], source="crm", key="k1")
        assert second.headers["Retry-After"] == "1"
        is_problem(second, 409)
    finally:
        go_on.set()
        first.join()
    assert found[0].status_code == 201


def test_a_key_whose_write_failed_can_be_used_again(own):
    is_problem(own.send(ITEMS, b"{", source="crm", key="k1"), 400)
    assert own.send(ITEMS, [TERMS], source="crm", key="k1").status_code == 201


def test_keys_of_two_readers_are_two(own):
    with own.read_by("analyst"):
        own.send("/notes", {"day": "2026-05-04", "text": "mine"}, key="k1")
    with own.read_by("admin"):
        assert own.send("/notes", {"day": "2026-05-05", "text": "yours"}, key="k1").status_code == 201


# -- closes and notes ------------------------------------------------------------------------------------------------


def test_a_month_is_closed_by_who_asks(own):
    with own.read_by("analyst"):
        told = own.send("/closes", {"period": "2026-05", "note": "final"})
    assert told.status_code == 201
    assert told.json()["closed_by"] == "analyst"
    assert [(row["period"], row["by"]) for row in own.rows("/closes")] == [("2026-04", "ada"), ("2026-05", "analyst")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"period": "2026-04"}, 400),
        ({"period": "2026-06x"}, 400),
        ({}, 422),
        ({"period": 5}, 422),
        ({"month": "x"}, 422),
    ],
)
def test_a_close_that_cannot_be_is_refused(own, body, status):
    is_problem(own.send("/closes", body), status)


def test_notes_are_pinned_listed_and_taken_away(own):
    made = own.send("/notes", {"day": "2026-05-04", "text": "New prices"}).json()
    own.send("/notes", {"day": "2025-01-01", "text": "Old"})
    assert [row["text"] for row in own.rows("/notes", from_="2026")] == ["New prices"]
    assert own.client.delete(f"{ROOT}/notes/{made['id']}").status_code == 204
    is_problem(own.client.delete(f"{ROOT}/notes/{made['id']}"), 404)
    assert [row["text"] for row in own.rows("/notes")] == ["Old"]


def test_a_note_of_another_is_taken_away_by_an_admin_alone(own):
    own.send("/notes", {"day": "2026-05-04", "text": "New prices"})
    with own.read_by("analyst"):
        is_problem(own.client.delete(f"{ROOT}/notes/1"), 404)
    with own.read_by("admin"):
        assert own.client.delete(f"{ROOT}/notes/1").status_code == 204


def test_the_audit_log_has_what_programs_did(own):
    own.send(ITEMS, [TERMS], source="crm")
    own.send(ITEMS, [TERMS], source="crm", dry_run="true")
    own.send("/closes", {"period": "2026-05"})
    own.send("/notes", {"day": "2026-05-04", "text": "New prices"})
    assert [one.did for one in own.app.state.people.audit.deeds()] == ["added note", "closed", "sent records"]
