"""An SVG of Vega as it stands within a page: links with names, no styles, nothing that no one needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from rollforward.charts.looks import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HATCH = "chart-hatch"
"""The pattern of what is not yet complete."""

_SVG = "{http://www.w3.org/2000/svg}"
_DROPPED = {
    "class",
    "role",
    "aria-roledescription",
    "aria-label",
    "aria-hidden",
    "pointer-events",
    "cursor",
    "font-size",
    "font-family",
    "font-weight",
    "stroke-miterlimit",
    "version",
}
_UNSAID = {"role-axis", "mark-text"}
"""What is not read out: the labels of axes, and texts beside marks whose names say the same."""

_IDLE = {"opacity": "1", "fill-opacity": "1", "stroke-dasharray": "", "transform": "translate(0,0)"}
_INHERITED = ("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-\d+)?")
_MOVED = re.compile(r"translate\(([^,()]+),([^,()]+)\)")
_ROUND = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")
_SIZE = 12
_LINE = 20


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around and on the shapes that Vega draws.

    name: of the picture · marks: by number, the name of each and the address that it leads to, if there is one ·
    legend: names and their colours · width: of the whole, in pixels · left: the room beside the marks for the names of
    values, for letters are not measured, so that Vega leaves none.
    """

    name: str
    marks: tuple[tuple[str, str | None], ...]
    legend: tuple[tuple[str, str], ...]
    width: int
    left: int


def inlined(svg: str, frame: Frame) -> str:
    """The SVG of a page: what Vega wrote, with each mark named and linked, and its legend above."""
    root = fromstring(svg)  # noqa: S314  written by the renderer a moment ago, not by a stranger
    named = _Names(frame.marks)
    drawn = [part for child in root for part in _kept(child, named)]
    start, height = _start(root) - frame.left, round(float(root.attrib["height"]))
    above = _legend(frame.legend, frame.width)
    room = _LINE * (1 + max((line for *_, line in above), default=-1))
    page = Element("svg", {"class": "chart", "xmlns": "http://www.w3.org/2000/svg"})
    page.set("viewBox", f"{start} {-room} {frame.width} {height + room}")
    page.set("width", "100%")
    page.set("font-size", str(_SIZE))
    page.set("role", "group" if named.linked else "img")
    page.set("aria-label", frame.name)
    if HATCH in svg:
        page.append(_hatch())
    _draw_legend(page, above, (start, -room))
    page.extend(drawn)
    for part in page.iter():
        _hoist(part)
    return tostring(page, "unicode", short_empty_elements=True).replace(" />", "/>")


def _start(root: Element) -> int:
    """Where Vega placed the left edge of the marks."""
    moved = next((_MOVED.match(child.get("transform", "")) for child in root if child.tag == f"{_SVG}g"), None)
    return round(float(moved[1])) if moved else 0


class _Names:
    """The names and addresses of marks, by the numbers that Vega carried."""

    def __init__(self, marks: Sequence[tuple[str, str | None]]) -> None:
        self.marks, self.linked = marks, False

    def around(self, number: str, shape: Element) -> Element:
        """A shape within its link, or with its name alone."""
        said, address = self.marks[int(number)]
        if address is None:
            SubElement(shape, "title").text = said
            return shape
        self.linked = True
        link = Element("a", {"href": address, "aria-label": said})
        SubElement(link, "title").text = said
        link.append(shape)
        return link


# -- what is kept ------------------------------------------------------------------------------------------------------


def _kept(part: Element, names: _Names) -> Iterable[Element]:
    """An element without what no one needs; a group that says nothing gives way to what is in it."""
    tag = part.tag.removeprefix(_SVG)
    if tag == "g":
        return _kept_group(part, names)
    if not _is_seen(part, tag):
        return []
    shape = _shape(part, tag)
    number = part.get("aria-label", "")
    return [names.around(number, shape)] if number.isdigit() and part.get("aria-hidden") != "true" else [shape]


def _kept_group(part: Element, names: _Names) -> list[Element]:
    inner = [kept for child in part for kept in _kept(child, names)]
    if not inner:
        return []
    group = Element("g", _attributes(part))
    group.attrib.pop("fill", None)
    if _UNSAID & set(part.get("class", "").split()):
        group.set("aria-hidden", "true")
    if not group.attrib:
        return inner
    group.extend(inner)
    return [group]


def _is_seen(part: Element, tag: str) -> bool:
    if part.get("display") == "none" or part.get("class") in {"background", "foreground"}:
        return False
    return tag != "text" or bool(part.text)


def _attributes(part: Element) -> dict[str, str]:
    return {
        name: _short(value) for name, value in part.attrib.items() if name not in _DROPPED and _IDLE.get(name) != value
    }


@lru_cache(maxsize=4_096)
def _short(value: str) -> str:
    """A value with its numbers at one decimal. Marks of a picture have most of theirs in common."""
    return _NUMBER.sub(_shorter, value)


def _shorter(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _shape(part: Element, tag: str) -> Element:
    attributes = _attributes(part)
    moved = _MOVED.fullmatch(attributes.get("transform", ""))
    round_one = _ROUND.fullmatch(attributes.get("d", ""))
    if tag == "path" and moved and round_one:
        del attributes["transform"], attributes["d"]
        return Element("circle", {"cx": moved[1], "cy": moved[2], "r": round_one[1], **attributes})
    if tag == "text" and moved:
        del attributes["transform"]
        attributes = {"x": moved[1], "y": moved[2], **attributes}
    if tag == "text" and "stroke" in attributes:
        attributes["paint-order"] = "stroke"
    if tag == "path":
        # Vega leaves out what a filled shape is not edged with, and the other way round.
        attributes.setdefault("fill", "none")
    shape = Element(tag, attributes)
    shape.text = part.text
    return shape


def _hoist(part: Element) -> None:
    """What all children of a group say alike is said once, by the group."""
    shapes = list(part)
    if part.tag != "g" or len(shapes) < 2:  # noqa: PLR2004  one has none to agree with
        return
    for name in _INHERITED:
        said = {shape.get(name) for shape in shapes}
        if len(said) == 1 and None not in said and name not in part.attrib:
            part.set(name, said.pop() or "")
            for shape in shapes:
                del shape.attrib[name]


# -- what is added -----------------------------------------------------------------------------------------------------


def _hatch() -> Element:
    definitions = Element("defs")
    pattern = SubElement(definitions, "pattern", {"id": HATCH, "width": "6", "height": "6"})
    pattern.set("patternUnits", "userSpaceOnUse")
    pattern.set("patternTransform", "rotate(45)")
    SubElement(pattern, "path", {"d": "M1,0v6", "stroke": "var(--paper)", "stroke-width": "2"})
    return definitions


def _legend(legend: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str, float, int]]:
    """The entries with the place and line of each; an entry may be a word or a colour alone."""
    placed, at, line = [], 0.0, 0
    for word, colour in legend:
        room = (16 if colour else 0) + (_length(word) + (14 if colour else 10) if word else 0)
        if at and at + room > width:
            at, line = 0.0, line + 1
        placed.append((word, colour, at, line))
        at += room
    return placed


def _length(word: str) -> float:
    """About how long a word is on a page, in pixels: the letters are the page's, and nobody measures them here."""
    return sum(8.6 if letter.isupper() else 6.5 for letter in word)


def _draw_legend(page: Element, entries: Sequence[tuple[str, str, float, int]], corner: tuple[int, int]) -> None:
    if not entries:
        return
    group = SubElement(page, "g", {"aria-hidden": "true", "fill": "var(--soft)"})
    for word, colour, at, line in entries:
        x, y = corner[0] + at, corner[1] + line * _LINE
        if colour:
            group.append(_swatch(colour, (x, y)))
            x += 16
        if word:
            SubElement(group, "text", {"x": f"{x:.0f}", "y": f"{y + 13}"}).text = word


def _swatch(colour: str, at: tuple[float, int]) -> Element:
    """A square of a colour; for what is compared, the piece of a broken line."""
    x, y = at
    if colour == PAGE.compared:
        dash = {"stroke": colour, "stroke-width": "1.5", "stroke-dasharray": "2 2"}
        return Element("path", {"d": f"M{x:.0f},{y + 8.5}h12", **dash})
    return Element("rect", {"x": f"{x:.0f}", "y": f"{y + 3}", "width": "11", "height": "11", "fill": colour})
