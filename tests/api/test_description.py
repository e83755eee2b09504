"""The description is what the API does: its examples work, and what is answered has the shape it says."""

import re
from pathlib import Path

import pytest

from api.desk import ROOT
from rollforward.surfaces.api.every import OPERATIONS
from rollforward.surfaces.api.reference import address, curl
from rollforward.surfaces.api.schema import openapi

DOCS = Path(__file__).parents[2] / "docs" / "api.md"

IDS = ["addNote", "closeMonth", "comparePolicies", "explain", "getAccount", "getAccountHistory", "getClose", "getCohorts", "getMetrics", "getOverview", "getPolicy", "getRestatement", "getRollforward", "getSegments", "listAccounts", "listCauses", "listCloses", "listFields", "listImports", "listMetrics", "listMovements", "listNotes", "listPolicies", "listProblems", "listScheduled", "listSources", "removeNote", "sendRecords"]


def test_the_ids_of_operations_are_stable():
    assert sorted(OPERATIONS) == IDS, "a client is generated from these names: add some, but keep them"


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_each_example_works_and_is_answered_as_described(own, operation):
    own.send("/notes", {"day": "2026-05-04", "text": "the first"})
    body = operation.body.example if operation.body else None
    found = own.client.request(operation.method, address(operation), json=body)
    assert found.status_code == operation.status, found.text
    if operation.model:
        told = operation.model.model_validate_json(found.content)
        assert told


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_each_operation_is_described_in_full(operation):
    told = openapi()["paths"][ROOT + operation.path][operation.method]
    assert told["operationId"] == operation.id
    assert told["summary"]
    assert not told["summary"].endswith(".")
    assert all(parameter["description"] and parameter["schema"] for parameter in told["parameters"])
    assert {"400", "401", "403", "404", "406"} <= set(told["responses"])
    for status, response in told["responses"].items():
        assert response["description"]
        assert (list(response.get("content", {})) == ["application/problem+json"]) == (int(status) >= 400)


def test_every_reference_of_the_description_leads_somewhere():
    text = str(openapi())
    schemas = openapi()["components"]["schemas"]
    assert {name for name in re.findall(r"#/components/schemas/([\w.]+)", text)} <= set(schemas)


def test_the_reference_for_people_has_every_operation(desk):
    page = desk.client.get("/api")
    assert page.status_code == 200
    for operation in OPERATIONS.values():
        assert f'id="{operation.id}"' in page.text
        assert f"{operation.method.upper()} {ROOT}{operation.path}" in page.text
    assert "https://" not in re.sub(r"<code>.*?</code>", "", page.text, flags=re.DOTALL)


def test_an_example_is_a_command_line():
    assert curl(OPERATIONS["listMovements"], "http://127.0.0.1:8765") == (
        "curl 'http://127.0.0.1:8765/api/v1/movements?from=2026-06&kind=churn'"
    )
    assert curl(OPERATIONS["removeNote"], "http://h").startswith("curl -X DELETE http://h")


def test_the_page_of_the_docs_has_every_operation():
    text = DOCS.read_text("utf-8")
    assert [one.id for one in OPERATIONS.values() if f"`{one.id}`" not in text] == []
