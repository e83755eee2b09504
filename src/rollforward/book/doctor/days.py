"""Checks of days: where the data ends, facts dated after they were learned, and bills that stay unpaid."""

from __future__ import annotations

from rollforward.book.doctor.finding import Examined, Finding, counted, singular

_LONG_DAYS = 35
"""Days without a new record after which any loss since is likely to be silence."""

_QUIET_DAYS = 7
"""Days without a new record after which the loss of a tenth of the MRR is likely to be the end of the data."""

_PAST_DUE_DAYS = 90
"""Days after which a bill that is past due is seldom paid."""

_LAST_SIGN = {
    "subscription_items": ("starts", "max(starts) FILTER (starts <= $today)"),
    "invoice_lines": (
        "is issued",
        "greatest(max(issued) FILTER (issued <= $today), max(period_start) FILTER (period_start <= $today))",
    ),
    "mrr_snapshots": ("is snapped with MRR", "max(date) FILTER (date <= $today AND mrr > 0)"),
}
"""What a counted record does on its day, and the last such day of a book."""

_LOST = (
    "SELECT coalesce(sum(amount) FILTER (day <= $last), 0), "
    "coalesce(-sum(amount) FILTER (day > $last AND kind IN ('churn', 'contraction')), 0) "
    "FROM {ledger}.cube WHERE dimension = 'total' AND day <= $today"
)


def end_of_data(book: Examined) -> Finding:
    """Whether the data ends before the book's today does, so that what merely was not told shows as churn."""
    from rollforward.ledger.build import BASIS

    table = BASIS[book.policy.basis]
    does, last_sign = _LAST_SIGN[table]
    last = book.first(f"SELECT {last_sign} FROM {book.current(table)}", today=book.today)[0]
    if last is None:
        return Finding("end of data", "ok", f"no {table}")
    before, lost = book.first(_LOST.format(ledger=book.kept.name), last=last, today=book.today)
    days = (book.today - last).days
    if not _is_false_loss(days, before, lost):
        return Finding("end of data", "ok", f"the last of {table} {does} on {last}")
    found = f"no record {does} after {last}, {days:,} days before the book's today; MRR lost since is {book.mrr(lost)}"
    remedy = f"If the data ends there, set today = {last} in book.toml; else import what is newer."
    return Finding("end of data", "look", singular(found) if days == 1 else found, remedy)


def _is_false_loss(days: int, before: int, lost: int) -> bool:
    """Whether a loss after the last sign of life is likely to be silence: after long, or sooner of much MRR."""
    is_half, is_tenth = 2 * lost >= before, 10 * lost >= before
    return lost > 0 and (days > _LONG_DAYS or (days > _QUIET_DAYS and is_tenth) or is_half)


_HAPPENED = {
    "customers": ("customer", "created"),
    "invoice_lines": ("invoice", "issued"),
    "payments": ("payment", "paid"),
    "mrr_snapshots": ("customer", "date"),
    "exchange_rates": ('"from"', "date"),
}
"""The id and the day of what has happened when it is told. Terms may start later: they are scheduled."""


def learned_too_early(book: Examined) -> Finding:
    """Facts that are dated after the day they were imported, as by a day and a month in the wrong order."""
    dated = " UNION ALL ".join(
        f"SELECT {identity} || ' on ' || {day} AS fact FROM {book.current(table)} "
        # A day may have begun elsewhere while it has not in UTC.
        f"WHERE {day} > recorded_at::DATE + 1"
        for table, (identity, day) in _HAPPENED.items()
    )
    remedy = "Look for day and month in the wrong order: the map's date_format says how dates are written."
    return counted("future", book.some(f"{dated} ORDER BY fact"), "records dated after their import", remedy)


def past_due(book: Examined) -> Finding:
    """Subscription items whose bill has been past due for long and that still count."""
    found = book.some(
        "SELECT customer || ' since ' || starts FROM (SELECT customer, starts, ends, status, record, "
        "lead(starts) OVER (PARTITION BY source, customer, subscription, item ORDER BY starts, record) AS following "
        f"FROM {book.current('subscription_items')}) WHERE status = 'past_due' AND starts < $today - {_PAST_DUE_DAYS} "
        "AND coalesce(ends, following, $today + 1) > $today AND coalesce(following, $today + 1) > $today "
        "ORDER BY starts, customer, record",
        today=book.today,
    )
    what = f"items past due for more than {_PAST_DUE_DAYS} days"
    remedy = "Set the policy key past_due_days to let them churn, or correct their status."
    return counted("past due", found, what, remedy)
