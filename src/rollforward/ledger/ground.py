"""What a ledger is made on: the policy, the reporting currency, the day, and what the records contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import ibis.expr.types as ir

from rollforward.calendar import FOREVER

if TYPE_CHECKING:
    from datetime import date

    from rollforward.policy.policy import Policy

Tables = Mapping[str, ir.Table]
"""Tables by name: the current records, and the stages made so far."""


@dataclass(frozen=True)
class Traits:
    """What the records contain, so that steps which nothing needs are left out."""

    currencies: frozenset[str] = frozenset()
    discount_depth: int = 0
    change_log: bool = False
    trials_within_rows: bool = False
    attributes: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()

    def joined(self, other: Traits) -> Traits:
        """What the records of both contain."""
        return Traits(
            self.currencies | other.currencies,
            max(self.discount_depth, other.discount_depth),
            self.change_log or other.change_log,
            self.trials_within_rows or other.trials_within_rows,
            self.attributes | other.attributes,
            self.entries | other.entries,
        )


@dataclass(frozen=True)
class Ground:
    """The arguments of every stage. `today` bounds what is re-rated or sampled by the calendar."""

    policy: Policy
    currency: str
    today: date
    traits: Traits = field(default_factory=Traits)

    @property
    def unit(self) -> list[str]:
        """The columns whose MRR a movement classifies."""
        return ["account", "subscription"] if self.policy.level == "subscription" else ["account"]

    @property
    def converts(self) -> bool:
        """Whether any amount is in another currency and has to be converted."""
        return self.policy.exchange_rule != "none" and bool(self.traits.currencies - {self.currency})

    @property
    def links(self) -> bool:
        """Whether customers may count for other accounts, so that MRR can change its place."""
        return "account_links" in self.traits.entries

    @property
    def last_rate_day(self) -> date:
        """The last day whose exchange rate may be looked up: today, or the day that the policy fixes."""
        return max(self.today, self.policy.exchange_day or self.today)

    @property
    def depends_on_today(self) -> bool:
        """Whether the ledger changes as days pass, without a new fact."""
        return self.converts or self.policy.netting == "month" or self.policy.days_in_month

    def leads_to_same(self, other: Ground) -> bool:
        """Whether a ledger of the same records on another ground has the same rows."""
        return self.timeless() == other.timeless()

    def timeless(self) -> Ground:
        """The same ground on no particular day, where the ledger does not depend on it."""
        return self if self.depends_on_today else replace(self, today=FOREVER)

    @property
    def needs_first_start(self) -> bool:
        """Whether an item is anchored on its first day, whose exchange rate or a fixed one it keeps."""
        return self.converts and self.policy.exchange_rule in {"purchase", "fixed"}
