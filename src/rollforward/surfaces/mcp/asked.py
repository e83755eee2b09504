"""What a tool is asked: groups of arguments, read as strictly as the command line reads its options."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from rollforward.surfaces import written as values
from rollforward.surfaces.links import looked_at, within

if TYPE_CHECKING:
    from rollforward.book import Book, View

MOST = 200
"""The rows of one answer."""

By = Annotated[str | None, Field(description="A field to group by: plan, product, currency, country or an attribute.")]
Query = list[tuple[str, object]]


@dataclass(frozen=True)
class Looking:
    """How the book is looked at."""

    policy: Annotated[str | None, Field(description="The policy that says what counts. Default: the book's own.")] = (
        None
    )
    currency: Annotated[str | None, Field(description="The reporting currency, as EUR. Default: the book's own.")] = (
        None
    )
    as_of: Annotated[
        str | None, Field(description="As known then: a day, to its end, or a timestamp. Default: what is known now.")
    ] = None
    allow_stale: Annotated[
        bool, Field(description="Take figures even from stale or incomplete sources; the stamp then says so.")
    ] = False

    def view(self, book: "Book", clock: Callable[[], datetime]) -> "View":
        """The view that the arguments name; UsageError if one cannot be read."""
        from rollforward.book import View

        moment = values.known_at(self.as_of, book.settings.timezone, clock())
        return View(self.policy or None, self.currency.upper() if self.currency else None, moment, self.allow_stale)


@dataclass(frozen=True)
class Filtered:
    """Which part of the book."""

    where: Annotated[
        list[str] | None,
        Field(description="Filters as FIELD=VALUE, such as country=DE. The same field twice means either value."),
    ] = None

    def chosen(self) -> dict[str, list[str]]:
        """The values of each field."""
        return values.pairs(self.where, "where")


@dataclass(frozen=True)
class Ranged:
    """From when to when."""

    start: Annotated[
        str | None,
        Field(description="First day, month or year: 2026-01-31, 2026-01 or 2026. Default: the first record."),
    ] = None
    end: Annotated[str | None, Field(description="Last day, month or year. Default: the book's last day.")] = None

    def days(self, fiscal: int = 1) -> dict[str, Any]:
        """The first and the last day. `fiscal` is the month in which a bare year begins."""
        return {
            "start": values.first_day(self.start, "start", fiscal),
            "end": values.last_day(self.end, "end", fiscal),
        }


@dataclass(frozen=True)
class Periodic(Ranged):
    """From when to when, and in which periods."""

    every: Annotated[
        Literal["day", "week", "month", "quarter", "year"], Field(description="The length of a period.")
    ] = "month"

    def periods(self, book: "Book") -> dict[str, Any]:
        """The days and the length. Where periods are fiscal quarters or years, so is a bare year."""
        fiscal = book.settings.fiscal_year_start if self.every in {"quarter", "year"} else 1
        return {**self.days(fiscal), "every": self.every}


@dataclass(frozen=True)
class Paged:
    """How many rows, and from where on."""

    limit: Annotated[int, Field(ge=1, le=MOST, description=f"Rows at a time, at most {MOST}.")] = 50
    cursor: Annotated[
        str | None, Field(description="`next` of the answer before, with the same arguments otherwise.")
    ] = None


def asked(view: "View", where: dict[str, list[str]] | None = None, days: dict[str, Any] | None = None) -> Query:
    """The same question, as a page's address says it."""
    found = days or {}
    return [*within(found.get("start"), found.get("end")), ("every", found.get("every")), *looked_at(view, where)]
