"""The doctor: one list of checks over a book, each ok, worth a look, or failing, with examples and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.book.doctor.amounts import annual_amounts, negative_lines
from rollforward.book.doctor.customers import bases, duplicates, left_out, orphans
from rollforward.book.doctor.days import end_of_data, learned_too_early, past_due
from rollforward.book.doctor.exchange import missing_rates, old_rates
from rollforward.book.doctor.finding import Examined, Finding
from rollforward.book.doctor.gaps import gaps, handovers, missing_invoices, missing_snapshots
from rollforward.book.doctor.imports import imports, notes, quarantine, sources
from rollforward.book.doctor.kept import overlaps, proofs
from rollforward.book.doctor.uncounted import Uncounted, uncounted

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS: tuple[Callable[[Examined], Finding], ...] = (
    proofs, imports, sources, end_of_data, learned_too_early, quarantine, notes, overlaps, missing_rates, old_rates,
    bases, left_out, orphans, duplicates, annual_amounts, negative_lines, past_due, gaps, handovers, missing_invoices,
    missing_snapshots,
)  # fmt: skip
"""Every check, in the order in which they are shown. A new one is a function in a module of its family, and a name
here."""


def examine(book: Examined) -> list[Finding]:
    """The findings of every check, in order."""
    return [check(book) for check in CHECKS]


__all__ = ["CHECKS", "Examined", "Finding", "Uncounted", "examine", "uncounted"]
