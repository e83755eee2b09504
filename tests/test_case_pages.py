"""The pages on cases: docs/cases.md lists the project's own, docs/case-format.md tells how one is written.

`REFRESH_SNAPSHOTS=1` writes the generated parts anew.
"""

from __future__ import annotations

import contextlib
import io
import json
import re

import pytest

from cli.desk import run, sitting_in
from rollforward.book.case_format import CASE, DISCOUNT, EXPECT, POLICY
from rollforward.policy.policy import preset_names
from rollforward.records.tables import TABLES
from test_docs import ROOT, blocks, generated, table, text_of

FILES = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((ROOT / "cases").glob("*.json"))}
VENDORS = [name for name in FILES if name in preset_names()]
SUBJECTS = [name for name in FILES if name not in VENDORS]

# -- the list --------------------------------------------------------------------------------------------------------


def amount(told):
    if isinstance(told, dict):
        return f"{told['value']} (at {told['places']} places)"
    return "none" if told is None else told


def expected(case):
    """What a case expects, in one line."""
    expect = case["expect"]
    said = [f"{name} {by_day(expect[name])}" for name in ("mrr", "arr", "customers") if name in expect]
    if "movements" in expect:
        moves = [f"{row['kind']} {amount(row['amount'])} ({row['date']})" for row in expect["movements"]]
        said.append(", ".join(moves) or "no movement")
    said += [rolled(row) for row in expect.get("rollforward", [])]
    said += [f"{row['metric']} {amount(row['value'])} ({row['month']})" for row in expect.get("metrics", [])]
    said += [f"problem: {row['table']} row {row['row']}" for row in expect.get("problems", [])]
    return "; ".join(said)


def by_day(found):
    return ", ".join(f"{amount(told)} ({day})" for day, told in found.items())


def rolled(row):
    parts = [f"{name} {amount(told)}" for name, told in row.items() if name != "month"]
    return f"roll-forward {row['month']}: {', '.join(parts)}"


def vendor_of(name):
    return FILES[name][0]["source"].partition(": ")[0]


def vendor_section(name):
    rows = [[f"`{one['id']}`", one["about"], one["source"].partition(": ")[2], expected(one)] for one in FILES[name]]
    head = ["case", "what it shows", "the documented rule", "what it expects"]
    return f"### {vendor_of(name)}\n\n[`cases/{name}.json`](../cases/{name}.json)\n\n{table(head, rows)}"


def subject_section(name):
    rows = [[f"`{one['id']}`", one["about"], expected(one)] for one in FILES[name]]
    title = name.replace("-", " ").capitalize()
    head = ["case", "what it shows", "what it expects"]
    return f"### {title}\n\n[`cases/{name}.json`](../cases/{name}.json)\n\n{table(head, rows)}"


def cases_part():
    vendors = "\n".join(vendor_section(name) for name in sorted(VENDORS, key=lambda name: vendor_of(name).lower()))
    subjects = "\n".join(subject_section(name) for name in SUBJECTS)
    return f"## By vendor\n\n{vendors}\n## By subject\n\n{subjects}"


def test_the_page_lists_every_case():
    generated("docs/cases.md", "cases", cases_part())


def test_every_vendor_with_a_preset_has_cases():
    dated = {"chartmogul-2025-01-29", "odoo-15", "stripe-older"}
    assert {*VENDORS, *dated, "default"} == set(preset_names())
    used = {case["policy"]["preset"] for name in VENDORS for case in FILES[name]}
    assert used == {*VENDORS, *dated}


def test_a_case_of_the_collection_says_what_it_shows_and_by_which_rule():
    for case in (case for cases in FILES.values() for case in cases):
        assert case["about"].endswith("."), case["id"]
        assert case["source"], case["id"]
        assert case["certainty"] in {"published", "derived"}, case["id"]
    ids = [case["id"] for cases in FILES.values() for case in cases]
    assert len(ids) == len(set(ids))


# -- the format ------------------------------------------------------------------------------------------------------


def tables_part():
    parts = []
    for one in TABLES.values():
        rows = [
            [f"`{column.name}`", column.type, "yes" if column.required else "", column.default or "", column.about]
            for column in one.columns
        ]
        head = ["column", "holds", "required", "default", "what it is"]
        parts.append(f"### `{one.name}`\n\n{one.about}\n\n{table(head, rows)}")
    return "\n".join(parts)


def words_part():
    columns = [(one.name, column) for one in TABLES.values() for column in one.columns if column.words]
    rows = [
        [f"`{name}`", f"`{column.name}`", ", ".join(f"`{word}`" for word in column.words)] for name, column in columns
    ]
    return table(["table", "column", "words"], rows)


def examples():
    """The cases of the page: one that holds and one that differs."""
    return blocks(text_of("docs/case-format.md"), "json")


@pytest.fixture
def folder(tmp_path):
    """A folder with the cases of the page in `mine`."""
    (tmp_path / "mine").mkdir()
    for name, text in zip(("seats", "coupon"), examples(), strict=True):
        (tmp_path / "mine" / f"{name}.json").write_text(text, "utf-8")
    with sitting_in(tmp_path):
        yield tmp_path


def output_part():
    told = [f"$ rollforward verify {path}\n{run('verify', path).out}" for path in ("mine/seats.json", "mine")]
    return "```text\n" + "\n".join(told) + "```\n"


WRONG = (
    ('"amount": "20"', '"amount": 20'),
    ('"currency": "USD",\n  "today"', '"policy": {"set": {"trials": "yes"}},\n  "currency": "USD",\n  "today"'),
    ('"mrr"', '"mmr"'),
)
"""Ways to break the first case of the page: a text and what stands there instead."""


def errors_part(folder):
    right, _ = examples()
    said = []
    for old, new in WRONG:
        assert old in right
        (folder / "mine" / "seats.json").write_text(right.replace(old, new, 1), "utf-8")
        ran = run("verify", "mine/seats.json")
        assert (ran.status, ran.out) == (2, "")
        said.append(ran.err)
    return f"```text\n{''.join(said)}```\n"


def test_the_tables_and_words_of_the_format_follow_from_the_code():
    generated("docs/case-format.md", "tables", tables_part())
    generated("docs/case-format.md", "words", words_part())


@pytest.mark.usefixtures("folder")
def test_the_examples_of_the_format_print_what_the_page_says():
    generated("docs/case-format.md", "output", output_part())


def test_a_broken_example_prints_what_the_page_says(folder):
    generated("docs/case-format.md", "errors", errors_part(folder))


@pytest.mark.usefixtures("folder")
def test_the_example_in_python_prints_each_case_and_its_differences():
    (block,) = blocks(text_of("docs/case-format.md"), "python")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(block, {"__name__": "example"})  # noqa: S102  examples are there to be run
    difference = "coupon-at-list-price: mrr of 2024-01-31: expected 100, found 75"
    assert said.getvalue() == f"coupon-at-list-price\n  {difference}\nseats-added-in-march\n"


def test_every_key_of_the_format_is_told():
    text = text_of("docs/case-format.md")
    keys = {*CASE.known, *POLICY.known, *EXPECT.known, *DISCOUNT.known, "places", "value", "month", "from", "metric"}
    assert [key for key in sorted(keys) if not re.search(rf"`{key}`", text)] == []
