"""The shapes of answers and bodies: from them the description follows, and by them bodies are read."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

R = TypeVar("R", bound=BaseModel)

Money = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", description="an exact decimal")]
Ratio = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", description="an exact decimal; 0.1 is 10 %")]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, description="an ISO date")]
Text = str | None
Cell = str | int | None


class Row(BaseModel):
    """A row by column; further columns stand where the question asks for them."""

    model_config = ConfigDict(extra="allow")


class Stamp(BaseModel):
    """What the figures were made with."""

    policy: str
    policy_version: Text
    policy_hash: str
    beside: str | None = Field(None, description="the other policy, where two are compared")
    currency: str
    timezone: str
    today: Day = Field(description="the last day that the figures look at")
    data_as_of: Text = Field(description="when the book last learned something, UTC")
    known_at: Text = Field(description="the time it was asked as known at, UTC; null is now")
    ledger_hash: str
    fiscal_year_start: str
    stale: Text = Field(description="what the sources lack, where that was allowed")


class Column(BaseModel):
    """A column of a table; money is in the column's currency."""

    name: str
    kind: Literal["text", "day", "money", "ratio", "count"]
    currency: str | None = None


class Table(BaseModel, Generic[R]):
    """A page of a table. `next` asks for the next page; null after the last."""

    subject: str
    stamp: Stamp | None
    columns: list[Column]
    rows: list[R]
    next: Text


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str


# -- rows ------------------------------------------------------------------------------------------------------------


class RollforwardRow(Row):
    """Opening + movements = closing; contraction, churn and left are positive and taken off."""

    period: str
    opening: Money
    new: Money
    expansion: Money
    reactivation: Money
    contraction: Money
    churn: Money
    exchange: Money
    closing: Money


class MetricRow(Row):
    """A period, the group if one was asked for, and each metric under its name."""

    period: str


class MetricAbout(Row):
    """A metric that can be asked for."""

    name: str
    unit: Literal["money", "count", "ratio"]
    about: str
    formula: str
    source: str
    empty: str


class Movement(Row):
    """One dated change of an account's MRR: before + mrr = after. Losses are negative."""

    day: Day
    account: str
    name: Text
    subscription: Text
    kind: str
    mrr: Money
    before: Money
    after: Money


class Cause(Row):
    """What one cause moved in a period. Losses are negative."""

    period: str
    kind: str
    cause: str
    mrr: Money
    movements: int


class Account(Row):
    """An account on the last day."""

    account: str
    name: Text
    country: Text
    status: Literal["active", "churned"]
    mrr: Money
    arr: Money
    since: Day | None
    last_moved: Day | None
    plans: Text


class Cohort(Row):
    """Accounts by the period of their first MRR: `size`, then what is left after so many periods; null is to come."""

    cohort: str
    size: int | Money


class Scheduled(Row):
    """A change that is known today and comes later."""


class FieldRow(Row):
    """A field to filter and break down by."""

    field: str


class Source(Row):
    """A source: rows_in = booked + unchanged + quarantined."""

    source: str
    imports: int
    rows_in: int
    booked: int
    unchanged: int
    quarantined: int
    removed: int
    waiting: int
    last_import: str
    good_to: Day | None
    state: str
    remedy: Text


class Import(Row):
    """An import: rows_in = booked + unchanged + quarantined."""

    source: str
    recorded_at: str
    tables: str
    files: Text
    rows_in: int
    booked: int
    unchanged: int
    quarantined: int
    removed: int
    complete: str
    good_to: Day | None
    state: str


class Fault(Row):
    """A fact that could not be read as it stands, or does not count."""

    source: str
    table: str
    file: Text
    row: int | None
    field: Text
    value: Text
    reason: Text
    remedy: Text
    severity: str


class PolicyAbout(Row):
    """A policy that can be asked for."""

    name: str
    version: int | None
    hash: str
    extends: str
    basis: str
    about: str


class Rule(Row):
    """A rule of a policy in words."""

    rule: str
    value: str
    in_words: str


class Switch(Row):
    """What one rule that differs is worth, between the MRR under the one policy and that under the other."""

    rule: str
    effect: Money | None
    mrr: Money | None
    accounts: int | None
    note: str


class Close(Row):
    """A closed month: what was reported, and what it is now."""

    period: str
    reported: Money
    now: Money
    difference: Money
    state: str
    by: str
    at: str
    policy: str
    note: str


class ClosedMonth(Row):
    """A closed month as it was reported, as it is now, or the difference; a reopened one as `listCloses` has it."""


class Difference(Row):
    """A movement that is not what it was when its month was closed."""

    column: str
    day: Day
    account: str
    kind: str
    then: Money
    now: Money
    difference: Money
    by_rules: Money
    learned: Text


class NoteRow(Row):
    """A note on a day."""

    id: int
    day: Day
    text: str
    author: str
    made_at: str


# -- documents -------------------------------------------------------------------------------------------------------


class Headline(BaseModel):
    """A metric of the period beside that of the one it is compared with."""

    name: str
    kind: Literal["money", "ratio", "count"]
    currency: Text = Field(description="the currency, where it is money")
    value: Text
    before: Text
    change: Text
    relative: Text = Field(description="the change as a share of what was before; null for ratios")


class Overview(BaseModel):
    """The headlines of the last whole period."""

    period: str
    compared: Text
    under_way: Text = Field(description="the period that goes on after the last day")
    withheld: Text = Field(description="why the latest figures are withheld, if so")
    figures: list[Headline]
    residual: Money = Field(description="what movements leave unexplained of the closing: 0")
    stamp: Stamp


class Explanation(BaseModel):
    """A number, how its parts make it, and where it comes from. Empty members are left out."""

    model_config = ConfigDict(extra="allow")

    about: str
    value: str | None = None
    unit: Literal["money", "count", "ratio", "number"] | None = None
    currency: str | None = None
    way: str | None = None
    parts: list[dict[str, Any]] | None = None
    stamp: Stamp | None = None


class AccountNow(BaseModel):
    """An account: its MRR on the last day, and its latest movements."""

    account: str
    name: Text
    mrr: Money
    currency: str
    movements: list[Movement]
    explanation: Explanation
    stamp: Stamp


class Received(BaseModel):
    """What became of rows that were sent: rows_in = booked + unchanged + quarantined."""

    number: int = Field(description="the number of the import")
    source: str
    table: str
    rows_in: int
    booked: int
    unchanged: int
    quarantined: int
    changed: int
    removed: int
    notes: int
    good_to: Day | None
    dry_run: bool
    problems: list[Fault] = Field(description=f"the first {1_000:,} rows that were not booked as they stood, and why")


class Closed(BaseModel):
    """The months that were closed, as reported."""

    rows: list[RollforwardRow]
    closed_by: str
    short: list[str] = Field(description="what ends before the last day, such as a source's data")
    stamp: Stamp


class Note(BaseModel):
    """A note that was made."""

    id: int
    day: Day
    text: str
    author: str
    made_at: str


# -- bodies ----------------------------------------------------------------------------------------------------------


class Given(BaseModel):
    """A body; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ToClose(Given):
    """A month, quarter or year to close."""

    period: str = Field(min_length=1, max_length=20, description="such as 2026-05, 2026-Q2 or 2026")
    note: str = Field("", max_length=2_000)
    dry_run: bool = False


class ToNote(Given):
    """A note to pin to a day."""

    day: date
    text: str = Field(min_length=1, max_length=2_000)
