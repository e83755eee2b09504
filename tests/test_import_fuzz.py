"""Whatever a file holds: an import never falls over, loses no row, books nothing twice, and the book still builds."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depth import deep
from rollforward.book import Book, View
from rollforward.errors import RollforwardError
from rollforward.sources.map_file import parse_map

COLUMNS = {
    "terms": ("customer", "plan", "amount", "quantity", "currency", "interval", "interval_count", "kind", "status",
              "starts", "ends", "cancel_requested", "trial_end", "tax_included", "discount_percent", "discount_amount",
              "discount_duration", "discount_starts", "discount_ends"),
    "change_log": ("customer", "plan", "amount", "currency", "interval", "status", "starts", "ends"),
    "invoice_lines": ("invoice", "line", "customer", "plan", "amount", "tax", "discount", "currency", "kind",
                      "period_start", "period_end", "status"),
    "snapshots": ("date", "customer", "plan", "mrr", "currency"),
    "customers": ("customer", "name", "country", "created"),
    "exchange_rates": ("date", "from", "to", "rate"),
    "payments": ("payment", "customer", "amount", "currency", "paid", "status"),
}  # fmt: skip
"""The shapes of file, and the columns that each one here has."""

NOW = datetime(2026, 6, 30)  # noqa: DTZ001 - a book's clock has no zone: it is in UTC

MAPS = {
    shape: parse_map(f'shape = "{shape}"\n[columns]\n' + "".join(f'{name} = "{name}"\n' for name in columns))
    for shape, columns in COLUMNS.items()
}

POLICIES = {"invoice_lines": {"basis": "invoices"}}
"""What of the policy has to be otherwise, so that the build reads the table of a shape."""

AMOUNTS = "10", "0", "19.99", "1e3", "$7", "10000000", "0.0000000001", "1200"
DAYS = "2024-01-01", "2024-01-31", "2024-02-01", "2024-02-29", "2024-01-01T23:00:00-05:00", "1900-01-01"
LATER = "2025-01-01", "2024-12-31", "2026-03-15", "2027-01-01", "9999-12-31", "2024-03-01"
NAMES = "a", "b", "c", "\u00e9t\u00e9", "a\nb", "100%", "%s", " a ", 'say "x"'

GOOD = {
    **dict.fromkeys(("amount", "mrr", "rate"), AMOUNTS),
    **dict.fromkeys(("tax", "tax_included", "discount"), ("", "", "", "1.5")),
    "discount_amount": ("",),
    **dict.fromkeys(("starts", "date", "period_start", "created", "paid"), DAYS),
    **dict.fromkeys(("ends", "cancel_requested", "trial_end", "discount_starts", "discount_ends"), ("", "", *LATER)),
    "period_end": LATER,
    **dict.fromkeys(("currency", "from", "to"), ("USD", "USD", "USD", "EUR", "usd", "JPY")),
    **dict.fromkeys(("quantity", "interval_count"), ("", "1", "2", "7", "12")),
    "discount_percent": ("", "", "", "10", "100"),
    "discount_duration": ("", "once", "repeating", "forever"),
    "interval": ("month", "year", "week", "day", "monthly"),
    "kind": ("recurring", "recurring", "one_time", "usage"),
    "plan": ("", "pro", "team"),
}
"""What stands in a column of a whole row; names stand in the others."""

WORDS = {
    "invoice_lines": {"status": ("paid", "open", "void"), "kind": ("recurring", "proration", "credit", "usage")},
    "payments": {"status": ("succeeded", "failed", "refunded")},
    "exchange_rates": {"from": ("EUR", "JPY", "GBP"), "to": ("USD",)},
}
STATUSES = "active", "active", "past_due", "trialing", "paused", "canceled"

BROKEN = (
    *("", "-5", "1,5", "$5", "(3)", "1e999", "NaN", "0.123456789012", "99999999999999"),
    *("999999999999999999", "99999999999999999999", "999999999", "0", "2024-02-30", "03/04/2024", "soon", "9999-12-31"),
    *("XXX", "dollars", "quarterly", "fortnight", "gone", "\x00", "NULL", "\ufeff", "day", "credit", "proration"),
)
odd = st.one_of(st.sampled_from(BROKEN), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))


def whole_row(shape):
    own = {"status": STATUSES, **WORDS.get(shape, {})}
    cells = (st.sampled_from(own.get(name) or GOOD.get(name, NAMES)) for name in COLUMNS[shape])
    return st.tuples(*cells).map(list)


def broken_row(shape):
    """A row with a cell that is not what it should be, or with a cell too few or too many."""
    places = st.integers(0, len(COLUMNS[shape]) - 1)
    changed = st.tuples(whole_row(shape), places, odd).map(lambda it: [*it[0][: it[1]], it[2], *it[0][it[1] + 1 :]])
    return st.one_of(changed, whole_row(shape).map(lambda cells: cells[:-1]), whole_row(shape).map(lambda c: [*c, "x"]))


def written(columns, rows):
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


@st.composite
def tables(draw, shape):
    """The rows of a file, some of them more than once."""
    rows = draw(st.lists(st.one_of(whole_row(shape), whole_row(shape), broken_row(shape)), min_size=1, max_size=8))
    again = draw(st.lists(st.sampled_from(rows), max_size=2))
    return [*rows, *again]


@st.composite
def contents(draw, text):
    """A text as bytes, in one encoding or in two, with what can happen to a file on its way."""
    half = len(text) // 2
    encoded = draw(
        st.sampled_from(
            [
                text.encode(),
                text.encode("utf-8-sig"),
                text.encode("utf-16"),
                text[:half].encode() + text[half:].encode("cp1252", "replace"),
                text.replace("\r\n", "\n").encode("latin-1", "replace"),
                text.replace("\r\n", "\r").encode(),
            ]
        )
    )
    ends = [encoded[:-1], encoded[: len(encoded) * 2 // 3], encoded + b"\x00", encoded + b'"']
    return draw(st.sampled_from([*[encoded] * 8, *ends]))


@st.composite
def files(draw, shape):
    """The name of a file and its bytes; the name may promise what the bytes are not."""
    content = draw(contents(written(COLUMNS[shape], draw(tables(shape)))))
    name = draw(
        st.sampled_from([*["a.csv"] * 12, *["a.csv.gz"] * 3, "a.tsv", "a.json", "a.xlsx", "a.parquet", "a.pdf"])
    )
    if name.endswith(".gz"):
        packed = gzip.compress(content)
        content = draw(st.sampled_from([packed, packed, packed[:-4], packed[: len(packed) // 2], content]))
    return name, content


def imported(book, path, shape):
    """The report of an import whose counts add up; None if the file was refused with a way out."""
    try:
        report = book.import_files([path], MAPS[shape], source="s")
    except RollforwardError:
        return None
    assert report.rows_in == report.booked + report.unchanged + report.quarantined
    return report


@pytest.mark.parametrize("shape", COLUMNS)
@settings(max_examples=deep(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_import_loses_nothing_books_nothing_twice_and_the_book_builds(shape, data):
    name, content = data.draw(files(shape))
    book = Book.in_memory(clock=lambda: NOW, currency="USD")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        first = imported(book, path, shape)
        again = imported(book, path, shape)
    assert (first is None) == (again is None)
    if first is not None and again is not None:
        assert again.booked == 0
        assert again.unchanged == first.booked
        assert again.unchanged + again.quarantined == again.rows_in == first.rows_in
    book.build(View(policy=book.policy("default").with_settings("fuzz", POLICIES.get(shape, {}))))
