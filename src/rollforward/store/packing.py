"""Packing: how a book keeps a large table of a ledger in less room, behind a view that gives it as it is.

Writing a column of text takes the engine four times as long as one of numbers, even where all its rows say the same,
and sorting takes what it moves along. So a column of few known words is kept as one of numbers, and one that is the
same in every row is not kept at all. Who reads the view meets the table that the stages describe, as fast as before.

What a proof compares is kept, even where it follows from other columns: a proof must be able to fail.

Only the embedded engine keeps tables so. A folder of Parquet is read by other programs too, and has them in full.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollforward.ledger.movements import KINDS
from rollforward.ledger.spans import LINES
from rollforward.store.plans import PACKED, PLACE, Step
from rollforward.store.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rollforward.ledger.ground import Ground
    from rollforward.store.plans import Plan


@dataclass(frozen=True)
class Packing:
    """How a table is packed: the columns that have few words, and those that are the same in every row, as SQL."""

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)

    def packed(self, columns: Iterable[str], sql: str) -> str:
        """The query of what is kept of the rows of a query."""
        kept = [name for name in columns if name not in self.told]
        return f"SELECT {', '.join(self._with_number(name) for name in kept)} FROM ({sql})"

    def unpacked(self, columns: Iterable[str], table: str) -> str:
        """The query of the rows as they were before they were packed into a table."""
        return f"SELECT {', '.join(map(self._as_it_was, columns))} FROM {table}"

    def _with_number(self, name: str) -> str:
        if name not in self.words:
            return quoted(name)
        listed = ", ".join("'" + word.replace("'", "''") + "'" for word in self.words[name])
        return f"{quoted(name)}::ENUM ({listed}) AS {quoted(name)}"

    def _as_it_was(self, name: str) -> str:
        if name in self.told:
            return f"{self.told[name]} AS {quoted(name)}"
        return f"{quoted(name)}::VARCHAR AS {quoted(name)}" if name in self.words else quoted(name)


def packed(plan: Plan, ground: Ground) -> Plan:
    """A plan that keeps its large tables packed: of each a table with a name of its own, and the view of its name."""
    packings = {"movements": _of_movements(ground), "spans": _of_spans(ground), "valued": _of_spans(ground)}
    schemas = json.loads(plan.schemas)

    def steps() -> Iterator[Step]:
        for step in plan.steps:
            packing = packings.get(step.name)
            if packing is None or step.is_view:
                yield step
                continue
            columns, kept = schemas[step.name], PACKED + step.name
            yield replace(step, name=kept, sql=packing.packed(columns, step.sql))
            yield replace(step, sql=packing.unpacked(columns, f"{PLACE}.{kept}"), is_view=True)

    return replace(plan, steps=list(steps()))


def _of_movements(ground: Ground) -> Packing:
    told = {} if ground.policy.level == "subscription" else {"subscription": "''"}
    return Packing({"kind": KINDS}, told)


def _of_spans(ground: Ground) -> Packing:
    told = {} if ground.links else {"to_account": "NULL::VARCHAR"}
    if ground.policy.basis == "subscriptions" and not ground.needs_first_start:
        told["first_start"] = "NULL::DATE"
    words: dict[str, Sequence[str]] = {"line": LINES}
    # Records in a currency for the first time make a ledger anew, so that the list is never too short.
    currencies = sorted(ground.traits.currencies)
    if len(currencies) == 1:
        told["currency"] = f"'{currencies[0]}'"
    elif currencies:
        words["currency"] = currencies
    return Packing(words, told)
