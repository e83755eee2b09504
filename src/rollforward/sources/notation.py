"""How a file writes its dates, numbers, currencies and words, as far as its values tell."""

from __future__ import annotations

from dataclasses import replace

from rollforward.records.tables import TABLES, Column
from rollforward.sources.column_map import Binding
from rollforward.sources.evidence import date_orders, distinct, number_marks, signs
from rollforward.sources.faults import Fault
from rollforward.sources.names import currency_in
from rollforward.sources.numbers import currencies_of
from rollforward.sources.parsers import Reading, memo_for
from rollforward.sources.shapes import AMOUNTS
from rollforward.sources.wide import month_columns
from rollforward.sources.work import INTERVALS, MOST_WORDS, Work

_DISCOUNTS = ("discount_percent", "discount_amount")


def settle_notation(work: Work) -> None:
    """Settle how the bound columns are written, or ask."""
    _settle_dates(work)
    _settle_numbers(work)
    _settle_currency(work)
    _settle_words(work)


def _settle_dates(work: Work) -> None:
    columns = TABLES[work.column_map.table].columns
    days = [column.name for column in columns if column.type == "day"]
    for name in (*days, "discount_starts", "discount_ends"):
        binding = work.columns.get(name)
        if binding is None or not binding.columns:
            continue
        orders = date_orders(distinct(work.sample.raw, binding.columns[0]))
        if orders is not None:
            _settle_order(work, name, binding, orders)


def _settle_order(work: Work, name: str, binding: Binding, orders: list[str]) -> None:
    source = binding.columns[0]
    example = distinct(work.sample.raw, source)[0]
    if len(orders) == 1:
        found: str | None = orders[0]
        work.reasons[name] += f"; only {orders[0]} makes every value a date"
    else:
        about = f"How are the dates in {source!r} written, such as {example!r}? (or give a pattern such as %d.%m.%y)"
        found = work.ask(f"date_format {source}", about, tuple(orders), is_closed=False)
    if found:
        work.column_map = work.column_map.with_column(name, replace(binding, date_format=(found,)))


def _amount_texts(work: Work) -> list[str]:
    """The texts of all columns that hold numbers: a file writes them all alike."""
    columns = TABLES[work.column_map.table].columns
    decimals = [column.name for column in columns if column.type == "decimal"]
    bound = [work.columns[name] for name in (*decimals, *_DISCOUNTS) if name in work.columns]
    sources = [source for binding in bound if not binding.words for source in binding.columns]
    if work.column_map.shape == "snapshots_wide":
        sources += month_columns(work.sample.raw.columns, work.column_map)
    return [text.removesuffix("%").rstrip() for source in sources for text in distinct(work.sample.raw, source)]


def _settle_numbers(work: Work) -> None:
    texts = _amount_texts(work)
    readings = number_marks(texts) if texts else []
    names = {_named(mark, thousands): (mark, thousands) for mark, thousands in readings}
    if len(readings) > 1:
        example = next(text for text in texts if "." in text or "," in text)
        said = work.ask("decimal", f"Which mark is the decimal one in numbers such as {example!r}?", tuple(names))
        readings = [names[said]] if said else []
    if readings and readings[0] != (".", ""):
        mark, thousands = readings[0]
        work.column_map = replace(work.column_map, decimal=mark, thousands=thousands)
        work.reasons.setdefault("decimal", f"only {_named(mark, thousands)} makes every value a number")


def _named(mark: str, thousands: str) -> str:
    return f"decimal {mark!r}, thousands {thousands!r}" if thousands else f"decimal {mark!r}"


def _settle_currency(work: Work) -> None:
    if "currency" not in TABLES[work.column_map.table].names or "currency" in work.columns:
        return
    named = next((code for role in AMOUNTS if (code := currency_in(work.roles.get(role, "")))), None)
    if named:
        work.bind("currency", Binding(constant=named), "the amount's column says so")
        return
    found = signs(_amount_texts(work))
    meanings = currencies_of(found[0]) if len(found) == 1 else ()
    if len(meanings) == 1:
        work.bind("currency", Binding(constant=meanings[0]), f"the amounts are written with {found[0]}")
        return
    said = work.ask("currency", "Which currency are the amounts in?", meanings, is_closed=False)
    if said:
        work.bind("currency", Binding(constant=said), f"you said {said!r}")


def _settle_words(work: Work) -> None:
    """Ask for the meaning of each word that nobody knows."""
    table = TABLES[work.column_map.table]
    for column in table.columns:
        binding = work.columns.get(column.name)
        if column.type == "word" and binding is not None and binding.columns:
            _settle_column_words(work, column, binding)


def _settle_column_words(work: Work, column: Column, binding: Binding) -> None:
    memo = memo_for(work.column_map.table, column.name, Reading("UTC", words=binding.words))
    unknown = [text for text in distinct(work.sample.raw, binding.columns[0]) if isinstance(memo[text], Fault)]
    if len(unknown) > MOST_WORDS:
        work.drop(column.name)
        work.reasons[column.name] = (
            f"{binding.columns[0]!r} holds {len(unknown)} words that are none of {', '.join(column.words)}"
        )
        return
    options = INTERVALS if column.name == "interval" else column.words
    words = list(binding.words)
    for text in unknown:
        about = f"What does {text!r} in {binding.columns[0]!r} mean?"
        meaning = work.ask(f"{column.name} {text}", about, options)
        words += [(text, meaning)] if meaning else []
    work.column_map = work.column_map.with_column(column.name, replace(binding, words=tuple(words)))
