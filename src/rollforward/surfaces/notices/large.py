"""Large movements: those that the book did not know when it was last looked at, each told once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from rollforward.errors import IncompleteError, UsageError
from rollforward.formats import answer_of, exact_text
from rollforward.results import plain
from rollforward.surfaces.links import looked_at
from rollforward.surfaces.notices.digest import account_links, shown
from rollforward.surfaces.notices.notice import Block, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.book import Book
    from rollforward.listing import Listing
    from rollforward.results import Cell
    from rollforward.surfaces.links import Links
    from rollforward.surfaces.notices.keeping import Kept
    from rollforward.surfaces.notices.subscriptions import Subscription

MOST = 20_000
"""The large movements that one subscription can have, of all time. More are not large."""

NAMED = 50
"""The movements that one notice names."""

_KEY = ("day", "account", "subscription", "kind", "mrr")
"""What tells one movement from another. Where a correction changes one of it, it is another movement, and told."""


def look(book: Book, subscription: Subscription, seen: Kept | None, links: Links) -> tuple[Notice | None, Kept | None]:
    """Word of the large movements that are not among those `seen`, and what is seen now.

    The first look has no notice: what was there when somebody subscribed is not new. Nothing is seen anew (None) while
    the ledger and the day are those of the last look. Movements are told even of a source that is stale: what the book
    knows happened.
    """
    view = subscription.view(allow_stale=True)
    state = f"{book.ledger(view).ledger_hash} {book.today()} {subscription.over}"
    if seen and seen["state"] == state:
        return None, None
    try:
        listing = book.movements(where=subscription.filters, least=subscription.over, view=view)
    except IncompleteError:  # Nothing moved yet.
        return None, {"state": state, "keys": []}
    rows = listing.largest("mrr", MOST + 1)
    if len(rows) > MOST:
        raise UsageError(f"more than {MOST:,} movements are of {subscription.over} or more. Name a larger --over.")
    keys = [_key(listing, row) for row in rows]
    known = set(seen["keys"]) if seen else set(keys)
    new = [row for row, key in zip(rows, keys, strict=True) if key not in known]
    # A movement that is gone and comes back was told already.
    return _notice(subscription, listing, new, links), {"state": state, "keys": sorted({*keys, *known})}


def _key(listing: Listing, row: Sequence[Cell]) -> str:
    told = dict(zip(listing.names, row, strict=True))
    said = "\n".join(plain(told[name]) for name in _KEY)
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _notice(subscription: Subscription, listing: Listing, new: list[tuple[Cell, ...]], links: Links) -> Notice | None:
    if not new:
        return None
    over = f"{exact_text(subscription.over or 0)} {listing.stamp.currency}"  # type: ignore[arg-type]
    answer = answer_of(listing, new[:NAMED])
    page = links.page("/movements", looked_at(subscription.view(), subscription.filters)) if links.base else ""
    leading = account_links(answer, links, subscription)
    block = Block("movements", "Movements, the largest first", shown(answer), page, leading)
    what = "1 large movement" if len(new) == 1 else f"{len(new):,} large movements"
    more = len(new) - NAMED
    lines = [f"New to the book since the last look, of {over} MRR or more, whenever they happened."]
    lines += [f"The {NAMED} largest are named, and {more:,} more are not."] if more > 0 else []
    data: tuple[tuple[str, Any], ...] = (("over", exact_text(subscription.over or 0)), ("number", len(new)))  # type: ignore[arg-type]
    about = hashlib.sha256("\n".join(_key(listing, row) for row in new).encode()).hexdigest()[:20]
    title = f"{what}: {_names(shown(answer).rows)}"
    return Notice("movements", about, title, tuple(lines), (block,), "", listing.stamp, data)


def _names(rows: Sequence[Sequence[Cell]]) -> str:
    """The first accounts, in words."""
    named = list(dict.fromkeys(str(row[0] or row[1]) for row in rows))
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")  # noqa: PLR2004
