"""Looks: the colours, letters and sizes of a picture, for a notebook and for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KIND_COLOURS = {
    "new": "#0072B2",
    "expansion": "#56B4E9",
    "reactivation": "#009E73",
    "entered": "#B7D9A8",
    "exchange": "#8C8C8C",
    "transfer": "#B8B8B8",
    "restated": "#5B5EA6",
    "contraction": "#E69F00",
    "churn": "#D55E00",
    "left": "#882255",
}
"""The colours of movements, told apart by colour-blind people too: gains are cold, losses warm."""

RARE_KINDS = {"entered", "left", "transfer", "restated"}
"""Movements that are only shown where there are any."""

GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")
"""The colours of groups; as many groups are drawn, the largest first."""

HEAT_STEPS = 7
"""The shades of a heat map on a page: as many variables, `--heat-0` the lightest."""


@dataclass(frozen=True)
class Look:
    """What a picture is drawn with. On a page, colours are variables of its stylesheet and text is written later."""

    is_page: bool
    kinds: dict[str, str]
    groups: tuple[str, ...]
    ink: str
    muted: str
    rule: str
    surface: str
    compared: str
    letter: float
    """The width of a letter on an axis, in pixels."""
    left: int
    """The room of the value axis, in pixels."""
    right: int
    heights: tuple[int, int]
    """The heights of a line and of the bars below it, in pixels."""
    config: dict[str, Any]


_INK = "#333333"

NOTEBOOK = Look(
    is_page=False,
    kinds=KIND_COLOURS,
    groups=GROUP_COLOURS,
    ink=_INK,
    muted="#666666",
    rule="#999999",
    surface="white",
    compared="#8C8C8C",
    letter=6,
    left=90,
    right=0,
    heights=(190, 210),
    config={
        "font": "Helvetica, Arial, sans-serif",
        "padding": 8,
        "view": {"stroke": None},
        "axis": {
            "labelColor": _INK,
            "titleColor": _INK,
            "titleFontWeight": "normal",
            "domainColor": "#999999",
            "grid": False,
        },
        "axisY": {"tickCount": 5, "domain": False, "ticks": False, "titlePadding": 10},
        "title": {"fontSize": 15, "subtitleFontSize": 9, "subtitleColor": "#666666", "color": _INK},
        "legend": {
            "labelColor": _INK,
            "titleColor": _INK,
            "titleFontWeight": "normal",
            "orient": "top",
            "direction": "horizontal",
        },
    },
)

PAGE = Look(
    is_page=True,
    kinds={kind: f"var(--{kind})" for kind in KIND_COLOURS},
    groups=tuple(f"var(--group-{place})" for place in range(1, len(GROUP_COLOURS) + 1)),
    ink="var(--ink)",
    muted="var(--soft)",
    rule="var(--line)",
    surface="var(--paper)",
    compared="var(--compared)",
    letter=7,
    left=46,
    right=8,
    heights=(150, 170),
    config={
        # Letters of no size are not measured, which takes most of the time; the page's stylesheet sizes them.
        "axis": {
            "labelFontSize": 0,
            "titleFontSize": 0,
            "labelColor": "var(--soft)",
            "titleColor": "var(--soft)",
            "domainColor": "var(--line)",
            "tickColor": "var(--line)",
            "labelLimit": 0,
            "labelOverlap": False,
            "labelBound": False,
            "grid": False,
        },
        "axisX": {"labelBaseline": "alphabetic", "labelPadding": 13},
        "axisY": {
            "tickCount": 4,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "labelBaseline": "alphabetic",
            "labelOffset": 4,
            "titleAngle": 0,
            "titleAlign": "left",
            "titleBaseline": "alphabetic",
            "titleX": -44,
            "titleY": -15,
        },
        "view": {"stroke": None},
        "padding": {"left": 0, "right": 0, "top": 14, "bottom": 6},
    },
)
