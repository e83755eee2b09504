"""What readers see who see no personal data. Every answer to them goes through here, be it a page or the API's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from rollforward.errors import NotFoundError
from rollforward.people.roles import sees_personal_data
from rollforward.surfaces.server.refusing import HiddenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollforward.book import Book
    from rollforward.book.explaining.explanation import Explanation
    from rollforward.results import Cell, ResultColumn
    from rollforward.surfaces.server.asking import Ask
    from rollforward.surfaces.server.who import Reader

_OPEN = frozenset({"metric list", "policy list", "policy", "policy_bridge"})
"""Subjects that tell of rules alone, whose columns `name` and `value` hold no data."""

_ACCOUNTS = frozenset({"account", "customer"})
"""Columns in whose cells a pseudonym stands."""

_HIDDEN = frozenset(
    ("name", "subscription", "item", "file", "files", "row", "raw", "field", "value", "reason", "remedy", "learned")
)
"""Columns in whose cells nothing stands: what could name somebody, or was copied from a row of a source."""

_FIELDS = frozenset({"plan", "product", "currency", "country", "cohort"})
"""Fields that can be filtered and grouped by, beside the segments that the book's settings name."""

_ALONE = frozenset({"name", "customer", "subscription"})
"""Fields that single somebody out."""


class Pseudonyms(Protocol):
    """What stands in the place of ids."""

    def of(self, account: str) -> str:
        """The pseudonym of an account."""

    def account(self, pseudonym: str) -> str | None:
        """The account of a pseudonym, None if it is none."""


@dataclass(frozen=True)
class Mask:
    """What hides personal data from a reader; without pseudonyms nothing is hidden."""

    pseudonyms: Pseudonyms | None = None

    @property
    def hides(self) -> bool:
        """Whether anything is hidden."""
        return self.pseudonyms is not None

    def account(self, named: str) -> str:
        """The account of a pseudonym; NotFoundError if it is none. What sees everything names accounts by their id."""
        if self.pseudonyms is None:
            return named
        found = self.pseudonyms.account(named)
        if found is None:
            raise NotFoundError(f"there is no account {named!r}. Take one from the list of accounts.")
        return found

    def rows(
        self, subject: str, columns: Sequence[ResultColumn], rows: Iterable[tuple[Cell, ...]]
    ) -> list[tuple[Cell, ...]]:
        """The rows of a subject as the reader sees them."""
        pseudonyms = self.pseudonyms
        if pseudonyms is None or subject in _OPEN:
            return list(rows)
        names = [column.name for column in columns]

        def cell(name: str, value: Cell) -> Cell:
            if name in _HIDDEN:
                return None
            return pseudonyms.of(str(value)) if name in _ACCOUNTS and value is not None else value

        return [tuple(cell(*pair) for pair in zip(names, row, strict=True)) for row in rows]

    def explanation(self, one: Explanation, account: str | None = None) -> Explanation:
        """An explanation down to the accounts, whose parts are rows of sources. `account` is whose it is, if any's."""
        if self.pseudonyms is None:
            return one
        whose = account or one.opens.get("account")
        if whose is None:
            parts, beside = (tuple(map(self.explanation, some)) for some in (one.parts, one.beside))
            return replace(one, parts=parts, beside=beside)
        called = self.pseudonyms.of(whose)
        opens = {**one.opens, "account": called} if "account" in one.opens else {}
        bare = {"note": "", "rules": (), "parts": (), "beside": (), "source": None, "sql": ""}
        return replace(one, about=f"account {called}", opens=opens, **bare)  # type: ignore[arg-type]

    def refuse(self, what: str) -> None:
        """Refuse what tells of nothing but personal data; HiddenError."""
        if self.hides:
            raise HiddenError(what)

    def refuse_fields(self, ask: Ask, book: Book) -> None:
        """Refuse filters and groups by which somebody could be named; HiddenError."""
        for field in [*ask.filters, *([ask.by] if ask.by else [])]:
            self.refuse_field(field, book)

    def refuse_field(self, field: str, book: Book) -> None:
        """Refuse a field by which somebody could be named; HiddenError."""
        if self.hides and field not in (_FIELDS | set(book.settings.segments)) - _ALONE:
            raise HiddenError(f"the field {field!r}")


NOTHING = Mask()
"""The mask that hides nothing."""


def mask_of(reader: Reader, pseudonyms: Pseudonyms) -> Mask:
    """What hides personal data from a reader."""
    return NOTHING if sees_personal_data(reader.role) else Mask(pseudonyms)
