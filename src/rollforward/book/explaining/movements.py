"""Movements of a day: their kind and why it is that one, their causes, and the spans that end and start."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis

from rollforward.book.explaining.accounts import account_called
from rollforward.book.explaining.days import booked_days
from rollforward.book.explaining.explanation import Explanation, Rule
from rollforward.book.explaining.spans import explained_spans, in_order
from rollforward.errors import NotFoundError
from rollforward.ledger.causes import CAUSES, causes
from rollforward.money import monthly, places, round_half_up
from rollforward.results import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from rollforward.book.explaining.ground import Asking, Row

_APART = ("exchange", "transfer")
"""Kinds that stand beside another movement of the same day, each with its cause of the same name."""

_WHY = {
    "new": "MRR leaves 0 for the first time.",
    "reactivation": "MRR leaves 0 again.",
    "churn": "MRR reaches 0.",
    "expansion": "MRR rises while it is above 0.",
    "contraction": "MRR falls while it stays above 0.",
    "exchange": "Only the exchange rate moved.",
    "transfer": "MRR only changes its place, from one account to another.",
}

Items = dict[tuple[str, str], list[Explanation]]
"""Spans by subscription and item."""


def movements_of(asking: Asking, account: str, day: date) -> Explanation:
    """The movements of an account on a day; NotFoundError where there is none."""
    called = account_called(asking, account)
    moves = asking.table("movements")
    own = moves.filter(moves.account == account, (moves.amount != 0) | (moves.presence != 0))
    found = asking.rows(own.filter(own.day == ibis.literal(day)).order_by("subscription", own.until != own.day, "kind"))
    if not found:
        raise NotFoundError(_nothing_then(asking, called, own, day))
    caused = _causes(asking, account, day)
    ended, started = _spans(asking, account, day)
    parts = tuple(_Moved(asking, row, found, caused, ended, started).explanation(account) for row in found)
    about = f"what moved the MRR of {called} on {day}"
    value = monthly(sum(row["amount"] for row in found))
    return Explanation(about, value, "money", way="sum", parts=parts)


def _nothing_then(asking: Asking, called: str, own: ibis.Table, day: date) -> str:
    gap = own.day.delta(ibis.literal(day), unit="day").abs()
    near = asking.rows(
        own.mutate(gap=gap).order_by("gap", "day").select("day", "gap").distinct().order_by("gap", "day").limit(3)
    )
    said = " and ".join(sorted(str(row["day"]) for row in near))
    return f"{called} has no movement on {day}. " + (f"The nearest are on {said}." if near else "It has none at all.")


def _causes(asking: Asking, account: str, day: date) -> list[Row]:
    """Why each item of an account moved on a day."""
    ledger = asking.asked.source.ledger
    valued, moves = ledger.valued, ledger.movements
    own = replace(
        ledger,
        valued=valued.filter((valued.account == account) | (valued.to_account == account)),
        movements=moves.filter(moves.account == account),
    )
    found = causes(own, asking.asked.source.records, (day, day))
    return asking.rows(found.filter(found.account == account).order_by("subscription", "item", "cause"))


def _spans(asking: Asking, account: str, day: date) -> tuple[Items, Items]:
    """The spans that end and those that start on the days whose changes are booked on a day."""
    first, last = (ibis.literal(one) for one in booked_days(day, asking.ground))
    valued = asking.table("valued")
    own = valued.filter((valued.account == account) | (valued.to_account == account), valued.line == "mrr")
    near = own.filter(own.starts.between(first, last) | own.ends.between(first, last))
    ended, started = defaultdict(list), defaultdict(list)
    low, high = booked_days(day, asking.ground)
    for span, explained in sorted(
        explained_spans(asking, asking.rows(in_order(near))), key=lambda pair: pair[0]["starts"]
    ):
        item = (span["subscription"], span["item"])
        if low <= span["ends"] <= high:
            ended[item].append(replace(explained, note=f"ends on {span['ends']}"))
        if low <= span["starts"] <= high:
            started[item].append(replace(explained, note=f"starts on {span['starts']}"))
    return ended, started


@dataclass(frozen=True)
class _Moved:
    """One movement, beside those of the same day."""

    asking: Asking
    row: Row
    of_day: list[Row]
    caused: list[Row]
    ended: Items
    started: Items

    def explanation(self, account: str) -> Explanation:
        """The movement as the sum of what its items did."""
        row, parts = self.row, self._items()
        rest = row["amount"] - sum(amount for amount, _ in parts)
        shown = [part for _, part in parts]
        if rest and self._rounds():
            shown.append(Explanation(CAUSES["rounding"], monthly(rest), "money", rules=self.asking.rules("round")))
        unit = f"subscription {row['subscription']}: " if row["subscription"] else ""
        return Explanation(
            f"{unit}{row['kind']} of {row['day']}",
            monthly(row["amount"]),
            "money",
            note=self._why(),
            rules=self._rules(),
            way="sum",
            parts=tuple(shown),
            opens={"account": account, "on": row["day"].isoformat()},
        )

    def _rounds(self) -> bool:
        rounding = self.asking.policy.rounding
        return rounding is not None and rounding.level == "subscription"

    def _of_unit(self, rows: Iterable[Row]) -> list[Row]:
        by_subscription = "subscription" in self.asking.ground.unit
        return [row for row in rows if not by_subscription or row["subscription"] == self.row["subscription"]]

    def _own_causes(self) -> list[Row]:
        """The causes of this movement: exchange and transfer have theirs where they are movements of their own."""
        apart = {row["kind"] for row in self._of_unit(self.of_day)}.intersection(_APART)
        rows = [row for row in self._of_unit(self.caused) if row["cause"] != "rounding"]
        if self.row["kind"] in _APART:
            return [row for row in rows if row["cause"] == self.row["kind"]]
        return [row for row in rows if row["cause"] not in apart]

    def _items(self) -> list[tuple[int, Explanation]]:
        """What each item did: the amount, and the causes that add up to it."""
        by_item: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self._own_causes():
            by_item[row["subscription"], row["item"]].append(row)
        return [(sum(row["amount"] for row in rows), self._item(item, rows)) for item, rows in by_item.items()]

    def _item(self, item: tuple[str, str], rows: list[Row]) -> Explanation:
        parts = tuple(
            Explanation(f"{row['cause']}: {CAUSES[row['cause']]}", monthly(row["amount"]), "money") for row in rows
        )
        return Explanation(
            f"subscription {item[0]}, item {item[1]}",
            monthly(sum(row["amount"] for row in rows)),
            "money",
            way="sum",
            parts=parts,
            beside=(*self.ended.get(item, ()), *self.started.get(item, ())),
        )

    def _why(self) -> str:
        """Why the movement is of its kind."""
        row = self.row
        why = _WHY[row["kind"]]
        if self.asking.policy.free == "count" and row["presence"]:
            why = "A row begins to count." if row["presence"] > 0 else "The last row that counts ends."
        elif self._is_return():
            why = _WHY["reactivation"]
        return f"{why} It was {self._said(row['before'])} before, and is {self._said(row['after'])} after."

    def _is_return(self) -> bool:
        """Whether MRR leaves 0 on a later day than its first."""
        row = self.row
        # Exchange of the same day may have taken all of it: then it left 0, but never was there.
        was_at_0 = row["before"] == 0 and (row["presence"] or self.asking.policy.free == "count")
        return bool(row["kind"] not in _APART and was_at_0 and row["since"] != row["day"])

    def _said(self, stored: int) -> str:
        return plain(round_half_up(monthly(stored), places(self.asking.ground.currency)))

    def _rules(self) -> tuple[Rule, ...]:
        """The rules that name a movement."""
        policy, keys = self.asking.policy, ["level"]
        if self._is_return():
            keys += ["returning"] if policy.returning_days is None else ["returning", "returning_days"]
        keys += ["free"] if policy.free == "count" and self.row["presence"] else []
        keys += ["netting"] if policy.netting == "month" else []
        keys += ["exchange_rate"] if self.row["kind"] == "exchange" else []
        return self.asking.rules(*keys)
