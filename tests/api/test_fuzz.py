"""Whatever is asked, no answer is a fault of the program, and none is of a shape that the description does not name."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from api.desk import HOME, Desk, Ticking, make_book
from depth import deep
from rollforward.surfaces.api.schema import openapi

EXAMPLES = deep(2)
"""The questions of each operation that are made up, beside those that its description leads to."""

load_all_checks()
HELD_TO = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
)


@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.parquet")
def as_it_is(_, value):
    return value if isinstance(value, bytes) else str(value).encode()


FIXED = schemathesis.Config.from_dict({"generation": {"deterministic": True}})
schema = schemathesis.openapi.from_dict(openapi(), config=FIXED)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api-fuzz") / "book"
    make_book(folder, customers=12)
    desk = Desk(folder, Ticking())
    desk.send("/notes", {"day": "2026-05-04", "text": "there"})
    return desk.client


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_is_answered_as_described(asked, case):
    case.validate_response(asked.request(**sent(case)), checks=HELD_TO)


def sent(case):
    """A case as the client takes it, which by itself sends no header beyond ASCII."""
    said = case.as_transport_kwargs(base_url=HOME)
    headers = {name.encode("latin-1"): text.encode("utf-8") for name, text in dict(said["headers"]).items()}
    body = {"content": said.pop("data")} if isinstance(said.get("data"), bytes | str) else {}
    return {**said, **body, "headers": headers, "cookies": None}
