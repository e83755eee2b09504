"""Checks of the kept ledger: its proofs, and what its build set aside."""

from __future__ import annotations

from rollforward.book.doctor.finding import Examined, Finding, counted
from rollforward.store import ledgers, plans


def proofs(book: Examined) -> Finding:
    """Whether the kept ledger still holds every proof."""
    from rollforward.ledger.ground import Ground

    ground = Ground(book.policy, book.kept.currency, book.kept.today, ledgers.traits_from(book.kept.traits))
    plan = plans.plan_of(ground.timeless(), tuple(book.kept.dimensions), book.kept.known_at)
    for proof in plan.proofs:
        if breach := book.connection.execute(proof.placed(book.kept.name)).fetchone():
            remedy = "Run `rollforward build`; if it fails again, please report it."
            return Finding("proofs", "fails", f"broken: {proof.about}. First breach: {breach}", remedy)
    return Finding("proofs", "ok", f"hold: {', '.join(proof.name for proof in plan.proofs)}")


def overlaps(book: Examined) -> Finding:
    """Terms that the build set aside because they overlap others."""
    found = book.some(
        "SELECT customer || ' from ' || starts FROM subscription_items WHERE record IN "
        f"(SELECT record FROM {book.kept.name}.set_aside WHERE field <> 'currency') ORDER BY customer, starts, record"
    )
    remedy = "See `rollforward problems --severity 'set aside'`."
    return counted("overlaps", found, "overlapping rows set aside", remedy)
