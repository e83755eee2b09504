"""The documents cannot lie: lists are generated, examples are run, links and commands exist.

`REFRESH_SNAPSHOTS=1` writes the generated parts anew.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
import typer

import rollforward
from rollforward import charts, formats
from rollforward.book.cases import verify
from rollforward.book.policies import built_in
from rollforward.ledger.causes import CAUSES
from rollforward.ledger.segments import ACCOUNT_FIELDS, ITEM_FIELDS
from rollforward.metrics.registry import METRICS, every_metric
from rollforward.policy.contradictions import CONTRADICTIONS
from rollforward.policy.keys import KEYS
from rollforward.policy.policy import PRESETS, preset_names
from rollforward.sources.column_map import SHAPES
from rollforward.sources.demo import DemoCompany
from rollforward.sources.files import read_files
from rollforward.sources.map_file import _BINDING_KEYS, _KEYS, parse_map
from rollforward.store.settings import SETTINGS, Settings
from rollforward.surfaces.cli.app import GROUPS, every_command, make_app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REFRESH = bool(os.environ.get("REFRESH_SNAPSHOTS"))
NOW = "2026-07-01T09:00:00"
WIDTH = 100


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def blocks(text, language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


# -- what is generated -----------------------------------------------------------------------------------------------


def metrics_part():
    every_metric()
    rows = [
        [f"`{one.name}`", one.unit, one.about, f"`{one.formula}`", one.empty, one.source] for one in METRICS.values()
    ]
    return table(["metric", "unit", "what it is", "formula", "without a value", "whose definition"], rows)


def causes_part():
    return table(["cause", "what it means"], [[f"`{cause}`", about] for cause, about in CAUSES.items()])


def keys_part():
    rows = [[f"`{key.name}`", said(key.default), key.check(object()), key.about] for key in KEYS.values()]
    return table(["key", "default", "allowed", "what it decides"], rows)


def policies_part():
    rows = [[f"`{name}`", first_sentence(PRESETS / f"{name}.toml")] for name in preset_names()]
    return table(["policy", "what it is"], rows)


def first_sentence(file):
    """The first sentence of the comment that a policy file begins with."""
    lines = file.read_text("utf-8").splitlines()
    comment = " ".join(line.lstrip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), lines))
    return re.split(r"(?<=\.)\s", comment)[0]


def said(default):
    if isinstance(default, dict):
        return ", ".join(f"`{name} = {value}`" for name, value in default.items())
    return f"`{'null' if default is None else default}`"


def settings_part():
    fresh = Settings()
    rows = [[f"`{name}`", default_of(getattr(fresh, name)), about] for name, about in SETTINGS.items()]
    return table(["setting", "default", "what it is"], rows)


def default_of(value):
    if value is None:
        return "none"
    return ", ".join(f"`{part}`" for part in value) if isinstance(value, tuple) else f"`{value}`"


@cache
def application():
    return typer.main.get_command(make_app())


def commands_part():
    return "\n".join(f"## {name}\n\n```text\n{help_of(name)}\n```\n" for name in every_command())


def command_of(name):
    """A command by its name, with its group's in front if it has one."""
    found = application()
    for part in name.split():
        found = found.commands[part]
    return found


def help_of(name):
    context = application().make_context("rollforward", [], resilient_parsing=True)
    for number, part in enumerate(name.split(), start=1):
        command = command_of(" ".join(name.split()[:number]))
        context = command.make_context(part, [], parent=context, resilient_parsing=True, terminal_width=WIDTH)
    context.max_content_width = WIDTH
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    """A folder in which the demo of the README has been run, and what it printed."""
    folder = tmp_path_factory.mktemp("readme")
    return folder, run(folder, DEMO)


@pytest.fixture
def demo_folder(readme):
    """A folder with the demo of the README in it."""
    return readme[0]


def run(folder, command):
    program = [sys.executable, "-c", "from rollforward.surfaces.cli import main; main()"]
    environment = {**os.environ, "ROLLFORWARD_NOW": NOW, "NO_COLOR": "1", "COLUMNS": "120"}
    ran = subprocess.run(
        [*program, *shlex.split(command)[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return f"```text\n{ran.stdout.rstrip()}\n```\n"


def statuses_part():
    return formats.markdown(built_in().statuses("baremetrics")).decode().replace("\\_", "_")


def contradictions_part():
    return "".join(f"- `{one.keys[0]}` and `{one.keys[1]}`: {one.why}. {one.way_out}\n" for one in CONTRADICTIONS)


def generated(page, part, content):
    """Hold the part between its markers to what it should be, or write it anew."""
    text = text_of(page)
    pattern = re.compile(rf"(<!-- generated: {re.escape(part)} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    found = pattern.search(text)
    assert found, f"{page} has no part {part}"
    if REFRESH:
        (ROOT / page).write_text(text[: found.start(2)] + content + text[found.end(2) :], "utf-8")
    else:
        assert found[2] == content, f"{page}, {part}: run `make snapshots`"


@pytest.mark.parametrize(
    ("page", "part", "make"),
    [
        ("docs/definitions.md", "metrics", metrics_part),
        ("docs/definitions.md", "causes", causes_part),
        ("docs/definitions.md", "policy keys", keys_part),
        ("docs/definitions.md", "policies", policies_part),
        ("docs/settings.md", "settings", settings_part),
        ("docs/commands.md", "commands", commands_part),
        ("docs/policies.md", "statuses", statuses_part),
        ("docs/policies.md", "contradictions", contradictions_part),
    ],
)
def test_lists_follow_from_the_code(page, part, make):
    generated(page, part, make())


DEMO = "rollforward demo demo --customers 500"


@pytest.mark.parametrize(("part", "command"), [("diff", "policy diff default"), ("what-if", "policy what-if")])
def test_the_page_of_policies_shows_what_the_demo_prints(demo_folder, part, command):
    (line,) = commands_in(text_of("docs/policies.md"), command)
    generated("docs/policies.md", part, run(demo_folder, line))


def test_the_demo_prints_what_the_readme_says(readme):
    demo_folder, printed = readme
    (metrics,) = commands_in(text_of("README.md"), "metrics ")
    assert f"runs: {DEMO}\n" in text_of("README.md")
    assert f"$(BIN)/{DEMO}\n" in text_of("Makefile")
    generated("README.md", "demo", printed)
    generated("README.md", "metrics of the demo", run(demo_folder, metrics))
    if REFRESH:
        book = rollforward.open(demo_folder / "demo")
        (ROOT / "docs" / "rollforward.svg").write_text(charts.svg(book.rollforward(start=date(2025, 1, 1))), "utf-8")


def commands_in(text, *beginnings):
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return [next(line for line in lines if line.startswith(f"rollforward {beginning}")) for beginning in beginnings]


def test_the_other_commands_of_the_readme_run(demo_folder):
    lines = [line for block in blocks(text_of("README.md"), "sh") for line in block.splitlines()]
    asked = [line for line in lines if line.startswith("rollforward ") and "--book demo" in line]
    asked = [line for line in asked if not line.startswith("rollforward serve")]  # goes on until it is stopped
    for line in asked:
        assert len(run(demo_folder, line).splitlines()) > 3, line


# -- what is named ---------------------------------------------------------------------------------------------------


def told_commands():
    """Every command line in the pages: the page, its words after `rollforward`."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
        lines += re.findall(r"`(rollforward [^`]+)`", outside)
        found += [
            (name_of(page), shlex.split(line, comments=True)[1:]) for line in lines if line.startswith("rollforward ")
        ]
    return found


def test_the_commands_in_the_pages_exist():
    for page, words in told_commands():
        if words[0].startswith("--"):
            continue
        number = 2 if words[0] in GROUPS else 1
        name, rest = " ".join(words[:number]), words[number:]
        assert name in every_command(), f"{page}: rollforward {name}"
        options = {option for parameter in command_of(name).params for option in parameter.opts}
        unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}]
        assert unknown == [], f"{page}: rollforward {name}"


def test_relative_links_resolve():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{name_of(page)}: {target}"
            assert not anchor or anchor in anchors(file), f"{name_of(page)}: {target}"


def anchors(file):
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_decision_is_listed():
    listed = text_of("docs/decisions/README.md")
    pages = list((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert pages
    for page in pages:
        assert f"({page.name})" in listed
        text = page.read_text("utf-8")
        assert all(f"## {part}\n" in text for part in ("Context", "Decision", "Consequences")), page.name
        assert text.startswith(f"# {page.name[:4]} ")


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert set(PAGES) - seen == set()


# -- examples --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_book(tmp_path_factory):
    """A small demo book in a folder of its own."""
    folder = tmp_path_factory.mktemp("examples")
    company = DemoCompany(customers=40)
    book = rollforward.create(folder / "demo", today=date(2026, 6, 20), clock=lambda: datetime.fromisoformat(NOW))
    book.take_in(company.batches(), source="demo")
    book.build()
    return folder


@pytest.fixture
def examples(demo_book, tmp_path, monkeypatch):
    """Runs the Python examples of a page, one after the other, where the demo book lies."""
    (tmp_path / "demo").symlink_to(demo_book / "demo")
    monkeypatch.chdir(tmp_path)

    def run_all(page):
        names = {"__name__": "example"}
        for number, block in enumerate(blocks(text_of(page), "python"), start=1):
            source = compile(block, f"{page}, example {number}", "exec", dont_inherit=True)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(source, names)  # noqa: S102  examples are there to be run
        return names

    return run_all


def test_the_examples_of_the_python_page_run(examples):
    names = examples("docs/python.md")
    assert names["report"].booked == 1


def test_the_example_of_the_readme_runs(examples):
    assert examples("README.md")["book"].today() == date(2026, 6, 20)


def test_the_example_of_the_policies_page_runs(examples):
    assert examples("docs/policies.md")["bridge"].switches


def test_the_example_of_a_source_runs(examples):
    assert examples("docs/adding-a-source.md")["report"].booked == 1


def test_the_example_of_a_metric_runs(examples):
    every_metric()
    before = dict(METRICS)
    try:
        names = examples("docs/adding-a-metric.md")
        book = rollforward.open("demo")
        shares = [row[1] for row in book.metrics("expansion_share", start=date(2026, 1, 1)).rows]
    finally:
        METRICS.clear()
        METRICS.update(before)
    assert names["metric"]
    assert any(shares)


def test_the_case_of_the_definitions_holds(tmp_path):
    (case,) = blocks(text_of("docs/definitions.md"), "json")
    (tmp_path / "case.json").write_text(case, "utf-8")
    (verdict,) = verify([tmp_path / "case.json"])
    assert verdict.case == json.loads(case)["id"]
    assert verdict.differences == ()


def shape_sections():
    parts = re.split(r"^### `(\w+)`$", text_of("docs/files.md"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_shape_has_an_example():
    assert set(shape_sections()) == set(SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_example_of_a_shape_is_read_in_full(shape, tmp_path):
    section = shape_sections()[shape]
    (content,), (text,) = blocks(section, "csv"), blocks(section, "toml")
    file = tmp_path / "file.csv"
    file.write_text(content, "utf-8")
    column_map = parse_map(text, where=shape)
    assert column_map.shape == shape
    (batch,) = read_files([file], column_map, source="docs", timezone="UTC")
    assert batch.problems == []
    assert batch.rows.num_rows == batch.rows_in >= len(list(csv.reader(io.StringIO(content)))) - 1


def test_every_setting_of_a_map_is_told():
    text = text_of("docs/files.md")
    missing = [key for key in (*_KEYS, *_BINDING_KEYS) if not re.search(rf"\b{key}\b", text)]
    assert [key for key in missing if key != "table"] == []


def test_the_glossary_has_every_kind_of_movement():
    from rollforward.surfaces.cli.listings import KINDS

    text = text_of("docs/definitions.md")
    assert all(f"| `{kind}` |" in text for kind in KINDS)


def test_the_architecture_names_every_stage_and_table():
    from rollforward.ledger.build import stages
    from rollforward.ledger.ground import Ground, Traits
    from rollforward.policy.policy import DEFAULT

    text = text_of("docs/architecture.md")
    ground = Ground(DEFAULT, "USD", date(2026, 6, 30), Traits(frozenset({"USD", "EUR"})))
    missing = [stage.name for stage in stages(ground, []) if f"`{stage.name}`" not in text]
    assert missing == []


def test_the_python_page_names_every_field():
    text = text_of("docs/python.md")
    assert [field for field in (*ITEM_FIELDS, *ACCOUNT_FIELDS) if f"`{field}`" not in text] == []
