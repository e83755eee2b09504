"""The checks of a row by itself: what no booked row may be."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollforward.sources import limits
from rollforward.sources.faults import Fault
from rollforward.sources.numbers import currencies_of, split_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.sources.draft import Draft

    Arrays = dict[str, Any]


_SIGNS = re.compile(r"[^\s0-9.,+\-eE]")
"""What a bare number does not have: only where one occurs need amounts be looked at one by one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the column at fault, which rows break it, and what to say."""

    column: str
    breaks: Callable[[Arrays], Any]
    fault: Fault


def _ends_before(start: str, end: str) -> Callable[[Arrays], Any]:
    import pyarrow.compute as pc

    return lambda arrays: pc.less(arrays[end], arrays[start])


def _no_days(start: str, end: str) -> Callable[[Arrays], Any]:
    import pyarrow.compute as pc

    return lambda arrays: pc.equal(arrays[end], arrays[start])


def _negative(column: str) -> Callable[[Arrays], Any]:
    import pyarrow.compute as pc

    return lambda arrays: pc.less(arrays[column], 0)


def _no_interval(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.compute as pc

    return pc.and_(pc.is_null(arrays["interval"]), pc.not_equal(arrays["kind"], "one_time"))


def _no_period(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa
    import pyarrow.compute as pc

    served = pc.is_in(arrays["kind"], pa.array(["recurring", "proration"]))
    return pc.and_(served, pc.and_(pc.is_null(arrays["period_start"]), pc.is_null(arrays["period_end"])))


def _only(given: str, missing: str) -> Callable[[Arrays], Any]:
    import pyarrow.compute as pc

    return lambda arrays: pc.and_(pc.is_valid(arrays[given]), pc.is_null(arrays[missing]))


def _not_positive(arrays: Arrays) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.compute as pc

    return pc.less_equal(arrays["rate"], 0)


_BACKWARDS = Fault("ends before it starts", "Correct the dates")
_EMPTY_RANGE = Fault(
    "a range of no days: it ends on the day it starts",
    "Correct the dates",
)
_NEGATIVE = Fault("is negative", "Credits belong on invoice lines, price cuts in discounts; correct the row")


def _range(start: str, end: str) -> tuple[Check, ...]:
    return (
        Check(end, _ends_before(start, end), _BACKWARDS),
        Check(end, _no_days(start, end), _EMPTY_RANGE),
    )


def checks_of(table: str) -> tuple[Check, ...]:
    """The checks of a table's rows."""
    return {
        "subscription_items": (
            Check(
                "interval",
                _no_interval,
                Fault("the interval is missing", "Say day, week, month or year, or kind one_time"),
            ),
            *_range("starts", "ends"),
            *(Check(column, _negative(column), _NEGATIVE) for column in ("amount", "quantity", "tax_included")),
            Check("amount", limits.item_too_large, limits.TOO_LARGE),
            Check("interval_count", limits.period_too_long, limits.TOO_LONG),
        ),
        "invoice_lines": (
            *_range("period_start", "period_end"),
            Check(
                "period_end",
                _only("period_start", "period_end"),
                Fault("the end of the period is missing", "Fill it in"),
            ),
            Check(
                "period_start",
                _only("period_end", "period_start"),
                Fault("the start of the period is missing", "Fill it in"),
            ),
            Check(
                "period_start",
                _no_period,
                Fault(
                    "the service period is missing", "Fill it in, or say the kind one_time if the line does not recur"
                ),
            ),
            Check("period_end", limits.service_too_long, limits.SERVED_TOO_LONG),
            Check("amount", limits.line_too_large, limits.TOO_LARGE),
        ),
        "mrr_snapshots": (
            Check("mrr", _negative("mrr"), Fault("is negative", "Correct the row; MRR is never below 0")),
            Check("mrr", limits.snapshot_too_large, limits.TOO_LARGE),
        ),
        "exchange_rates": (Check("rate", _not_positive, Fault("is not above 0", "Correct the rate")),),
    }.get(table, ())


_SPOKEN = {
    "starts": "first day",
    "date": "day",
    "from": "currency to convert from",
    "to": "currency to convert to",
    "paid": "day of the payment",
    "mrr": "MRR",
}
"""What a required column is called in a sentence, where its name does not do."""


def check_rows(draft: Draft) -> None:
    """Note every row that lacks a required value or breaks a check of its table."""
    import pyarrow.compute as pc

    for column in draft.table.columns:
        if column.required and draft.arrays[column.name].null_count:
            fault = Fault(f"the {_SPOKEN.get(column.name, column.name)} is missing", "Fill it in, or correct the map")
            _note(draft, column.name, pc.is_null(draft.arrays[column.name]), fault)
    for check in checks_of(draft.table.name):
        fault = _with_map_line(draft, check) if check.fault is _EMPTY_RANGE else check.fault
        _note(draft, check.column, check.breaks(draft.arrays), fault)
    if "amount" in draft.table.names:
        _note_fine_amounts(draft)
    for name in ("amount", "mrr"):
        if name in draft.cells:
            _check_signs(draft, name)


def _with_map_line(draft: Draft, check: Check) -> Fault:
    """The fault of a range without days, with the line of the map that makes its end the last day."""
    cells = draft.cells.get(check.column)
    if cells is None or cells.reading.strict:
        return check.fault
    line = f"{check.column} = {{column = {json.dumps(cells.field, ensure_ascii=False)}, last_day = true}}"
    remedy = f"{check.fault.remedy}; if the end is the last day of the range, write in the map: {line}"
    return replace(check.fault, remedy=remedy)


def _note(draft: Draft, column: str, mask: Any, fault: Fault, severity: Any = "quarantined") -> None:  # noqa: ANN401
    import pyarrow.compute as pc

    for index in pc.indices_nonzero(pc.fill_null(mask, fill_value=False)).to_pylist():
        draft.add_fault(index, column, fault, severity)


def _note_fine_amounts(draft: Draft) -> None:
    """Note amounts with more decimals than their currency has. They stay: prices of a tenth of a cent exist."""
    import pyarrow.compute as pc

    from rollforward.money import places

    amounts, currencies = draft.arrays["amount"], draft.arrays["currency"]
    for currency in pc.unique(currencies).drop_null().to_pylist():
        decimals = places(currency)
        finer = pc.and_(pc.equal(currencies, currency), pc.not_equal(amounts, pc.round(amounts, decimals)))
        reason = f"more decimals than {currency} has ({decimals})"
        _note(draft, "amount", finer, Fault(reason, "Nothing to do if the price is meant so"), "note")


def _check_signs(draft: Draft, column: str) -> None:
    """Note amounts whose currency sign contradicts the currency of their row."""
    values = draft.cells[column].values
    if not _SIGNS.search("\n".join(filter(None, values))):
        return
    signs = {text: split_sign(text.strip())[1] for text in set(values) if text}
    for index, currency in enumerate(draft.arrays["currency"].to_pylist()):
        sign = signs.get(values[index] or "")
        if sign and currency and currency not in currencies_of(sign):
            fault = Fault(
                f"is written in {sign} but its row is in {currency}", "Correct the currency of the row or of the map"
            )
            draft.add_fault(index, column, fault)
