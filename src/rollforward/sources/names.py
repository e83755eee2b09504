"""What people call the columns, and which of a file's columns is which by its name alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = {
    "customer": """
        customer customer_id account_id client_id company_id account client company
        organization_id organisation_id customer_name account_name company_name client_name
        user_id
    """,
    "subscription": "subscription subscription_id sub_id contract_id contract",
    "item": "item item_id subscription_item_id subscription_item line_item_id",
    "plan": "plan plan_name plan_id plan_tier tier price_id sku plan_code",
    "product": "product product_name product_id",
    "mrr": """
        mrr mrr_amount monthly_amount monthly_revenue monthly_recurring_revenue monthly_price
        total_mrr
    """,
    "arr": """
        arr arr_amount annual_amount annual_revenue annual_recurring_revenue annual_price
        yearly_amount yearly_price acv
    """,
    "price": "price unit_price unit_amount price_per_unit price_per_seat list_price",
    "amount": """
        amount total value fee charge line_amount net_amount subscription_amount recurring_amount
        total_price revenue
    """,
    "quantity": "quantity qty seats units licenses licences",
    "currency": "currency currency_code ccy",
    "interval": """
        interval billing_interval billing_frequency billing_period billing_cycle frequency
        plan_interval term period payment_frequency payment_interval billing_term billing billed
    """,
    "kind": "kind item_kind line_kind item_type line_type charge_type type",
    "interval_count": "interval_count bill_period_months billing_interval_count",
    "status": "status subscription_status state",
    "trial_flag": "is_trial trial",
    "starts": """
        starts start start_date started_at started subscription_start contract_start valid_from
        effective_date starts_at begin_date current_period_start from_date
    """,
    "ends": """
        ends end end_date ended_at ended subscription_end contract_end valid_to expires
        expiry_date ends_at current_period_end to_date churn_date
    """,
    "cancel_requested": """
        cancel_requested cancel_requested_at canceled_at cancelled_at canceled_on cancelled_on
        cancellation_date cancel_date canceled_date cancelled_date canceled cancelled
    """,
    "trial_end": "trial_end trial_ends_at trial_end_date",
    "invoice": "invoice invoice_id invoice_number invoice_no",
    "line": "line line_id line_number line_no line_item_id invoice_line_id invoice_line",
    "period_start": "period_start service_start service_period_start start_date period_from service_start_date",
    "period_end": "period_end service_end service_period_end end_date period_to service_end_date",
    "issued": "issued invoice_date issued_at issue_date date",
    "tax": "tax tax_amount vat",
    "discount": "discount discount_amount",
    "discount_percent": "discount_percent discount_pct discount_percentage discount_rate percent_off",
    "discount_amount": "discount_amount amount_off",
    "discount_duration": "discount_duration",
    "discount_starts": """
        discount_starts discount_start discount_start_date discount_starts_at discount_from
        discount_begin
    """,
    "discount_ends": """
        discount_ends discount_end discount_end_date discount_ends_at discount_to discount_until
        discount_expires discount_expiry_date
    """,
    "date": "date month snapshot_date month_end date_month as_of period",
    "from": "from from_currency base base_currency",
    "to": "to to_currency quote quote_currency target_currency",
    "rate": "rate exchange_rate fx_rate",
    "payment": "payment payment_id charge_id transaction_id",
    "paid": """
        paid_at payment_date paid_on collected_at charged_at charge_date transaction_date paid date
    """,
    "name": """
        name customer_name account_name company_name client_name company client customer account
        organization organisation business business_name
    """,
    "country": "country country_code billing_country",
    "created": """
        created created_at signup_date created_date created_on signed_up signed_up_at
        signed_up_on sign_up_date customer_since
    """,
}

ROLES = {role: tuple(names.split()) for role, names in _NAMES.items()}
"""What each role is called, the surest name first."""

UNSURE = {
    "interval": frozenset({"billing", "billed"}),
    "kind": frozenset(ROLES["kind"]),
    "cancel_requested": frozenset({"canceled", "cancelled"}),
    "paid": frozenset({"paid"}),
    "name": frozenset({"company", "client", "customer", "account", "organization", "organisation", "business"}),
}
"""Names that can mean something else too: the values have to say that a column plays the role."""

SALES = frozenset({
    "opportunity", "opportunity_id", "deal", "deal_id", "deal_stage", "stage", "stage_name", "sales_stage",
    "pipeline", "probability", "close_value", "forecast_category", "lead_source",
})  # fmt: skip
"""Columns of sales in the making: what may be won once, and not what recurs."""


def plain(name: str) -> str:
    """A column's name in small letters with underscores: `Start Date` and `startDate` are `start_date`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def roles_of(columns: Sequence[str]) -> dict[str, str]:
    """The column of each role that a name fits, the surest one; a currency at the end of a name is no part of it."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_with_percent(column), column)
        by_name.setdefault(_without_currency(_with_percent(column)), column)
    found = {role: next((by_name[name] for name in names if name in by_name), None) for role, names in ROLES.items()}
    return {role: column for role, column in found.items() if column is not None}


def own_id_of_customers(columns: Sequence[str], roles: dict[str, str]) -> str | None:
    """The column `id` where it can only be the customers' own: nothing else names one, and their names stand beside."""
    by_name = {plain(column): column for column in columns}
    beside = "name" in roles and ("country" in roles or "email" in by_name)
    return by_name.get("id") if beside and "customer" not in roles else None


def _with_percent(column: str) -> str:
    """The plain name in which a percent sign is a word: a `Discount %` is no discount in money."""
    return plain(column.replace("%", " percent"))


def _without_currency(name: str) -> str:
    return name.rpartition("_")[0] if currency_in(name) else name


def currency_in(name: str) -> str | None:
    """The currency that a column's name ends with (`amount_usd`), or None."""
    from rollforward.money import is_currency

    last = plain(name).rpartition("_")[2].upper()
    return last if plain(name) != last.lower() and is_currency(last) else None


def sales_columns(columns: Sequence[str]) -> list[str]:
    """The columns that tell of sales in the making."""
    return [column for column in columns if plain(column) in SALES]
