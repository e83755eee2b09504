"""Whose MRR is whose: customers merged into one account, carried on by another, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import EntryError
from rollforward.ledger.accounts import HOPS
from rollforward.store import entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rollforward.book.entering import Desk, Row, Said
    from rollforward.store.entries import Entry


def merged(desk: Desk, customers: Sequence[str], into: str, start: date | None, said: Said) -> Entry:
    """Customers, and those that count for them already, linked to one account."""
    if not customers:
        raise EntryError("name the customers to merge.")
    for customer in (*customers, into):
        desk.require_customer(customer)
    _refuse_circle(desk, customers, into)
    moved = dict.fromkeys(customers)
    for customer in customers:
        moved.update(dict.fromkeys(link["customer"] for link in desk.links(account=customer)))
    rows: list[Row] = [{"customer": customer, "account": into, "starts": start} for customer in moved]
    for row in rows:
        _refuse_later_link(desk, row["customer"], start)
    when = f"from {start}" if start else "from the beginning"
    return desk.enter("merge", f"{', '.join(moved)} into {into} {when}", said, "account_links", rows)


def _refuse_circle(desk: Desk, customers: Sequence[str], into: str) -> None:
    if into in customers:
        raise EntryError(f"{into} cannot be merged into itself.")
    for link in desk.links(customer=into):
        if link["account"] == into:
            continue
        other = link["account"]
        way = "would be a circle" if other in customers else f"would say two things: merge them into {other} instead"
        raise EntryError(
            f"{into} counts for {other} already, and merging {', '.join(customers)} into it {way}. "
            "`rollforward entry list` shows the entry, and `rollforward entry undo N` undoes it."
        )


def _refuse_later_link(desk: Desk, customer: str, start: date | None) -> None:
    """A link is laid after those that a customer has, never before or over one."""
    for link in desk.links(customer=customer):
        if start is None or (link["starts"] is not None and link["starts"] >= start):
            since = f"from {link['starts']}" if link["starts"] else "from the beginning"
            raise EntryError(
                f"{customer} counts for {link['account']} {since} already. Merge it from a later day, or undo that "
                "entry first (`rollforward entry list`)."
            )


def transferred(
    desk: Desk, customer: str, from_customer: str, day: date | None, said: Said, *, drop_earlier: bool = False
) -> Entry:
    """A customer that carries another one on from a day; what it had before counts nowhere, if that is allowed."""
    for one in (customer, from_customer):
        desk.require_customer(one)
    _refuse_endless(desk, customer, from_customer)
    begins = entries.first_day(desk.connection, desk.table, customer)
    first = day or begins
    if first is None:
        raise EntryError(f"{customer} has no {desk.table}, so that there is no day to take. Name one with --on DATE.")
    _refuse_loss(desk, customer, first, begins, drop_earlier=drop_earlier)
    row = {"customer": customer, "from_customer": from_customer, "day": first}
    return desk.enter("transfer", f"{from_customer} to {customer} on {first}", said, "transfers", [row])


def _refuse_loss(desk: Desk, customer: str, first: date, begins: date | None, *, drop_earlier: bool) -> None:
    """A transfer is of a day that has come, and leaves MRR of the newcomer out only where that is said."""
    if first > desk.today:
        raise EntryError(f"{first} is still to come: the book looks up to {desk.today}. Transfer on that day or later.")
    if begins is not None and begins < first and not drop_earlier:
        raise EntryError(
            f"{customer} has records from {begins}; what it had before {first} would count nowhere. Leave out --on to "
            "transfer on the first day of its records, or add --drop-earlier if both ran side by side."
        )


def _refuse_endless(desk: Desk, customer: str, from_customer: str) -> None:
    if former := desk.former(customer):
        raise EntryError(f"{customer} carries {former} on already. Undo that entry first (`rollforward entry list`).")
    chain = [from_customer]
    while former := desk.former(chain[-1]):
        chain.append(former)
    if customer in chain:
        raise EntryError(f"{' <- '.join([customer, *chain])} is a circle: a customer cannot carry itself on.")
    if len(chain) > HOPS:
        raise EntryError(f"{' <- '.join([customer, *chain])} is longer than {HOPS} transfers, the most there may be.")
    if desk.links(customer=customer):
        raise EntryError(f"{customer} counts for another account already. Undo that entry first.")


def excluded(desk: Desk, customers: Sequence[str], said: Said) -> Entry:
    """Customers that count in no figure."""
    if not customers:
        raise EntryError("name the customers to exclude.")
    for customer in customers:
        desk.require_customer(customer)
        if entries.current(desk.connection, "exclusions", {"customer": customer}):
            raise EntryError(f"{customer} is excluded already.")
    rows: list[Row] = [{"customer": customer} for customer in customers]
    return desk.enter("exclude", ", ".join(customers), said, "exclusions", rows)
