"""What a reader sees who sees no personal data: the same book, with pseudonyms for accounts and without names and rows.

Whatever is not known to be free of personal data is refused, so that a method which is added later shows nothing by
accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from rollforward.book.explaining.explanation import Explanation
from rollforward.errors import NotFoundError
from rollforward.listing import Listing
from rollforward.results import Result
from rollforward.surfaces.server.refusing import not_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rollforward.book import Book
    from rollforward.people.pseudonyms import Pseudonyms
    from rollforward.results import Cell

_PLAIN = frozenset(("settings", "stamp", "today", "state", "policy", "policies", "policy_changes", "shelf"))
"""What a book says of itself and of its policies, without anything of its accounts."""

_ANSWERS = frozenset(
    (
        "rollforward",
        "metrics",
        "cohorts",
        "causes",
        "movements",
        "accounts",
        "scheduled",
        "constant_currency",
        "closes",
        "changed_closes",
        "closed_month",
        "restatement",
        "sources",
        "explain",
        "policy_bridge",
        "what_if",
    )
)
"""What a book answers, in columns of which those in `_IDS` and `_HIDDEN` are masked."""

_IDS = frozenset(("account", "customer", "from_customer", "subscription", "item"))
_HIDDEN = frozenset(("name", "email", "raw", "file", "files", "row", "field", "reason", "remedy", "learned", "note"))
"""Columns that are left empty: names, what was copied from a source, and what people wrote."""

_FIELDS = frozenset(("plan", "product", "currency", "country", "cohort"))
"""Fields that say nothing of one person, beside those that the book keeps roll-forwards of."""

_PERSONAL = frozenset(("name", "customer", "subscription"))

_RULES = frozenset(("policy_bridge",))
"""Subjects that tell of rules alone, whose notes nobody wrote of somebody."""

Row = tuple["Cell", ...]


class MaskedBook:
    """A book as those read it who see no personal data."""

    def __init__(self, book: Book, pseudonyms: Pseudonyms) -> None:
        self._book = book
        self._pseudonyms = pseudonyms

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the book has under that name
        if name in _PLAIN:
            return getattr(self._book, name)
        if name in _ANSWERS:
            return self._asked(getattr(self._book, name))
        raise not_allowed("This shows personal data, which your role does not see.")

    def fields(self) -> list[str]:
        """The fields by which the book can be narrowed."""
        return [name for name in self._book.fields() if name in self._free]

    @property
    def _free(self) -> frozenset[str]:
        return (_FIELDS | set(self._book.settings.segments)) - _PERSONAL

    def _asked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*given: Any, **named: Any) -> Any:  # noqa: ANN401  whatever the method takes and answers
            self._check(named)
            account = named.get("account")
            if isinstance(account, str):
                named["account"] = self._account(account)
            return self._masked(method(*given, **named), account)

        return ask

    def _check(self, named: dict[str, Any]) -> None:
        """Refuse a question whose answer would tell whether somebody is among the customers."""
        asked = {*(named.get("where") or ()), *filter(None, [named.get("by")])}
        # The order of names or ids would tell of them too.
        sorts = str(named.get("sort") or "").removeprefix("-") in _IDS | _HIDDEN
        if sorts or any(named.get(name) for name in ("search", "movement", "accounts")) or asked - self._free:
            fields = ", ".join(sorted(self._free))
            raise not_allowed(
                f"Your role sees no personal data: it can narrow the book by {fields}, "
                "and neither search nor sort by name."
            )

    def _account(self, pseudonym: str) -> str:
        found = self._pseudonyms.account(pseudonym)
        if found is None:
            raise NotFoundError(f"there is no account {pseudonym!r}.")
        return found

    def _masked(self, answer: Any, account: object) -> Any:  # noqa: ANN401  of the kind that is given
        if isinstance(answer, Explanation):
            told = _without_persons(answer, self._pseudonyms)
            return replace(told, about=f"MRR of {account}", parts=(), beside=(), sql="") if account else told
        if isinstance(answer, Result):
            return self._result(answer)
        if is_dataclass(answer) and not isinstance(answer, type):
            parts = {name: value for name, value in vars(answer).items() if isinstance(value, Result)}
            return replace(answer, **{name: self._result(value) for name, value in parts.items()})
        return answer

    def _result(self, result: Result) -> Result:
        names, pseudonyms = result.names, self._pseudonyms

        def mask(rows: Sequence[Row]) -> list[Row]:
            return [tuple(_cell(*pair, pseudonyms) for pair in zip(names, row, strict=True)) for row in rows]

        if result.subject in _RULES or not {*names} & (_IDS | _HIDDEN):
            return result
        if isinstance(result, Listing):
            given = {
                name: getattr(result, name) for name in ("subject", "columns", "stamp", "sql", "run", "page", "sums")
            }
            return MaskedListing(**given, fetch=lambda: mask(result.rows), mask=mask)
        return replace(result, fetch=lambda: mask(result.rows), express=None)


@dataclass(frozen=True)
class MaskedListing(Listing):
    """A listing whose rows are masked when they are read."""

    mask: Callable[[Sequence[Row]], list[Row]] = field(default=list, repr=False)

    def shown(self, rows: list[Row]) -> list[Row]:
        """The rows, masked."""
        return self.mask(rows)

    def copy(self, file: Path, *, for_spreadsheets: bool = False) -> int:  # noqa: ARG002  as that of any listing
        """Refused: the engine would write what it has."""
        raise not_allowed("This file would hold personal data, which your role does not see.")


def book_for(book: Book, *, sees_personal_data: bool, pseudonyms: Callable[[], Pseudonyms]) -> Book:
    """The book as a reader sees it."""
    return book if sees_personal_data else cast("Book", MaskedBook(book, pseudonyms()))


def _cell(name: str, value: Cell, pseudonyms: Pseudonyms) -> Cell:
    if name in _HIDDEN:
        return None
    return pseudonyms.of(str(value)) if name in _IDS and value is not None else value


def _without_persons(one: Explanation, pseudonyms: Pseudonyms) -> Explanation:
    """An explanation in which accounts have pseudonyms, and nothing below them is told."""
    if "account" in one.opens:
        said = pseudonyms.of(one.opens["account"])
        return Explanation(said, one.value, one.unit, one.currency, opens={"account": said})
    parts = tuple(_without_persons(part, pseudonyms) for part in one.parts)
    return replace(one, parts=parts, beside=(), source=None, sql="")
