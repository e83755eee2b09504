"""Rows that cannot be read as they stand: unknown words, backward ranges, overlaps and repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from oracle.case import Json, Row

INTERVALS = ("day", "week", "month", "year")
DURATIONS = ("once", "repeating", "forever")
ITEM_KINDS = ("recurring", "one_time", "usage")
STATUSES = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled")
LINE_KINDS = ("recurring", "one_time", "usage", "proration", "credit")
LINE_STATUSES = ("paid", "open", "void", "uncollectible")


def unreadable_item(row: Row) -> bool:
    """Whether a word, a range or a count of an item's terms is wrong."""
    interval_missing_rightly = row["kind"] == "one_time" and row["interval"] is None
    return (
        row["kind"] not in ITEM_KINDS
        or row["status"] not in STATUSES
        or not (row["interval"] in INTERVALS or interval_missing_rightly)
        or row["interval_count"] < 1
        or _backward(row["starts"], row["ends"])
        or any(_unreadable_discount(discount, row["starts"]) for discount in row["discounts"])
    )


def unreadable_line(row: Row) -> bool:
    """Whether a word or the period of an invoice line is wrong, or a recurring line has no period."""
    periods = (row["period_start"], row["period_end"])
    return (
        row["kind"] not in LINE_KINDS
        or row["status"] not in LINE_STATUSES
        or _backward(*periods)
        or (None in periods and row["kind"] not in ("one_time", "credit"))
    )


def _unreadable_discount(discount: Json, row_starts: date) -> bool:
    return discount["duration"] not in DURATIONS or _backward(discount["starts"] or row_starts, discount["ends"])


def _backward(starts: date | None, ends: date | None) -> bool:
    return starts is not None and ends is not None and ends < starts


def overlapping(rows: list[Row], ends: dict[int, date]) -> list[Row]:
    """The rows of one item that share a day with a row before them. `rows` stand in the order of their starts."""
    found = []
    for number, row in enumerate(rows):
        if not row["until_next"] and any(_share_a_day(former, row, ends) for former in rows[:number]):
            found.append(row)
    return found


def _share_a_day(former: Row, row: Row, ends: dict[int, date]) -> bool:
    first = max(former["starts"], row["starts"])
    return bool(first < min(ends[former.position], ends[row.position]))


def repeated(lines: list[Row]) -> list[Row]:
    """The invoice lines whose invoice and line have been there already."""
    seen, found = set(), []
    for row in lines:
        key = (row["invoice"], row["line"])
        if key in seen:
            found.append(row)
        seen.add(key)
    return found
