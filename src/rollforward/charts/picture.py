"""A picture that is asked for: of what, in which look, with which links, and the marks that are drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from rollforward.charts.looks import Look
    from rollforward.results import Result

Row = dict[str, Any]

WIDTH = 700
"""The width of a chart in pixels, its axes and legend included."""


_INITIALS = {"mrr", "arr", "nrr", "grr", "arpa", "asp", "cmgr", "ltv", "acv", "tcv"}


def called(name: str) -> str:
    """A column, kind or metric as a picture calls it: in words, and closing as MRR, which it is."""
    words = ["mrr"] if name == "closing" else name.split("_")
    return " ".join(word.upper() if word in _INITIALS else word for word in words)


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar, point or cell, by what it shows.

    subject: of the result · period: its label (of a cohort, its first period; of an entry or note, its day) · name: the
    column, kind or metric · group: the group as it is called · groups: the values of the field that is grouped by which
    the mark stands for, several for the others together, "" where there is none · value: as people read it, with its
    unit · since: of a cohort's cell, the periods since its first · account: of an entry · is_compared: whether it is of
    the result that is compared with.
    """

    subject: str
    period: str
    name: str
    value: str
    group: str = ""
    groups: tuple[str, ...] = ()
    since: int | None = None
    account: str = ""
    is_compared: bool = False

    def __str__(self) -> str:
        """The name that people hear and see: 2026-05 new 1,234.56 EUR."""
        parts = ("compared:" if self.is_compared else "", self.period, self.group, called(self.name), self.value)
        return " ".join(part for part in parts if part)


Links = Callable[[Mark], str | None]
"""Where a mark leads: an address, or None."""


@dataclass(frozen=True, slots=True)
class Note:
    """A text that is pinned to a day. `kind` says whose: a person's note, a change of policy, a restatement."""

    day: date
    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Picture:
    """What is drawn, and how."""

    result: Result
    kind: str
    look: Look
    width: int = WIDTH
    height: int | None = None
    columns: tuple[str, ...] = ()
    compared: Result | None = None
    notes: tuple[Note, ...] = ()
    fiscal: int | None = None
    marks: list[Mark] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    """What stands above a page's picture: names and their colours."""

    @property
    def across(self) -> int:
        """The width that the marks have, in pixels."""
        return self.width - self.look.left - self.look.right

    @property
    def tall(self) -> int:
        """The height of a picture of one panel, in pixels."""
        return self.height or (sum(self.look.heights) * 7 // 10 if self.look.is_page else 320)

    def named(self, mark: Mark) -> Row:
        """What names a mark in its row: on a page its number, in a notebook the name."""
        if not self.look.is_page:
            return {"said": str(mark)}
        self.marks.append(mark)
        return {"mark": len(self.marks) - 1}

    @property
    def naming(self) -> Row:
        """The channels that carry the names of marks."""
        if self.look.is_page:
            return {"description": {"field": "mark", "type": "nominal"}}
        said = {"field": "said", "type": "nominal"}
        return {"description": said, "tooltip": said}
