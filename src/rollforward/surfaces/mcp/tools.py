"""The tools: each asks the book one question and changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from rollforward.errors import UsageError
from rollforward.formats import Answer, answer_of
from rollforward.results import column
from rollforward.surfaces import written as values
from rollforward.surfaces.links import Links
from rollforward.surfaces.mcp.answers import paged, said
from rollforward.surfaces.mcp.asked import MOST, By, Filtered, Looking, Paged, Periodic, Ranged, asked

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.book.explaining.explanation import Explanation

HEADLINES = ("mrr", "arr", "net_new_mrr", "growth_rate", "customers", "arpa", "nrr", "grr", "gross_mrr_churn_rate")
"""The metrics of the overview, in order."""

Kind = Literal["new", "expansion", "contraction", "churn", "reactivation", "exchange", "transfer"]
Told = dict[str, Any]
_PERIODS = 6
_DEFINED = ("name", "unit", "about", "formula", "empty", "source")


@dataclass(frozen=True)
class OfWhat:
    """What is to be explained: a metric of a period, or an account's MRR or movement on a day."""

    metric: Annotated[str | None, Field(description="A metric, with `period`.")] = None
    period: Annotated[str | None, Field(description="2026-06-30, 2026-06, 2026-Q2 or 2026.")] = None
    account: Annotated[str | None, Field(description="An account's id, with `on` or `movement`.")] = None
    on: Annotated[str | None, Field(description="The account's MRR on a day.")] = None
    movement: Annotated[str | None, Field(description="What moved the account's MRR on a day.")] = None


@dataclass(frozen=True)
class Moved:
    """Which movements."""

    kind: Annotated[Kind | None, Field(description="Only those of a kind.")] = None
    account: Annotated[str | None, Field(description="Only those of an account, by id.")] = None
    largest: Annotated[bool, Field(description="The largest first, instead of in order of time.")] = False


@dataclass(frozen=True)
class Left:
    """What is shown of cohorts."""

    measure: Annotated[Literal["customers", "mrr"], Field(description="What is left of a cohort.")] = "customers"
    every: Annotated[Literal["month", "quarter", "year"], Field(description="The length of a period.")] = "quarter"
    percent: Annotated[bool, Field(description="Shares; amounts and customers where false.")] = True


@dataclass(frozen=True)
class Tools:
    """The questions that can be asked of a book. Each method is a tool; its docstring tells the asker what it is."""

    open: Callable[[], "Book"]
    clock: Callable[[], datetime]
    links: Links

    def overview(self, looking: Looking) -> Told:
        """How the company stands: headline metrics and the roll-forward of six months, and the state of the sources.

        The last month may be under way: see `today` in the stamp.
        """
        book = self.open()
        view = looking.view(book, self.clock)
        figures, flows = book.metrics(*HEADLINES, view=view), book.rollforward(view=view)
        page = self.links.page("/", asked(view))
        metrics = said(answer_of(figures, figures.rows[-_PERIODS:]), page)
        movements = self.links.page("/movements", asked(view))
        return {
            "metrics": metrics,
            "rollforward": said(answer_of(flows, flows.rows[-_PERIODS:]), movements),
            "sources": said(answer_of(book.sources(view=view)), self.links.page("/sources")),
            "stamp": metrics["stamp"],
            "link": page,
        }

    def rollforward(self, looking: Looking, filtered: Filtered, periodic: Periodic, page: Paged, by: By = None) -> Told:
        """Opening + new + expansion + reactivation - contraction - churn (and exchange) = closing MRR, by period.

        Losses are positive here and negative in movements.
        """
        book = self.open()
        view, where, days = looking.view(book, self.clock), filtered.chosen(), periodic.periods(book)
        query = [*asked(view, where, days), ("by", by)]
        result = book.rollforward(**days, by=by, where=where, view=view)
        return paged(result, self.links.page("/movements", query), page, query)

    def metrics(
        self,
        looking: Looking,
        filtered: Filtered,
        periodic: Periodic,
        page: Paged,
        names: Annotated[list[str], Field(min_length=1, description="Metrics, such as mrr, nrr_12m, arpa.")],
        by: By = None,
    ) -> Told:
        """The values of metrics by period: MRR, ARR, NRR, GRR, churn rates, ARPA, LTV and others.

        `metric_definitions` lists them all with their formulas.
        """
        book = self.open()
        view, where, days = looking.view(book, self.clock), filtered.chosen(), periodic.periods(book)
        query = [*asked(view, where, days), ("by", by)]
        result = book.metrics(*names, **days, by=by, where=where, view=view)
        return paged(result, self.links.page("/", query), page, query, names)

    def metric_definitions(
        self, names: Annotated[list[str] | None, Field(description="Which metrics. Default: all.")] = None
    ) -> Told:
        """What each metric means: its formula, its unit, when it has no value, and whose definition it is."""
        from rollforward.metrics.registry import every_metric, find

        listed = [find(name) for name in names or ()] or every_metric()
        rows = [tuple(str(getattr(metric, part)) for part in _DEFINED) for metric in listed]
        answer = Answer("metric_definitions", tuple(column(part, "text") for part in _DEFINED), list(rows))
        return said(answer, self.links.page("/definitions"))

    def movements(self, looking: Looking, filtered: Filtered, ranged: Ranged, moved: Moved, page: Paged) -> Told:
        """How MRR moved: each dated change of an account, with its MRR before and after. Losses are negative."""
        book = self.open()
        view, where, days = looking.view(book, self.clock), filtered.chosen(), ranged.days()
        query = [*asked(view, where, days), ("kind", moved.kind), ("account", moved.account)]
        result = book.movements(**days, kind=moved.kind, account=moved.account, where=where, view=view)
        link = self.links.page("/movements", query)
        if not moved.largest:
            return paged(result, link, page, query)
        if page.cursor:
            raise UsageError("the largest movements have no cursor. Ask for more of them with `limit`.")
        return said(answer_of(result, result.largest("mrr", page.limit)), link, total=result.count())

    def accounts(
        self,
        looking: Looking,
        filtered: Filtered,
        page: Paged,
        search: Annotated[str | None, Field(description="A part of the name or id.")] = None,
    ) -> Told:
        """Accounts, the largest first: MRR and ARR now, since when, the last movement, plans, active or churned."""
        book = self.open()
        view, where = looking.view(book, self.clock), filtered.chosen()
        query = [*asked(view, where), ("search", search)]
        return paged(
            book.accounts(where=where, search=search, view=view), self.links.page("/accounts", query), page, query
        )

    def account(
        self,
        looking: Looking,
        account: Annotated[str, Field(description="The account's id.")],
        on: Annotated[str | None, Field(description="A day. Default: the book's last day.")] = None,
    ) -> Told:
        """One account: its latest movements, and its MRR on a day with the subscriptions, records and rules behind."""
        book = self.open()
        view = looking.view(book, self.clock)
        link = self.links.account(account, asked(view))
        moved = book.movements(account=account, view=view)
        movements = said(answer_of(moved, moved.last(MOST)), link, total=moved.count())
        day = values.exact_day(on, "on") or book.today(view.as_of)
        opened = _opened(book.explain(account=account, on=day, view=view))
        return {"explanation": opened, "movements": movements, "stamp": movements["stamp"], "link": link}

    def cohorts(self, looking: Looking, filtered: Filtered, left: Left, page: Paged) -> Told:
        """Accounts by the period of their first MRR, and what is left of them after each. Null: not there yet."""
        book = self.open()
        view, where = looking.view(book, self.clock), filtered.chosen()
        result = book.cohorts(measure=left.measure, every=left.every, percent=left.percent, where=where, view=view)
        query = [*asked(view, where), ("measure", left.measure), ("every", left.every)]
        return paged(result, self.links.page("/retention", query), page, query, left.percent)

    def explain(
        self,
        looking: Looking,
        filtered: Filtered,
        what: OfWhat,
        limit: Annotated[int, Field(ge=1, le=50, description="Accounts and movements named for a figure.")] = 10,
    ) -> Told:
        """Why a number is what it is: its formula, accounts, movements, spans, records, raw rows, rules and rates.

        The parts of each number add up to it. `opens` names the arguments that open a part further.
        """
        book = self.open()
        view, where = looking.view(book, self.clock), filtered.chosen()
        opened = book.explain(
            what.metric,
            what.period,
            account=what.account,
            on=values.exact_day(what.on, "on"),
            movement=values.exact_day(what.movement, "movement"),
            where=where,
            limit=limit,
            view=view,
        )
        link = self.links.page("/explain", [*vars(what).items(), *asked(view, where)])
        return {"explanation": _opened(opened), "stamp": opened.stamp.to_dict() if opened.stamp else None, "link": link}

    def policy(
        self, name: Annotated[str | None, Field(description="A policy. Default: the book's own.")] = None
    ) -> Told:
        """What counts as MRR under a policy: every rule with its value and meaning; and the policies that there are."""
        from rollforward.book.policies import Policies

        book = self.open()
        policies = Policies(book.shelf, book.settings.policy)
        rules = said(policies.rules_and_statuses(name), self.links.page("/definitions", [("policy", name)]))
        return rules | {"policy": name or policies.standing, "policies": book.policies()}

    def problems(
        self,
        looking: Looking,
        page: Paged,
        severity: Annotated[
            Literal["quarantined", "set aside", "note"] | None, Field(description="Only those of one kind.")
        ] = None,
    ) -> Told:
        """What could not be read or does not count, with file, row, reason and remedy; and what the doctor finds."""
        book = self.open()
        view = looking.view(book, self.clock)
        link = self.links.page("/sources", asked(view))
        found = paged(book.problems(severity=severity, view=view), link, page, severity, asked(view))
        return found if page.cursor else found | {"checks": said(answer_of(book.doctor(view=view)), link)["rows"]}

    def closes(
        self,
        looking: Looking,
        month: Annotated[str | None, Field(description="A closed month, such as 2026-05, and what changed it.")] = None,
    ) -> Told:
        """Closed months: what was reported, what they are now; of one, each movement that makes the difference."""
        book = self.open()
        view = looking.view(book, self.clock)
        link = self.links.page("/closes" if month is None else f"/closes/{quote(month, safe='')}", asked(view))
        if month is None:
            return said(answer_of(book.closes(view=view)), link)
        found = book.restatement(month, view=view)
        return said(answer_of(found.figures), link) | {"differences": said(answer_of(found.movements), link)["rows"]}

    def every(self) -> list[Callable[..., Told]]:
        """The tools, in the order in which they are listed."""
        figures: list[Callable[..., Told]] = [self.overview, self.rollforward, self.metrics, self.metric_definitions]
        figures += [self.movements, self.accounts, self.account, self.cohorts]
        return [*figures, self.explain, self.policy, self.problems, self.closes]


def _opened(explanation: "Explanation") -> Told:
    """An explanation without its queries, which are long and of no use to who asks in words."""
    return {name: value for name, value in explanation.to_dict().items() if name not in {"sql", "stamp"}}
