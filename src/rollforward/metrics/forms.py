"""Forms: the queries of a question by its shape, made once; the values of its filters are filled in afterwards.

Making an expression and turning it into SQL takes longer than to run it, and two questions that differ in a country or
in their months differ in nothing that Ibis has to see.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollforward.ledger.segments import Segment

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from rollforward.metrics.answers import Question, Source

_FIRST, _OTHERS = "\ue000{}\ue001", "\ue000{}\ue002"
"""What stands for the first value of a filter, and for all others. These letters mean nothing in any text."""

_MARKED = re.compile("'\ue000([0-9a-z]+)(\ue001|\ue002)'")


@dataclass(frozen=True)
class Form:
    """The shape of a question on a ledger: all that its queries depend on but its periods and its values."""

    ledger: Hashable
    where: tuple[tuple[str, tuple[str, ...]], ...]
    by: str | None
    more: Hashable
    source: Source = field(compare=False, repr=False)
    question: Question = field(compare=False, repr=False)

    @property
    def segment(self) -> Segment:
        """The segment of the shape, with marks for values."""
        return Segment(dict(self.where), self.by)


@dataclass(frozen=True)
class Query:
    """A query with its name. `keys` is how many of its columns name a row."""

    name: str
    sql: str
    keys: int


Making = Callable[[Form], list[tuple[str, "ir.Table", int]]]


def queries(source: Source, question: Question, make: Making, more: Hashable = None) -> list[Query]:
    """The queries that `make` makes of a question's shape, with the question's values. `more` is what else they say."""
    where = question.segment.where
    marked = tuple((name, marks(str(number), len(values))) for number, (name, values) in enumerate(where.items()))
    form = Form(source.key, marked, question.segment.by, more, source, question)
    values = list(where.values())
    return [Query(one.name, _filled(one.sql, values), one.keys) for one in _made(form, make)]


@functools.lru_cache(maxsize=256)
def _made(form: Form, make: Making) -> list[Query]:
    return [Query(name, form.source.compiled(expression), keys) for name, expression, keys in make(form)]


def _filled(sql: str, values: list[tuple[str, ...]]) -> str:
    return filled(sql, {str(number): own for number, own in enumerate(values)})


def mark(name: str) -> str:
    """What stands for a text of a name in a query that is made once for all texts."""
    return _FIRST.format(name)


def marks(name: str, count: int) -> tuple[str, ...]:
    """What stands for so many texts of a name: one mark for the first, and one for all others."""
    return (_FIRST.format(name), _OTHERS.format(name))[:count]


def filled(sql: str, values: Mapping[str, Sequence[str]]) -> str:
    """A query with the values of its marks, by name."""

    def text(found: re.Match[str]) -> str:
        own = values[found[1]]
        return ", ".join(map(quoted, own[:1] if found[2] == _FIRST[-1] else own[1:]))

    return _MARKED.sub(text, sql) if values else sql


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
