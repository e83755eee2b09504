"""Checks of amounts: a year's price where a month's belongs, and recurring lines below zero."""

from __future__ import annotations

from rollforward.book.doctor.finding import Examined, Finding, counted

_ANNUAL = """
WITH monthly AS (
    SELECT record, customer, plan, currency, amount FROM {items} WHERE kind = 'recurring' AND interval = 'month'
    AND interval_count = 1
),
of_plan AS (
    SELECT plan, currency, quantile_disc(amount, 0.5) AS usual FROM monthly WHERE plan IS NOT NULL GROUP BY ALL
),
of_customer AS (
    SELECT customer, currency, quantile_disc(amount, 0.5) AS usual FROM monthly GROUP BY ALL
)
SELECT customer || ' ' || rtrim(rtrim(amount::VARCHAR, '0'), '.') || ' ' || currency FROM monthly
LEFT JOIN of_plan USING (plan, currency) LEFT JOIN of_customer USING (customer, currency)
WHERE amount BETWEEN 11 * of_plan.usual AND 13 * of_plan.usual AND of_plan.usual > 0
OR amount BETWEEN 11 * of_customer.usual AND 13 * of_customer.usual AND of_customer.usual > 0
ORDER BY amount DESC, customer, record
"""
"""Monthly prices of 11 to 13 times what is usual for the plan, or for the customer."""


def annual_amounts(book: Examined) -> Finding:
    """Amounts that look annual in a monthly column: near twelve times what is usual for their plan or customer."""
    found = book.some(_ANNUAL.format(items=book.current("subscription_items")))
    remedy = "Check whether their interval is a year: `rollforward accounts` shows the largest first."
    return counted("annual", found, "monthly amounts as large as annual ones", remedy)


def negative_lines(book: Examined) -> Finding:
    """Recurring invoice lines below zero, which a credit ought to be; other prices below zero are not booked."""
    found = book.some(
        f"SELECT invoice || ' / ' || line FROM {book.current('invoice_lines')} "
        "WHERE kind = 'recurring' AND amount < 0 AND status <> 'void' ORDER BY invoice, line"
    )
    remedy = "If they are credits, let the map say kind = credit."
    return counted("negative", found, "recurring lines below zero", remedy)
