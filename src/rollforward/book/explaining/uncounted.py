"""What does not count: the records of an account that run on a day and are in no MRR of it, each with the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis

from rollforward.book.explaining.explanation import Explanation, Rule
from rollforward.book.explaining.ground import origin
from rollforward.book.explaining.spans import days_said, item_said
from rollforward.calendar import FOREVER
from rollforward.ledger.accounts import HOPS
from rollforward.ledger.build import BASIS
from rollforward.ledger.terms import close_change_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    import ibis.expr.types as ir

    from rollforward.book.explaining.ground import Asking, Row

_NEVER = {"status": ("unpaid", "incomplete", "canceled"), "kind": ("one_time",)}
_VOID = ("void", "uncollectible")


class _Reason(NamedTuple):
    """Why a record does not count: the rule, and what is to be added to its words."""

    rule: Rule
    note: str = ""
    beside: tuple[Explanation, ...] = ()


def uncounted_records(asking: Asking, account: str, day: date, counted: set[int]) -> tuple[Explanation, ...]:
    """The records of an account's customers that run on a day and make no MRR of it."""
    basis = asking.policy.basis
    if basis == "snapshots":
        return ()
    customers = customers_of(asking, account)
    running = _running(asking, customers, day)
    found = [row for row in asking.rows(running.order_by("record")) if row["record"] not in counted]
    told = _Told(asking, day, customers, [row["record"] for row in found]) if found else None
    return tuple(_explained(asking, row, told.reason(row)) for row in found if told)


def customers_of(asking: Asking, account: str) -> list[str]:
    """The customers whose records may count for an account: its own, those linked to it, those that carry it on."""
    found = {account}
    if "account_links" in asking.ground.traits.entries:
        links = asking.table("account_links")
        found |= {row["customer"] for row in asking.rows(links.filter(links.account == account))}
    if "transfers" in asking.ground.traits.entries:
        transfers = asking.table("transfers")
        for _ in range(HOPS):
            carried = transfers.filter(transfers.from_customer.isin(sorted(found)))
            found |= {row["customer"] for row in asking.rows(carried)}
    return sorted(found)


def _running(asking: Asking, customers: list[str], day: date) -> ir.Table:
    """The records of some customers whose own days hold a day."""
    records = asking.table(BASIS[asking.policy.basis])
    own = records.filter(records.customer.isin(customers))
    at = ibis.literal(day)
    if asking.policy.basis == "invoices":
        return own.filter(own.period_start <= at, own.period_end > at)
    closed = close_change_log(own, asking.ground.traits)
    return closed.filter(closed.starts <= at, closed.ends > at)


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
        valued = asking.table("valued")
        at = ibis.literal(day)
        elsewhere = valued.filter(valued.record.isin(records), valued.line == "mrr", valued.starts <= at)
        elsewhere = elsewhere.filter(elsewhere.ends > at).select("record", "account")
        self._elsewhere = {row["record"]: row["account"] for row in asking.rows(elsewhere)}

    def _faults(self, records: list[int]) -> Iterator[Row]:
        for name in ("overlaps", "unrated"):
            if self.asking.has(name):
                faults = self.asking.table(name)
                yield from self.asking.rows(faults.filter(faults.record.isin(records)))

    def _entered(self, name: str, customers: list[str]) -> list[Row]:
        entries = self.asking.table(name)
        of = entries.customer.isin(customers)
        if name == "transfers":
            of |= entries.from_customer.isin(customers)
        return self.asking.rows(entries.filter(of))

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
