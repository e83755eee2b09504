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
_NAME = "rows_"
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
    parameters = {one["name"]: one for one in specification.get("params", ())}
    shape = {**specification, "params": [{**one, "value": []} for one in parameters.values()]}
    compiled = _compiled(json.dumps(_without_figures(shape, figures)))
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
