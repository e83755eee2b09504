"""The stages of a build: records to spans to movements to the cube, each an expression over what stands before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from rollforward.ledger import exchange, faults
from rollforward.ledger.accounts import entered
from rollforward.ledger.cube import cube
from rollforward.ledger.events import events
from rollforward.ledger.invoices import invoice_spans
from rollforward.ledger.movements import movements
from rollforward.ledger.segments import Ledger
from rollforward.ledger.snapshots import snapshot_spans
from rollforward.ledger.stints import adjusted, adjusts
from rollforward.ledger.terms import close_change_log, item_spans
from rollforward.ledger.trials import trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollforward.ledger.ground import Ground, Tables

BASIS = {"subscriptions": "subscription_items", "invoices": "invoice_lines", "snapshots": "mrr_snapshots"}
"""The table that counts, by the policy's basis."""

SUSPECTS = "suspects"
"""The stage that only serves the next one: which items it has to look at."""


@dataclass(frozen=True)
class Stage:
    """One table of a ledger and how it is made from the tables before it; a view where it is no work to make."""

    name: str
    about: str
    make: Callable[[Tables], ir.Table]
    is_view: bool = False


def stages(ground: Ground, dimensions: list[str]) -> list[Stage]:
    """The stages in order. Their tables are the current records by name, and the stages made so far."""
    rates = Stage("rates", "exchange rates by day", lambda made: _rates(made, ground))
    unrated = Stage("unrated", "records without a rate", lambda made: _unrated(made, ground))
    return [
        Stage(SUSPECTS, "overlapping terms", lambda made: _suspects(made, ground)),
        Stage("overlaps", "overlapping terms one by one", lambda made: _overlaps(made, ground)),
        *([rates] if ground.converts else []),
        Stage(
            "spans",
            "what counts, from when to when",
            lambda made: _stays(entered(_spans(made, ground), made, ground), made, ground),
        ),
        *([unrated] if ground.converts else []),
        Stage(
            "valued",
            f"spans in {ground.currency}",
            lambda made: exchange.valued(made["spans"], made.get("rates"), ground),
            is_view=not ground.converts and ground.policy.rounding is None,
        ),
        Stage(
            "trials",
            "trials and what became of them",
            lambda made: _trials(made, ground),
            # Few questions are about trials, and the spans answer them when they are asked.
            is_view=ground.policy.trials == "exclude",
        ),
        # Named once, so that whatever asks for events does not spell them out again.
        Stage("events", "what changes on which day", lambda made: events(made["valued"], ground), is_view=True),
        Stage("movements", "how MRR moved", lambda made: movements(made["events"], ground)),
        Stage("cube", "flows by day and segment", lambda made: cube(ledger(made, ground), dimensions)),
    ]


def ledger(made: Tables, ground: Ground) -> Ledger:
    """The tables that questions are answered from."""
    return Ledger(made["movements"], made["customers"], ground, made["valued"], made["trials"], made["events"])


def set_aside(made: Tables, ground: Ground) -> ir.Table:
    """Every fault that the build found."""
    found = made["overlaps"]
    return ibis.union(found, made["unrated"]) if ground.converts else found


def _suspects(made: Tables, ground: Ground) -> ir.Table:
    found = faults.suspects(close_change_log(made["subscription_items"], ground.traits))
    return found if ground.policy.basis == "subscriptions" else found.limit(0)


def _overlaps(made: Tables, ground: Ground) -> ir.Table:
    return faults.overlaps(close_change_log(made["subscription_items"], ground.traits), made[SUSPECTS])


def _spans(made: Tables, ground: Ground) -> ir.Table:
    if ground.policy.basis == "invoices":
        return invoice_spans(made["invoice_lines"], ground)
    if ground.policy.basis == "snapshots":
        return snapshot_spans(made["mrr_snapshots"])
    if "plain_items" not in made or not _rows_stand_alone(ground):
        return _item_spans(made["subscription_items"], made, ground)
    without_discounts = replace(ground, traits=replace(ground.traits, discount_depth=0))
    return ibis.union(
        _item_spans(made["plain_items"], made, without_discounts), _item_spans(made["discounted_items"], made, ground)
    )


def _stays(spans: ir.Table, made: Tables, ground: Ground) -> ir.Table:
    """Spans as the policy fills and ignores stays, of which those that cannot be converted are none."""
    if not adjusts(ground.policy):
        return spans
    if ground.converts:
        return adjusted(spans, exchange.without_rate(spans, made["rates"], ground), ground)
    foreign = spans.filter(spans.currency != ground.currency).select("record").distinct()
    return adjusted(spans, foreign if ground.traits.currencies - {ground.currency} else None, ground)


def _rows_stand_alone(ground: Ground) -> bool:
    """Whether no row's span depends on another row, so that those with discounts can go a way of their own.

    They are few, and the others are spared being written down in between.
    """
    alone = not ground.traits.change_log and ground.policy.past_due_days is None and not ground.needs_first_start
    return alone and ground.traits.discount_depth > 0 and ground.policy.discounts != "none"


def _item_spans(items: ir.Table, made: Tables, ground: Ground) -> ir.Table:
    kept = items.anti_join(made["overlaps"], "record")
    return item_spans(close_change_log(kept, ground.traits), ground)


def _trials(made: Tables, ground: Ground) -> ir.Table:
    """Trials, whichever way the policy counts them. They are known from subscription items only."""
    if ground.policy.basis != "subscriptions":
        return trials(made["spans"].limit(0))
    if ground.policy.trials == "exclude":
        return trials(made["spans"])
    apart = ground.policy.with_settings(ground.policy.name, {"trials": "exclude"})
    return trials(_spans(made, replace(ground, policy=apart)))


def _rates(made: Tables, ground: Ground) -> ir.Table:
    rates = made["exchange_rates"]
    return exchange.rate_table(rates, exchange.daily_rates(rates, ground), ground)


def _unrated(made: Tables, ground: Ground) -> ir.Table:
    without = exchange.without_rate(made["spans"], made["rates"], ground)
    return faults.missing_rates(without, BASIS[ground.policy.basis], ground.currency)
