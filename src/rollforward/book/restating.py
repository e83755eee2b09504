"""Roll-forwards as they were reported, and what has changed since: the arithmetic of closed months."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rollforward.calendar import Period
from rollforward.errors import ReconciliationError
from rollforward.policy.policy import DEFAULT, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from rollforward.calendar import Every
    from rollforward.results import Result
    from rollforward.store.closes import Close

RESTATED = "restated"
"""The column for what was learned of closed months, where a policy books it in the next open one."""

_NOT_FLOWS = {"opening", "closing", "customers"}


@dataclass(frozen=True)
class Line:
    """One period of a roll-forward. Amounts are stored annual amounts, signed as in movements."""

    period: Period
    opening: int
    flows: Mapping[str, int]
    closing: int
    customers: int = 0
    group: str = ""

    @property
    def amounts(self) -> dict[str, int]:
        """The line as a close keeps it: opening, the kinds that moved, closing, customers."""
        moved = {kind: amount for kind, amount in self.flows.items() if amount}
        return {"opening": self.opening, **moved, "closing": self.closing, "customers": self.customers}


@dataclass(frozen=True)
class Restatement:
    """A closed month: as it was reported and as it is now, and the movements that make the difference."""

    period: str
    figures: Result
    movements: Result
    rules_changed: bool


@dataclass(frozen=True)
class Difference:
    """A movement that is not what it was when its month was closed. Annual amounts in stored units.

    `column` is the one of the roll-forward whose difference it is part of; `by_rules` is the part of the difference
    that another version of the policy makes, not another fact.
    """

    column: str
    day: date
    account: str
    kind: str
    then: int
    now: int
    by_rules: int
    learned: tuple[str, ...] = field(default=())


def line_of(figures: Any) -> Line:  # noqa: ANN401  the figures of one period
    """The line of a period's figures."""
    return Line(figures.period, figures.opening, figures.flows, figures.closing, figures.customers_closing)


def line_of_close(close: Close) -> Line:
    """The line that a close keeps."""
    kept = close.amounts
    flows = {kind: amount for kind, amount in kept.items() if kind not in _NOT_FLOWS}
    month = Period(close.starts, close.ends, close.period)
    return Line(month, kept["opening"], flows, kept["closing"], kept["customers"])


def carried(line: Line, opening: int) -> Line:
    """A line that begins where the one before ended; what lies between the two is restated."""
    flows = {**line.flows, RESTATED: line.opening - opening}
    return Line(line.period, opening, flows, line.closing, line.customers)


def as_reported(now: Sequence[Line], before: Mapping[date, Line], standing: Sequence[Close]) -> list[Line]:
    """Months with the closed ones as they were reported, and what was learned since in the first open one.

    `before` are the months before the first close, as known then. Every month opens where the one before closed.
    """
    closed = {one.starts: one for one in standing}
    openings = {two.starts: one.amounts["closing"] for one, two in pairwise(standing)}
    last = standing[-1]
    lines = []
    for line in now:
        start = line.period.start
        if start in closed:
            kept = line_of_close(closed[start])
            lines.append(carried(kept, openings.get(start, kept.opening)))
        elif start == last.ends:
            lines.append(carried(line, last.amounts["closing"]))
        else:
            lines.append(before.get(start, line))
    return lines


def together(months: Sequence[Line], asked: Iterable[Period]) -> list[Line]:
    """Months added up to longer periods."""
    lines = []
    for period in asked:
        parts = [line for line in months if line.period.start in period]
        flows: Counter[str] = Counter()
        for part in parts:
            flows.update(part.flows)
        lines.append(Line(period, parts[0].opening, flows, parts[-1].closing, parts[-1].customers))
    return lines


def policy_of(close: Close) -> Policy:
    """The policy that a close was made under, as it was then."""
    return DEFAULT.with_settings(close.policy, close.rules)


def is_same_rules(one: Policy, other: Policy) -> bool:
    """Whether two policies make the same ledger: what becomes of closed months is no rule of it."""
    settings = (dict(policy.settings) | {"closed_months": None} for policy in (one, other))
    return next(settings) == next(settings)


def differences(rows: Iterable[tuple[Any, ...]], opening: str, learned: Mapping[str, list[str]]) -> list[Difference]:
    """The differing movements; `opening` is the column that those before the month make the difference of."""
    found = []
    for is_before, account, _, day, kind, *amounts in rows:
        then, kept, now = map(int, amounts)
        facts = tuple(learned.get(account, [])) if then != kept else ()
        if then != kept and (kind == "exchange" or not facts):
            facts = (*facts, *learned.get("", []))
        if now != kept:
            facts = (*facts, "another version of the policy")
        found.append(Difference(opening if is_before else kind, day, account, kind, then, now, now - kept, facts))
    return found


def require_footing(reported: Line, now: Line, found: Sequence[Difference], opening: str) -> None:
    """ReconciliationError unless the differing movements add up to the difference of each column."""
    sums: Counter[str] = Counter()
    for one in found:
        sums[one.column] += one.now - one.then
    wanted = {kind: now.flows.get(kind, 0) - reported.flows.get(kind, 0) for kind in {*now.flows, *reported.flows}}
    wanted[opening] = wanted.get(opening, 0) + (now.opening - reported.opening if opening == "opening" else 0)
    for column in {*wanted, *sums}:
        if wanted.get(column, 0) != sums[column]:
            raise ReconciliationError(
                f"{reported.period.label}, {column}: the movements do not add up to the difference from what was "
                "reported. A row was changed by hand, or another release works otherwise: see "
                "`rollforward verify --integrity`."
            )


COARSE: tuple[Every, ...] = ("month", "quarter", "year")
"""The periods that are made of whole months."""
