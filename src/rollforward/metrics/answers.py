"""Answers: facts fetched and put together as figures, one for each period and group, and the metrics of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from rollforward.calendar import Period, add_months, periods
from rollforward.ledger.segments import flows
from rollforward.metrics import facts
from rollforward.metrics.figures import Contracts, Figures, Retained, Trials
from rollforward.metrics.forms import Form, Query, queries
from rollforward.money import annual

if TYPE_CHECKING:
    from rollforward.ledger.segments import Ledger, Segment
    from rollforward.metrics.registry import Metric

Row = Sequence[Any]
Families = list[tuple[str, ir.Table, int]]
Lines = {"trial": "trial", "usage": "usage"}


@dataclass(frozen=True)
class Question:
    """What is asked: which part of the book, which periods, up to which day.

    `hidden` periods stand before those asked for, where a metric looks back; `known_to` is the book's today, to which
    what became of a trial is known.
    """

    segment: Segment
    periods: tuple[Period, ...]
    today: date
    known_to: date
    hidden: int = 0
    windows: tuple[int, ...] = (0,)
    needs: frozenset[str] = frozenset()

    def end(self, period: Period) -> date:
        """The first day that a period no longer looks at."""
        return min(period.end, self.today + timedelta(days=1))

    def period_rows(self) -> list[tuple[int, date, date]]:
        """The rows of the table of periods."""
        return [(number, period.start, self.end(period)) for number, period in enumerate(self.periods)]

    def cohort_rows(self) -> list[tuple[int, int, date, date]]:
        """The rows of the table of closed cohorts."""
        return [
            (number, window, add_months(self.end(period), -window) if window else period.start, self.end(period))
            for number, period in enumerate(self.periods)
            for window in self.windows
        ]


@dataclass(frozen=True)
class Given:
    """A small table that is handed in: its name, columns and rows.

    A row is a number, and what is asked of it. Rows of an answer begin with the first `keys` columns of the row that
    they answer.
    """

    name: str
    columns: Mapping[str, str]
    rows: list[tuple[Any, ...]]
    keys: int


@dataclass(frozen=True)
class Source:
    """What answers a question: a ledger, its cube, the records, a way to run queries and to hand in small tables.

    `key` stands for all that the expressions say, `compiled` turns one into SQL, `rows` runs that, and `kept` names a
    table that goes on holding the rows of some, or none; None where no table can be kept. `by_row` runs a query that
    answers for each row of a small table on its own, for the rows that it has no answer for yet.
    """

    ledger: Ledger
    records: Mapping[str, ir.Table]
    cube: ir.Table
    dimensions: list[str]
    run: Callable[[ir.Table], list[tuple[Any, ...]]]
    hand_in: Callable[[str, dict[str, str], list[tuple[Any, ...]]], None]
    key: Hashable
    compiled: Callable[[ir.Table], str]
    rows: Callable[[str], list[tuple[Any, ...]]]
    by_row: Callable[[str, Given], list[tuple[Any, ...]]]
    kept: Callable[[str], str | None] | None


@dataclass
class _Gathered:
    """Facts by (number, group)."""

    flows: dict[tuple[int, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    other: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: defaultdict(dict))
    groups: set[str] = field(default_factory=set)


def figures(source: Source, question: Question) -> list[Figures]:
    """The figures of every period asked for and every group, in the order of periods, then of groups."""
    gathered = _gather(source, question)
    by_group = [_series(group, gathered, question, source) for group in sorted(gathered.groups or {""})]
    return [series[index] for index in range(question.hidden, len(question.periods)) for series in by_group]


def values(metrics: Iterable[Metric], of: Figures) -> list[Fraction | None]:
    """The values of some metrics."""
    return [metric.value(of) for metric in metrics]


def needs_of(metrics: Iterable[Metric]) -> tuple[frozenset[str], tuple[int, ...]]:
    """What some metrics need beside the flows, and the windows of their closed cohorts."""
    listed = list(metrics)
    windows = {metric.window for metric in listed if "retained" in metric.needs}
    return frozenset(need for metric in listed for need in metric.needs), tuple(sorted(windows))


def flow_sql(source: Source, question: Question) -> str:
    """The query of the flows by period, which stands behind every answer."""
    return queries(source, question, _flows_by_period)[0].sql


def _flows_by_period(form: Form) -> Families:
    periods = ibis.table(facts.PERIODS, name="asked_periods")
    return [("flows", facts.by_period(_flows(form.source, form.segment), periods), 0)]


def _flows(source: Source, segment: Segment) -> ir.Table:
    """The flows of a segment, out of the cube if it keeps them."""
    kept = facts.from_cube(source.cube, source.dimensions, segment)
    return flows(source.ledger, segment) if kept is None else kept


def _gather(source: Source, question: Question) -> _Gathered:
    source.hand_in("asked_periods", facts.PERIODS, question.period_rows())
    for name, rows in _cohort_tables(question).items():
        source.hand_in(name, facts.COHORTS, rows)
    if _sums_days(source, question):
        source.hand_in("asked_days", facts.PERIODS, _day_rows(question))
    gathered = _Gathered()
    for query in _family_queries(source, question):
        given = _asked_of(query, question)
        for row in source.by_row(query.sql, given) if given else source.rows(query.sql):
            if query.name == "flows":
                number, group, *facts_of = row
                gathered.flows[number, group].append(facts_of)
                gathered.groups.add(group)
            else:
                gathered.other[query.name][tuple(row[: query.keys])] = row[query.keys :]
    return gathered


_BY_PERIOD = {"churners", "served", "contracts"}
"""The families of facts that are those of a period, whatever other periods are asked for."""


def _asked_of(query: Query, question: Question) -> Given | None:
    """The table of the periods or closed cohorts that a query answers one by one; None where it does not."""
    if query.name in _BY_PERIOD:
        return Given("asked_periods", facts.PERIODS, question.period_rows(), 1)
    if query.name == "retained":
        # A cohort is told by its period and its window.
        tables = _cohort_tables(question)
        name = next(name for name in tables if f'"{name}"' in query.sql)
        return Given(name, facts.COHORTS, tables[name], 2)
    return None


def _family_queries(source: Source, question: Question) -> list[Query]:
    """The queries of the families of facts that a question needs, on a table of the segment's flows if one is kept."""
    more = (question.needs, question.known_to, tuple(_cohort_tables(question)))
    if name := _kept_flows(source, question):
        found = queries(source, question, _families_of_kept, more)
        return [replace(one, sql=one.sql.replace(f'"{_KEPT}"', name)) for one in found]
    return queries(source, question, _families, more)


_KEPT = "kept_flows_place"
_NOT_KEPT = {"customer", "name", "subscription"}
"""Fields of which there are as many values as accounts."""


def _kept_flows(source: Source, question: Question) -> str | None:
    """The name of the table of a segment's flows by day, made when the segment is first asked for.

    None where the cube has them already, or they are too many.
    """
    segment = question.segment
    in_cube = facts.from_cube(source.cube, source.dimensions, segment) is not None
    if source.kept is None or in_cube or segment.by in _NOT_KEPT:
        return None
    return source.kept(queries(source, question, _flows_by_day)[0].sql)


def _flows_by_day(form: Form) -> Families:
    return [("flows", flows(form.source.ledger, form.segment), 0)]


def _families(form: Form) -> Families:
    return _families_on(form, _flows(form.source, form.segment))


def _families_of_kept(form: Form) -> Families:
    columns = flows(form.source.ledger, form.segment).schema()
    return _families_on(form, ibis.table(columns, name=_KEPT))


def _families_on(form: Form, flowing: ir.Table) -> Families:
    """The families of facts that a question needs: name, query, and how many of its columns are the key."""
    asked = ibis.table(facts.PERIODS, name="asked_periods")
    source, question, segment = form.source, form.question, form.segment
    ledger, needs = source.ledger, question.needs
    families = [("flows", facts.by_period(flowing, asked), 0)]
    if "churners" in needs:
        families.append(("churners", facts.churner_facts(ledger, segment, asked), 2))
    if "subscriptions" in needs:
        families.append(("subscriptions", facts.subscription_facts(ledger, segment, asked), 3))
    if "retained" in needs:
        for name in _cohort_tables(question):
            cohorts, moved = ibis.table(facts.COHORTS, name=name), flowing if name == _SHORT else None
            families.append(("retained", facts.retained_facts(ledger, segment, cohorts, moved), 3))
    if "served" in needs:
        families.append(("served", facts.served_facts(ledger, segment, asked), 2))
    if "committed" in needs:
        families.append(("committed", facts.committed_facts(ledger, segment), 1))
    if "contracts" in needs:
        families.append(("contracts", facts.contract_facts(ledger, segment, asked), 2))
    if "trials" in needs:
        window = ledger.ground.policy.trial_window
        families.append(("trials", facts.trial_facts(ledger, segment, asked, window, question.known_to), 2))
    if _sums_days(source, question):
        days = ibis.table(facts.PERIODS, name="asked_days")
        families.append(("daily", facts.by_period(flowing, days), 3))
    return families


_SHORT, _LONG = "asked_short_cohorts", "asked_cohorts"
_SHORT_DAYS = 100
"""The days in which few enough accounts move that it pays to look at those alone; a quarter has fewer."""


def _cohort_tables(question: Question) -> dict[str, list[tuple[int, int, date, date]]]:
    """The closed cohorts that a question needs, over few days and over many apart."""
    tables: dict[str, list[tuple[int, int, date, date]]] = {}
    if "retained" in question.needs:
        for row in question.cohort_rows():
            _, _, opening, end = row
            tables.setdefault(_SHORT if (end - opening).days <= _SHORT_DAYS else _LONG, []).append(row)
    return tables


def _sums_days(source: Source, question: Question) -> bool:
    """Whether churn is looked at day by day."""
    return "daily" in question.needs and source.ledger.ground.policy.churn_rate_formula == "daily_sum"


def _day_rows(question: Question) -> list[tuple[int, date, date]]:
    days = periods(question.periods[0].start, question.today, "day")
    return [(number, day.start, day.end) for number, day in enumerate(days)]


def _series(group: str, gathered: _Gathered, question: Question, source: Source) -> list[Figures]:
    """The figures of one group over all periods, each linked to the one before it."""
    policy = source.ledger.ground.policy
    level, customers, lines, subscriptions = (
        0,
        0,
        {"trial": 0, "usage": 0},
        _presence(gathered, "subscriptions", -1, group),
    )
    daily = _daily_churn(gathered, group, question) if gathered.other["daily"] else {}
    series: list[Figures] = []
    for number in range(-1, len(question.periods)):
        flows, moves, came = _kinds(gathered.flows[number, group], lines)
        if number == -1:
            level, customers = sum(flows.values()), came
            continue
        subscriptions += _presence(gathered, "subscriptions", number, group)
        made = Figures(
            question.periods[number],
            group,
            policy,
            level,
            flows,
            moves,
            customers,
            customers + came,
            daily_churn=daily.get(number),
            subscriptions=subscriptions,
            trial=lines["trial"],
            usage=lines["usage"],
        )
        made = _completed(made, number, gathered, question)
        made = replace(made, **_history(series, number, question))
        series.append(made)
        level, customers = made.closing, made.customers_closing
    return series


def _history(series: list[Figures], number: int, question: Question) -> dict[str, Any]:
    first = series[question.hidden] if number > question.hidden else None
    return {"previous": series[-1] if series else None, "first": first, "steps": max(number - question.hidden, 0)}


def _kinds(rows: list[Row], lines: dict[str, int]) -> tuple[dict[str, int], dict[str, int], int]:
    """Amounts and counts of movements by kind and the customers that came less those that went; lines move on."""
    flows: dict[str, int] = {}
    moves: dict[str, int] = {}
    came = 0
    for kind, amount, count, presence in rows:
        if kind in lines:
            lines[kind] += int(amount)
            continue
        came += int(presence)
        if kind != "presence":
            flows[kind], moves[kind] = int(amount), int(count)
    return flows, moves, came


def _presence(gathered: _Gathered, family: str, number: int, group: str) -> int:
    rows = gathered.other[family]
    return sum(int(row[-1]) for key, row in rows.items() if key[:2] == (number, group)) if rows else 0


def _completed(made: Figures, number: int, gathered: _Gathered, question: Question) -> Figures:
    """Figures with the facts of the other families."""
    other, key = gathered.other, (number, made.group)
    churned, joined = other["churners"].get(key, (0, 0))
    started, converted = other["trials"].get(key, (0, 0))
    retained = {
        window: Retained(*map(int, other["retained"].get((number, window, made.group), (0, 0, 0, 0, 0))))
        for window in question.windows
    }
    committed = None
    if "committed" in question.needs and question.today in made.period:
        committed = int(other["committed"].get((made.group,), (0,))[0])
    return replace(
        made,
        churned=churned,
        joined_and_churned=joined,
        trials=Trials(started, converted),
        retained=retained,
        committed=committed,
        served=int(other["served"].get(key, (0,))[0]),
        contracts=_contracts(other["contracts"].get(key), made.policy.one_time_in_contract_value),
    )


def _contracts(row: Row | None, one_time: str) -> Contracts:
    if row is None:
        return Contracts()
    run_rate, charged, once = (int(part or 0) for part in row)
    extra = annual(once) if one_time == "include" else Fraction(0)
    return Contracts(annual(run_rate) + extra, annual(charged) + extra)


def _daily_churn(gathered: _Gathered, group: str, question: Question) -> dict[int, Fraction | None]:
    """The sum over a period's days of the customers lost on the day / those at its start; None without customers."""
    rows = gathered.other["daily"]
    first = question.periods[0].start
    by_day: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (number, value, kind), (_, count, presence) in rows.items():
        if value == group and kind not in Lines:
            lost = int(count) if kind == "churn" else 0
            by_day[number] = (by_day[number][0] + int(presence), by_day[number][1] + lost)
    customers = by_day[-1][0]
    rates: dict[int, Fraction | None] = {}
    for number, period in enumerate(question.periods):
        total = None
        for day in range((period.start - first).days, (question.end(period) - first).days):
            came, lost = by_day[day]
            if customers:
                total = (total or Fraction(0)) + Fraction(lost, customers)
            customers += came
        rates[number] = total
    return rates
