"""Charts: a result as a picture, the same in notebooks, reports and pages. Values stay text until they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rollforward.charts import bars, breakdown, cohorts, curves, metrics, rollforward, rows, steps, waterfall
from rollforward.charts.inline import Frame, inlined
from rollforward.charts.looks import NOTEBOOK, PAGE
from rollforward.charts.picture import WIDTH, Picture, called
from rollforward.charts.renderer import ChartsMissingError, render
from rollforward.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollforward.charts.looks import Look
    from rollforward.charts.picture import Links, Note, Row
    from rollforward.results import Result

Theme = Literal["page"]
"""What a picture may be drawn for, beside a notebook."""

_MOST_NAMES = 4

DRAWN: dict[str, Callable[[Picture], Row]] = {
    "rollforward": rollforward.draw,
    "metrics": metrics.draw,
    "cohorts": cohorts.draw,
    "curves": curves.draw,
    "bars": bars.draw,
    "breakdown": breakdown.draw,
    "waterfall": waterfall.draw,
    "steps": steps.draw,
}
"""The kinds of charts. A result is drawn as the kind that its subject names, if none is asked for."""

KINDS = {
    "rollforward": {"rollforward", "bars", "breakdown", "waterfall"},
    "metrics": {"metrics", "curves", "bars", "breakdown"},
    "cohorts": {"cohorts"},
    "movements": {"steps"},
}
"""The kinds that a result can be drawn as, by its subject."""


def chart(
    result: Result, *, kind: str | None = None, columns: Sequence[str] = (), fiscal_year_start: int | None = None
) -> Any:  # noqa: ANN401  Altair is optional
    """The Altair chart of a result; None for a subject without a picture, or without rows.

    `kind` is one of `KINDS`, that of the subject if none; `columns` are the figures to draw, all if none.

    The last period is drawn paler while it is under way. Whether a fiscal quarter or year is, only
    `fiscal_year_start` can tell on the last day of a month; without it the stamp's counts.
    """
    try:
        import altair as alt
    except ImportError as error:
        raise ChartsMissingError from error
    picture = _picture(result, kind, NOTEBOOK, columns=tuple(columns), fiscal=fiscal_year_start)
    return alt.Chart.from_dict(_specification(picture)) if picture else None


def svg(  # noqa: PLR0913  all by name, and each a choice of its own
    result: Result,
    *,
    kind: str | None = None,
    columns: Sequence[str] = (),
    compared: Result | None = None,
    notes: Sequence[Note] = (),
    theme: Theme | None = None,
    links: Links | None = None,
    width: int = WIDTH,
    height: int | None = None,
    fiscal_year_start: int | None = None,
) -> str:
    """The chart of a result as SVG; empty for a result without one.

    `kind` and `columns` as for `chart`. `compared` is a result of other periods, drawn as a thin line, and `notes` are
    pinned to their periods. The theme "page" is for a page that has the stylesheet of charts: no title and no
    background, colours by variables, each mark named, and linked where `links` has an address for it. `width` and
    `height` are in pixels; a page keeps their ratio.
    """
    asked = {"columns": tuple(columns), "compared": compared, "notes": tuple(notes), "height": height}
    if theme == "page":
        made = sketch(result, kind=kind, links=links, width=width, fiscal_year_start=fiscal_year_start, **asked)
        return drawn(made) if made else ""
    picture = _picture(result, kind, NOTEBOOK, fiscal=fiscal_year_start, width=width, **asked)
    return render(_specification(picture)) if picture else ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A picture of a page before it is drawn: plain texts and numbers, which another process can draw."""

    specification: Row
    frame: Frame


def sketch(
    result: Result,
    *,
    kind: str | None = None,
    links: Links | None = None,
    width: int = WIDTH,
    fiscal_year_start: int | None = None,
    **asked: Any,  # noqa: ANN401  the other arguments of `svg`
) -> Sketch | None:
    """What `svg` draws for a page; None for a result without a picture."""
    picture = _picture(result, kind, PAGE, fiscal=fiscal_year_start, width=width, **asked)
    if picture is None:
        return None
    specification = _specification(picture)
    left = specification.get("usermeta", {}).get("left", PAGE.left)
    marks = tuple((str(mark), links(mark) if links else None) for mark in picture.marks)
    return Sketch(specification, Frame(name_of(picture), marks, tuple(picture.legend), picture.width, left))


def drawn(made: Sketch) -> str:
    """The SVG of a sketch."""
    return inlined(render(made.specification), made.frame)


def _picture(result: Result, kind: str | None, look: Look, *, fiscal: int | None, **asked: Any) -> Picture | None:  # noqa: ANN401
    known = KINDS.get(result.subject, set())
    if kind is not None and kind not in known:
        raise UnknownNameError(f"chart of {result.subject}", kind, sorted(known))
    kind = kind or result.subject
    if kind not in DRAWN or not result.rows:
        return None
    return Picture(result, kind, look, fiscal=fiscal or result.stamp.fiscal_year_start, **asked)


def _specification(picture: Picture) -> Row:
    """A chart as Vega-Lite has it, with the looks that all share; in a notebook with title and stamp."""
    drawn = {**DRAWN[picture.kind](picture), "config": picture.look.config}
    if picture.look.is_page:
        return {**drawn, "background": None}
    below = [*_stamp_lines(picture.result), *_joined(remarks(picture.result, picture.fiscal, kind=picture.kind))]
    title = {
        "text": title_of(picture.result, picture.kind, picture.columns),
        "subtitle": below,
        "anchor": "start",
        "offset": 12,
    }
    return {**drawn, "title": title, "background": "white"}


def title_of(result: Result, kind: str | None = None, columns: Sequence[str] = ()) -> str:
    """What a picture of a result is called."""
    if (kind or result.subject) in _TITLES:
        return _TITLES[kind or result.subject]
    if result.subject == "rollforward" and kind in {None, "rollforward"} and not rows.group_of(result):
        return "MRR and how it moved"
    names = [called(name) for name in columns] or [called(column.name) for column in rows.measures(result)]
    names = ["MRR"] if result.subject == "rollforward" and not columns else names
    named = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} metrics"
    return f"{named} by {rows.group_of(result)}" if rows.group_of(result) else named


_TITLES = {
    "cohorts": "What is left of each cohort",
    "waterfall": "How the opening became the closing",
    "steps": "MRR of the account",
}


def name_of(picture: Picture) -> str:
    """What a picture on a page is called: its title, its periods and its currency."""
    labels = rows.labels_of(picture.result)
    span = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
    return f"{title_of(picture.result, picture.kind, picture.columns)}, {span}, {picture.result.stamp.currency}"


def remarks(
    result: Result, fiscal_year_start: int | None = None, *, kind: str | None = None, theme: Theme | None = None
) -> list[str]:
    """What a reader has to know to read the picture right; a page writes it below."""
    if not result.rows or result.subject not in {"rollforward", "metrics", "cohorts"}:
        return []
    fiscal = fiscal_year_start or result.stamp.fiscal_year_start
    if result.subject == "cohorts":
        going = cohorts.is_under_way(result, fiscal)
        notes = _small_cohorts(result)
    else:
        going = kind != "waterfall" and rows.is_under_way(rows.labels_of(result)[-1], result.stamp.today, fiscal)
        notes = [] if kind in {"breakdown", "waterfall"} else _left_out(result)
    looks = "Hatched" if result.subject == "cohorts" and theme == "page" else "Paler"
    return [*notes, f"{looks}: the period is under way."] if going else notes


def _small_cohorts(result: Result) -> list[str]:
    small = any(cohorts.is_small(result, row[1]) for row in result.rows)
    return [cohorts.SMALL_NOTES[result.columns[1].kind]] if small else []


def _left_out(result: Result) -> list[str]:
    groups, most = len({row[1] for row in result.rows}) if rows.group_of(result) else 0, len(NOTEBOOK.groups)
    return [f"The {most} largest of {groups} are shown."] if groups > most else []


def _joined(notes: Sequence[str]) -> list[str]:
    return [" ".join(notes)] if notes else []


def _stamp_lines(result: Result) -> list[str]:
    """The stamp over lines that fit the width."""
    before, data, after = str(result.stamp).partition(", data as of")
    return [before, data.removeprefix(", ") + after]
