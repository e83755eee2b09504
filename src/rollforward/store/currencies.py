"""The currencies of a book's records, and from which day on each of them may need an exchange rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    import duckdb

_FIRST_DAYS = {
    "subscription_items": "starts",
    "invoice_lines": "coalesce(period_start, issued)",
    "mrr_snapshots": "date",
}
"""The tables whose amounts may be converted, and the first day of a record of each."""


def first_days(connection: duckdb.DuckDBPyConnection) -> dict[str, date]:
    """The currencies of the current records with the first day that may need a rate: that of the month's first day.

    A rule that averages a month looks a rate up on the first day of the month.
    """
    records = " UNION ALL ".join(
        f"SELECT currency, {day} AS day FROM {table} WHERE record NOT IN (SELECT record FROM superseded)"
        for table, day in _FIRST_DAYS.items()
    )
    return dict(
        connection.execute(
            f"SELECT currency, date_trunc('month', min(day))::DATE FROM ({records}) WHERE day IS NOT NULL "
            "GROUP BY currency ORDER BY currency"
        ).fetchall()
    )


def last_rates(connection: duckdb.DuckDBPyConnection, table: str, currency: str) -> dict[str, date]:
    """The other currencies of a table's current records, each with the day of its last rate to or from `currency`."""
    current = "record NOT IN (SELECT record FROM superseded)"
    return dict(
        connection.execute(
            f'SELECT counted.currency, max(rates."date") FROM (SELECT DISTINCT currency FROM {table} WHERE {current}) '
            f'counted JOIN (SELECT * FROM exchange_rates WHERE {current}) rates ON (rates."from", rates."to") IN '
            "((counted.currency, $currency), ($currency, counted.currency)) "
            "WHERE counted.currency <> $currency GROUP BY ALL ORDER BY ALL",
            {"currency": currency},
        ).fetchall()
    )
