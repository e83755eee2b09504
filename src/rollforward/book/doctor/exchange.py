"""Checks of exchange rates: those that are missing, and those that have grown old."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollforward.book.doctor.finding import Examined, Finding, counted
from rollforward.store import ledgers

if TYPE_CHECKING:
    from rollforward.policy.policy import Policy

_OLD_DAYS = 45
"""Days after which a rate no longer says what a currency is worth."""


def missing_rates(book: Examined) -> Finding:
    """Records without an exchange rate, else to which day rates reach."""
    found = book.some(
        f"SELECT any_value(value) FROM {book.kept.name}.set_aside WHERE field = 'currency' "
        "GROUP BY record ORDER BY record"
    )
    remedy = "Run `rollforward import --ecb`, or import exchange_rates that begin early enough."
    finding = counted("rates", found, "rows without an exchange rate", remedy)
    return finding if found[0] or not _follows_rates(book.policy) else _with_reach(book, finding)


def _with_reach(book: Examined, finding: Finding) -> Finding:
    """The finding with the day to which the rates of every currency that is counted reach."""
    currencies = ledgers.traits_from(book.kept.traits).currencies - {book.kept.currency}
    last = book.connection.execute(
        f'SELECT min(last) FROM (SELECT max(date) AS last FROM (SELECT CASE WHEN "to" = $to THEN "from" ELSE "to" END '
        f'AS currency, date FROM {book.current("exchange_rates")} WHERE $to IN ("from", "to") AND date <= $today) '
        "WHERE list_contains($currencies, currency) GROUP BY currency)",
        {"to": book.kept.currency, "today": book.today, "currencies": sorted(currencies)},
    ).fetchall()[0][0]
    return replace(finding, found=f"{finding.found}; rates reach {last}") if last else finding


def old_rates(book: Examined) -> Finding:
    """Currencies that are counted and whose latest rate is old, or whose rates have a long hole."""
    what = f"currencies without a rate for more than {_OLD_DAYS} days"
    if not _follows_rates(book.policy):
        return counted("rate gaps", 0, what, "")
    return counted("rate gaps", book.some(_gaps(book), today=book.today), what, "Import the exchange_rates between.")


def _follows_rates(policy: Policy) -> bool:
    """Whether a policy looks rates up on many days, and not on none or on a fixed one."""
    return policy.exchange_rule not in {"none", "fixed"}


def _gaps(book: Examined) -> str:
    """The currencies with a hole in their rates, each with its first one."""
    from rollforward.ledger.build import BASIS

    mine = f"'{book.kept.currency}'"
    return f"""
    WITH counted AS (
        SELECT DISTINCT currency FROM {book.current(BASIS[book.policy.basis])} WHERE currency <> {mine}
    ),
    days AS (
        SELECT currency, date FROM {book.current("exchange_rates")} r JOIN counted
        ON ("from" = currency AND "to" = {mine}) OR ("to" = currency AND "from" = {mine})
        WHERE date <= $today
    ),
    holes AS (
        SELECT currency, date, coalesce(lead(date) OVER (PARTITION BY currency ORDER BY date), $today) AS next_date
        FROM days
    )
    SELECT currency || ' ' || min(date) || ' to ' || arg_min(next_date, date) FROM holes
    WHERE next_date - date > {_OLD_DAYS} GROUP BY currency ORDER BY currency
    """
