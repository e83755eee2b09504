"""A page: who asks for what of which book, and the template that answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rollforward import __version__
from rollforward.book.explaining.periods import period_named
from rollforward.calendar import EVERY, add_months
from rollforward.surfaces.server.asking import Ask, ask_of, from_month
from rollforward.surfaces.server.csrf import FIELD, csrf_token
from rollforward.surfaces.server.masking import book_for
from rollforward.surfaces.server.sheets import ASKED, sheet_of
from rollforward.surfaces.server.who import Reader, people_of, who
from rollforward.surfaces.web.words import title, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from rollforward.book import Book
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.calendar import Period
    from rollforward.results import Cell, Stamp
    from rollforward.surfaces.server.served import Served
    from rollforward.surfaces.server.sheets import Sheet

T = TypeVar("T")

STATIC = Path(__file__).parent / "static"
MONTHS = 12
"""The months that pages show before the one under way, where no first day is asked for."""

NAVIGATION = (
    ("/", "Overview", "o"),
    ("/movements", "Movements", "m"),
    ("/accounts", "Accounts", "a"),
    ("/retention", "Retention", "r"),
    ("/churn", "Churn", "c"),
    ("/segments", "Segments", "s"),
    ("/sources", "Sources", "i"),
    ("/definitions", "Definitions", "d"),
    ("/closes", "Closes", "l"),
    ("/settings", "Settings", "t"),
)
"""The pages: address, name, and the key that goes to it after `g`."""


@dataclass(frozen=True)
class Page:
    """A request for a page, read."""

    request: Request
    served: Served
    ask: Ask
    reader: Reader
    sheet: Sheet = "wide"
    segments: Sequence[str] = ()
    """The names of the saved segments."""

    @property
    def book(self) -> Book:
        """The book, as the reader sees it."""
        return self._as_seen(self.served.book)

    def _as_seen(self, book: Book) -> Book:
        return book_for(
            book,
            sees_personal_data=self.reader.sees_personal_data,
            pseudonyms=lambda: people_of(self.request).pseudonyms,
        )

    @cached_property
    def shown(self) -> Ask:
        """The question with its first day: twelve months before the one under way, where none is said."""
        today = self.book.today(self.ask.view.as_of)
        last = min(self.ask.end or today, today)
        return from_month(self.ask, add_months(last.replace(day=1), -MONTHS))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The parameters that go along from page to page."""
        return [(name, text) for name, text in self.ask.said if name in _KEPT]

    @property
    def filters(self) -> list[tuple[str, str]]:
        """Each filter of the address: field and value."""
        return [tuple(text.split("=", 1)) for name, text in self.ask.said if name == "where"]  # type: ignore[misc]

    @property
    def here(self) -> str:
        """The address of this page."""
        return self.ask.url(self.request.url.path)

    @property
    def wheres(self) -> list[str]:
        """The filters of the address as they are written."""
        return [text for name, text in self.ask.said if name == "where"]

    @property
    def cleared(self) -> str:
        """The address of this page without filters, as known now."""
        return self.ask.url(self.request.url.path, where=None, segment=None, as_of=None, allow_stale=None, search=None)

    def without(self, field: str, value: str) -> str:
        """The address of this page without one filter."""
        left = [f"{own}={text}" for own, text in self.filters if (own, text) != (field, value)]
        return self.ask.url(self.request.url.path, where=left)

    def opening(self, one: Explanation) -> str:
        """The address that explains a part in turn."""
        opens = dict(one.opens)
        if set(opens) == {"account"}:
            return self.account(opens["account"])
        return self.url("/explain", **{name: text for name, text in opens.items() if name != "every"})

    def account(self, account: object) -> str:
        """The address of an account."""
        return self.url(f"/accounts/{quote(str(account), safe='')}")

    def account_link(self, name: str, row: Mapping[str, Cell]) -> str | None:
        """What a cell that names an account opens."""
        return self.account(row["account"]) if name in {"account", "name"} else None

    def period(self, label: str) -> Period:
        """The period of a label."""
        return period_named(label, None, self._fiscal_year_start)[0]

    @cached_property
    def _fiscal_year_start(self) -> int:
        """The month in which fiscal years begin: looked up once for the hundreds of labels of a page."""
        return self.book.settings.fiscal_year_start

    def answer(self, subject: Hashable, make: Callable[[Book], T]) -> T:
        """The answer to a question about a subject, made once for each state of the book."""
        question = (self.reader.sees_personal_data, subject, self.shown)
        return self.served.answer(question, lambda book: make(self._as_seen(book)))

    def url(self, path: str, **changes: object) -> str:
        """The address of another page in the same state, without what belongs to this page alone."""
        return self.ask.url(path, **{**self._left_out, **changes})

    @cached_property
    def _left_out(self) -> dict[str, None]:
        """The parameters that belong to this page alone."""
        return {name: None for name, _ in self.ask.said if name not in _KEPT}

    def html(self, template: str, *, stamp: Stamp | None = None, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
        """The page of a template."""
        said = {"page": self, "ask": self.ask, "reader": self.reader, "stamp": stamp, "csrf": csrf_of(self.request)}
        return HTMLResponse(render(template, **said, **self._bar(), **context), status)

    def _bar(self) -> dict[str, Any]:
        """What the bar of controls and the navigation need."""
        book = self.book
        return {
            "navigation": [(self.url(path), path, name, key) for path, name, key in NAVIGATION],
            "policies": book.policies(),
            "standing": book.settings.policy,
            "currency": book.settings.currency,
            "periods": EVERY,
            "here": self.request.url.path,
            "version": __version__,
        }


_KEPT = frozenset(("from", "to", "every", "compare", "currency", "where", "segment", "policy", "as_of", "allow_stale"))
"""The parameters that go along from page to page."""


def segments_of(request: Request) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The saved segments by name."""
    people = people_of(request)
    return {} if people is None else {one.name: one.filters for one in people.segments.all()}


def asked(*own: str) -> Any:  # noqa: ANN401  a dependency of FastAPI
    """The dependency that reads a request for a page with parameters of its own."""

    def read(request: Request, reader: Annotated[Reader, Depends(who)]) -> Page:
        served: Served = request.app.state.served
        saved = segments_of(request)
        ask = ask_of(request.query_params.multi_items(), served.book, served.clock, own=own, segments=saved)
        return Page(request, served, _frozen(ask, reader), reader, sheet_of(request.headers), tuple(saved))

    return Depends(read)


def _frozen(ask: Ask, reader: Reader) -> Ask:
    """The question as known at the time at which a share link is frozen, or at the earlier one that it names itself."""
    if reader.frozen_at is None:
        return ask
    times = [time for time in (reader.frozen_at, ask.view.as_of) if time is not None]
    return replace(ask, view=replace(ask.view, as_of=min(times)))


@cache
def environment() -> Environment:
    """The templates. What is not escaped on purpose is."""
    found = Environment(
        loader=PackageLoader("rollforward.surfaces.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["title_of"] = title
    found.filters["value_of"] = value_of
    found.globals["asset"] = asset
    found.globals["sheet_header"] = ASKED
    return found


@cache
def asset(name: str) -> str:
    """The address of a static file, which names its content, so that it can be kept for good."""
    import hashlib

    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{digest}/{name}"


def render(template: str, **context: Any) -> str:  # noqa: ANN401  whatever a template needs
    """The text of a template."""
    return environment().get_template(template).render(**context)


def plain_page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """A page without a book behind it: an error, a sign-in, the first run."""
    said = {"here": request.url.path, "version": __version__, "navigation": (), "stamp": None, "page": None}
    return HTMLResponse(render(template, **said, csrf=csrf_of(request), **context), status)


def csrf_of(request: Request) -> Callable[[], Markup]:
    """What writes the field that proves that a form came from a page of ours."""
    return lambda: Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token(request))
