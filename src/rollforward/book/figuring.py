"""Figures of a book: the roll-forward, metrics, movements and their causes, accounts, cohorts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from rollforward.book.asking import fields_of
from rollforward.book.closing import Closing
from rollforward.book.examining import Examining
from rollforward.book.flows import cause_rows, flow_columns, rollforward_row
from rollforward.book.listed import ACCOUNTS_SORTED, LARGEST_FIRST, Listed
from rollforward.book.view import View
from rollforward.errors import IncompleteError, UnknownNameError
from rollforward.money import UNIT, exact
from rollforward.results import Cell, ColumnKind, Result, ResultColumn, column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    import ibis.expr.types as ir

    from rollforward.book import constant
    from rollforward.book.asking import Asked, Where
    from rollforward.calendar import Every
    from rollforward.listing import Listing
    from rollforward.metrics.figures import Figures
    from rollforward.metrics.listings import Amount
    from rollforward.metrics.registry import Metric


_MOVED: dict[str, Amount] = {"mrr": "monthly", "before": "monthly", "after": "monthly"}
"""The stored amounts of a listing of movements, and what is read of them."""

_STANDING: dict[str, Amount] = {"mrr": "monthly", "arr": "annual"}
"""The stored amounts of a listing of accounts."""


class Figuring(Closing, Examining):
    """The side of a book that answers with figures."""

    def rollforward(
        self,
        *,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        by: str | None = None,
        view: View = View(),
    ) -> Result:
        """Opening + movements = closing MRR for each period, and for each group if `by` names a field.

        Where the policy books what is learned of closed months in the next open one, the whole book by month, quarter
        or year shows closed months as they were reported, and the column `restated`.
        """
        if as_reported := self._as_reported(every, (start, end), where, by, view):
            return as_reported
        figures, asked = self._figures(view, where, by, every, start, end)
        placed = any(one.flows.get("transfer") for one in figures)
        shown = flow_columns(segmented=asked.question.segment.follows_items, placed=placed)
        moved = {one.group for one in figures if one.opening or any(one.flows.values())}
        rows = [rollforward_row(one, shown, by) for one in figures if one.group in moved or not by]
        columns = [column("period", "text"), *_group_column(by), column("opening", "money")]
        columns += [column(kind, "money") for kind in shown] + [column("closing", "money")]
        return Result("rollforward", tuple(columns), asked.stamp, asked.flow_sql(), lambda: rows)

    def constant_currency(
        self,
        *,
        at: date,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """Each period's reported opening, exchange and closing beside the closing at the rates of one day, `at`.

        `exchange_in_closing` is what exchange made of the closing, None where some reported record lacks a rate on the
        day; growth rates are closing / opening - 1, None without MRR at the opening. UsageError for a day after today,
        or if the policy never converts; IncompleteError if no record has a rate on the day.
        """
        from rollforward.book import constant

        held = self._held(view, at)
        reported, asked = self._figures(view, where, None, every, start, end)
        try:
            figures, _ = self._figures(held, where, None, every, start, end)
        except IncompleteError as error:
            raise constant.nothing_held(at, asked.stamp.currency) from error
        comparable = not self.uncounted_constant(at=at, view=view).records
        rows = constant.side_by_side(reported, figures, at, comparable=comparable)
        return Result("constant_currency", constant.COLUMNS, asked.stamp, asked.flow_sql(), lambda: rows)

    def uncounted_constant(self, *, at: date, view: View = View()) -> constant.Uncounted:
        """The records that lack a rate on the day of `constant_currency` though they are reported."""
        from rollforward.book import constant

        held = self._held(view, at)
        sides = (self.problems(severity="set aside", view=side).to_dicts() for side in (view, held))
        return constant.uncounted(*sides)

    def metrics(
        self,
        *names: str,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        by: str | None = None,
        view: View = View(),
    ) -> Result:
        """The values of metrics for each period and group. Without names: every metric."""
        from rollforward.metrics import answers
        from rollforward.metrics.registry import every_metric, find

        listed = [find(name) for name in names] or every_metric()
        figures, asked = self._figures(view, where, by, every, start, end, listed)
        rows = [
            (one.period.label, *([one.group] if by else []), *(_exact(value) for value in answers.values(listed, one)))
            for one in figures
        ]
        columns = [
            column("period", "text"),
            *_group_column(by),
            *(column(metric.name, metric.unit) for metric in listed),
        ]
        return Result("metrics", tuple(columns), asked.stamp, asked.flow_sql(), lambda: rows)

    def causes(
        self,
        *,
        every: Every = "month",
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """What moved MRR in each period: kind, cause, MRR and how many movements it had a part in. Losses are negative.

        The rows of a period and kind add up to that kind in the roll-forward.
        """
        with self._asking(view, where, None, every, start, end) as asked:
            from rollforward.metrics.causes import cause_sums

            expression = cause_sums(asked.source.ledger, asked.source.records, asked.question)
            found = asked.run(expression)
            sql = asked.sql(expression)
        rows = cause_rows(found, asked.question.periods)
        columns = [column(name, "text") for name in ("period", "kind", "cause")]
        columns += [column("mrr", "money"), column("movements", "count")]
        return Result("causes", tuple(columns), asked.stamp, sql, lambda: rows)

    def cohorts(
        self,
        *,
        measure: str = "customers",
        every: Every = "month",
        percent: bool = True,
        where: Where | None = None,
        view: View = View(),
    ) -> Result:
        """Accounts by the period of their first MRR, and what is left of them at the end of each period after it."""
        if measure not in {"customers", "mrr"}:
            raise UnknownNameError("measure", measure, ["customers", "mrr"])
        if every not in {"month", "quarter", "year"}:
            raise UnknownNameError("cohort period", every, ["month", "quarter", "year"])
        with self._asking(view, where, "cohort", every, None, None, ends_by=None) as asked:
            from rollforward.metrics.cohorts import cohorts
            from rollforward.metrics.listings import cohort_flows

            expression = cohort_flows(asked.source, asked.question)
            today = asked.question.today
            made = cohorts(asked.source.run(expression), today, every, measure, self.settings.fiscal_year_start)
            sql = asked.sql(expression)
        kind: ColumnKind = "count" if measure == "customers" else "money"
        width = max((len(cohort.left) for cohort in made), default=0)
        cells = [[_exact(value) for value in (cohort.shares() if percent else cohort.left)] for cohort in made]
        rows = [
            (cohort.period.label, _exact(cohort.size), *row, *[None] * (width - len(row)))
            for cohort, row in zip(made, cells, strict=True)
        ]
        columns = [column("cohort", "text"), column("size", kind)]
        columns += [column(f"{every}_{number}", "ratio" if percent else kind) for number in range(width)]
        return Result("cohorts", tuple(columns), asked.stamp, sql, lambda: rows)

    def annual_movements(self, *, view: View = View()) -> list[tuple[date, str, str, int]]:
        """Every movement up to today as it is stored: day, account, kind, annual amount in stored units."""
        with self._ready(view) as (connection, kept):
            return connection.execute(
                f"SELECT day, account, kind, amount FROM {kept.name}.movements "
                "WHERE amount <> 0 AND day <= ? ORDER BY ALL",
                [self.today(view.as_of)],
            ).fetchall()

    def annual_causes(
        self, *, start: date | None = None, end: date | None = None, view: View = View()
    ) -> list[tuple[date, str, str, int]]:
        """Why MRR moved, as it is stored: day, account, cause, annual amount in stored units, by item."""
        with self._asking(view, None, None, "day", start, end, whole_ledger=True) as asked:
            from rollforward.ledger.causes import causes

            days = (asked.question.periods[0].start, asked.question.today) if start else None
            found = causes(asked.source.ledger, asked.source.records, days)
            kept = found.filter(found.day <= asked.question.today)
            return asked.source.run(kept.select("day", "account", "cause", "amount"))

    def movements(
        self,
        *,
        start: date | None = None,
        end: date | None = None,
        where: Where | None = None,
        kind: str | None = None,
        account: str | None = None,
        causes: bool = False,
        least: Decimal | None = None,
        view: View = View(),
    ) -> Listing:
        """Every movement: day, account, kind, MRR moved, before and after. Amounts of 0 are left out.

        `least` is the MRR, up or down, from which on movements are listed (of whole ones, not of their causes).

        With `causes` a row for each cause of a movement, whose MRR is what that cause moved. NotFoundError for an
        account that the book does not know.
        """
        with self._asking(view, where, None, "day", start, end, whole_ledger=True) as asked:
            from rollforward.book.explaining.accounts import account_known
            from rollforward.book.explaining.ground import Asking
            from rollforward.metrics.causes import caused_movement_list
            from rollforward.metrics.listings import movement_list, movement_sums

            name = account_known(Asking(asked), account) if account is not None else None
            source, texts = asked.source, {"kind": kind, "account": account, "name": name}

            def caused(**of: Any) -> ir.Table:  # noqa: ANN401
                return caused_movement_list(source.ledger, source.records, asked.question, **of)

            def listed(**of: Any) -> ir.Table:  # noqa: ANN401
                return movement_list(source.ledger, asked.question, **of, least=_stored(least))

            def summed(**of: Any) -> ir.Table:  # noqa: ANN401
                own = {text: of[text] for text in ("kind", "account")}
                return movement_sums(source.ledger, asked.question, **own, least=_stored(least))

        if causes:
            return self._listing(asked, Listed("movements with causes", caused, ["day"], _MOVED, texts, steps=True))
        return self._listing(
            asked, Listed("movements", listed, ["day"], _MOVED, texts, paged=True, summed=summed, more=least)
        )

    def accounts(
        self,
        *,
        where: Where | None = None,
        search: str | None = None,
        sort: str = LARGEST_FIRST,
        view: View = View(),
    ) -> Listing:
        """Every account: its MRR now, since when, its last movement, and its plans.

        `sort` is mrr, account, name, country, status, since or last_moved, with a minus in front for the largest or
        latest first; UnknownNameError for anything else.
        """
        if sort.removeprefix("-") not in ACCOUNTS_SORTED:
            raise UnknownNameError("order", sort, list(ACCOUNTS_SORTED))
        with self._asking(view, where, None, "day", None, None, whole_ledger=True, ends_by=None) as asked:
            from rollforward.metrics.listings import account_list, account_sums

            def listed(**of: Any) -> ir.Table:  # noqa: ANN401
                return account_list(asked.source.ledger, asked.question, **of, sort=sort)

            def summed(**of: Any) -> ir.Table:  # noqa: ANN401
                return account_sums(asked.source.ledger, asked.question, **of)

        texts = {"search": search.lower() if search else None}
        days = ["since", "last_moved"]
        return self._listing(
            asked, Listed("accounts", listed, days, _STANDING, texts, paged=True, summed=summed, more=sort)
        )

    def scheduled(self, *, where: Where | None = None, view: View = View()) -> Listing:
        """The movements known today for later days, the soonest first: what is scheduled to end or to change."""
        with self._asking(view, where, None, "day", None, None, whole_ledger=True, ends_by=None) as asked:
            from rollforward.metrics.listings import scheduled_list, scheduled_sums

            def listed(**of: Any) -> ir.Table:  # noqa: ANN401
                return scheduled_list(asked.source.ledger, asked.question, **of)

            def summed() -> ir.Table:
                return scheduled_sums(asked.source.ledger, asked.question)

        return self._listing(asked, Listed("scheduled", listed, ["day"], _MOVED, paged=True, summed=summed))

    def customer_months(self, *, where: Where | None = None, view: View = View()) -> Listing:
        """The customer cube: the MRR of every customer at every month end at which it has some."""
        with self._asking(view, where, None, "month", None, None, ends_by=None) as asked:
            from rollforward.metrics.listings import customer_month_list

            def listed() -> ir.Table:
                return customer_month_list(asked.source.ledger, asked.question)

            months = asked.question.period_rows()
        return self._listing(
            asked, Listed("customer_months", listed, ["month_end"], {"mrr": "monthly"}, periods=months)
        )

    def fields(self) -> list[str]:
        """The fields that figures can be filtered and grouped by: those of items and accounts, and every attribute."""
        with self._sharing() as connection:
            memory = self._database.memory_of(connection)
            return memory.recall("fields", lambda: fields_of(connection))

    def _held(self, view: View, at: date) -> View:
        """The view whose policy holds the rates of one day."""
        from rollforward.book.constant import at_rates_of

        return replace(view, policy=at_rates_of(self.policy(view.policy), at, self.today()))

    def _figures(
        self,
        view: View,
        where: Where | None,
        by: str | None,
        every: Every,
        start: date | None,
        end: date | None,
        metrics: Sequence[Metric] = (),
    ) -> tuple[list[Figures], Asked]:
        """The figures of every period and group of a view, with what the metrics need beside the flows."""
        with self._asking(view, where, by, every, start, end, metrics) as asked:
            from rollforward.metrics import answers

            return answers.figures(asked.source, asked.question), asked


def _stored(least: Decimal | None) -> int:
    """The smallest stored annual amount that is an MRR or more."""
    return 0 if least is None else ceil(Fraction(least) * 12 * UNIT)


def _group_column(by: str | None) -> list[ResultColumn]:
    return [column(by, "text")] if by else []


def _exact(value: Any) -> Cell:  # noqa: ANN401
    return None if value is None else exact(value)
