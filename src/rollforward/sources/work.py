"""A proposal in the making: what is known, why, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollforward.sources.column_map import Binding, ColumnMap
    from rollforward.sources.raw import RawRows

MOST_WORDS = 20
"""Unknown words of a column that are still worth asking for."""

INTERVALS = ("day", "week", "month", "quarter", "half year", "year")
"""The intervals that are offered."""


_BY_WORD = ("amount", "interval", "status")


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the owner of a file can know. `is_closed` when no answer but the options is possible."""

    name: str
    about: str
    options: tuple[str, ...]
    is_closed: bool = True

    @property
    def is_by_word(self) -> bool:
        """Whether it wants an answer for each of its options, as when a file names only plans."""
        return not self.is_closed and self.name in _BY_WORD


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file, and what its owner has said about it so far."""

    file: Path
    raw: RawRows
    answers: Mapping[str, str | Mapping[str, str]]


@dataclass(slots=True)
class Work:
    """The map as far as it is known, the reasons, and the open questions."""

    sample: Sample
    roles: dict[str, str]
    column_map: ColumnMap
    reasons: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    @property
    def columns(self) -> dict[str, Binding]:
        """The bindings so far."""
        return self.column_map.columns

    def bind(self, name: str, binding: Binding, reason: str) -> None:
        """Bind a canonical column, with the reason in words."""
        self.column_map = self.column_map.with_column(name, binding)
        self.reasons[name] = reason

    def drop(self, *names: str) -> None:
        """Unbind some columns."""
        kept = {name: binding for name, binding in self.columns.items() if name not in names}
        self.column_map = replace(self.column_map, columns=kept)
        for name in names:
            self.reasons.pop(name, None)

    def ask(self, name: str, about: str, options: tuple[str, ...], *, is_closed: bool = True) -> str | None:
        """The owner's answer in one word; if there is none yet, the question is open."""
        given = self.sample.answers.get(name)
        if isinstance(given, str):
            self.reasons[name] = f"you said {given!r}"
            return given
        self.questions.append(Question(name, about, options, is_closed))
        return None
