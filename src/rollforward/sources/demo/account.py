"""One customer while it lives: what it holds today, and the rows and the bookkeeping that this leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rollforward.sources.demo.catalogue import INTERVAL_OF, PRODUCT_OF

if TYPE_CHECKING:
    from rollforward.sources.demo.catalogue import Random, Segment
    from rollforward.sources.demo.truth import Tally

NEVER = 4_000_000
"""A day after all others. Days are proleptic ordinals here, as whole numbers are quick."""

COUNTED = frozenset({"active", "past_due"})


class Discount(NamedTuple):
    """A percentage off each charge from `starts` until before `ends`."""

    percent: int
    starts: int
    ends: int


ITEM_FIELDS = (
    *("customer", "subscription", "item", "plan", "product", "price", "quantity", "currency"),
    *("interval", "interval_count", "kind", "status", "starts", "ends", "cancel_requested", "trial_end"),
    *("percent", "discount_starts", "discount_ends"),
)
"""What a row of subscription_items holds as the simulation writes it: `price` in hundredths, days as ordinals."""

ItemRow = tuple[int | str | None, ...]


class Item:
    """One line of a subscription, with the terms it has now."""

    __slots__ = (
        *("subscription", "number", "plan", "price", "quantity", "months", "kind", "status"),
        *("starts", "anchor", "trial_end", "discount", "percent"),
    )

    def __init__(
        self, subscription: int, number: int, plan: str, price: int, quantity: int, months: int, day: int
    ) -> None:
        self.subscription = subscription
        self.number = number
        self.plan = plan
        self.price = price
        self.quantity = quantity
        self.months = months
        self.kind = "recurring"
        self.status = "active"
        self.starts = day
        self.anchor = day
        self.trial_end: int | None = None
        self.discount: Discount | None = None
        self.percent = 0

    def annual(self) -> int:
        """What the item adds to annual recurring revenue now, in ten-thousandths of the currency's unit."""
        if self.kind != "recurring" or self.status not in COUNTED:
            return 0
        return self.price * self.quantity * (12 // self.months) * (100 - self.percent)

    def give(self, discount: Discount) -> None:
        """Begin a discount."""
        self.discount = discount
        self.percent = discount.percent

    def settle(self, day: int) -> None:
        """Pay in full again from the day on which the discount ends."""
        if self.percent and self.discount is not None and self.discount.ends <= day:
            self.percent = 0


class Account:
    """One customer: its items now, what it pays a year now, and how it tells of every change.

    `items[0]` is the main item for as long as there are any. Whoever changes an item calls `close` before it, which
    writes the row that ends, and `book` after all changes of the day, which notes the movement.
    """

    __slots__ = (
        *("number", "random", "segment", "currency", "today", "rows", "tally"),
        *("items", "annual", "paid_before", "since", "subscriptions"),
    )

    def __init__(
        self, number: int, random: Random, segment: Segment, currency: str, rows: list[ItemRow], tally: Tally
    ) -> None:
        self.number = number
        self.random = random
        self.segment = segment
        self.currency = currency
        self.today = tally.today
        self.rows = rows
        self.tally = tally
        self.items: list[Item] = []
        self.annual = 0
        self.paid_before = False
        self.since = 0
        self.subscriptions = 0

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.random() * 100 < percent

    def advance(self, day: int) -> None:
        """Come to a day: a discount that ended before it moved MRR by itself.

        One that ends on the day is left to `book`, where what else happens joins it, else to the next call.
        """
        main = self.items[0]
        if main.percent and main.discount is not None and main.discount.ends < day:
            self.book(main.discount.ends)

    def book(self, day: int) -> None:
        """Note how the customer's recurring revenue moved on a day, all that happened on it taken together."""
        annual = 0
        if self.items:
            self.items[0].settle(day)
        for item in self.items:
            annual += item.annual()
        if annual != self.annual:
            self.tally.move(day, self.currency, self.annual, annual, returning=self.paid_before)
            self.annual = annual
            self.paid_before = True

    def close(self, item: Item, day: int) -> None:
        """End the item's row on a day, so that its next row begins there."""
        self.write(item, day)
        item.starts = day

    def write(self, item: Item, ends: int | None, requested: int | None = None) -> None:
        """Write the item's row from where it starts until before `ends`."""
        interval, count = INTERVAL_OF[item.months]
        discount = item.discount
        if discount is None or discount.ends <= item.starts:
            percent = begins = over = None
        else:
            percent, begins, over = discount
        # The order is that of ITEM_FIELDS. A bare tuple takes a third of the time of a named one.
        row = (
            *(self.number, item.subscription, item.number, item.plan, PRODUCT_OF[item.plan], item.price, item.quantity),
            *(self.currency, interval, count, item.kind, item.status, item.starts, ends, requested, item.trial_end),
            *(percent, begins, None if over == NEVER else over),
        )
        self.rows.append(row)

    def end_all(self, ends: int, requested: int | None) -> None:
        """End every item on a day, which may still lie ahead."""
        self.advance(min(ends, self.today + 1))
        for item in self.items:
            self.write(item, ends, requested)
        self.items.clear()
        if ends <= self.today:
            self.book(ends)

    def write_open(self) -> None:
        """Write the rows that still run, and note what they bring once all that is known today has happened."""
        for item in self.items:
            self.write(item, None)
            self.commit(item)

    def commit(self, item: Item) -> None:
        """Count an item without an end into what is committed: at the price it has when its discount is over."""
        if item.discount is not None and item.discount.ends != NEVER:
            item.percent = 0
        self.tally.commit(self.currency, item.annual())
