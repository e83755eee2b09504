"""MCP: twelve tools that only read, and answer as the book does, with stamp, units and a link."""

import json
import os
import sys
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import anyio
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from cli.desk import NOW, make_demo
from rollforward.book import Book, View
from rollforward.formats import exact_text
from rollforward.surfaces.links import Links
from rollforward.surfaces.mcp.server import server

TOOLS = {
    "overview": {},
    "rollforward": {"start": "2026"},
    "metrics": {"names": ["mrr", "nrr_12m"], "start": "2026-01"},
    "metric_definitions": {"names": ["grr"]},
    "movements": {"start": "2026-06"},
    "accounts": {"limit": 3},
    "account": {"account": "c0000051"},
    "cohorts": {"every": "year"},
    "explain": {"metric": "churned_mrr", "period": "2026-06"},
    "policy": {},
    "problems": {},
    "closes": {},
}
"""Every tool, with arguments that it answers."""

STAMPED = set(TOOLS) - {"metric_definitions", "policy"}
BASE = "https://mrr.example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("mcp")
    assert make_demo(made).status == 0
    return made / "demo"


@pytest.fixture
def book(folder):
    return Book.open(folder, clock=lambda: datetime.fromisoformat(NOW))


def asked(book, *calls):
    """The answers to some calls, each a tool's name and its arguments."""

    async def ask():
        async with Client(server(lambda: book, lambda: datetime.fromisoformat(NOW), Links(BASE))) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return in_its_own_thread(ask)


def in_its_own_thread(ask):
    """What a coroutine answers, whatever loop the tests before it left running in this thread."""
    with anyio.from_thread.start_blocking_portal() as portal:
        return portal.call(ask)


def told(book, name, **arguments):
    (answer,) = asked(book, (name, arguments))
    assert not answer.is_error, answer.content
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content


def refused(book, name, **arguments):
    (answer,) = asked(book, (name, arguments))
    assert answer.is_error
    return answer.content[0].text


def test_every_tool_is_listed_and_says_that_it_only_reads(book):
    async def ask():
        async with Client(server(lambda: book, datetime.now, Links())) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, about = in_its_own_thread(ask)
    assert [tool.name for tool in tools] == list(TOOLS)
    assert all(tool.annotations.read_only_hint and not tool.annotations.destructive_hint for tool in tools)
    assert all(tool.description for tool in tools)
    described = [part for tool in tools for part in tool.input_schema["properties"].values()]
    assert all(part["description"] for part in described)
    assert "null" in about


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_answers_with_stamp_and_link(book, name):
    answer = told(book, name, **TOOLS[name])
    assert answer["link"].startswith(BASE)
    if name in STAMPED:
        assert answer["stamp"]["policy"] == "default"
        assert answer["stamp"]["ledger_hash"] == book.ledger().ledger_hash
    units = {column["name"]: column["unit"] for column in answer.get("columns", ())}
    assert all(units.values())


def test_no_tool_writes_to_the_book(book, folder):
    for name, arguments in TOOLS.items():
        told(book, name, **arguments)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    for name, arguments in TOOLS.items():
        told(book, name, **arguments)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_figures_are_those_of_the_book_exact(book):
    answer = told(book, "metrics", names=["mrr", "quick_ratio"], start="2026-01", every="quarter", where=["country=DE"])
    result = book.metrics("mrr", "quick_ratio", start=date(2026, 1, 1), every="quarter", where={"country": "DE"})
    said = [tuple(row.values()) for row in answer["rows"]]
    assert said == [(label, exact_text(mrr, 2), ratio and exact_text(ratio)) for label, mrr, ratio in result.rows]
    assert [column["unit"] for column in answer["columns"]] == ["text", "USD", "ratio (0.1 is 10 %)"]
    assert answer["link"] == f"{BASE}/?from=2026-01-01&every=quarter&where=country%3DDE"


def test_the_largest_movements_stand_first(book):
    rows = told(book, "movements", largest=True, limit=5, start="2026")["rows"]
    every = [abs(row["mrr"]) for row in book.movements(start=date(2026, 1, 1)).to_dicts()]
    assert [abs(Decimal(row["mrr"])) for row in rows] == sorted(every, reverse=True)[:5]


def test_pages_follow_each_other_to_the_last_row(book):
    found, cursor = [], None
    while True:
        page = told(book, "movements", limit=50, start="2026", **({"cursor": cursor} if cursor else {}))
        found += page["rows"]
        assert page["total"] == len(book.movements(start=date(2026, 1, 1)))
        if (cursor := page["next"]) is None:
            break
    expected = [
        (str(row["day"]), row["account"], row["kind"]) for row in book.movements(start=date(2026, 1, 1)).to_dicts()
    ]
    assert [(row["day"], row["account"], row["kind"]) for row in found] == expected


def test_a_cursor_holds_for_its_question_and_its_state_of_the_book_alone(book):
    cursor = told(book, "movements", limit=5)["next"]
    assert "Ask anew without a cursor" in refused(book, "movements", limit=5, cursor=cursor, kind="churn")
    assert "Ask anew without a cursor" in refused(book, "accounts", limit=5, cursor=cursor)
    assert "Take `next`" in refused(book, "movements", limit=5, cursor="nonsense")
    assert "Take `next`" in refused(book, "movements", limit=5, cursor="ä")
    assert told(book, "movements", limit=7, cursor=cursor)["rows"]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("metrics", {"names": ["mr"]}, "Did you mean mrr"),
        ("metrics", {"names": []}, "at least 1"),
        ("metrics", {"names": ["mrr"], "from": "2026"}, "unknown argument 'from'"),
        ("metrics", {"names": ["mrr"], "where": ["country"]}, "FIELD=VALUE"),
        ("metrics", {"names": ["mrr"], "where": ["color=red"]}, "unknown field"),
        ("metrics", {"names": ["mrr"], "start": "soon"}, "is not a day"),
        ("metrics", {"names": ["mrr"], "every": "hour"}, "'day', 'week', 'month', 'quarter' or 'year'"),
        ("metrics", {"names": ["mrr"], "policy": "strpie"}, "Did you mean stripe"),
        ("metrics", {"names": ["mrr"], "currency": "XXY"}, "XXY"),
        ("metrics", {"names": ["mrr"], "as_of": "2030-01-01"}, "still to come"),
        ("movements", {"limit": 201}, "less than or equal to 200"),
        ("movements", {"kind": "lost"}, "'churn'"),
        ("movements", {"account": "c000005"}, "The nearest"),
        ("movements", {"largest": True, "cursor": "x"}, "no cursor"),
        ("account", {"account": "nobody"}, "knows no account"),
        ("explain", {}, "metric"),
        ("explain", {"metric": "mrr", "period": "2026-13"}, "2026-13"),
        ("closes", {"month": "2026-01"}, "not a closed month"),
        ("cohorts", {"measure": "arr"}, "'customers' or 'mrr'"),
        ("problems", {"severity": "bad"}, "'quarantined'"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_can(book, name, arguments, said):
    assert said in refused(book, name, **arguments)


def test_a_withheld_figure_is_an_error_that_says_why(folder):
    late = Book.open(folder, clock=lambda: datetime(2026, 9, 1, tzinfo=UTC).replace(tzinfo=None))
    if late.settings.today is not None:
        from dataclasses import replace

        late.settings = replace(late.settings, today=None)
    assert "the figures are withheld" in refused(late, "metrics", names=["mrr"])
    answer = told(late, "metrics", names=["mrr"], allow_stale=True)
    assert "good to" in answer["stamp"]["stale"]
    assert answer["link"].endswith("allow_stale=true")


def test_figures_as_known_at_a_time_carry_it(book):
    learned = book.imports()[0]["recorded_at"]
    answer = told(book, "rollforward", as_of=learned.isoformat() + "Z", start="2026")
    assert answer["stamp"]["known_at"] == learned.isoformat() + "Z"
    assert len(answer["rows"]) == len(book.rollforward(start=date(2026, 1, 1), view=View(as_of=learned)))


@asynccontextmanager
async def over_stdio(*arguments):
    program = "from rollforward.surfaces.cli import main; main()"
    environment = {**os.environ, "ROLLFORWARD_NOW": NOW, "ROLLFORWARD_URL": BASE}
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: ASYNC230, PTH123
        started = StdioServerParameters(command=sys.executable, args=["-c", program, *arguments], env=environment)
        async with Client(stdio_client(started, errlog=nowhere)) as client:
            yield client


def test_the_command_answers_over_standard_input_and_output(book, folder):
    async def ask():
        async with over_stdio("mcp", "--book", str(folder)) as client:
            tools = await client.list_tools()
            return len(tools.tools), await client.call_tool("metrics", {"names": ["mrr"], "start": "2026-06"})

    with anyio.from_thread.start_blocking_portal() as portal:
        number, answer = portal.call(ask)
    assert number == len(TOOLS)
    (row,) = book.metrics("mrr", start=date(2026, 6, 1)).rows
    assert answer.structured_content["rows"] == [{"period": "2026-06", "mrr": exact_text(row[1], 2)}]
    assert answer.structured_content["link"].startswith(BASE)
