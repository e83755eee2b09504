"""What can happen to a paying customer, and how often: one function an event, all of them in one list.

An event takes the account and the day, and gives the day from which life goes on, or None when nothing more is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from rollforward.calendar import add_months
from rollforward.sources.demo.account import NEVER, Account, Discount, Item
from rollforward.sources.demo.catalogue import (
    INSIGHTS,
    ONBOARDING,
    PLANS,
    PRICE,
    SEATS,
    SUPPORT,
    TERMS,
    USAGE,
    between,
    draw,
    smallest,
    weighted,
)

Event = Callable[[Account, int], int | None]

_MAIN, _SUPPORT_ITEM, _USAGE_ITEM, _ONBOARDING_ITEM = 1, 2, 3, 4
_FIRST_DISCOUNTS = weighted(((10, 3), 2), ((20, 3), 3), ((25, 6), 2), ((50, 3), 3), ((15, 12), 2))
_KEEPING_DISCOUNTS = weighted(((20, 3), 3), ((30, 3), 2), ((25, 6), 2))
_YEAR = 12


def months_after(day: int, months: int) -> int:
    """The day so many months later."""
    return add_months(date.fromordinal(day), months).toordinal()


def term_end(item: Item, day: int) -> int:
    """The first day after the billing term of an item that holds a day."""
    start, now = date.fromordinal(item.anchor), date.fromordinal(day)
    passed = (now.year - start.year) * 12 + now.month - start.month - (now.day < start.day)
    end = months_after(item.anchor, (passed // item.months + 1) * item.months)
    # A term that began on the 31st ends on the last day of a shorter month, which may be the day itself.
    return end if end > day else months_after(item.anchor, (passed // item.months + 2) * item.months)


def subscribe(account: Account, plan: str, day: int) -> Item:
    """A new main item in a new subscription, at the list price or, for the largest, at a negotiated one."""
    months = draw(account.random, TERMS[plan])
    account.subscriptions += 1
    item = Item(
        account.subscriptions, _MAIN, plan, _unit_price(account, plan, months), _seats(account, plan), months, day
    )
    account.items.insert(0, item)
    account.since = day
    return item


def _unit_price(account: Account, plan: str, months: int) -> int:
    price = PRICE[plan, account.currency, months]
    if plan != PLANS[-1]:
        return price
    step = smallest(account.currency)
    return price * between(account.random, 65, 100) // 100 // step * step


def _seats(account: Account, plan: str) -> int:
    fewest, most = SEATS[plan]
    # The square makes small teams frequent and large ones rare.
    return fewest + int((most - fewest + 1) * account.random() ** 2)


def welcome(account: Account, day: int) -> None:
    """What comes with the first paid day: a discount for some, and metered or one-time items for larger customers."""
    main = account.items[0]
    if account.chance(20):
        percent, months = draw(account.random, _FIRST_DISCOUNTS)
        _discount(account, Discount(percent, day, months_after(day, months)))
    elif account.chance(2):
        _discount(account, Discount(20, day, NEVER))
    if main.plan in PLANS[2:] and account.chance(30):
        _meter(account, day)
    if main.plan in PLANS[1:] and account.chance(15):
        buy_onboarding(account, day)


def _discount(account: Account, discount: Discount) -> None:
    account.items[0].give(discount)
    account.tally.figures.discounts += 1


def _meter(account: Account, day: int) -> None:
    main = account.items[0]
    price = PRICE[USAGE, account.currency, 1]
    item = Item(main.subscription, _USAGE_ITEM, USAGE, price, between(account.random, 5, 90) * 100, 1, day)
    item.kind = "usage"
    account.items.append(item)


def buy_onboarding(account: Account, day: int) -> int:
    """The customer buys something once; it never counts."""
    price = PRICE[ONBOARDING, account.currency, 1]
    item = Item(account.items[0].subscription, _ONBOARDING_ITEM, ONBOARDING, price, 1, 1, day)
    item.kind = "one_time"
    account.write(item, day + 1)
    return day


def grow(account: Account, day: int) -> int:
    """The customer takes more seats."""
    main = account.items[0]
    return _set_seats(account, day, main.quantity + 1 + int(main.quantity * account.random() * 0.18))


def shrink(account: Account, day: int) -> int:
    """The customer gives seats back, as long as one stays."""
    main = account.items[0]
    return _set_seats(account, day, max(1, main.quantity - 1 - int(main.quantity * account.random() * 0.2)))


def _set_seats(account: Account, day: int, seats: int) -> int:
    main = account.items[0]
    if seats != main.quantity:
        account.close(main, day)
        main.quantity = seats
        account.book(day)
        account.tally.figures.seat_changes += 1
    return day


def upgrade(account: Account, day: int) -> int:
    """The customer moves to the next larger plan, often with more seats."""
    return _set_plan(account, day, 1)


def downgrade(account: Account, day: int) -> int:
    """The customer moves to the next smaller plan, with the seats that it allows."""
    return _set_plan(account, day, -1)


def _set_plan(account: Account, day: int, step: int) -> int:
    main = account.items[0]
    place = PLANS.index(main.plan) + step
    if not 0 <= place < len(PLANS):
        return day
    account.close(main, day)
    main.plan = PLANS[place]
    fewest, most = SEATS[main.plan]
    main.quantity = min(max(main.quantity, fewest), most)
    main.price = _unit_price(account, main.plan, main.months)
    account.book(day)
    account.tally.figures.plan_changes += 1
    return day


def pay_yearly(account: Account, day: int) -> int:
    """The customer moves to a yearly term, which costs less."""
    return _set_term(account, day, _YEAR)


def pay_monthly(account: Account, day: int) -> int:
    """The customer leaves a yearly term for a monthly one, on the day on which the term ends or not at all."""
    main = account.items[0]
    renewal = term_end(main, day)
    if main.months == 1 or renewal > account.today:
        return day
    account.advance(renewal)
    return _set_term(account, renewal, 1)


def _set_term(account: Account, day: int, months: int) -> int:
    main = account.items[0]
    if main.months != months:
        account.close(main, day)
        main.months, main.anchor = months, day
        main.price = _unit_price(account, main.plan, months)
        account.book(day)
        account.tally.figures.term_changes += 1
    return day


def be_kept(account: Account, day: int) -> int:
    """The customer threatens to leave and is given a discount that ends."""
    main = account.items[0]
    main.settle(day)
    if main.percent == 0:
        account.close(main, day)
        percent, months = draw(account.random, _KEEPING_DISCOUNTS)
        _discount(account, Discount(percent, day, months_after(day, months)))
        account.book(day)
    return day


def add_support(account: Account, day: int) -> int:
    """The customer adds an item to its subscription, billed with it."""
    main = account.items[0]
    if all(item.plan != SUPPORT for item in account.items):
        price = PRICE[SUPPORT, account.currency, main.months]
        account.items.append(Item(main.subscription, _SUPPORT_ITEM, SUPPORT, price, 1, main.months, day))
        account.book(day)
        account.tally.figures.add_ons += 1
    return day


def add_insights(account: Account, day: int) -> int:
    """The customer takes a second subscription, of another product."""
    if all(item.plan != INSIGHTS for item in account.items):
        account.subscriptions += 1
        price, quantity = PRICE[INSIGHTS, account.currency, 1], between(account.random, 1, 4)
        account.items.append(Item(account.subscriptions, _MAIN, INSIGHTS, price, quantity, 1, day))
        account.book(day)
        account.tally.figures.second_subscriptions += 1
    return day


def drop_extra(account: Account, day: int) -> int:
    """The customer drops what it took last beside its main item."""
    if len(account.items) > 1:
        account.write(account.items.pop(), day, day)
        account.book(day)
    return day


def replace(account: Account, day: int) -> int:
    """The main subscription is cancelled and another begins on the same day: one movement, or none."""
    old = [item for item in account.items if item.subscription == account.items[0].subscription]
    main = old[0]
    account.subscriptions += 1
    for item in old:
        account.write(item, day, day)
        item.subscription, item.starts, item.anchor = account.subscriptions, day, day
    main.quantity += int(account.random() * 3)
    account.book(day)
    account.tally.figures.replaced_subscriptions += 1
    return day


def pause(account: Account, day: int) -> int | None:
    """The main subscription rests for some months."""
    account.tally.figures.pauses += 1
    _set_status(account, day, "paused")
    back = day + between(account.random, 28, 130)
    if back > account.today:
        return None
    account.advance(back)
    _set_status(account, back, "active")
    return back


def fall_due(account: Account, day: int) -> int | None:
    """A payment fails: it is made good after a while, or the customer is lost."""
    account.tally.figures.past_due += 1
    _set_status(account, day, "past_due")
    recovers = account.chance(80)
    resolved = day + (between(account.random, 2, 24) if recovers else between(account.random, 21, 45))
    if resolved > account.today:
        return None
    if not recovers:
        account.end_all(resolved, None)
        return come_back(account, resolved)
    account.advance(resolved)
    _set_status(account, resolved, "active")
    account.tally.figures.past_due_recovered += 1
    return resolved


def _set_status(account: Account, day: int, status: str) -> None:
    main = account.items[0]
    for item in account.items:
        if item.subscription == main.subscription:
            account.close(item, day)
            item.status = status
    account.book(day)


def leave(account: Account, day: int) -> int | None:
    """The customer cancels, the less likely the longer it has been there: at the end of its term, or at once."""
    age = day - account.since
    if account.random() > 0.3 + 0.7 * 150 / (150 + age):
        return day
    main = account.items[0]
    ends = day if main.months == 1 and account.chance(30) else term_end(main, day)
    account.end_all(ends, day)
    if ends > account.today:
        account.tally.figures.cancellations_ahead += 1
        return None
    return come_back(account, ends)


def come_back(account: Account, left: int) -> int | None:
    """Some customers who left subscribe again after months."""
    back = left + between(account.random, 25, 400)
    if back > account.today or not account.chance(24):
        return None
    subscribe(account, draw(account.random, account.segment.plans), back)
    account.book(back)
    return back


@dataclass(frozen=True, slots=True)
class Habits:
    """How a customer of a plan behaves: the mean days between two events, and the events as often as they happen."""

    mean_days: float
    events: tuple[Event, ...]


# Events for a hundred customers in a year, by plan in the order of PLANS.
_FREQUENCIES: tuple[tuple[Event, tuple[int, int, int, int]], ...] = (
    (leave, (84, 60, 38, 20)),
    (grow, (150, 290, 380, 430)),
    (shrink, (70, 150, 200, 220)),
    (upgrade, (18, 12, 7, 0)),
    (downgrade, (0, 5, 5, 3)),
    (pay_yearly, (16, 14, 10, 4)),
    (pay_monthly, (2, 2, 1, 0)),
    (be_kept, (6, 6, 6, 5)),
    (add_support, (3, 10, 16, 20)),
    (add_insights, (5, 9, 12, 12)),
    (drop_extra, (4, 6, 8, 8)),
    (replace, (3, 4, 5, 5)),
    (pause, (9, 6, 3, 1)),
    (fall_due, (45, 34, 16, 8)),
    (buy_onboarding, (2, 5, 10, 18)),
)

EVENTS = tuple(event for event, _ in _FREQUENCIES)
"""Everything that can happen."""


def _habits(place: int) -> Habits:
    events = weighted(*((event, frequencies[place]) for event, frequencies in _FREQUENCIES))
    return Habits(365 * 100 / len(events), events)


HABITS = {plan: _habits(place) for place, plan in enumerate(PLANS)}
"""How customers behave, by plan."""
