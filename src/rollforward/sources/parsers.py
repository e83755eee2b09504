"""The parse function of each canonical column, under the settings of a map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from rollforward.records.tables import TABLES, Column
from rollforward.sources.column_map import ANY, NULLS
from rollforward.sources.dates import parse_day, parse_snapshot_day
from rollforward.sources.faults import Fault, Memo
from rollforward.sources.numbers import parse_count, parse_decimal
from rollforward.sources.words import (
    SYNONYMS,
    folded,
    parse_currency,
    parse_flag,
    parse_interval,
    parse_strict_word,
    parse_word,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the values of a column are written. `strict` takes the canonical words alone."""

    timezone: str
    naive_timezone: str | None = None
    date_format: tuple[str, ...] = ()
    last_day: bool = False
    decimal: str = "."
    thousands: str = ""
    times: Decimal | None = None
    round: int | None = None
    default: str | None = None
    words: tuple[tuple[str, str], ...] = ()
    empty: frozenset[str] = NULLS
    strict: bool = False


@lru_cache(maxsize=256)
def memo_for(table: str, column: str, reading: Reading) -> Memo:
    """The parse function of a column, which remembers what it has read."""
    parse = _parser(table, TABLES[table].column(column), reading)
    if reading.words:
        parse = _translated(parse, dict(reading.words), _passes(table, column), reading.empty)
    elif reading.default is None:
        return Memo(parse, reading.empty)
    return Memo(_filled(parse, reading))


def _filled(parse: Parse, reading: Reading) -> Parse:
    """The parse function with the map's default for an empty cell, if it has one."""

    def fill(text: str) -> object:
        if text in reading.empty and reading.default is not None:
            return parse(reading.default)
        return parse(text) if reading.words or text not in reading.empty else None

    return fill


def _passes(table: str, column: str) -> bool:
    """Whether a value without an entry may speak for itself. A plan's id is no amount, whatever digits it has."""
    return TABLES[table].column(column).type in {"word", "text"}


def _translated(parse: Parse, words: dict[str, str], passes: bool, empty: frozenset[str]) -> Parse:
    by_folded = {folded(word): meaning for word, meaning in words.items()}

    def translate(text: str) -> object:
        meaning = words.get(text, by_folded.get(folded(text)))
        if meaning is None:
            meaning = words.get(ANY) if text not in empty else None
        if meaning is None:
            if text in empty:
                return None
            return parse(text) if passes else Fault("has no entry in the map's words", "Add one for it to the map")
        return None if meaning == "" else parse(meaning)

    return translate


def _parser(table: str, column: Column, reading: Reading) -> Parse:
    if column.type == "decimal":
        return partial(
            parse_decimal, mark=reading.decimal, thousands=reading.thousands, times=reading.times, places=reading.round
        )
    if column.type == "day":
        return _day_parser(table, column.name, reading)
    if column.type == "word":
        return _word_parser(table, column, reading)
    simple: dict[str, Parse] = {"count": parse_count, "currency": parse_currency, "flag": parse_flag}
    return simple.get(column.type, str)


def _day_parser(table: str, column: str, reading: Reading) -> Parse:
    of_snapshot = (table, column) == ("mrr_snapshots", "date")
    parse = partial(
        parse_snapshot_day if of_snapshot else parse_day,
        formats=reading.date_format,
        book_zone=reading.timezone,
        naive_zone=reading.naive_timezone,
    )
    return (lambda text: day_after(parse(text))) if reading.last_day else parse


def day_after(day: date | Fault) -> date | Fault:
    """The first day after a range that a day is the last one of."""
    return day if isinstance(day, Fault) or day == date.max else day + timedelta(days=1)


def _word_parser(table: str, column: Column, reading: Reading) -> Parse:
    if reading.strict:
        return partial(parse_strict_word, words=column.words)
    if column.name == "interval":
        return parse_interval
    return partial(parse_word, words=column.words, synonyms=SYNONYMS.get((table, column.name), {}))
