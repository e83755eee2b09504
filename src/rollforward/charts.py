"""Charts: a result as a picture, the same in notebooks, reports and pages. Values stay text until they are drawn."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from rollforward.calendar import EVERY, Every, period_of
from rollforward.errors import RollforwardError
from rollforward.formats import is_percent
from rollforward.money import quantize
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from rollforward.results import Cell, Result, ResultColumn

    Row = dict[str, Any]

WIDTH = 700
"""The width of a chart in pixels, its axes and legend included."""

KIND_COLOURS = {
    "new": "#0072B2",
    "expansion": "#56B4E9",
    "reactivation": "#009E73",
    "entered": "#B7D9A8",
    "exchange": "#8C8C8C",
    "contraction": "#E69F00",
    "churn": "#D55E00",
    "left": "#882255",
}
"""The colours of movements, told apart by colour-blind people too: gains are cold, losses warm."""

GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")
"""The colours of groups; as many groups are drawn, the largest first."""

SMALL_COHORT = 10
"""A cohort of fewer customers is greyed: one of them would move its share by more than ten percent."""

SMALL_SHARE = 10
"""A cohort measured in MRR is greyed below the median size divided by this."""

_SMALL_NOTES = {
    "count": f"Grey: cohorts of fewer than {SMALL_COHORT} customers.",
    "money": "Grey: cohorts of less than a tenth of the median size.",
}
_LOSSES = {"contraction", "churn", "left"}
_PALE = 0.4
_INK = "#333333"
_GREY = "#E4E4E4"
_SCALE = ("#F2F7FC", "#08519C")
_MOST_LABELS = 12
_PIXELS = 6
"""The width of a letter on an axis."""

_MOST_POINTS = 500
"""More points than that are not to be met with a pointer, and make a picture heavy."""

_MOST_NAMES = 4
_MOST_WRITTEN_COLUMNS = 13
_DARK = Decimal("0.55")
_AMOUNT = "abs(datum.value) < 1000 ? format(datum.value, '.2~f') : replace(format(datum.value, '.3~s'), 'G', 'B')"
_LABELS = {"money": _AMOUNT, "count": _AMOUNT, "ratio": "format(datum.value, '~%')"}
"""How the labels of axes and legends are written: 250, 12k, 1.5M, 2B; rates in percent."""


class ChartsMissingError(RollforwardError):
    """The extra that draws charts is not installed."""

    def __init__(self) -> None:
        super().__init__('Charts need two more packages. Get them with: pip install "rollforward[charts]"')


def chart(result: Result, *, fiscal_year_start: int | None = None) -> Any:  # noqa: ANN401  Altair is optional
    """The Altair chart of a result; None for a subject without a picture, or without rows.

    The last period is drawn paler while it is under way. Whether a fiscal quarter or year is, only
    `fiscal_year_start` can tell on the last day of a month; without it such a period counts as under way.
    """
    draw = _DRAWN.get(result.subject)
    altair = _altair()
    if draw is None or not result.rows:
        return None
    fiscal = fiscal_year_start or result.stamp.fiscal_year_start
    return _dressed(altair, draw(altair, result, fiscal), result, fiscal)


def svg(result: Result, *, fiscal_year_start: int | None = None) -> str:
    """The chart of a result as SVG; empty for a result without one."""
    drawn = chart(result, fiscal_year_start=fiscal_year_start)
    try:
        import vl_convert
    except ImportError as error:
        raise ChartsMissingError from error
    return "" if drawn is None else str(vl_convert.vegalite_to_svg(drawn.to_dict(validate=False)))


def is_under_way(label: str, today: date, fiscal_year_start: int | None = None) -> bool:
    """Whether the period of a label holds `today` and goes on after it."""
    starts = (fiscal_year_start,) if fiscal_year_start else range(1, 13)
    tomorrow = today + timedelta(days=1)
    found = [period_of(today, every, start) for every in cast("tuple[Every, ...]", EVERY) for start in starts]
    return any(period.label == label and tomorrow in period for period in found)


def _altair() -> Any:  # noqa: ANN401  a module
    try:
        import altair as alt
    except ImportError as error:
        raise ChartsMissingError from error
    return alt


def _dressed(altair: Any, drawn: Any, result: Result, fiscal: int | None) -> Any:  # noqa: ANN401
    """A chart with its title, the stamp below that, and the looks that all charts share."""
    below = [*_stamp_lines(result), *_notes(result, fiscal)]
    title = altair.TitleParams(_title(result), subtitle=below, anchor="start", offset=12)
    dressed = drawn.properties(title=title, background="white")
    return (
        dressed.configure(font="Helvetica, Arial, sans-serif", padding=8)
        .configure_view(stroke=None)
        .configure_axis(labelColor=_INK, titleColor=_INK, titleFontWeight="normal", domainColor="#999999", grid=False)
        .configure_axisY(tickCount=5, domain=False, ticks=False, titlePadding=10)
        .configure_title(fontSize=15, subtitleFontSize=9, subtitleColor="#666666", color=_INK)
        .configure_legend(
            labelColor=_INK, titleColor=_INK, titleFontWeight="normal", orient="top", direction="horizontal"
        )
    )


def _title(result: Result) -> str:
    if result.subject == "cohorts":
        return "What is left of each cohort"
    if result.subject == "rollforward" and not _group(result):
        return "MRR and how it moved"
    names = ["MRR"] if result.subject == "rollforward" else [column.name for column in _measures(result)]
    named = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} metrics"
    return f"{named} by {_group(result)}" if _group(result) else named


def _notes(result: Result, fiscal: int | None) -> list[str]:
    """What a reader has to know to read the picture right."""
    notes = []
    if result.subject == "cohorts":
        going = _cohorts_under_way(result, fiscal)
        notes += [_SMALL_NOTES[result.columns[1].kind]] if any(_is_small(result, row[1]) for row in result.rows) else []
    else:
        going = is_under_way(_labels(result)[-1], result.stamp.today, fiscal)
        groups = len({row[1] for row in result.rows}) if _group(result) else 0
        notes += [f"The {len(GROUP_COLOURS)} largest of {groups} are shown."] if groups > len(GROUP_COLOURS) else []
    notes += ["Paler: the period is under way."] if going else []
    return [" ".join(notes)] if notes else []


def _stamp_lines(result: Result) -> list[str]:
    """The stamp over lines that fit the width."""
    before, data, after = str(result.stamp).partition(", data as of")
    return [before, data.removeprefix(", ") + after]


# -- rows --------------------------------------------------------------------------------------------------------------


def _data(altair: Any, rows: Sequence[Row], *numbers: str) -> Any:  # noqa: ANN401
    """Rows as the data of a chart. Numbers are handed over as text, exact, and read where they are drawn."""
    return altair.Data(values=list(rows), format=altair.DataFormat(parse=dict.fromkeys(numbers, "number")))


def _number(value: Cell, column: ResultColumn, result: Result) -> str | None:
    """A number as its tooltip shows it: money at its currency's places."""
    if not isinstance(value, Decimal | int):
        return None
    number = Decimal(value)
    return plain(quantize(number, result.stamp.currency) if column.kind == "money" else number)


def _group(result: Result) -> str | None:
    """The field that the rows of a roll-forward or of metrics are grouped by."""
    name = result.names[1] if len(result.names) > 1 else "opening"
    return name if result.columns[1:2] and result.columns[1].kind == "text" else None


def _measures(result: Result) -> list[ResultColumn]:
    return [column for column in result.columns if column.kind in _LABELS]


def _labels(result: Result) -> list[str]:
    """The periods in their order."""
    return list(dict.fromkeys(plain(row[0]) for row in result.rows))


def _long(result: Result, columns: Iterable[ResultColumn], fiscal: int | None) -> list[Row]:
    """A row for each period, group and column: period, group, name, value, order, under_way."""
    places = {column.name: place for place, column in enumerate(result.columns)}
    last = _labels(result)[-1]
    under_way = is_under_way(last, result.stamp.today, fiscal)
    group = _group(result)
    return [
        {
            "period": plain(row[0]),
            "group": (plain(row[1]) or "(none)") if group else "",
            "name": column.name,
            "value": _number(row[places[column.name]], column, result),
            "order": order,
            "under_way": under_way and plain(row[0]) == last,
        }
        for order, column in enumerate(columns)
        for row in result.rows
    ]


def _largest(rows: Sequence[Row]) -> list[str]:
    """The groups that are drawn: those with the largest last values, the largest first."""
    last = {row["group"]: Decimal(row["value"]) for row in rows if row["value"] is not None}
    return sorted(last, key=lambda group: (-last[group], group))[: len(GROUP_COLOURS)]


# -- axes and lines ----------------------------------------------------------------------------------------------------


def _periods(altair: Any, labels: Sequence[str], *, width: int = WIDTH, shown: bool = True) -> Any:  # noqa: ANN401
    """The axis of periods, with as many labels as it has room for."""
    room = _PIXELS * len(labels[0]) + 12
    step = -(-len(labels) * room // width)
    axis = altair.Axis(
        title=None, labelAngle=0, values=list(labels[::step]), ticks=shown, labels=shown, labelFlush=False
    )
    scale = altair.Scale(type="band", paddingInner=0.15, paddingOuter=0.1)
    return altair.X("period:O", sort=list(labels), axis=axis, scale=scale)


def _label(column: ResultColumn) -> str:
    """How the values of a column are written on an axis."""
    plainly = column.kind == "ratio" and not is_percent(column.name)
    return _AMOUNT if plainly else _LABELS[column.kind]


def _values(altair: Any, label: str, title: str, *, zero: bool) -> Any:  # noqa: ANN401
    axis = altair.Axis(title=title, labelExpr=label, grid=True, gridColor="#EEEEEE")
    return altair.Y("value:Q", axis=axis, scale=altair.Scale(zero=zero))


def _named(column: ResultColumn, result: Result) -> str:
    """What an axis says: the name, and for money the currency."""
    name = "MRR" if column.name == "closing" else column.name
    return f"{name} ({result.stamp.currency})" if column.kind == "money" else name


def _lines(altair: Any, rows: Sequence[Row], encoding: Row) -> Any:  # noqa: ANN401
    """A line over whole periods and a broken, paler one to the period under way."""
    periods = list(dict.fromkeys(row["period"] for row in rows))
    going = {row["period"] for row in rows if row["under_way"]}
    whole = [row for row in rows if not row["under_way"]]
    tail = [row for row in rows if going and row["period"] in periods[-2:]]
    parts = [_line(altair, whole, encoding)]
    parts += [_line(altair, tail, encoding, opacity=_PALE, strokeDash=[4, 3])] if tail else []
    lonely = whole if len(periods) - len(going) == 1 else []
    ends = [*lonely, *(row for row in rows if row["under_way"])]
    parts += [_points(altair, ends, encoding)] if ends else []
    parts += [_hover(altair, rows, encoding)] if len(rows) <= _MOST_POINTS else []
    return altair.layer(*parts)


def _line(altair: Any, rows: Sequence[Row], encoding: Row, **looks: Any) -> Any:  # noqa: ANN401
    return altair.Chart(_data(altair, rows, "value")).mark_line(strokeWidth=2, **looks).encode(**encoding)


def _points(altair: Any, rows: Sequence[Row], encoding: Row) -> Any:  # noqa: ANN401
    """The period under way, and what would be a line of a single point."""
    base = altair.Chart(_data(altair, rows, "value"))
    return base.mark_point(filled=False, fill="white", size=30, strokeWidth=1.5).encode(**encoding)


def _hover(altair: Any, rows: Sequence[Row], encoding: Row) -> Any:  # noqa: ANN401
    """Points that are not seen and say their exact value under the pointer."""
    texts = [{**row, "exact": row["value"]} for row in rows]
    tips = [altair.Tooltip(f"{name}:N") for name in ("period", "group", "name", "exact")]
    base = altair.Chart(_data(altair, texts, "value"))
    return base.mark_point(opacity=0, size=80).encode(**encoding, tooltip=tips)


def _by_group(altair: Any, groups: Sequence[str]) -> Any:  # noqa: ANN401
    legend = altair.Legend(title=None, columns=4, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3)
    scale = altair.Scale(domain=list(groups), range=list(GROUP_COLOURS[: len(groups)]))
    return altair.Color("group:N", scale=scale, legend=legend)


# -- roll-forward ------------------------------------------------------------------------------------------------------


def _rollforward(altair: Any, result: Result, fiscal: int | None) -> Any:  # noqa: ANN401
    """The line of closing MRR above the bars of its movements; by group, a line for each."""
    closing = next(column for column in result.columns if column.name == "closing")
    levels = _long(result, [closing], fiscal)
    if _group(result):
        return _panel(altair, levels, closing, result, _labels(result), (WIDTH - 90, 320))
    above = _closing_line(altair, levels, result)
    below = _movement_bars(altair, result, fiscal)
    return altair.vconcat(above, below, spacing=18).resolve_scale(x="shared")


def _closing_line(altair: Any, rows: Sequence[Row], result: Result) -> Any:  # noqa: ANN401
    encoding = {
        "x": _periods(altair, _labels(result), shown=False),
        "y": _values(altair, _AMOUNT, f"MRR ({result.stamp.currency})", zero=True),
        "color": altair.value(_INK),
    }
    return _lines(altair, rows, encoding).properties(width=WIDTH - 90, height=190)


def _movement_bars(altair: Any, result: Result, fiscal: int | None) -> Any:  # noqa: ANN401
    """Stacked bars: gains above 0, losses below."""
    kinds = [column for column in result.columns if column.name in KIND_COLOURS]
    kinds = [column for column in kinds if column.name not in {"entered", "left"} or _ever(result, column)]
    rows = [_signed(row) for row in _long(result, kinds, fiscal) if row["value"] and Decimal(row["value"])]
    shown = [column.name for column in kinds]
    colour = altair.Color(
        "name:N",
        scale=altair.Scale(domain=shown, range=[KIND_COLOURS[name] for name in shown]),
        legend=altair.Legend(title=None),
    )
    encoding = {
        "x": _periods(altair, _labels(result)),
        "y": _values(altair, _AMOUNT, f"Movements ({result.stamp.currency})", zero=True),
        "color": colour,
        "order": altair.Order("order:Q"),
        "opacity": altair.condition("datum.under_way", altair.value(_PALE), altair.value(1)),
        "tooltip": [altair.Tooltip(f"{name}:N") for name in ("period", "name", "exact")],
    }
    bars = altair.Chart(_data(altair, rows, "value")).mark_bar().encode(**encoding)
    zero = altair.Chart(altair.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(y=altair.Y("at:Q"))
    return altair.layer(bars, zero).properties(width=WIDTH - 90, height=210)


def _ever(result: Result, column: ResultColumn) -> bool:
    place = result.names.index(column.name)
    return any(row[place] for row in result.rows)


def _signed(row: Row) -> Row:
    """A movement with its sign: losses are positive in a roll-forward and stand below 0 here."""
    value = row["value"]
    if row["name"] in _LOSSES and value is not None:
        value = plain(-Decimal(value))
    return {**row, "value": value, "exact": value}


# -- metrics -----------------------------------------------------------------------------------------------------------


def _metrics(altair: Any, result: Result, fiscal: int | None) -> Any:  # noqa: ANN401
    """A panel for each metric, with a scale of its own and a line for each group."""
    columns, labels = _measures(result), _labels(result)
    size = (WIDTH - 90, 320) if len(columns) == 1 else (WIDTH // 2 - 75, 130)
    panels = [_panel(altair, _long(result, [one], fiscal), one, result, labels, size) for one in columns]
    return panels[0] if len(panels) == 1 else altair.concat(*panels, columns=2, spacing=20)


def _panel(
    altair: Any,  # noqa: ANN401
    rows: Sequence[Row],
    column: ResultColumn,
    result: Result,
    labels: Sequence[str],
    size: tuple[int, int],
) -> Any:  # noqa: ANN401
    """One column over the periods, a line for each group."""
    groups = _largest(rows)
    encoding = {
        "x": _periods(altair, labels, width=size[0]),
        "y": _values(altair, _label(column), _named(column, result), zero=column.kind != "ratio"),
        "color": _by_group(altair, groups) if _group(result) else altair.value(GROUP_COLOURS[0]),
    }
    drawn = [row for row in rows if row["group"] in groups] if _group(result) else rows
    return _lines(altair, drawn, encoding).properties(width=size[0], height=size[1])


# -- cohorts -----------------------------------------------------------------------------------------------------------


def _cohorts(altair: Any, result: Result, fiscal: int | None) -> Any:  # noqa: ANN401
    """A heat map: a row a cohort, a column for each period since; small cohorts are grey."""
    rows, columns = _heat_rows(result, fiscal), result.columns[2:]
    encoding = _heat_axes(altair, result)
    cells = altair.Chart(_data(altair, rows, "value", "since")).mark_rect(stroke="white", strokeWidth=1)
    drawn = cells.encode(**encoding, **_heat(altair, columns[0], result))
    if len(columns) <= _MOST_WRITTEN_COLUMNS:
        drawn = altair.layer(drawn, _written(altair, rows, encoding, columns[0]))
    return drawn.properties(width=WIDTH - 190, height=max(120, min(18 * len(result.rows), 620)))


def _heat_axes(altair: Any, result: Result) -> Row:  # noqa: ANN401
    """Periods since the first MRR across, cohorts with their sizes down."""
    number = len(result.columns) - 2
    across = altair.Axis(
        title=f"{_every(result)}s since the first MRR",
        labelAngle=0,
        values=list(range(0, number, -(-number // _MOST_LABELS))),
        orient="top",
        domain=False,
        ticks=False,
    )
    down = altair.Axis(title="cohort (size)", labelLimit=150)
    labels = [_cohort_label(row) for row in result.rows]
    return {"x": altair.X("since:O", axis=across), "y": altair.Y("cohort:O", sort=labels, axis=down)}


def _heat(altair: Any, column: ResultColumn, result: Result) -> Row:  # noqa: ANN401
    """The colour of cells: by value, grey for small cohorts, paler while the period is under way."""
    name = {"ratio": "left", "count": "customers", "money": result.stamp.currency}[column.kind]
    scale = altair.Scale(range=list(_SCALE), **({"domainMin": 0} if column.kind == "ratio" else {}))
    legend = altair.Legend(title=name, orient="right", direction="vertical", labelExpr=_LABELS[column.kind])
    colour = altair.Color("value:Q", scale=scale, legend=legend)
    return {
        "color": altair.condition("datum.small", altair.value(_GREY), colour),
        "opacity": altair.condition("datum.under_way", altair.value(0.55), altair.value(1)),
        "tooltip": [altair.Tooltip(f"{part}:N") for part in ("cohort", "since", "exact")],
    }


def _written(altair: Any, rows: Sequence[Row], encoding: Row, column: ResultColumn) -> Any:  # noqa: ANN401
    """The values in the cells, white on the dark ones."""
    dark = _DARK * max((Decimal(row["value"]) for row in rows), default=Decimal(1))
    is_dark = f"datum.value > {dark} && !datum.small && !datum.under_way"
    colour = altair.condition(is_dark, altair.value("white"), altair.value(_INK))
    texts = altair.Chart(_data(altair, rows, "value", "since"))
    texts = texts.transform_calculate(text=_LABELS[column.kind].replace("'~%'", "'.0%'"))
    return texts.mark_text(fontSize=10).encode(**encoding, text="text:N", color=colour)


def _heat_rows(result: Result, fiscal: int | None) -> list[Row]:
    """A row for each cell that is known: cohort, since, value, small, under_way."""
    going = _cohorts_under_way(result, fiscal)
    rows = []
    for row in result.rows:
        known = [place for place, value in enumerate(row[2:]) if value is not None]
        for place in known:
            value = _number(row[2 + place], result.columns[2 + place], result)
            rows.append(
                {
                    "cohort": _cohort_label(row),
                    "since": place,
                    "value": value,
                    "exact": value,
                    "small": _is_small(result, row[1]),
                    "under_way": going and place == known[-1],
                }
            )
    return rows


def _is_small(result: Result, size: Cell) -> bool:
    """Whether a cohort is too small for its shares to say much."""
    if not isinstance(size, Decimal | int):
        return True
    if result.columns[1].kind == "count":
        return size < SMALL_COHORT
    return size * SMALL_SHARE < median(Decimal(row[1]) for row in result.rows if isinstance(row[1], Decimal | int))


def _cohorts_under_way(result: Result, fiscal: int | None) -> bool:
    """Whether today's period, in which the last cell of every cohort stands, is under way."""
    is_fiscal = plain(result.rows[-1][0]).startswith("FY")
    starts = (fiscal,) if fiscal else tuple(range(2, 13)) if is_fiscal else (1,)
    today = result.stamp.today
    return any(today + timedelta(days=1) in period_of(today, _every(result), start) for start in starts)


def _every(result: Result) -> Every:
    """The length of a cohort's periods, which the names of the columns say."""
    return cast("Every", result.names[2].rsplit("_", 1)[0])


def _cohort_label(row: Sequence[Cell]) -> str:
    size = f"{Decimal(row[1]):,.0f}" if isinstance(row[1], Decimal | int) else ""
    return f"{plain(row[0])} ({size})"


_DRAWN: dict[str, Callable[[Any, Result, int | None], Any]] = {
    "rollforward": _rollforward,
    "metrics": _metrics,
    "cohorts": _cohorts,
}
