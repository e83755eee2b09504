"""The board page as PDF: title, headlines, the roll-forward as chart and table, what moved, definitions, the stamp.

Typst sets it. What is told goes to it as data, never as markup, so that no customer's name can become any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Period, period_of
from rollforward.errors import ExtraMissingError
from rollforward.formats import Answer, answer_of, cells
from rollforward.surfaces.links import Links, looked_at
from rollforward.surfaces.notices.due import last_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from rollforward.book import Book, View
    from rollforward.calendar import Every
    from rollforward.results import Result

HEADLINES = {
    "mrr": "MRR",
    "arr": "ARR",
    "net_new_mrr": "Net new MRR",
    "growth_rate": "Growth",
    "nrr": "NRR",
    "grr": "GRR",
    "customers": "Customers",
    "arpa": "ARPA",
}
"""The headlines by metric, with their titles, in order."""

MOVED = 16
"""The largest movements that are named."""

_MOVED = ("name", "day", "kind", "mrr")
_LENGTHS = {"day": 14, "week": 13, "month": 13, "quarter": 9, "year": 6}
"""How many periods are shown, by their length."""

_LONG = 13
"""The letters of an amount above which amounts are written smaller."""

_NUMBERS = ("money", "ratio", "count")
_NO_ADDRESS = Links()


@dataclass(frozen=True)
class _Shown:
    """What the page is about."""

    book: Book
    view: View
    where: Mapping[str, Sequence[str]]
    every: Every
    periods: list[Period]
    links: Links

    @property
    def last(self) -> Period:
        """The period that the headlines are of."""
        return self.periods[-1]

    @property
    def asked(self) -> dict[str, Any]:
        """The question, as the book takes it."""
        days = {"start": self.periods[0].start, "end": self.last.last_day}
        return {"every": self.every, **days, "where": self.where, "view": self.view}

    def href(self, path: str, *query: tuple[str, object]) -> str:
        """A link to a page; nothing while the server's address is not known."""
        return self.links.page(path, [*query, *looked_at(self.view, self.where)]) if self.links.base else ""


def pdf(
    book: Book,
    view: View,
    *,
    now: datetime,
    every: Every = "month",
    end: date | None = None,
    where: Mapping[str, Sequence[str]] | None = None,
    links: Links = _NO_ADDRESS,
) -> bytes:
    """The board page of the last period that is over, or of the one that holds the day `end`, as PDF.

    The same book gives the same bytes. WithheldError where a source is stale and the view does not allow it;
    ExtraMissingError without the extra `web`.
    """
    try:
        import typst
    except ImportError as error:
        raise ExtraMissingError("board pages", "web") from error
    shown = _Shown(book, view, where or {}, every, _periods(book, every, end, view.as_of or now), links)
    flows = book.rollforward(**shown.asked)
    files = {
        "main.typ": (Path(__file__).parent / "page.typ").read_bytes(),
        "data.json": json.dumps(_told(shown, flows), ensure_ascii=False).encode(),
        "chart.pdf": _chart(flows),
    }
    with TemporaryDirectory(prefix="rollforward-board-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        made: bytes = typst.compile(str(Path(folder) / "main.typ"), root=folder, format="pdf", timestamp=0)
        return made


def _periods(book: Book, every: Every, end: date | None, now: datetime) -> list[Period]:
    """The periods up to the last one, the earliest first."""
    fiscal = book.settings.fiscal_year_start
    found = [period_of(end, every, fiscal) if end else last_whole(book, every, now)]
    while len(found) < _LENGTHS[every]:
        found.insert(0, period_of(found[0].start - timedelta(days=1), every, fiscal))
    return found


def _chart(flows: Result) -> bytes:
    import vl_convert

    from rollforward import charts

    made = vl_convert.svg_to_pdf(charts.svg(flows))
    return bytes(made)


def _told(shown: _Shown, flows: Result) -> dict[str, Any]:
    """All that the page tells, as text."""
    stamp, answer = flows.stamp, answer_of(flows)
    filters = " and ".join(f"{field}={value}" for field, values in shown.where.items() for value in values)
    return {
        "title": f"Monthly Recurring Revenue, {shown.last.label}",
        "about": " · ".join([shown.book.path.name, stamp.currency, *([filters] if filters else [])]),
        "period": shown.last.label,
        "currency": stamp.currency,
        "stamp": str(stamp),
        "warnings": [*_stale(flows), *_uncounted(shown)],
        "alt": f"Closing MRR and its movements from {shown.periods[0].label} to {shown.last.label}",
        "tiles": _tiles(shown),
        "flows": _table(answer, cells(answer)),
        "moved": _moved(shown),
        "definitions": _definitions(),
    }


def _stale(flows: Result) -> list[str]:
    return [f"These figures come from {flows.stamp.stale}."] if flows.stamp.stale else []


def _uncounted(shown: _Shown) -> list[str]:
    """The rows that are in no figure."""
    found = shown.book.uncounted(view=shown.view)
    numbers = ((found.quarantined, "in quarantine"), (found.set_aside, "set aside"))
    said = " and ".join(f"{number:,} {state}" for number, state in numbers if number)
    return [f"Records that are in no figure: {said}."] if said else []


def _tiles(shown: _Shown) -> list[dict[str, Any]]:
    """Each headline: its value, and what it was the period before."""
    before, last = shown.periods[-2:]
    asked = {**shown.asked, "start": before.start}
    names, *rows = _grid(answer_of(shown.book.metrics(*HEADLINES, **asked)))
    values = [dict(zip(names, row, strict=True)) for row in rows]
    longest = max(len(values[-1][name]) for name in HEADLINES)
    return [
        {
            "title": title,
            "value": values[-1][name],
            "before": f"{values[0][name]} in {before.label}" if len(values) > 1 else "",
            "href": shown.href("/explain", ("metric", name), ("period", last.label)),
            "size": 13 if longest <= _LONG else 10,
        }
        for name, title in HEADLINES.items()
    ]


def _grid(answer: Answer) -> list[list[str]]:
    return [answer.names, *cells(answer)]


def _moved(shown: _Shown) -> dict[str, Any]:
    """The largest movements of the last period."""
    period = shown.last
    listing = shown.book.movements(start=period.start, end=period.last_day, where=shown.where, view=shown.view)
    found = answer_of(listing, listing.largest("mrr", MOVED))
    places = [found.names.index(name) for name in _MOVED]
    account = found.names.index("account")
    rows = [tuple(row[place] for place in places) for row in found.rows]
    # A customer without a name is called by its id.
    rows = [(row[0] or whole[account], *row[1:]) for row, whole in zip(rows, found.rows, strict=True)]
    answer = Answer("moved", tuple(found.columns[place] for place in places), rows, found.stamp)
    query = looked_at(shown.view)
    hrefs = [shown.links.account(str(row[account]), query) if shown.links.base else "" for row in found.rows]
    return {**_table(answer, cells(answer)), "hrefs": hrefs}


def _table(answer: Answer, rows: list[list[str]]) -> dict[str, Any]:
    columns = [
        {
            "name": _titled(column.name),
            "number": column.kind in _NUMBERS,
            "fixed": column.name in {"day", "kind", "period"},
        }
        for column in answer.columns
    ]
    longest = max((len(cell) for row in rows for cell in row), default=0)
    return {"columns": columns, "rows": rows, "size": 7 if longest <= _LONG else 5.8}


def _titled(name: str) -> str:
    return HEADLINES.get(name) or name.replace("_", " ").capitalize()


def _definitions() -> list[dict[str, str]]:
    from rollforward.metrics.registry import find

    found = [(title, find(name)) for name, title in HEADLINES.items()]
    return [
        {"title": title, "about": metric.about.replace("`", ""), "formula": metric.formula} for title, metric in found
    ]
