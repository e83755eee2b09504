"""Figures: the overview, the roll-forward, metrics, movements and their causes, cohorts, segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollforward.book.headlines import Headlines, headlines, residual
from rollforward.errors import UnknownNameError
from rollforward.formats import Answer, exact_rows
from rollforward.metrics.registry import every_metric, find
from rollforward.results import Cell, Result, ResultColumn, column
from rollforward.surfaces.api import models
from rollforward.surfaces.api.answering import Told
from rollforward.surfaces.api.operations import Group
from rollforward.surfaces.api.parameters import PART, SPAN, VIEW
from rollforward.surfaces.web.words import HEADLINES

if TYPE_CHECKING:
    from rollforward.book.headlines import Headline
    from rollforward.results import Stamp
    from rollforward.surfaces.api.calls import Call

group = Group("Figures")

BESIDE = ("committed_mrr", "trial_mrr", "usage_run_rate")
"""What stands beside MRR."""

_WHOLE = (*SPAN, "every", *PART, *VIEW)


@group.document(
    "/overview", "getOverview", model=models.Overview, takes=(*_WHOLE, "compare"), example={"to": "2026-05"}
)
def overview(call: Call) -> Told:
    """The headlines of the last whole period beside those it is compared with.

    MRR and what is made of it, for the last whole period up to `to`. Where sources are stale for it, those of the last
    period that they suffice for, and `withheld` says why.
    """
    ask = call.ask
    names = [*HEADLINES, *BESIDE]

    def made(book: Any) -> tuple[Headlines, Result]:  # noqa: ANN401
        found = headlines(book, names, **ask.spoken, compare=ask.compare)
        days = {"start": found.period.start, "end": found.period.last_day}
        return found, book.rollforward(**{**ask.spoken, **days})

    found, rolled = call.answer(made)
    stamp = found.stamp
    left = _said(column("residual", "money"), residual(rolled), stamp)
    return Told(
        {
            "period": found.period.label,
            "compared": found.compared.label if found.compared else None,
            "under_way": found.under_way.label if found.under_way else None,
            "withheld": found.withheld,
            "figures": [_headline(one, stamp) for one in found.figures],
            "residual": left,
        },
        stamp,
    )


def _headline(one: Headline, stamp: Stamp) -> dict[str, Any]:
    own = column(one.name, one.kind)
    said = {name: _said(own, getattr(one, name), stamp) for name in ("value", "before", "change")}
    relative = _said(column("relative", "ratio"), one.relative, stamp)
    currency = stamp.currency if one.kind == "money" else None
    return {"name": one.name, "kind": one.kind, "currency": currency, **said, "relative": relative}


def _said(own: ResultColumn, value: Cell, stamp: Stamp) -> str | None:
    said = exact_rows(Answer("value", (own,), [(value,)], stamp))[0][0]
    return None if said is None else str(said)


@group.table(
    "/rollforward", "getRollforward", row=models.RollforwardRow, takes=(*_WHOLE, "by"), example={"from": "2026-01"}
)
def rollforward(call: Call) -> Result:
    """Opening + movements = closing MRR, period by period.

    A row for each period, and for each group if `by` names a field. `entered` and `left` stand only under a filter by
    plan or the like, `transfer` and `restated` only where there is some.
    """
    ask = call.ask
    return call.answer(lambda book: book.rollforward(**ask.spoken, by=ask.by))


@group.table("/metrics", "listMetrics", row=models.MetricAbout)
def metrics(call: Call) -> Answer:  # noqa: ARG001
    """Every metric with its unit, formula and source.

    `nrr_24m` and the like, over any number of months, can be asked for too.
    """
    names = ("name", "unit", "about", "formula", "source", "empty")
    rows: list[tuple[Cell, ...]] = [tuple(getattr(one, name) for name in names) for one in every_metric()]
    return Answer("metric list", tuple(column(name, "text") for name in names), rows)


@group.table(
    "/metrics/{metrics}",
    "getMetrics",
    row=models.MetricRow,
    takes=(*_WHOLE, "by"),
    example={"metrics": "mrr,nrr_12m", "from": "2026-01"},
)
def values(call: Call) -> Result:
    """The values of one or more metrics, period by period.

    `metrics` is a name, or several with commas between. Null is unknown, such as a rate of nothing; it is never 0.
    """
    ask, names = call.ask, call.named["metrics"].split(",")
    for name in names:
        call.found(lambda name=name: find(name))  # type: ignore[misc]
    return call.answer(lambda book: book.metrics(*dict.fromkeys(names), **ask.spoken, by=ask.by))


@group.table(
    "/movements",
    "listMovements",
    row=models.Movement,
    takes=(*SPAN, *PART, "kind", "account", "causes", *VIEW),
    example={"from": "2026-06", "kind": "churn"},
)
def movements(call: Call) -> Result:
    """Every movement of MRR, by day.

    One dated change of an account's MRR each, that what is asked for lets through. The movements of a period and kind
    add up to that kind in the roll-forward.
    """
    ask, account = call.ask, call.one("account")
    kind, causes = call.one("kind"), call.flag("causes")
    return call.answer(
        lambda book: book.movements(
            **ask.days, where=ask.filters, kind=kind, account=account, causes=causes, view=ask.view
        )
    )


@group.table("/causes", "listCauses", row=models.Cause, takes=_WHOLE, example={"from": "2026-04", "every": "quarter"})
def causes(call: Call) -> Result:
    """What moved MRR in each period: price, quantity, plan, discount and the like."""
    ask = call.ask
    return call.answer(lambda book: book.causes(**ask.spoken))


@group.table(
    "/cohorts",
    "getCohorts",
    row=models.Cohort,
    takes=("measure", "percent", "every", *PART, *VIEW),
    example={"every": "quarter", "measure": "mrr"},
)
def cohorts(call: Call) -> Result:
    """What is left of the accounts that came in the same period.

    By month, quarter or year of their first MRR: `month_0` is the period itself. Null is still to come.
    """
    ask = call.ask
    measure, percent = call.one("measure") or "customers", call.one("percent") != "false"
    return call.answer(
        lambda book: book.cohorts(measure=measure, percent=percent, every=ask.every, where=ask.filters, view=ask.view)
    )


@group.table("/segments", "listFields", row=models.FieldRow)
def fields(call: Call) -> Answer:
    """The fields by which the book can be filtered and broken down."""
    found = call.answer(lambda book: book.fields())
    rows: list[tuple[Cell, ...]] = [(name,) for name in found]
    return Answer("fields", (column("field", "text"),), rows)


@group.table(
    "/segments/{field}",
    "getSegments",
    row=models.RollforwardRow,
    takes=_WHOLE,
    example={"field": "plan", "from": "2026-06"},
)
def segments(call: Call) -> Result:
    """The roll-forward of each value of a field."""
    ask, field = call.ask, call.named["field"]
    call.found(lambda: _among(field, call.served.answer("fields of the API", lambda book: book.fields())))
    return call.answer(lambda book: book.rollforward(**ask.spoken, by=field))


def _among(field: str, known: list[str]) -> None:
    if field not in known:
        raise UnknownNameError("field", field, known)


@group.table("/scheduled", "listScheduled", row=models.Scheduled, takes=(*PART, *VIEW))
def scheduled(call: Call) -> Result:
    """What is known today to end or change later."""
    ask = call.ask
    return call.answer(lambda book: book.scheduled(where=ask.filters, view=ask.view))
