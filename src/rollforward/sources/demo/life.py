"""The life of one customer, from the day it signs up to today."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

from rollforward.sources.demo.account import Account, Item
from rollforward.sources.demo.catalogue import (
    CHANNELS,
    COUNTRIES,
    CURRENCY_OF,
    INDUSTRIES,
    SEGMENTS,
    between,
    company_name,
    draw,
)
from rollforward.sources.demo.events import HABITS, subscribe, term_end, welcome

if TYPE_CHECKING:
    from rollforward.sources.demo.account import ItemRow
    from rollforward.sources.demo.catalogue import Random
    from rollforward.sources.demo.truth import Tally


class CustomerRow(NamedTuple):
    """One row of customers as the simulation writes it: the day as an ordinal."""

    customer: int
    name: str
    country: str
    created: int
    segment: str
    industry: str
    channel: str


def live(number: int, random: Random, days: tuple[int, ...], rows: list[ItemRow], tally: Tally) -> CustomerRow:
    """One customer from sign-up to today: its row; its items go to `rows` and what truly happened to `tally`.

    `days` are the days on which customers sign up, each as often as it is likely.
    """
    country = draw(random, COUNTRIES)
    segment = draw(random, SEGMENTS)
    created = draw(random, days)
    tally.figures.customers += 1
    account = Account(number, random, segment, CURRENCY_OF[country], rows, tally)
    day = _sign_up(account, created)
    while day is not None:
        day = _next_event(account, day)
    _stop(account)
    name = company_name(random, country)
    return CustomerRow(number, name, country, created, segment.name, draw(random, INDUSTRIES), draw(random, CHANNELS))


def _next_event(account: Account, day: int) -> int | None:
    habits = HABITS[account.items[0].plan]
    # Events come at exponential intervals, at most one a day.
    day += 1 + int(-log(1 - account.random()) * habits.mean_days)
    if day > account.today:
        return None
    account.advance(day)
    return draw(account.random, habits.events)(account, day)


def _sign_up(account: Account, day: int) -> int | None:
    """The first paid day, or None if there is none until today."""
    plan = draw(account.random, account.segment.plans)
    if account.chance(account.segment.trials):
        return _try_out(account, subscribe(account, plan, day), day)
    ahead = account.chance(2)
    starts = day + between(account.random, 14, 75) if ahead else day
    subscribe(account, plan, starts)
    return _begin(account, starts)


def _begin(account: Account, day: int) -> int | None:
    welcome(account, day)
    if day > account.today:
        account.tally.figures.signed_ahead += 1
        return None
    account.book(day)
    return day


def _try_out(account: Account, item: Item, day: int) -> int | None:
    """A trial and what comes of it: terms for the same item, often with fewer or more seats, or nothing."""
    figures = account.tally.figures
    ends = day + (14 if account.chance(75) else 30)
    item.status, item.trial_end = "trialing", ends
    account.write(item, ends)
    figures.trials += 1
    converts = ends <= account.today and account.chance(58)
    if not converts:
        figures.trials_running += ends > account.today
        account.items.clear()
        return None
    figures.trials_converted += 1
    item.status, item.trial_end, item.starts, item.anchor = "active", None, ends, ends
    item.quantity = max(1, item.quantity + between(account.random, -2, 3))
    account.since = ends
    return _begin(account, ends)


def _stop(account: Account) -> None:
    """Today: discounts that ended are booked, a few customers have signed for more, and all that runs is written."""
    if not account.items:
        return
    main = account.items[0]
    if main.starts <= account.today:
        account.advance(account.today + 1)
        if main.status == "active" and account.chance(1):
            _sign_for_more(account, main)
    account.write_open()


def _sign_for_more(account: Account, main: Item) -> None:
    account.close(main, term_end(main, account.today))
    main.quantity += between(account.random, 1, 10)
    account.tally.figures.signed_ahead += 1
