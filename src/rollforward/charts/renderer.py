"""The renderer: Vega-Lite in, SVG out. A picture of the same shape is compiled once, whatever figures it shows."""

from __future__ import annotations

import json
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

from rollforward.errors import RollforwardError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    shape = _shape(specification, {"data": partial(_named, figures), "axis": partial(_labelled, labels)})
    parameters = [{"name": f"{_LABELS}{number}", "value": []} for number in range(len(labels))]
    compiled = _compiled(json.dumps({**shape, "params": parameters}))
    sources = [_filled(source, figures) for source in compiled["data"]]
    signals = [_told(signal, labels) for signal in compiled.get("signals", ())]
    drawn = str(_vega().vega_to_svg({**compiled, "data": sources, "signals": signals}))
    # The renderer numbers gradients on and on; a picture has one, and is the same whatever was drawn before it.
    return _GRADIENT.sub("gradient_0", drawn)


def _shape(part: Any, taken_out: Mapping[str, Callable[[Any], Any]]) -> Any:  # noqa: ANN401  any piece of a specification
    """The shape of a specification, whatever figures and labels it shows: what stands under some names is taken out."""
    if isinstance(part, list):
        return [_shape(one, taken_out) for one in part]
    if not isinstance(part, dict):
        return part
    return {name: taken_out[name](one) if name in taken_out else _shape(one, taken_out) for name, one in part.items()}


def _named(figures: list[Any], data: Row) -> Row:
    """A set of rows by its number alone."""
    figures.append(data["values"])
    return {**data, "values": [], "name": f"{_NAME}{len(figures) - 1}"}


def _labelled(labels: list[Any], axis: Any) -> Any:  # noqa: ANN401  an axis, or that there is none
    """An axis whose labels, if it names them, are a parameter."""
    if not isinstance(axis, dict) or not isinstance(axis.get("values"), list):
        return axis
    labels.append(axis["values"])
    return {**axis, "values": {"expr": f"{_LABELS}{len(labels) - 1}"}}


def _told(signal: Row, labels: list[Any]) -> Row:
    """A parameter of the compiled picture, with its labels."""
    name = str(signal["name"])
    return {**signal, "value": labels[int(name.removeprefix(_LABELS))]} if name.startswith(_LABELS) else signal


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
