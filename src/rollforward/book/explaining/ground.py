"""What explanations stand on: a question on a ledger, the queries it has asked, and the rules in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollforward.book.explaining.explanation import Origin, Rule
from rollforward.policy.words import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import ibis.expr.types as ir

    from rollforward.book.asking import Asked
    from rollforward.ledger.ground import Ground
    from rollforward.policy.policy import Policy

Row = dict[str, Any]
"""A row of a table, by column."""

NUMBERS = [9_000_000_000_000_003]
"""What stands for the numbers of records in a query that is made once for all numbers."""


CUSTOMER = ("customer", "name", "country", "created", "record")
"""The columns of customers that tell who they are. Who needs one of them asks for all, so that they are found once."""


@dataclass
class Asking:
    """A question ready to be answered, and the queries that it took."""

    asked: Asked
    queries: list[str] = field(default_factory=list)

    @property
    def ground(self) -> Ground:
        """What the ledger is made on."""
        return self.asked.source.ledger.ground

    @property
    def policy(self) -> Policy:
        """The policy of the ledger."""
        return self.ground.policy

    def rows(self, expression: ir.Table) -> list[Row]:
        """The rows of an expression over the ledger and the records."""
        self.queries.append(self.asked.sql(expression))
        return [dict(zip(expression.columns, row, strict=True)) for row in self.asked.source.run(expression)]

    def found(
        self,
        about: str,
        make: Callable[..., ir.Table],
        more: Hashable = None,
        *,
        numbers: Iterable[int] = (),
        **texts: str | Sequence[str],
    ) -> list[Row]:
        """The rows of what `make` makes of texts, or lists of them, by name; its query is made once for all texts.

        In it `NUMBERS` stands for all of some `numbers`.
        """
        sql, columns = self.asked.made(about, make, texts, more)
        sql = sql.replace(str(NUMBERS[0]), ", ".join(map(str, numbers)))
        self.queries.append(sql)
        return [dict(zip(columns, row, strict=True)) for row in self.asked.source.rows(sql)]

    def table(self, name: str) -> ir.Table:
        """A table of current records, or a stage of the ledger."""
        return self.asked.source.records[name]

    def has(self, name: str) -> bool:
        """Whether the ledger has a stage of a name."""
        return name in self.asked.source.records

    def rules(self, *keys: str) -> tuple[Rule, ...]:
        """Keys of the policy with their words."""
        words = dict(in_words(self.policy))
        return tuple(Rule(key, _said(self.policy.settings[key]), words[key]) for key in keys)

    def of_records(self, name: str, numbers: Iterable[int]) -> list[Row]:
        """The rows of a table that are about some records."""
        wanted = sorted(set(numbers))
        if not wanted:
            return []
        table = self.table(name)
        return self.found("rows of records", lambda: table.filter(table.record.isin(NUMBERS)), name, numbers=wanted)

    def of_customers(
        self, name: str, customers: Sequence[str], column: str = "customer", *, columns: tuple[str, ...] = ()
    ) -> list[Row]:
        """The rows of a table that are about some customers, or some columns of them, which are found sooner."""

        def own(customers: Sequence[str]) -> ir.Table:
            table = self.table(name)
            rows = table.filter(table[column].isin(customers))
            return rows.select(*columns) if columns else rows

        return self.found("rows of customers", own, (name, column, columns), customers=customers)


def _said(value: Any) -> str:  # noqa: ANN401  whatever a setting holds
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return "null" if value is None else str(value)


def origin(table: str, row: Row) -> Origin:
    """Where a record came from."""
    return Origin(
        table,
        row["record"],
        row["source"],
        row["file"],
        row["row"],
        row["import"],
        row["recorded_at"],
        row["raw"],
    )
