"""A metric of a period: its formula, the figures in it, and the accounts and movements that they are the sum of."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import ibis

from rollforward.book.explaining.accounts import account_said, refuse_early
from rollforward.book.explaining.explanation import Explanation
from rollforward.metrics import answers
from rollforward.metrics.openings import opened
from rollforward.metrics.rows import cohort_opening, rows_of
from rollforward.money import annual, monthly

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from rollforward.book.explaining.explanation import Unit
    from rollforward.book.explaining.ground import Asking, Row
    from rollforward.metrics.figures import Figures
    from rollforward.metrics.openings import Opened, Rows

_SCALES: dict[str, Callable[[int], Fraction]] = {"monthly": monthly, "annual": annual, "one": Fraction}


def metric_of(asking: Asking, name: str, limit: int | None) -> Explanation:
    """A metric of the last period asked for; `limit` bounds the accounts and movements that are named one by one."""
    question = asking.asked.question
    figures = answers.figures(asking.asked.source, question)[-1]
    asking.queries.append(asking.asked.flow_sql())
    refuse_early(asking, question.end(figures.period) - timedelta(days=1))
    return _Opening(asking, figures, limit).explained(opened(name, figures), top=True)


class _Opening:
    """The opening of a metric of a period."""

    def __init__(self, asking: Asking, figures: Figures, limit: int | None) -> None:
        self._asking, self._figures, self._limit = asking, figures, limit
        self._start, self._end = figures.period.start, asking.asked.question.end(figures.period)

    def explained(self, made: Opened, *, top: bool = False) -> Explanation:
        """A figure with its parts, or its rows, and what it opens into in turn."""
        parts = self._rows(made.rows, made.unit) if made.rows else tuple(map(self.explained, made.parts))
        return Explanation(
            f"{made.about} of {self._figures.period.label}" if made.metric else made.about,
            made.value,
            made.unit,
            note=made.note,
            rules=self._asking.rules(*made.keys),
            way="sum" if made.rows else made.way,
            parts=parts or self._nothing(made),
            beside=tuple(map(self.explained, made.beside)) if top else (),
            opens={} if top else self._opens(made),
        )

    @staticmethod
    def _nothing(made: Opened) -> tuple[Explanation, ...]:
        """No rows add up to 0."""
        return (Explanation("no rows", Fraction(0), made.unit),) if made.rows else ()

    def _opens(self, made: Opened) -> dict[str, str]:
        if made.metric:
            return {"metric": made.metric, "period": self._figures.period.label}
        if made.opening:
            return {"metric": made.opening, "period": str(self._start - timedelta(days=1))}
        return {}

    def _rows(self, rows: Rows, unit: Unit) -> tuple[Explanation, ...]:
        """The rows of a figure, the largest first, and the rest of them in one."""
        source, question = self._asking.asked.source, self._asking.asked.question
        expression = rows_of(source, question, rows, self._start, self._end)
        size = expression.amount.abs()
        names = source.ledger.customers.select(account="customer", name="name")
        named = expression.mutate(size=size).left_join(names, "account")
        named = named.order_by(ibis.desc("size"), "account", "subscription", "day", "kind")
        named = named.select("account", "name", "subscription", "day", "kind", "amount")
        shown = self._asking.rows(named if self._limit is None else named.limit(self._limit))
        parts = [self._row(row, rows, unit) for row in shown]
        if self._limit is not None and len(shown) == self._limit:
            (every,) = self._asking.rows(expression.agg(rows=expression.count(), amount=expression.amount.sum()))
            if more := every["rows"] - len(shown):
                rest = int(every["amount"]) - sum(int(row["amount"]) for row in shown)
                parts.append(Explanation(f"{more:,} more", self._value(rest, rows), unit))
        return tuple(parts)

    @staticmethod
    def _value(amount: int, rows: Rows) -> Fraction:
        return rows.sign * _SCALES[rows.scale](int(amount))

    def _row(self, row: Row, rows: Rows, unit: Unit) -> Explanation:
        called = account_said(row["account"], row["name"])
        subscription = f", subscription {row['subscription']}" if row["subscription"] else ""
        moved = rows.family == "movements"
        kind = f": {row['kind']}" if row["kind"] else ""
        day = f"{kind} of {row['day']}" if row["day"] else kind
        on = row["day"] if moved else self._day(rows)
        opens = {"account": row["account"], "movement" if moved else "on": str(on)}
        return Explanation(f"{called}{subscription}{day}", self._value(row["amount"], rows), unit, opens=opens)

    def _day(self, rows: Rows) -> date:
        """The day on which an account shows what a row says of it."""
        first = cohort_opening(rows, self._start, self._end) if rows.family == "retained" else self._start
        return (first if rows.at == "opening" else self._end) - timedelta(days=1)
