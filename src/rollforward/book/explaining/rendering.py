"""An explanation as indented text, as a Markdown list and as HTML. It rounds, and what is printed adds up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from shlex import quote
from typing import TYPE_CHECKING

from rollforward.formats import UNKNOWN, is_percent
from rollforward.money import exact, places, round_half_up
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollforward.book.explaining.explanation import Explanation, Rule

_RATIO_PLACES = 4


@dataclass(frozen=True)
class Line:
    """One line of an explanation: how deep it stands, what it says, and its value as people read it."""

    depth: int
    text: str
    value: str = ""


@dataclass(frozen=True)
class Reopened:
    """The options with which parts are opened in turn: those of the ledger, and the filters of a metric."""

    looking: str = ""
    filters: str = ""

    def command(self, one: Explanation) -> str:
        """The command that explains a part in turn."""
        opens = dict(one.opens)
        named = [opens.pop("metric"), opens.pop("period")] if "metric" in opens else []
        filters = self.filters if named else ""
        words = [*named, *(word for name, text in opens.items() for word in (f"--{name}", quote(text)))]
        return f"rollforward explain {' '.join(words)}{filters}{self.looking}"


_ALONE = Reopened()


def lines_of(explanation: Explanation, reopened: Reopened = _ALONE) -> Iterator[Line]:
    """An explanation line by line. A rule is told in words where it stands first."""
    currency = explanation.stamp.currency if explanation.stamp else ""
    writer = _Writer(currency, reopened, set())
    return writer.lines(explanation, 0, _rounded(explanation, currency))


@dataclass(frozen=True)
class _Writer:
    """Writes lines; it knows which rules it has told."""

    currency: str
    reopened: Reopened
    told: set[Rule]

    def lines(self, one: Explanation, depth: int, value: Decimal | None) -> Iterator[Line]:
        """An explanation and what is below it."""
        yield Line(depth, one.about, _said(one, value, self.currency))
        for text in self._said_of(one):
            yield Line(depth + 1, text)
        shown = [_rounded(part, self.currency) for part in one.parts]
        for part, amount in zip(one.parts, shown, strict=True):
            yield from self.lines(part, depth + 1, amount)
        if residue := _residue(one, value, shown):
            yield Line(depth + 1, "rounding of the amounts above", f"{residue:,f} {one.currency or self.currency}")
        if one.beside:
            yield Line(depth + 1, "beside it:")
        for part in one.beside:
            yield from self.lines(part, depth + 2, _rounded(part, self.currency))

    def _said_of(self, one: Explanation) -> Iterator[str]:
        """What is said of an explanation beside its value."""
        if one.note:
            yield one.note
        for rule in one.rules:
            yield f"rule {rule.key} = {rule.value}" + (", as above" if rule in self.told else f": {rule.words}")
            self.told.add(rule)
        if one.source:
            yield f"source {one.source}"
            if one.source.raw:
                yield f"raw {one.source.raw}"
        if one.opens:
            yield f"open with: {self.reopened.command(one)}"


def _rounded(one: Explanation, currency: str) -> Decimal | None:
    """A value as people read it, for itself."""
    if one.value is None:
        return None
    if one.unit == "money":
        return round_half_up(one.value, places(one.currency or currency))
    return exact(one.value, _RATIO_PLACES + 2) if one.unit == "ratio" else exact(one.value)


def _residue(one: Explanation, value: Decimal | None, shown: list[Decimal | None]) -> Decimal:
    """What the parts of a sum, each rounded for itself, leave of it as it is printed."""
    known = [part for part in shown if part is not None]
    if one.way != "sum" or one.unit != "money" or value is None or len(known) != len(shown) or not known:
        return Decimal(0)
    return value - sum(known)


def _said(one: Explanation, value: Decimal | None, currency: str) -> str:
    if one.unit is None:
        return ""
    if value is None:
        return UNKNOWN
    if one.unit == "money":
        return f"{value:,f} {one.currency or currency}"
    if one.unit == "ratio":
        return f"{value * 100:.2f} %" if is_percent(one.about.split(" ")[0]) else f"{value:.4f}"
    return plain(value)


def text(explanation: Explanation, reopened: Reopened = _ALONE) -> bytes:
    """An explanation as indented text."""
    return _joined("  " * line.depth + line.text + _after(line.value) for line in lines_of(explanation, reopened))


def _after(value: str) -> str:
    return f": {value}" if value else ""


def markdown(explanation: Explanation, reopened: Reopened = _ALONE) -> bytes:
    """An explanation as a nested list of Markdown, with the value in bold."""
    return _joined(
        f"{'  ' * line.depth}- {_plain_markdown(line.text)}" + (f": **{line.value}**" if line.value else "")
        for line in lines_of(explanation, reopened)
    )


def _plain_markdown(said: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_<>[]" else sign for sign in said)


def as_json(explanation: Explanation, _: Reopened = _ALONE) -> bytes:
    """An explanation as nested JSON: exact decimal strings, ISO dates."""
    return (json.dumps(explanation.to_dict(), ensure_ascii=False, indent=2) + "\n").encode()


def html(explanation: Explanation) -> str:
    """An explanation as nested lists of HTML, with the stamp in the foot."""
    shown, depth = [], -1
    for line in lines_of(explanation):
        shown.append("<ul><li>" if line.depth > depth else "</li></ul>" * (depth - line.depth) + "</li><li>")
        depth = line.depth
        value = f": <strong>{escape(line.value)}</strong>" if line.value else ""
        shown.append(escape(line.text) + value)
    shown.append("</li></ul>" * (depth + 1))
    foot = f"<p>{escape(str(explanation.stamp))}</p>" if explanation.stamp else ""
    return f"<div>{''.join(shown)}{foot}</div>"


def _joined(lines: Iterator[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


RENDERERS: dict[str, Callable[[Explanation, Reopened], bytes]] = {"table": text, "md": markdown, "json": as_json}
"""The formats of an explanation."""
