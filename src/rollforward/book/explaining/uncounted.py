"""What does not count: the records of an account that run on a day and are in no MRR of it, each with the rule."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rollforward.book.explaining.explanation import Explanation, Rule
from rollforward.book.explaining.ground import NUMBERS, origin
from rollforward.book.explaining.spans import days_said, item_said
from rollforward.calendar import FOREVER
from rollforward.ledger.accounts import HOPS
from rollforward.ledger.build import BASIS
from rollforward.ledger.terms import close_change_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    import ibis.expr.types as ir

    from rollforward.book.explaining.ground import Asking, Row

CLOSED = "closed"
"""The column with the day on which an item ends: its own, or that of the next row of a change log."""

_NEVER = {"status": ("unpaid", "incomplete", "canceled"), "kind": ("one_time",)}
_VOID = ("void", "uncollectible")


class _Reason(NamedTuple):
    """Why a record does not count: the rule, and what is to be added to its words."""

    rule: Rule
    note: str = ""
    beside: tuple[Explanation, ...] = ()


def uncounted_records(asking: Asking, customers: list[str], records: list[Row], day: date) -> tuple[Explanation, ...]:
    """Those of some customers' records that run on a day, where they make no MRR of it."""
    if asking.policy.basis == "snapshots":
        return ()
    found = [row | {"ends": row[CLOSED]} for row in records if _runs(asking, row, day)]
    told = _Told(asking, day, customers, [row["record"] for row in found]) if found else None
    return tuple(_explained(asking, row, told.reason(row)) for row in found if told)


def customers_of(asking: Asking, account: str) -> list[str]:
    """The customers whose records may count for an account: its own, those linked to it, those that carry it on."""
    found = {account}
    if "account_links" in asking.ground.traits.entries:
        found |= {row["customer"] for row in asking.of_customers("account_links", [account], "account")}
    if "transfers" in asking.ground.traits.entries:
        for _ in range(HOPS):
            found |= {row["customer"] for row in asking.of_customers("transfers", sorted(found), "from_customer")}
    return sorted(found)


def records_of_customers(asking: Asking, customers: list[str]) -> dict[int, Row]:
    """The records of some customers that the policy looks at, by their number; `CLOSED` is the end of each item."""
    records, traits = asking.table(BASIS[asking.policy.basis]), asking.ground.traits

    def own(customers: Sequence[str]) -> ir.Table:
        found = records.filter(records.customer.isin(customers))
        if asking.policy.basis != "subscriptions" or not traits.change_log:
            return found
        return close_change_log(found.mutate(told=found.ends), traits).rename({CLOSED: "ends", "ends": "told"})

    found = asking.found("records of customers", own, customers=customers)
    return {row["record"]: {CLOSED: row.get("ends") or FOREVER, **row} for row in found}


def _runs(asking: Asking, row: Row, day: date) -> bool:
    """Whether a record's own days hold a day."""
    invoiced = asking.policy.basis == "invoices"
    starts, ends = (row["period_start"], row["period_end"]) if invoiced else (row["starts"], row[CLOSED])
    return starts is not None and ends is not None and starts <= day < ends


def _explained(asking: Asking, row: Row, reason: _Reason) -> Explanation:
    invoiced = asking.policy.basis == "invoices"
    days = days_said(row["period_start"], row["period_end"]) if invoiced else days_said(row["starts"], row["ends"])
    return Explanation(
        f"{item_said(row)}{days}",
        note=reason.note,
        rules=(reason.rule,),
        beside=reason.beside,
        source=origin(BASIS[asking.policy.basis], row),
    )


class _Told:
    """What the ledger and people say of some records, asked at once."""

    def __init__(self, asking: Asking, day: date, customers: list[str], records: list[int]) -> None:
        self.asking, self.day = asking, day
        self._set_aside = {row["record"]: row for row in self._faults(records)}
        self._entries = {
            name: list(self._entered(name, customers))
            for name in ("exclusions", "transfers", "account_links")
            if name in asking.ground.traits.entries
        }
        self._records = records

    @cached_property
    def _elsewhere(self) -> dict[int, str]:
        """The account for which each record counts on the day, where it counts for one."""
        valued = self.asking.table("valued")

        def elsewhere() -> ir.Table:
            own = valued.filter(valued.record.isin(NUMBERS), valued.line == "mrr", valued.starts <= self.day)
            return own.filter(own.ends > self.day).select("record", "account")

        found = self.asking.found("counted elsewhere", elsewhere, self.day, numbers=self._records)
        return {row["record"]: row["account"] for row in found}

    def _faults(self, records: list[int]) -> Iterator[Row]:
        for name in ("overlaps", "unrated"):
            if self.asking.has(name):
                yield from self.asking.of_records(name, records)

    def _entered(self, name: str, customers: list[str]) -> list[Row]:
        entries = self.asking.table(name)

        def entered(customers: Sequence[str]) -> ir.Table:
            of = entries.customer.isin(customers)
            if name == "transfers":
                of |= entries.from_customer.isin(customers)
            return entries.filter(of)

        return self.asking.found("entries about customers", entered, name, customers=customers)

    def reason(self, row: Row) -> _Reason:
        """Why a record does not count."""
        by_rule = (find(self, row) for find in _RULES[self.asking.policy.basis])
        found = self._by_people(row) or self._by_fault(row) or next((one for one in by_rule if one), None)
        return found or self._by_policy_of_stays()

    def _by_people(self, row: Row) -> _Reason | None:
        customer = row["customer"]
        for entry in self._entries.get("exclusions", []):
            if entry["customer"] == customer:
                return self._entry("exclusions", entry, "The customer is excluded.")
        for entry in self._entries.get("account_links", []):
            if entry["customer"] == customer and row["record"] in self._elsewhere:
                place = self._elsewhere[row["record"]]
                return self._entry("account_links", entry, f"The customer counts for account {place} on that day.")
        for entry in self._entries.get("transfers", []):
            said = f"{entry['customer']} carries {entry['from_customer']} on from {entry['day']}"
            if customer == entry["customer"] and row["record"] in self._elsewhere:
                return self._entry("transfers", entry, f"{said}, so that it counts for {entry['from_customer']}.")
            early = customer == entry["customer"] and self.day < entry["day"]
            late = customer == entry["from_customer"] and self.day >= entry["day"]
            if early or late:
                return self._entry("transfers", entry, f"{said}.")
        return None

    def _entry(self, table: str, entry: Row, said: str) -> _Reason:
        by = f" by {entry['entered_by']}" if entry["entered_by"] else ""
        told = Explanation(f"entered{by}: {entry['reason']}", source=origin(table, entry))
        return _Reason(Rule(table, entry["customer"], said), beside=(told,))

    def _by_fault(self, row: Row) -> _Reason | None:
        fault = self._set_aside.get(row["record"])
        if fault is None:
            return None
        reason = f"It is set aside: {fault['reason']}."
        return _Reason(Rule("problem", f"{fault['field']} {fault['value']}", reason), str(fault["remedy"]))

    def rule(self, key: str, note: str = "") -> _Reason:
        """A policy key as a reason."""
        return _Reason(self.asking.rules(key)[0], note)

    def _by_policy_of_stays(self) -> _Reason:
        """What is left: what the policy does to whole stays of an account."""
        if self.asking.policy.same_month_new_and_churn == "ignore":
            return self.rule("same_month_new_and_churn")
        return _Reason(Rule("spans", "none", "No span of it runs on that day."))


def _never(told: _Told, row: Row) -> _Reason | None:
    """What no policy counts."""
    del told
    for key, values in _NEVER.items():
        if row[key] in values:
            return _Reason(Rule(key, row[key], f"Items of {key} {row[key]} never count."))
    return None


def _void(told: _Told, row: Row) -> _Reason | None:
    del told
    if row["status"] in _VOID:
        return _Reason(Rule("status", row["status"], f"Lines of a {row['status']} invoice never count."))
    if row["kind"] == "one_time":
        return _Reason(Rule("kind", "one_time", "One-time lines never count."))
    return None


def _usage(told: _Told, row: Row) -> _Reason | None:
    apart = row["kind"] == "usage" and told.asking.policy.usage == "exclude"
    return told.rule("usage", "It is in the usage run-rate, which stands beside MRR.") if apart else None


def _trial(told: _Told, row: Row) -> _Reason | None:
    tried = row["status"] == "trialing" or (row["trial_end"] is not None and told.day < row["trial_end"])
    if not tried or told.asking.policy.trials == "include":
        return None
    until = f" The trial ends on {row['trial_end']}." if row["trial_end"] else ""
    return told.rule("trials", f"It is in trial MRR, which stands beside MRR.{until}")


def _paused(told: _Told, row: Row) -> _Reason | None:
    return told.rule("paused") if row["status"] == "paused" and told.asking.policy.paused == "exclude" else None


def _requested(told: _Told, row: Row) -> _Reason | None:
    at = row["cancel_requested"] or FOREVER
    by_request = told.asking.policy.churn_at == "request" and at <= told.day
    return told.rule("churn_at", f"The cancellation was asked for on {at}.") if by_request else None


def _past_due(told: _Told, row: Row) -> _Reason | None:
    bounded = row["status"] == "past_due" and told.asking.policy.past_due_days is not None
    return told.rule("past_due_days") if bounded else None


def _currency(told: _Told, row: Row) -> _Reason | None:
    apart = told.asking.policy.exchange_rule == "none" and row["currency"] != told.asking.ground.currency
    said = f"It is in {row['currency']}, and the ledger in {told.asking.ground.currency}."
    return told.rule("exchange_rate", said) if apart else None


_RULES: dict[str, tuple[Callable[[_Told, Row], _Reason | None], ...]] = {
    "subscriptions": (_never, _trial, _usage, _paused, _requested, _past_due, _currency),
    "invoices": (_void, _usage, _currency),
}
"""What may keep a record of a basis from counting, in the order in which the ledger looks at it."""
