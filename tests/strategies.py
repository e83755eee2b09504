"""Random books as case dicts: few ids, so that things collide, and days where calendars are hard."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

# Hypothesis mixes constants of whatever modules are loaded into what it draws, so that the same seed would draw other
# books in another order of tests. A seed is to say which books they are.
providers._get_local_constants = lambda: providers._local_constants  # noqa: SLF001  there is no setting for it

Json = dict[str, Any]

FIRST = date(2023, 11, 1)
LAST = date(2025, 2, 28)
MIDDLE = date(2024, 6, 30)
DAYS = (LAST - FIRST).days
"""The horizon: sixteen months with a leap day in them."""

HARD_DAYS = [
    date.fromisoformat(day)
    for day in (
        *("2023-11-01", "2023-11-30", "2023-12-01", "2023-12-31", "2024-01-01", "2024-01-30", "2024-01-31"),
        *("2024-02-01", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-30", "2024-03-31", "2024-04-30"),
        *("2024-05-31", "2024-06-30", "2024-08-31", "2024-12-31", "2025-01-01", "2025-01-31", "2025-02-28"),
    )
]
CURRENCIES = ("USD", "EUR", "KWD")
INTERVALS = (
    *(("month", count) for count in (1, 2, 3, 5, 6, 7, 12)),
    *(("year", 1), ("year", 2), ("week", 1), ("week", 2), ("day", 1), ("day", 7)),
)
STATUSES = (
    *("active",) * 8,
    "trialing",
    "trialing",
    "past_due",
    "past_due",
    "past_due",
    "paused",
    "unpaid",
    "incomplete",
    "canceled",
)
LENGTHS = (1, 2, 5, 14, 28, 29, 30, 31, 45, 60, 90, 182, 365)
GAPS = (0, 0, 0, 0, 1, 2, 7, 30, 31, 61, 100)

NUMBERS = st.integers(1, 90)
POLICY_VALUES: dict[str, SearchStrategy[Any]] = {
    "basis": st.just("invoices"),
    "months_per": st.fixed_dictionaries(
        {},
        optional={
            "day": st.sampled_from(("days_in_month", "30", "30.437", "0")),
            "week": st.sampled_from(("4", "4.33", "365/84", "0")),
        },
    ),
    "discounts": st.sampled_from(("recurring", "forever", "none")),
    "tax": st.just("include"),
    "trials": st.just("include"),
    "usage": st.just("include"),
    "free": st.just("count"),
    "past_due_days": st.sampled_from((1, 5, 14, 30)),
    "paused": st.just("include"),
    "churn_at": st.just("request"),
    "returning": st.sampled_from(("new", "expansion", "less_churn")),
    "returning_days": NUMBERS,
    "gap_days": st.sampled_from((1, 2, 7, 30, 31, 60)),
    "level": st.just("subscription"),
    "netting": st.just("month"),
    "same_month_new_and_churn": st.just("ignore"),
    "exchange_rate": st.one_of(
        st.sampled_from(("purchase", "period_end", "month_average", "none")),
        st.sampled_from(HARD_DAYS).map(lambda day: f"fixed:{day}"),
    ),
    "round": st.sampled_from(("subscription:2", "subscription:0", "line:2", "line:4", "line:2:down")),
    "proration": st.just("as_is"),
    "invoice_expiry_days": st.sampled_from((1, 31, 35, 45, 100)),
    "churn_rate_base": st.just("start_plus_new"),
    "churn_rate_joined": st.just("exclude"),
    "churn_rate_formula": st.just("daily_sum"),
    "ltv_churn": st.sampled_from(("trailing:3", "trailing:6")),
    "trial_window": st.just("ended"),
    "one_time_in_contract_value": st.just("include"),
}
"""Every key of a policy, each with its values other than the default."""


@st.composite
def policies(draw: DrawFn, max_keys: int = 4) -> Json:
    """A policy's `set`: some keys off their default. Every fourth or so counts invoices."""
    keys = draw(st.lists(st.sampled_from(sorted(POLICY_VALUES)), max_size=max_keys, unique=True))
    if _rarely(draw, 4) and "basis" not in keys:
        keys = ["basis", *keys[: max_keys - 1]]
    return without_contradictions({key: draw(POLICY_VALUES[key]) for key in keys})


def without_contradictions(changes: Json) -> Json:
    """The changes that contradict no other: a policy that does is refused."""
    netted = changes.get("netting") == "month" and "churn_rate_formula" in changes
    filled = changes.get("returning_days", 0) < changes.get("gap_days", 0)
    left_out = {*(["churn_rate_formula"] if netted else []), *(["returning_days"] if filled else [])}
    return {key: value for key, value in changes.items() if key not in left_out}


@st.composite
def books(draw: DrawFn, max_items: int = 4, policy: SearchStrategy[Json] | None = None) -> Json:
    """A case without `expect`: records of one to three customers under a random policy."""
    changes = draw(policies() if policy is None else policy)
    invoices = changes.get("basis") == "invoices"
    owners = draw(st.lists(_owners(), min_size=min(2, max_items), max_size=max_items, unique=True))
    table = "invoice_lines" if invoices else "subscription_items"
    if invoices:
        # An extension of prorated lines past their period says little about either rule.
        rows = draw(_invoice_lines(owners, prorated="invoice_expiry_days" not in changes))
    else:
        rows = [row for owner in owners for row in draw(_item_rows(owner))]
    return {
        "id": "random",
        "policy": {"preset": "default", "set": changes},
        "currency": draw(st.sampled_from(("USD", "USD", "EUR"))),
        "timezone": "UTC",
        "today": str(draw(st.sampled_from((LAST, LAST, date(2025, 2, 14), date(2024, 9, 1), date(2024, 2, 29))))),
        "records": {table: rows, "exchange_rates": draw(_exchange_rates())},
    }


Owner = tuple[str, str, str]


def _owners() -> SearchStrategy[Owner]:
    """Customer, subscription and item. Two customers may have a subscription of one name."""
    return st.tuples(st.sampled_from(("a", "b", "c")), st.sampled_from(("s", "t")), st.sampled_from(("i", "j")))


def _rarely(draw: DrawFn, times: int) -> bool:
    """Once in so many times; never in the simplest book."""
    return draw(st.integers(1, times)) == times


def _first_days() -> SearchStrategy[date]:
    """A day in the first half of the horizon, so that something is left to happen."""
    return _days().map(lambda day: day if day < MIDDLE else day - (LAST - MIDDLE))


def _days() -> SearchStrategy[date]:
    anywhere = st.integers(0, DAYS).map(lambda number: FIRST + timedelta(days=number))
    return st.one_of(st.sampled_from(HARD_DAYS), anywhere)


def _money(most: int = 30_000) -> SearchStrategy[str]:
    """An amount of 0 to 3 decimals, now and then 0."""
    usual = st.sampled_from(("100", "10", "1200", "9.99", "33.333", "0.001", "0"))
    return st.one_of(usual, st.builds(_decimal, st.integers(1, most), st.integers(0, 3)))


def _decimal(units: int, places: int) -> str:
    return format(Decimal(units).scaleb(-places), "f")


@st.composite
def _item_rows(draw: DrawFn, owner: Owner) -> list[Json]:
    """The rows of one item: terms that follow each other, or a change log."""
    base = _owned(owner, draw(st.sampled_from(("USD", "EUR", "KWD"))))
    rows = draw(_change_log() if _rarely(draw, 6) else _terms())
    return [{**base, **row} for row in rows]


def _owned(owner: Owner, currency: str) -> Json:
    """Whose a row is. Some rows leave their item, or subscription and item, to be told by the plan."""
    customer, subscription, item = owner
    names = {"customer": customer, "subscription": subscription, "item": f"{subscription}-{item}", "plan": item}
    left_out = {"i": (), "j": ("item", "subscription") if subscription == "t" else ("item",)}[item]
    return {**{name: value for name, value in names.items() if name not in left_out}, "currency": currency}


@st.composite
def _terms(draw: DrawFn) -> list[Json]:
    """One to four rows after each other, some after a gap, few over the end of the one before."""
    rows: list[Json] = []
    starts = draw(_first_days())
    for _ in range(draw(st.integers(1, 4))):
        ends = draw(st.one_of(st.none(), st.sampled_from(LENGTHS).map(timedelta(days=1).__mul__)))
        rows.append(draw(_row(starts, None if ends is None else starts + ends)))
        if ends is None:
            break
        overlap = _rarely(draw, 40)
        starts += timedelta(days=ends.days - 1) if overlap else ends + timedelta(days=draw(st.sampled_from(GAPS)))
    if _rarely(draw, 60):
        rows.append(dict(rows[0]))
    return rows


@st.composite
def _change_log(draw: DrawFn) -> list[Json]:
    """Rows that each end where the next one starts, in any order, the last perhaps a cancellation."""
    days = draw(st.lists(_days(), min_size=1, max_size=4, unique=True))
    rows = [{**draw(_row(day, None)), "until_next": True} for day in days]
    if draw(st.booleans()):
        max(rows, key=lambda row: str(row["starts"]))["status"] = "canceled"
    return rows


@st.composite
def _row(draw: DrawFn, starts: date, ends: date | None) -> Json:
    """The terms of one row. Most are plain; what is not, is so in one or two ways."""
    interval, count = draw(st.sampled_from(INTERVALS))
    row: Json = {
        "amount": draw(_money()),
        "quantity": draw(st.sampled_from(("1", "1", "1", "2", "3", "0", "2.5"))),
        "interval": interval,
        "interval_count": count,
        "status": draw(st.sampled_from(STATUSES)),
        "starts": str(starts),
        "ends": None if ends is None else str(ends),
    }
    for oddity in draw(st.lists(st.sampled_from(sorted(ODDITIES)), max_size=2, unique=True)):
        row.update(draw(ODDITIES[oddity](row, starts)))
    return row


def _kind(_row_so_far: Json, _starts: date) -> SearchStrategy[Json]:
    return st.sampled_from(({"kind": "usage"}, {"kind": "one_time", "interval": None}))


def _trial(_row_so_far: Json, starts: date) -> SearchStrategy[Json]:
    return st.sampled_from((1, 14, 30)).map(lambda days: {"trial_end": str(starts + timedelta(days=days))})


def _cancellation(row: Json, starts: date) -> SearchStrategy[Json]:
    """A request on a day on which the row runs, now and then on its first."""
    most = (date.fromisoformat(row["ends"]) - starts).days if row["ends"] else 200
    return st.integers(0, most).map(lambda days: {"cancel_requested": str(starts + timedelta(days=days))})


def _tax(row: Json, _starts: date) -> SearchStrategy[Json]:
    amount = Decimal(row["amount"])
    return st.sampled_from(("0.1", "0.25")).map(lambda share: {"tax_included": format(amount * Decimal(share), "f")})


def _discounts(_row_so_far: Json, starts: date) -> SearchStrategy[Json]:
    return st.lists(_discount(starts), min_size=1, max_size=3).map(lambda discounts: {"discounts": discounts})


def _plan(_row_so_far: Json, _starts: date) -> SearchStrategy[Json]:
    return st.just({"plan": "k"})


ODDITIES = {
    "kind": _kind,
    "plan": _plan,
    "trial": _trial,
    "cancellation": _cancellation,
    "tax": _tax,
    "discounts": _discounts,
}


@st.composite
def _discount(draw: DrawFn, row_starts: date) -> Json:
    """A discount of any kind. One that is not for ever has an end."""
    duration = draw(st.sampled_from(("once", "repeating", "forever")))
    starts = row_starts + timedelta(days=draw(st.sampled_from((-10, 0, 0, 1, 20, 45))))
    length = draw(st.sampled_from((0, 1, 28, 31, 60, 92)))
    percent = draw(st.booleans())
    given = draw(st.booleans())
    ends = max(starts, row_starts) + timedelta(days=length)
    return {
        "percent": draw(st.sampled_from(("10", "25", "33.3", "50", "100"))) if percent else None,
        "amount": None if percent else draw(_money(3000)),
        "duration": duration,
        "starts": str(starts) if given else None,
        "ends": None if duration == "forever" else str(ends),
    }


@st.composite
def _exchange_rates(draw: DrawFn) -> list[Json]:
    """Rates between the currencies at random days. Most begin before everything; few pairs have none."""
    rates: list[Json] = []
    for pair in (("EUR", "USD"), ("KWD", "USD"), ("KWD", "EUR")):
        days = draw(st.lists(_days(), min_size=1, max_size=6, unique=True))
        if _rarely(draw, 30):
            continue
        pair_days = days if _rarely(draw, 20) else [FIRST - timedelta(days=40), *days]
        rates += [_rate(pair, day, draw(st.integers(80, 400))) for day in pair_days]
    return rates


def _rate(pair: tuple[str, str], day: date, hundredths: int) -> Json:
    return {"date": str(day), "from": pair[0], "to": pair[1], "rate": _decimal(hundredths, 2)}


@st.composite
def _invoice_lines(draw: DrawFn, owners: list[Owner], *, prorated: bool) -> list[Json]:
    """The lines of all items. Those of one subscription are billed for the same periods."""
    rows: list[Json] = []
    for key in sorted({owner[:2] for owner in owners}):
        items = [owner for owner in owners if owner[:2] == key]
        rows += draw(_subscription_lines(items, prorated=prorated))
    numbered = [{**row, "invoice": f"{row['customer']}-{number}"} for number, row in enumerate(rows)]
    if numbered and _rarely(draw, 30):
        numbered.append(dict(numbered[0]))
    return numbered


PERIODS = (("month", 1), ("month", 1), ("month", 1), ("month", 3), ("month", 12), ("day", 7), ("day", 14), ("day", 10))


@st.composite
def _subscription_lines(draw: DrawFn, items: list[Owner], *, prorated: bool) -> list[Json]:
    """A chain of periods, each with a line for every item, a few with a change of terms in them."""
    unit, length = draw(st.sampled_from(PERIODS))
    currency = draw(st.sampled_from(CURRENCIES))
    anchor = draw(_first_days())
    rows: list[Json] = []
    skipped = draw(st.sets(st.integers(1, 6), max_size=1))
    for number in range(draw(st.integers(1, 6))):
        starts, ends = (_later(anchor, unit, length * step) for step in (number, number + 1))
        if number not in skipped:
            rows += [row for item in items for row in draw(_period_lines(item, currency, starts, ends, prorated))]
    return rows


def _later(anchor: date, unit: str, number: int) -> date:
    """The day so many days or months after another; in a too short month, its last."""
    if unit == "day":
        return anchor + timedelta(days=number)
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + number, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(anchor.day, (following - timedelta(days=1)).day))


@st.composite
def _period_lines(draw: DrawFn, item: Owner, currency: str, starts: date, ends: date, prorated: bool) -> list[Json]:
    """The line of one item for one period, with a credit and a charge for the rest of it where terms changed."""
    amount = draw(_money())
    line = {
        **_owned(item, currency),
        "line": "1",
        "amount": amount,
        "tax": draw(st.sampled_from(("0", "0", format(Decimal(amount) * Decimal("0.2"), "f")))),
        "discount": draw(st.sampled_from(("0", "0", "5"))),
        "kind": draw(st.sampled_from(("recurring",) * 8 + ("usage", "one_time"))),
        "period_start": str(starts),
        "period_end": str(ends),
        "issued": str(starts),
        "status": draw(st.sampled_from(("paid",) * 8 + ("open", "void", "uncollectible"))),
    }
    rows = [line]
    changed = prorated and _rarely(draw, 5)
    if changed and line["status"] in ("paid", "open") and line["kind"] == "recurring" and (ends - starts).days > 1:
        rows += draw(_change_within(line, starts, ends))
    if _rarely(draw, 12):
        rows.append({**line, "kind": "credit", "amount": f"-{amount}", "period_start": None, "period_end": None})
    return rows


@st.composite
def _change_within(draw: DrawFn, line: Json, starts: date, ends: date) -> list[Json]:
    """What is left of the old terms given back, at most the amount, and the new ones charged for it."""
    length = (ends - starts).days
    passed = draw(st.integers(1, length - 1))
    left = Decimal(line["amount"]) * (length - passed) / length
    changed = {**line, "tax": "0", "discount": "0", "period_start": str(starts + timedelta(days=passed))}
    kind = draw(st.sampled_from(("proration", "credit")))
    back = {**changed, "kind": kind, "amount": format(-left.quantize(Decimal("0.01"), rounding="ROUND_DOWN"), "f")}
    charge = {**changed, "kind": "proration", "amount": draw(_money(9000))}
    return draw(st.sampled_from(([back, charge], [charge], [back])))
