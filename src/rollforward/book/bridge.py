"""The bridge from one policy to another: what each rule that differs is worth, as a result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rollforward.money import exact
from rollforward.policy.written import value_text
from rollforward.results import Cell, Result, column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.results import Stamp

SUBJECT = "policy_bridge"
COLUMNS = (
    column("rule", "text"),
    column("from", "text"),
    column("to", "text"),
    column("effect", "money"),
    column("mrr", "money"),
    column("accounts", "count"),
    column("note", "text"),
)
ACCOUNT_COLUMNS = (
    column("rule", "text"),
    column("account", "text"),
    column("name", "text"),
    column("before", "money"),
    column("after", "money"),
    column("difference", "money"),
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One rule switched: its value before and after, and what that does to MRR and to how many accounts.

    `effect`, `mrr` (after the switch) and `accounts` are None where a rule moves no MRR whatever the records are;
    `note` then says what it bears on.
    """

    rule: str
    before: Any
    after: Any
    effect: Fraction | None = None
    mrr: Fraction | None = None
    accounts: int | None = None
    note: str = ""


@dataclass(frozen=True)
class PolicyBridge(Result):
    """A bridge as a table: MRR under the one policy, each rule with its effect, the residual, MRR under the other.

    Amounts are MRR in the stamp's currency, exact. `changed`, where it was asked for, lists every account that a rule
    changes (rule, account, name, before, after, difference); the differences of a rule add up to its effect.
    """

    mrr_before: Fraction = Fraction()
    mrr_after: Fraction = Fraction()
    switches: tuple[Switch, ...] = ()
    changed: Result | None = field(default=None, repr=False)

    @property
    def residual(self) -> Fraction:
        """What the effects leave unexplained of the difference: 0."""
        return self.mrr_after - self.mrr_before - sum((one.effect or 0 for one in self.switches), Fraction())


def as_bridge(
    labels: tuple[str, str],
    figures: tuple[Fraction, Fraction],
    switches: Sequence[Switch],
    stamp: Stamp,
    changed: list[tuple[Cell, ...]] | None,
) -> PolicyBridge:
    """The bridge between two policies, by their labels and the MRR under each, and what lies between."""
    listed = None if changed is None else Result("policy_accounts", ACCOUNT_COLUMNS, stamp, "", lambda: changed)
    bare = PolicyBridge(SUBJECT, COLUMNS, stamp, "", list, None, *figures, tuple(switches), listed)
    rows = [
        _level(labels[0], bare.mrr_before),
        *map(_row, switches),
        ("residual", "", "", exact(bare.residual), None, None, ""),
        _level(labels[1], bare.mrr_after),
    ]
    return replace(bare, fetch=lambda: rows)


def _level(label: str, mrr: Fraction) -> tuple[Cell, ...]:
    return (f"under {label}", "", "", None, exact(mrr), None, "")


def _row(one: Switch) -> tuple[Cell, ...]:
    before, after = _values(one)
    return (one.rule, before, after, _money(one.effect), _money(one.mrr), one.accounts, one.note)


def _values(one: Switch) -> tuple[str, str]:
    """The values of a rule in a line; of a table of values only those that differ."""
    if not isinstance(one.before, dict):
        return value_text(one.before), value_text(one.after)
    differing = [part for part in one.before if one.before[part] != one.after[part]]
    before, after = ({part: table[part] for part in differing} for table in (one.before, one.after))
    return value_text(before), value_text(after)


def _money(amount: Fraction | None) -> Cell:
    return None if amount is None else exact(amount)
