"""A case as the oracle reads it: the policy's defaults, dates in the time zone, decimals as fractions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

DEFAULTS: Json = {
    "basis": "subscriptions",
    "months_per": {"day": "365/12", "week": "52/12", "month": "1", "year": "1/12"},
    "discounts": "all",
    "tax": "exclude",
    "trials": "exclude",
    "usage": "exclude",
    "free": "ignore",
    "past_due_days": None,
    "paused": "exclude",
    "churn_at": "service_end",
    "returning": "reactivation",
    "returning_days": None,
    "gap_days": 0,
    "level": "customer",
    "netting": "day",
    "same_month_new_and_churn": "count",
    "exchange_rate": "service_start",
    "round": "none",
    "proration": "restore",
    "invoice_expiry_days": None,
    "churn_rate_base": "start",
    "churn_rate_joined": "count",
    "churn_rate_formula": "period",
    "ltv_churn": "period",
    "trial_window": "cohort",
    "one_time_in_contract_value": "exclude",
}

DAYS = ("issued", "starts", "ends", "cancel_requested", "trial_end", "period_start", "period_end", "date")
DECIMALS = ("amount", "quantity", "tax_included", "tax", "discount", "percent", "rate")


@dataclass(frozen=True)
class Row:
    """One record: where it stands in its table, whose it is, and its fields."""

    table: str
    position: int
    customer: str
    subscription: str
    item: str
    fields: Json

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def item_key(self) -> tuple[str, str, str]:
        """What tells the item from every other."""
        return (self.customer, self.subscription, self.item)


@dataclass(frozen=True)
class Case:
    """What the oracle needs of a case."""

    currency: str
    today: date
    policy: Json
    annual_places: int
    items: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    rates: list[Json] = field(default_factory=list)


def read_case(case: Json, annual_places: int) -> Case:
    """The case with defaults filled in and every field in its type."""
    zone = ZoneInfo(case.get("timezone") or "UTC")
    records = case.get("records", {})
    return Case(
        currency=case["currency"],
        today=_day(case["today"], zone),
        policy=merged_policy(case.get("policy", {}).get("set", {})),
        annual_places=annual_places,
        items=_rows(records, "subscription_items", ITEM_DEFAULTS, zone),
        lines=_rows(records, "invoice_lines", LINE_DEFAULTS, zone),
        rates=[_typed(rate, zone) for rate in records.get("exchange_rates", [])],
    )


ITEM_DEFAULTS: Json = {
    "amount": "0",
    "quantity": "1",
    "interval": None,
    "interval_count": 1,
    "kind": "recurring",
    "status": "active",
    "ends": None,
    "cancel_requested": None,
    "trial_end": None,
    "tax_included": "0",
    "discounts": [],
    "until_next": False,
}
LINE_DEFAULTS: Json = {
    "tax": "0",
    "discount": "0",
    "kind": "recurring",
    "status": "paid",
    "period_start": None,
    "period_end": None,
}
DISCOUNT_DEFAULTS: Json = {"percent": None, "amount": None, "duration": "forever", "starts": None, "ends": None}


def merged_policy(changes: Json) -> Json:
    """The default policy with some keys replaced; `months_per` is merged key by key."""
    policy = {**DEFAULTS, **changes}
    policy["months_per"] = {**DEFAULTS["months_per"], **changes.get("months_per", {})}
    return policy


def _rows(records: Json, table: str, defaults: Json, zone: ZoneInfo) -> list[Row]:
    rows = []
    for position, record in enumerate(records.get(table, [])):
        # A field that is there and null says no more than one that is not there.
        fields = _typed({**defaults, **{name: value for name, value in record.items() if value is not None}}, zone)
        subscription, item = _identity(record)
        rows.append(Row(table, position, record["customer"], subscription, item, fields))
    return rows


def _identity(record: Json) -> tuple[str, str]:
    """The subscription and item of a record. An id that is made up never equals one that is given."""
    plan = record.get("plan")
    given, item = record.get("subscription"), record.get("item")
    subscription = f"given {given}" if given is not None else f"plan {plan}"
    return subscription, f"given {item}" if item is not None else f"plan {plan}"


def _typed(record: Json, zone: ZoneInfo) -> Json:
    typed = dict(record)
    for name, value in record.items():
        if name in DAYS and value is not None:
            typed[name] = _day(value, zone)
        elif name in DECIMALS and value is not None:
            typed[name] = Fraction(value)
        elif name == "discounts":
            typed[name] = [_typed({**DISCOUNT_DEFAULTS, **discount}, zone) for discount in value]
    return typed


def _day(text: str, zone: ZoneInfo) -> date:
    """The day a date or a timestamp stands for in the time zone."""
    if len(text) == len("2024-01-31"):
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo is None else instant.astimezone(zone)).date()
