"""Checks of what is missing between: days of an item, days between two subscriptions, months of invoices, snapshots."""

from __future__ import annotations

from dataclasses import replace

from rollforward.book.doctor.finding import SHOWN, Examined, Finding, counted

_DAYS = 31
"""The longest gap that may be one of the data rather than of service."""

_HANDOVER_DAYS = 7
"""Within how many days another subscription follows one that it is likely to carry on."""

_GAPS = (
    "SELECT customer, ends, following FROM (SELECT customer, ends, lead(starts) OVER (PARTITION BY source, customer, "
    "subscription, item ORDER BY starts) AS following FROM {items} WHERE NOT until_next "
    f"AND kind = 'recurring') WHERE following > ends AND following - ends <= {_DAYS}"
)


def gaps(book: Examined) -> Finding:
    """Short gaps within an item, each of which shows as churn and reactivation."""
    query = _GAPS.format(items=book.current("subscription_items"))
    number = book.count(f"SELECT count(*) FROM ({query})")
    remedy = (
        "If service went on, set the policy key gap_days. `rollforward movements --account ID` shows what each did."
    )
    found = counted("gaps", number, "gaps of a month at most within an item", remedy)
    return replace(found, examples=_first_gaps(book, query)) if number else found


def _first_gaps(book: Examined, query: str) -> tuple[str, ...]:
    """The first gaps by customer and days."""
    places = f"SELECT customer, ends, following, count(*) FROM ({query}) GROUP BY ALL ORDER BY ends, customer"
    rows = book.connection.execute(f"{places} LIMIT {SHOWN}").fetchall()
    return tuple(
        f"{customer} {ends} to {following}" + (f" ({items} items)" if items > 1 else "")
        for customer, ends, following, items in rows
    )


def handovers(book: Examined) -> Finding:
    """Customers with nothing for some days between two subscriptions, which shows as churn and reactivation."""
    found = book.some(f"""
    WITH days AS (
        SELECT customer, subscription, starts, ends, max(coalesce(ends, DATE '9999-12-31')) OVER (
            PARTITION BY customer ORDER BY starts, record ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached, lag(subscription) OVER (PARTITION BY customer ORDER BY starts, record) AS before
        FROM {book.current("subscription_items")}
        WHERE kind = 'recurring' AND NOT until_next AND status IN ('active', 'past_due') AND amount * quantity > 0
    )
    SELECT customer || ' ' || reached || ' to ' || starts FROM days
    WHERE before <> subscription AND starts > reached AND starts - reached <= {_HANDOVER_DAYS}
    ORDER BY reached, customer
    """)
    remedy = "If service went on, set the policy key gap_days."
    return counted("handovers", found, "gaps of a week at most between two subscriptions", remedy)


def missing_invoices(book: Examined) -> Finding:
    """Months without a line of a subscription that is billed by the month, before and after which it has one."""
    found = book.some(f"""
    WITH lines AS (
        SELECT DISTINCT customer, coalesce(subscription, plan, '') AS subscription, period_start, period_end
        FROM {book.current("invoice_lines")} WHERE kind = 'recurring' AND status <> 'void'
        AND period_end - period_start BETWEEN 28 AND 31
    ),
    following AS (
        SELECT *, lead(period_start) OVER (PARTITION BY customer, subscription ORDER BY period_start) AS next_start
        FROM lines
    )
    SELECT customer || ' ' || period_end || ' to ' || next_start FROM following
    WHERE next_start - period_end BETWEEN 27 AND 62 ORDER BY period_end, customer
    """)
    remedy = "Import the invoices that are missing, unless service was paused."
    return counted("invoices", found, "gaps of one or two months within a subscription's invoices", remedy)


def missing_snapshots(book: Examined) -> Finding:
    """Months without any snapshot between the first and the last."""
    found = book.some(f"""
    WITH months AS (SELECT DISTINCT date_trunc('month', date)::DATE AS first FROM {book.current("mrr_snapshots")})
    SELECT strftime(missing, '%Y-%m') FROM (
        SELECT unnest(range(min(first), max(first), INTERVAL 1 MONTH))::DATE AS missing FROM months
    ) WHERE missing NOT IN (SELECT first FROM months) ORDER BY missing
    """)
    return counted("snapshots", found, "months without a snapshot", "Import the months that are missing.")
