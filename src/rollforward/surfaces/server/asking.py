"""What a URL asks of a book: period, comparison, currency, segment, policy, known at. The URL is the state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote_plus, urlencode

from rollforward.book import View
from rollforward.calendar import EVERY, Every
from rollforward.errors import UnknownNameError, UsageError
from rollforward.surfaces import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from rollforward.book import Book
    from rollforward.book.view import Clock

Compared = Literal["previous", "year", "none"]
"""What figures are compared with: the period before, the same one a year before, or nothing."""

GLOBAL = ("from", "to", "every", "compare", "currency", "where", "segment", "by", "policy", "as_of", "allow_stale")
"""The parameters that every page and every endpoint understands."""

_FLAGS = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True, "on": True}


@dataclass(frozen=True)
class Ask:
    """A question as a URL says it, read strictly. `said` is that query, in the order in which links write it."""

    every: Every
    start: date | None
    end: date | None
    where: tuple[tuple[str, tuple[str, ...]], ...]
    by: str | None
    view: View
    compare: Compared
    said: tuple[tuple[str, str], ...] = ()

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters as the book takes them."""
        return dict(self.where)

    @property
    def spoken(self) -> dict[str, Any]:
        """The arguments of a method that answers by period for a part of the book."""
        return {**self.days, "where": self.filters, "view": self.view, "every": self.every}

    @property
    def days(self) -> dict[str, Any]:
        """From when to when."""
        return {"start": self.start, "end": self.end}

    def one(self, name: str) -> str | None:
        """The value of a parameter, if it is said."""
        return next((text for own, text in self.said if own == name and text), None)

    def url(self, path: str, **changes: object) -> str:
        """The address of a path in the same state, but for what changes. None leaves a parameter out."""
        given = {name.rstrip("_"): value for name, value in changes.items()}
        added = (f"{name}={_quoted(str(text))}" for name, value in given.items() for text in _each(value))
        query = "&".join(part for part in (_left(self.said, tuple(given)), *added) if part)
        return f"{path}?{query}" if query else path


@lru_cache(maxsize=256)
def _left(said: tuple[tuple[str, str], ...], without: tuple[str, ...]) -> str:
    """What an address keeps of what was said, as it is written there. Hundreds of links of a page keep the same."""
    return urlencode([(name, text) for name, text in said if name not in without])


_quoted = lru_cache(maxsize=4_096)(quote_plus)
"""A text as an address has it. The links of a page name few days, months and kinds over and over."""


def _each(value: object) -> Iterable[object]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def ask_of(
    query: Iterable[tuple[str, str]],
    book: Book,
    clock: Clock,
    *,
    own: Sequence[str] = (),
    segments: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> Ask:
    """The question of a query. `own` names the parameters of the page itself, `segments` the saved ones by name.

    UsageError for a parameter that is not known, said twice or not to be read: it says what is allowed.
    """
    said = [(name, text) for name, text in query if text.strip()]
    _refuse_unknown(said, own)
    one = dict(said)
    fiscal = book.settings.fiscal_year_start
    where = written.pairs([text for name, text in said if name == "where"], "where")
    view = View(
        one.get("policy"),
        one["currency"].upper() if "currency" in one else None,
        written.known_at(one.get("as_of"), book.settings.timezone, clock(), "as_of"),
        _flag(one.get("allow_stale", ""), "allow_stale"),
    )
    return Ask(
        every=_among(one.get("every", "month"), "period", EVERY),
        start=written.first_day(one.get("from"), "from", fiscal),
        end=written.last_day(one.get("to"), "to", fiscal),
        where=_joined(where, _saved(one.get("segment"), segments or {})),
        by=one.get("by"),
        view=view,
        compare=_among(one.get("compare", "previous"), "comparison", get_args(Compared)),
        said=tuple(said),
    )


def _refuse_unknown(said: Sequence[tuple[str, str]], own: Sequence[str]) -> None:
    known = [*GLOBAL, *own]
    for name, _ in said:
        if name not in known:
            raise UnknownNameError("parameter", name, known)
        if name != "where" and [other for other, _ in said].count(name) > 1:
            raise UsageError(f"the parameter {name!r} is said twice. Say it once.")


def _among(text: str, kind: str, known: Sequence[str]) -> Any:  # noqa: ANN401  one of the names that are known
    if text not in known:
        raise UnknownNameError(kind, text, list(known))
    return text


def _flag(text: str, name: str) -> bool:
    if text.lower() not in _FLAGS:
        raise UsageError(f"{name} {text!r} is neither true nor false. Write true or false.")
    return _FLAGS[text.lower()]


def _saved(name: str | None, segments: Mapping[str, Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[str]]:
    if name is None:
        return {}
    if name not in segments:
        raise UnknownNameError("segment", name, list(segments) or ["none is saved yet"])
    return segments[name]


def _joined(*parts: Mapping[str, Sequence[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Filters side by side. A field in both keeps what both let through."""
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for field, values in part.items():
            kept = [value for value in found[field] if value in values] if field in found else list(values)
            found[field] = tuple(kept)
    return tuple(found.items())


def from_month(ask: Ask, first: date) -> Ask:
    """The same question from a day on, where it says no first day."""
    return ask if ask.start else replace(ask, start=first)
