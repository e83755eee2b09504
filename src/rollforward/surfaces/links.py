"""Links to pages: the address of what stands behind a number, whole where the server's own address is known."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rollforward.book import View

VARIABLE = "ROLLFORWARD_URL"
"""The environment's word for the server's own address."""


@dataclass(frozen=True)
class Links:
    """Where the pages of a book are. `base` is the server's own address; without one a link is a path."""

    base: str = ""

    def __post_init__(self) -> None:
        if not self.base:
            return
        parts = urlsplit(self.base)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(f"{VARIABLE} {self.base!r} is no address. Write one such as https://mrr.example.com.")

    def page(self, path: str, query: Sequence[tuple[str, object]] = ()) -> str:
        """The address of a page; what is None is left out."""
        said = urlencode([(name, str(value)) for name, value in query if value not in {None, ""}])
        return f"{self.base.rstrip('/')}{path}{'?' if said else ''}{said}"

    def account(self, account: str, query: Sequence[tuple[str, object]] = ()) -> str:
        """The page of an account."""
        return self.page(f"/accounts/{quote(account, safe='')}", query)


def links_from_environment() -> Links:
    """The links that ROLLFORWARD_URL makes whole."""
    return Links(os.environ.get(VARIABLE, "").strip())


def looked_at(view: View, where: Mapping[str, Sequence[str]] | None = None) -> list[tuple[str, object]]:
    """How a view and its filters stand in a page's address."""
    policy = view.policy if view.policy is None or isinstance(view.policy, str) else view.policy.name
    known_at = view.as_of.isoformat() + "Z" if view.as_of else None
    filters = [("where", f"{field}={value}") for field, values in (where or {}).items() for value in values]
    stale = "true" if view.allow_stale else None
    return [*filters, ("policy", policy), ("currency", view.currency), ("as_of", known_at), ("allow_stale", stale)]


def within(start: date | None, end: date | None) -> list[tuple[str, object]]:
    """How days stand in a page's address."""
    return [("from", start), ("to", end)]
