"""Charts and the notebook's tables: what they show, what they leave out, and what they do without the extra."""

from __future__ import annotations

import builtins
import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from rollforward import charts, notebook
from rollforward.results import Result, Stamp, column

STAMP = Stamp("default", "0" * 12, "USD", "UTC", date(2026, 6, 20), datetime(2026, 6, 21, 8), None, "f" * 12)  # noqa: DTZ001
FLOWS = ("opening", "new", "expansion", "reactivation", "contraction", "churn", "exchange", "closing")


def result(subject, columns, rows, stamp=STAMP):
    return Result(subject, tuple(column(*one) for one in columns), stamp, "SELECT 1", lambda: rows)


def rollforward(*rows, by=()):
    columns = [("period", "text"), *((name, "text") for name in by), *((name, "money") for name in FLOWS)]
    figures = [(*row[: 1 + len(by)], *(Decimal(value) for value in row[1 + len(by) :])) for row in rows]
    return result("rollforward", columns, figures)


MAY = ("2026-05", "100", "50", "10", "0", "5", "20", "0", "135")
JUNE = ("2026-06", "135", "0", "0", "7", "0", "35", "1", "108")


def marks(spec):
    """Every mark of a specification, wherever it stands."""
    if isinstance(spec, list):
        return [mark for part in spec for mark in marks(part)]
    if not isinstance(spec, dict):
        return []
    here = [spec["mark"]["type"]] if isinstance(spec.get("mark"), dict) else []
    return here + [mark for part in spec.values() for mark in marks(part)]


def spec_values(drawn):
    """Every row of inline data in a chart."""
    found = []

    def look(part):
        if isinstance(part, dict):
            found.extend(
                part.get("values", []) if isinstance(part.get("values"), list) and "parse" in str(part) else []
            )
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(drawn.to_dict())
    return [row for row in found if isinstance(row, dict)]


def test_a_rollforward_is_a_line_above_bars_with_losses_below_zero():
    drawn = charts.chart(rollforward(MAY, JUNE))
    assert {"line", "bar"} <= set(marks(drawn.to_dict()))
    moved = {(row["period"], row["name"]): row["value"] for row in spec_values(drawn) if row.get("name") in FLOWS}
    assert moved["2026-05", "new"] == "50.00"
    assert moved["2026-05", "churn"] == "-20.00"
    assert moved["2026-06", "closing"] == "108.00"


def test_numbers_are_handed_over_as_exact_text():
    exact = "12345678901234567.89"
    drawn = charts.chart(rollforward(("2026-05", "0", exact, "0", "0", "0", "0", "0", exact)))
    assert exact in json.dumps(drawn.to_dict())


@pytest.mark.parametrize(
    ("label", "today", "start", "under_way"),
    [
        ("2026-06", date(2026, 6, 29), None, True),
        ("2026-06", date(2026, 6, 30), None, False),
        ("2026-05", date(2026, 6, 20), None, False),
        ("2026-06-20", date(2026, 6, 20), None, False),
        ("2026-W25", date(2026, 6, 20), None, True),
        ("2026-W25", date(2026, 6, 21), None, False),
        ("2026-Q2", date(2026, 6, 30), None, False),
        ("2026", date(2026, 6, 30), None, True),
        ("FY2027-Q1", date(2026, 6, 30), 4, False),
        ("FY2027-Q1", date(2026, 6, 30), 5, True),
        ("FY2027-Q1", date(2026, 6, 30), None, True),
    ],
)
def test_a_period_is_under_way_until_its_last_day(label, today, start, under_way):
    assert charts.is_under_way(label, today, start) is under_way


def test_only_the_period_under_way_is_paler():
    rows = spec_values(charts.chart(rollforward(MAY, JUNE)))
    assert {row["period"] for row in rows if row["under_way"]} == {"2026-06"}
    assert "Paler: the period is under way." in charts.svg(rollforward(MAY, JUNE))
    assert "Paler" not in charts.svg(rollforward(MAY))


def test_the_axis_names_the_currency_and_the_title_the_policy():
    drawn = charts.svg(rollforward(MAY))
    assert "MRR (USD)" in drawn
    assert "policy default" in drawn


def test_groups_are_lines_and_the_largest_are_shown():
    rows = [("2026-05", f"group {number}", *["0"] * 7, str(number)) for number in range(9)]
    drawn = charts.svg(rollforward(*rows, by=["plan"]))
    assert "MRR by plan" in drawn
    assert "The 7 largest of 9 are shown." in drawn
    assert "group 8" in drawn
    assert "group 1" not in drawn


def test_metrics_have_a_panel_each_and_unknown_is_no_zero():
    columns = [("period", "text"), ("mrr", "money"), ("nrr", "ratio")]
    rows = [("2026-04", Decimal(100), None), ("2026-05", Decimal(120), Decimal("1.2"))]
    drawn = charts.chart(result("metrics", columns, rows))
    assert len(drawn.to_dict()["concat"]) == 2
    unknown = [row for row in spec_values(drawn) if row["name"] == "nrr" and row["period"] == "2026-04"]
    assert {row["value"] for row in unknown} == {None}


COHORTS = [("cohort", "text"), ("size", "count"), ("month_0", "ratio"), ("month_1", "ratio")]


def test_small_cohorts_are_grey_and_what_is_not_yet_known_has_no_cell():
    rows = [("2026-05", Decimal(9), Decimal(1), Decimal("0.5")), ("2026-06", Decimal(10), Decimal(1), None)]
    drawn = charts.chart(result("cohorts", COHORTS, rows))
    cells = {(row["cohort"], row["since"]): row for row in spec_values(drawn)}
    assert {key: row["small"] for key, row in cells.items()} == {
        ("2026-05 (9)", 0): True,
        ("2026-05 (9)", 1): True,
        ("2026-06 (10)", 0): False,
    }
    assert cells["2026-05 (9)", 1]["under_way"]
    assert not cells["2026-05 (9)", 0]["under_way"]
    assert "fewer than 10 customers" in charts.svg(result("cohorts", COHORTS, rows))


def test_cohorts_of_mrr_are_grey_below_a_tenth_of_the_median():
    columns = [("cohort", "text"), ("size", "money"), ("month_0", "money")]
    rows = [(f"2026-0{month}", Decimal(size), Decimal(size)) for month, size in enumerate((100, 9, 100), start=3)]
    drawn = spec_values(charts.chart(result("cohorts", columns, rows)))
    assert {row["cohort"] for row in drawn if row["small"]} == {"2026-04 (9)"}


def test_cohorts_of_which_nothing_is_known_can_be_drawn():
    rows = [("2026-05", Decimal(0), None, None)]
    assert charts.svg(result("cohorts", COHORTS, rows)).startswith("<svg")


def test_other_subjects_and_no_rows_have_no_chart():
    movements = result("movements", [("day", "day"), ("mrr", "money")], [(date(2026, 5, 1), Decimal(1))])
    assert charts.chart(movements) is None
    assert charts.chart(rollforward()) is None
    assert charts.svg(movements) == ""


@pytest.fixture
def without_charts(monkeypatch):
    """An installation without the extra."""
    truly = builtins.__import__

    def refuse(name, *arguments, **named):
        if name in {"altair", "vl_convert"}:
            raise ImportError(name)
        return truly(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.usefixtures("without_charts")
def test_without_the_extra_the_error_says_what_to_install():
    with pytest.raises(charts.ChartsMissingError, match=r'pip install "rollforward\[charts\]"'):
        charts.chart(rollforward(MAY))


@pytest.mark.usefixtures("without_charts")
def test_the_table_does_without_the_extra():
    shown = notebook.html(rollforward(MAY))
    assert "<svg" not in shown
    assert "<table>" in shown


def test_the_notebook_shows_chart_table_and_stamp():
    shown = rollforward(MAY)._repr_html_()
    assert shown.index("<svg") < shown.index("<table>") < shown.rindex("policy default")
    assert '<td style="text-align:right">135.00</td>' in shown
    assert '<th scope="col" style="text-align:left">period</th>' in shown


def test_every_movement_has_a_colour():
    from rollforward.book.flows import FLOW_COLUMNS

    assert set(charts.KIND_COLOURS) == set(FLOW_COLUMNS)


def test_text_is_escaped():
    rows = [("<script>alert(1)</script>", "A & B")]
    shown = notebook.html(result("accounts", [("account", "text"), ("<b>", "text")], rows))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "A &amp; B" in shown
    assert "<script>" not in shown
    assert "<b>" not in shown


def test_a_group_cannot_break_out_of_the_picture():
    shown = notebook.html(rollforward(("2026-05", "</svg><script>x</script>", *MAY[1:]), by=["plan"]))
    assert "<script>" not in shown


def test_long_results_say_how_many_rows_are_left_out():
    rows = [(f"account {number}",) for number in range(1053)]
    shown = notebook.html(result("accounts", [("account", "text")], rows))
    assert shown.count("<tr>") == 1 + notebook.MOST_ROWS + 2
    assert "1,003 more rows are not shown." in shown


def test_figures_are_written_for_people():
    columns = [("period", "text"), ("mrr", "money"), ("nrr", "ratio"), ("customers", "count"), ("ltv", "money")]
    shown = notebook.html(result("metrics", columns, [("2026-05", Decimal("1234.565"), Decimal("0.9655"), 1000, None)]))
    for text in ("1,234.57", "96.6 %", "1,000", "–"):  # noqa: RUF001  the dash of an empty cell
        assert f">{text}</td>" in shown


def test_no_rows_are_said():
    assert "No rows." in notebook.html(rollforward())
