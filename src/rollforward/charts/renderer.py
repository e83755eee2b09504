"""The renderer: Vega-Lite in, SVG out. A picture of the same shape is compiled once, whatever figures it shows."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from rollforward.errors import RollforwardError

if TYPE_CHECKING:
    from rollforward.charts.picture import Row

_MOST_SHAPES = 128
_NAME, _LABELS = "rows_", "labels_"
_GRADIENT = re.compile(r"gradient_\d+")


class ChartsMissingError(RollforwardError):
    """The extra that draws charts is not installed."""

    def __init__(self) -> None:
        super().__init__('Charts need two more packages. Get them with: pip install "rollforward[charts]"')


def warm() -> None:
    """Starts the renderer, which takes a second; a server does it before it is asked."""
    render({"data": {"values": [{}]}, "mark": "point"})


def render(specification: Row) -> str:
    """The SVG of a Vega-Lite specification with its rows within."""
    figures: list[Any] = []
    labels: list[Any] = []
    shape = _without_figures(_without_labels(specification, labels), figures)
    parameters = {one["name"]: one for one in (*specification.get("params", ()), *_parameters(labels))}
    compiled = _compiled(json.dumps({**shape, "params": [{**one, "value": []} for one in parameters.values()]}))
    sources = [_filled(source, figures) for source in compiled["data"]]
    signals = [one | parameters.get(one["name"], {}) for one in compiled.get("signals", ())]
    drawn = str(_vega().vega_to_svg({**compiled, "data": sources, "signals": signals}))
    # The renderer numbers gradients on and on; a picture has one, and is the same whatever was drawn before it.
    return _GRADIENT.sub("gradient_0", drawn)


def _without_figures(part: Any, figures: list[Any]) -> Any:  # noqa: ANN401  any piece of a specification
    """The shape of a specification: each set of rows is taken out, and its place is named by its number."""
    if isinstance(part, list):
        return [_without_figures(one, figures) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _named(one, figures) if name == "data" else _without_figures(one, figures) for name, one in part.items()
    }


def _without_labels(part: Any, labels: list[Any]) -> Any:  # noqa: ANN401  any piece of a specification
    """A specification in which the labels that axes show are parameters, so that other periods are no other shape."""
    if isinstance(part, list):
        return [_without_labels(one, labels) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _labelled(one, labels)
        if name == "axis"
        else one
        if name in {"data", "params"}
        else _without_labels(one, labels)
        for name, one in part.items()
    }


def _labelled(axis: Any, labels: list[Any]) -> Any:  # noqa: ANN401  an axis, or that there is none
    if not isinstance(axis, dict) or not isinstance(axis.get("values"), list):
        return axis
    labels.append(axis["values"])
    return {**axis, "values": {"expr": f"{_LABELS}{len(labels) - 1}"}}


def _parameters(labels: list[Any]) -> list[Row]:
    return [{"name": f"{_LABELS}{number}", "value": values} for number, values in enumerate(labels)]


def _named(data: Row, figures: list[Any]) -> Row:
    figures.append(data["values"])
    return {**data, "values": [], "name": f"{_NAME}{len(figures) - 1}"}


def _filled(source: Row, figures: list[Any]) -> Row:
    """A source of the compiled picture, with its rows."""
    name = str(source["name"])
    return {**source, "values": figures[int(name.removeprefix(_NAME))]} if name.startswith(_NAME) else source


@lru_cache(maxsize=_MOST_SHAPES)
def _compiled(shape: str) -> Row:
    return cast("Row", _vega().vegalite_to_vega(shape))


def _vega() -> Any:  # noqa: ANN401  a module
    try:
        import vl_convert
    except ImportError as error:
        raise ChartsMissingError from error
    return vl_convert
