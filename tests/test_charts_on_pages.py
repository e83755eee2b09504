"""Charts on pages: each mark is a link with its exact amount, and the page's stylesheet decides the looks."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import fromstring

import pytest
import vl_convert

from rollforward import charts
from rollforward.errors import UnknownNameError
from rollforward.results import Result, Stamp, column

STAMP = Stamp("default", "0" * 12, "EUR", "UTC", date(2026, 6, 20), datetime(2026, 6, 21, 8), None, "f" * 12)  # noqa: DTZ001
FLOWS = ("opening", "new", "expansion", "reactivation", "contraction", "churn", "exchange", "closing")
SVG = "{http://www.w3.org/2000/svg}"
NEVER = {"style", "class", "role", "target", "aria-roledescription", "onclick"}
"""What no element within a picture carries: some is refused by the page's policy, the rest is read out as noise."""


def result(subject, columns, rows):
    return Result(subject, tuple(column(*one) for one in columns), STAMP, "SELECT 1", lambda: rows)


def decimals(*figures):
    return tuple(None if figure is None else Decimal(figure) for figure in figures)


def rollforward(*rows, by=()):
    columns = [("period", "text"), *((name, "text") for name in by), *((name, "money") for name in FLOWS)]
    return result("rollforward", columns, [(*row[: 1 + len(by)], *decimals(*row[1 + len(by) :])) for row in rows])


def metrics(columns, *rows):
    return result("metrics", [("period", "text"), *columns], [(row[0], *decimals(*row[1:])) for row in rows])


def movements(*rows):
    columns = [("day", "day"), ("account", "text"), ("kind", "text")]
    columns += [(name, "money") for name in ("mrr", "before", "after")]
    return result("movements", columns, [(*row[:3], *decimals(*row[3:])) for row in rows])


def cohorts(size, *rows):
    columns = [("cohort", "text"), ("size", size), ("month_0", "ratio"), ("month_1", "ratio")]
    return result("cohorts", columns, [(row[0], *decimals(*row[1:])) for row in rows])


MAY = ("2026-05", "100", "1234.565", "10", "0", "5", "20", "0", "1319.565")
JUNE = ("2026-06", "1319.565", "0", "0", "7", "0", "35", "1", "1292.565")
FLOWING = rollforward(MAY, JUNE)
BY_PLAN = rollforward(
    ("2026-05", "Team", "100", "50", "0", "0", "0", "20", "0", "130"),
    ("2026-05", "Start & go", "40", "0", "0", "0", "0", "40", "0", "0"),
    by=["plan"],
)
LEVELS = metrics([("mrr", "money"), ("committed_mrr", "money")], ("2026-04", "90", None), ("2026-05", "100", "110.5"))
RATES = metrics([("nrr", "ratio"), ("grr", "ratio")], ("2026-04", "1.0213", "0.9"), ("2026-05", "1", "0.95"))
STEPS = movements((date(2026, 1, 3), "c1", "new", "50", "0", "50"), (date(2026, 2, 3), "c1", "churn", "-50", "50", "0"))
LEFT = cohorts("count", ("2026-05", "40", "1", "0.5"), ("2026-06", "9", "1", None))


def address(mark):
    return f"/to?what={mark.name}&when={mark.period}"


def drawn(one, **asked):
    return charts.svg(one, theme="page", **{"links": address, **asked})


def links(svg):
    """What each link is called, in the order in which the keyboard meets them."""
    return [link.attrib["aria-label"] for link in fromstring(svg).iter(f"{SVG}a")]  # noqa: S314  drawn here


PICTURES = {
    "rollforward": (FLOWING, {}),
    "rollforward by plan": (BY_PLAN, {}),
    "bars": (FLOWING, {"kind": "bars", "columns": ["contraction", "churn"]}),
    "breakdown": (BY_PLAN, {"kind": "breakdown"}),
    "waterfall": (BY_PLAN, {"kind": "waterfall"}),
    "curves": (RATES, {"kind": "curves"}),
    "metrics": (LEVELS, {}),
    "cohorts": (LEFT, {}),
    "steps": (STEPS, {"kind": "steps"}),
}

NAMES = {
    "rollforward": [
        "2026-05 MRR 1,319.57 EUR",
        "2026-06 MRR 1,292.57 EUR",
        "2026-05 new 1,234.57 EUR",
        "2026-05 expansion 10.00 EUR",
        "2026-05 contraction -5.00 EUR",
        "2026-05 churn -20.00 EUR",
        "2026-06 reactivation 7.00 EUR",
        "2026-06 churn -35.00 EUR",
        "2026-06 exchange 1.00 EUR",
    ],
    "rollforward by plan": ["2026-05 Team MRR 130.00 EUR", "2026-05 Start & go MRR 0.00 EUR"],
    "bars": ["2026-05 contraction -5.00 EUR", "2026-05 churn -20.00 EUR", "2026-06 churn -35.00 EUR"],
    "breakdown": ["2026-05 Team MRR 130.00 EUR"],
    "waterfall": [
        "2026-05 opening 140.00 EUR",
        "2026-05 Start & go net change -40.00 EUR",
        "2026-05 Team net change 30.00 EUR",
        "2026-05 MRR 130.00 EUR",
    ],
    "curves": ["2026-04 NRR 102.1 %", "2026-05 NRR 100.0 %", "2026-04 GRR 90.0 %", "2026-05 GRR 95.0 %"],
    "metrics": ["2026-04 MRR 90.00 EUR", "2026-05 MRR 100.00 EUR", "2026-05 committed MRR 110.50 EUR"],
    "cohorts": [
        "2026-05 (40) month 0 100.0 %",
        "2026-05 (40) month 1 50.0 %",
        "2026-06 (9) month 0 100.0 %",
    ],
    "steps": ["2026-01-03 new 50.00 EUR", "2026-02-03 churn -50.00 EUR"],
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_mark_is_a_link_that_says_its_exact_amount(kind):
    one, asked = PICTURES[kind]
    assert links(drawn(one, **asked)) == NAMES[kind]


def test_accounts_whose_entries_are_of_other_days_have_pictures_of_one_shape(monkeypatch):
    later = movements((date(2024, 3, 3), "c2", "new", "7", "0", "7"), (date(2026, 5, 3), "c2", "churn", "-7", "7", "0"))
    one = drawn(STEPS, kind="steps")
    monkeypatch.delattr(vl_convert, "vegalite_to_vega")
    assert links(drawn(later, kind="steps")) == ["2024-03-03 new 7.00 EUR", "2026-05-03 churn -7.00 EUR"]
    assert drawn(STEPS, kind="steps") == one


def test_rollforwards_of_other_months_have_pictures_of_one_shape(monkeypatch):
    def of_months(*labels):
        rows = ((label, "1", "2", "3", "4", "5", "6", "0", str(place)) for place, label in enumerate(labels, 1))
        return drawn(rollforward(*rows, JUNE))

    of_months("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
    monkeypatch.delattr(vl_convert, "vegalite_to_vega")
    later = of_months("2026-02", "2026-03", "2026-04", "2026-05")
    levels = ("2 MRR 1.00 EUR", "3 MRR 2.00 EUR", "4 MRR 3.00 EUR", "5 MRR 4.00 EUR", "6 MRR 1,292.57 EUR")
    assert [name for name in links(later) if "MRR" in name] == [f"2026-0{level}" for level in levels]
    assert "2026-01" not in later, "the labels of the axis are those of its own months"


def test_bars_of_all_columns_are_drawn_though_they_are_more_than_the_colours():
    assert len(links(drawn(FLOWING, kind="bars"))) >= 6


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_holds_nothing_that_a_page_refuses(kind):
    one, asked = PICTURES[kind]
    root = fromstring(drawn(one, **asked))  # noqa: S314  drawn here
    within = [part for part in root.iter() if part is not root]
    assert {name for part in within for name in part.attrib} & NEVER == set()
    assert {part.tag for part in within} & {f"{SVG}style", f"{SVG}script", f"{SVG}image"} == set()
    assert root.attrib["role"] == "group"
    assert "width" not in root.attrib or root.attrib["width"] == "100%"


@pytest.mark.parametrize("kind", PICTURES)
def test_colours_are_those_of_the_page(kind):
    one, asked = PICTURES[kind]
    root = fromstring(drawn(one, **asked))  # noqa: S314  drawn here
    colours = {part.get(name) for part in root.iter() for name in ("fill", "stroke")} - {None, "none"}
    assert {colour for colour in colours if not re.fullmatch(r"var\(--[a-z0-9-]+\)|url\(#.*\)", colour)} == set()


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_figures_are_the_same_picture(kind):
    one, asked = PICTURES[kind]
    assert drawn(one, **asked) == drawn(one, **asked)
    assert charts.svg(one, **asked) == charts.svg(one, **asked)


@pytest.mark.parametrize("kind", PICTURES)
def test_each_kind_is_an_altair_chart_too(kind):
    one, asked = PICTURES[kind]
    assert charts.chart(one, **asked).to_dict()["config"]["font"].startswith("Helvetica")


def test_figures_of_one_picture_do_not_stay_in_the_next_of_its_shape():
    other = rollforward(("2026-05", "1", "2", "3", "4", "5", "6", "0", "-1"), JUNE)
    first, between = drawn(FLOWING), drawn(other)
    assert drawn(FLOWING) == first
    assert links(between)[0] == "2026-05 MRR -1.00 EUR"


def test_a_link_leads_where_the_page_says():
    link = next(fromstring(drawn(FLOWING)).iter(f"{SVG}a"))  # noqa: S314  drawn here
    assert link.attrib["href"] == "/to?what=closing&when=2026-05"
    assert [title.text for title in link.iter(f"{SVG}title")] == ["2026-05 MRR 1,319.57 EUR"]


def test_a_mark_without_an_address_keeps_its_name():
    svg = drawn(FLOWING, links=lambda mark: None if mark.name == "churn" else address(mark))
    assert "2026-05 churn -20.00 EUR" not in links(svg)
    assert "<title>2026-05 churn -20.00 EUR</title>" in svg
    assert 'role="img"' in drawn(FLOWING, links=None)


def test_what_is_compared_is_linked_too():
    before = rollforward(("2025-05", *MAY[1:]), ("2025-06", *JUNE[1:]))
    assert "compared: 2025-05 MRR 1,319.57 EUR" in links(drawn(FLOWING, compared=before))


def test_notes_are_pinned_to_their_period():
    pins = [charts.Note(date(2026, 5, 12), "Prices rose"), charts.Note(date(2020, 1, 1), "Long ago")]
    assert links(drawn(FLOWING, notes=pins))[2] == "2026-05-12 note Prices rose"
    assert "Long ago" not in drawn(FLOWING, notes=pins)


def test_notes_of_one_period_stand_below_each_other():
    pins = [charts.Note(date(2026, 5, day), f"note {day}") for day in (3, 4)]
    svg = fromstring(drawn(FLOWING, notes=pins))  # noqa: S314  drawn here
    places = [link[1].attrib["transform"] for link in svg.iter(f"{SVG}a") if "note" in link.attrib["aria-label"]]
    assert len(set(places)) == 2


def test_the_period_under_way_is_paler_with_a_broken_edge():
    pale = re.findall(
        r'aria-label="(2026-0\d [a-z]+) [^>]*><title>[^<]*</title><path [^>]*stroke-dasharray', drawn(FLOWING)
    )
    assert pale == ["2026-06 reactivation", "2026-06 churn", "2026-06 exchange"]


def test_cells_of_a_period_under_way_are_hatched():
    assert drawn(LEFT).count('fill="url(#chart-hatch)"') == 2
    assert "<pattern" in drawn(LEFT)
    assert "<pattern" not in drawn(FLOWING)


def test_a_page_says_what_the_looks_mean():
    assert charts.remarks(LEFT, theme="page") == [
        "Grey: cohorts of fewer than 10 customers.",
        "Hatched: the period is under way.",
    ]
    assert charts.remarks(FLOWING, theme="page") == ["Paler: the period is under way."]
    assert charts.remarks(STEPS, theme="page") == []


def test_small_cohorts_are_grey_with_their_number():
    root = fromstring(drawn(LEFT))  # noqa: S314  drawn here
    small = [link[1].get("fill") for link in root.iter(f"{SVG}a") if "2026-06" in link.attrib["aria-label"]]
    assert small == ["var(--small)"]
    assert "2026-06 (9)" in [text.text for text in root.iter(f"{SVG}text")]


def test_smaller_groups_are_one_that_adds_up():
    rows = [("2026-05", f"group {number}", *["0"] * 7, str(number)) for number in range(9)]
    listed = links(drawn(rollforward(*rows, by=["plan"]), kind="breakdown"))
    assert listed[-1] == "2026-05 others MRR 1.00 EUR"
    assert len(listed) == 8


def test_the_others_know_which_groups_they_are():
    rows = [("2026-05", name, *["0"] * 7, str(9 - place)) for place, name in enumerate(["", *"abcdefgh"])]
    one, met = rollforward(*rows, by=["plan"]), []
    linked = drawn(one, kind="breakdown", links=lambda mark: met.append(mark) or f"/{len(met) - 1}")
    shown = [met[int(number)] for number in re.findall(r'href="/(\d+)"', linked)]
    assert [(mark.group, mark.groups) for mark in shown][::7] == [("(none)", ("",)), ("others", ("g", "h"))]
    met.clear()
    drawn(one, kind="waterfall", links=met.append)
    assert met[1].groups == ("",)


def test_a_year_of_months_stays_small():
    months = [(f"2025-{month:02d}", *MAY[1:]) for month in range(1, 13)] + [MAY]
    long = drawn(
        rollforward(*months), links=lambda mark: f"/movements?from={mark.period}&to={mark.period}&kind={mark.name}"
    )
    assert len(long) < 25_000


def test_a_text_cannot_leave_the_picture():
    bad = '"><script>alert(1)</script>'
    one = rollforward(("2026-05", bad, *MAY[1:]), by=["plan"])
    for kind in ("breakdown", "waterfall", "rollforward"):
        assert "<script" not in drawn(one, kind=kind, links=lambda mark: f"/{mark.group}")


def test_a_kind_that_a_result_cannot_be_drawn_as_is_refused():
    with pytest.raises(UnknownNameError, match="unknown chart of cohorts 'waterfall'"):
        drawn(LEFT, kind="waterfall")
    with pytest.raises(UnknownNameError, match="unknown column 'chrun'"):
        drawn(FLOWING, kind="bars", columns=["chrun"])


def test_a_sparkline_says_its_ends():
    spark = charts.sparkline(RATES, "nrr")
    assert 'aria-label="NRR, 2026-04 102.1 % to 2026-05 100.0 %"' in spark
    assert fromstring(spark).attrib["role"] == "img"  # noqa: S314  drawn here
    assert charts.sparkline(LEVELS, "committed_mrr") == ""
