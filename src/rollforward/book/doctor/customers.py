"""Checks of whose records there are: left out by the policy, without a customer, or there twice."""

from __future__ import annotations

from rollforward.book.doctor.finding import Examined, Finding, counted


def bases(book: Examined) -> Finding:
    """Customers whose MRR stands both in subscription items and in snapshots."""
    found = book.some(
        f"SELECT customer FROM {book.current('subscription_items')} INTERSECT "
        f"SELECT customer FROM {book.current('mrr_snapshots')} ORDER BY customer"
    )
    remedy = "Only the policy's basis counts; keep each customer to one, or compare the two under two policies."
    return counted("bases", found, "customers with both items and snapshots", remedy)


def left_out(book: Examined) -> Finding:
    """Customers who only have records of a kind that the policy does not count."""
    from rollforward.ledger.build import BASIS

    basis = BASIS[book.policy.basis]
    others = " UNION ".join(f"SELECT customer FROM {book.current(table)}" for table in BASIS.values() if table != basis)
    found = book.some(
        f"SELECT customer FROM ({others} EXCEPT SELECT customer FROM {book.current(basis)}) ORDER BY customer"
    )
    remedy = f"The policy counts {basis} alone; set its key basis, or import those for them too."
    return counted("basis", found, f"customers without {basis}", remedy)


_OF_CUSTOMERS = ("subscription_items", "invoice_lines", "payments", "mrr_snapshots")


def orphans(book: Examined) -> Finding:
    """Customers that have records of a source which tells who its customers are, and does not tell of them."""
    named = " UNION ".join(f"SELECT source, customer FROM {book.current(table)}" for table in _OF_CUSTOMERS)
    customers = book.current("customers")
    found = book.some(
        f"SELECT customer FROM ({named}) SEMI JOIN {customers} USING (source) "
        f"ANTI JOIN {customers} USING (source, customer) ORDER BY customer"
    )
    remedy = "Import the customers that are missing, or correct the ids: figures count them by id, without a name."
    return counted("orphans", found, "customers that no row of customers names", remedy)


def duplicates(book: Examined) -> Finding:
    """Terms that a customer has twice on the same days: in two subscriptions, or from two sources."""
    terms = book.current("subscription_items")
    found = book.some(f"""
    WITH terms AS (
        SELECT *, coalesce(plan, '') AS of_plan, coalesce(ends, DATE '9999-12-31') AS until FROM {terms}
        WHERE kind = 'recurring' AND NOT until_next AND status IN ('active', 'past_due') AND amount * quantity > 0
    )
    SELECT DISTINCT customer || rtrim(' ' || of_plan) FROM terms one
    JOIN terms other USING (customer, of_plan, amount, quantity, currency, interval, interval_count)
    WHERE one.record < other.record AND one.starts < other.until AND other.starts < one.until
    AND (one.source <> other.source OR one.subscription IS DISTINCT FROM other.subscription) ORDER BY ALL
    """)
    remedy = "If one service stands there twice, take one out: `rollforward accounts --search ID` shows its plans."
    return counted("duplicates", found, "customers with the same terms twice at a time", remedy)
