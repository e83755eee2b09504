"""How a map is worked out: bind by name, look at the values, and ask where both are silent."""

from __future__ import annotations

from dataclasses import replace

from rollforward.errors import NothingRecurringError
from rollforward.records.tables import TABLES, Column
from rollforward.sources.blanks import blank_words, without
from rollforward.sources.column_map import SHAPES, Binding, ColumnMap
from rollforward.sources.evidence import distinct
from rollforward.sources.fitting import fitting_roles, holds_intervals
from rollforward.sources.names import own_id_of_customers, plain, roles_of
from rollforward.sources.notation import settle_notation
from rollforward.sources.parsers import Reading, memo_for
from rollforward.sources.price_cuts import settle_discounts
from rollforward.sources.shapes import AMOUNTS, shape_of, tells_of_revenue
from rollforward.sources.wide import month_columns
from rollforward.sources.work import INTERVALS, MOST_WORDS, Question, Sample, Work

_PLAN_QUESTIONS = (
    ("amount", "cost"),
    ("interval", "bill by (day, week, month, year)"),
    ("status", "mean (active, trialing, canceled)"),
)
_LAST_DAY = ("the first day without service", "the last day with service")
_ROWS = ("a customer", "a subscription or something else")
_STATUS = ("of each row's own days", "of today")
_QUANTITY = ("of one unit", "of all units together")
_TRIAL_WORDS = (
    ("true", "trialing"),
    ("yes", "trialing"),
    ("1", "trialing"),
    ("false", "active"),
    ("no", "active"),
    ("0", "active"),
)


def work_out(sample: Sample) -> Work:
    """The map, the reasons and the questions for a file."""
    named = roles_of(sample.raw.columns)
    blanks = blank_words(sample.raw, named)
    sample = replace(sample, raw=without(sample.raw, blanks))
    roles = _with_own_id(fitting_roles(named, sample.raw), sample)
    shape, reason = shape_of(sample.file, sample.raw, roles)
    known = {"open": "terms", "perhaps_customers": "customers"}.get(shape, shape)
    work = Work(sample, roles, ColumnMap(shape=known, columns={}, empty=blanks), {"shape": reason})
    if blanks:
        work.reasons["empty"] = f"{' and '.join(map(repr, blanks))} is taken for an empty cell"
    if shape == "open":
        _ask_shape(work)
    if shape == "perhaps_customers":
        _ask_whether_customers(work)
    _bind_names(work)
    _settle_identity(work)
    _settle_customer(work)
    if SHAPES[work.column_map.shape] == "subscription_items":
        _settle_price(work)
        settle_discounts(work)
        _settle_status(work)
        _settle_last_day(work)
    _settle_line(work)
    _settle_payment(work)
    settle_notation(work)
    _ask_for_the_rest(work)
    return work


def _with_own_id(roles: dict[str, str], sample: Sample) -> dict[str, str]:
    """The roles, with the rows' own `id` as the customer in a table of customers."""
    own = None if tells_of_revenue(roles) else own_id_of_customers(sample.raw.columns, roles)
    return {"customer": own, **roles} if own else roles


def _ask_shape(work: Work) -> None:
    about = "The rows have no end. Does a later row end the former (change_log), or do all run on (terms)?"
    shape = work.ask("shape", about, ("change_log", "terms"))
    if shape:
        work.column_map = replace(work.column_map, shape=shape)


def _ask_whether_customers(work: Work) -> None:
    """Ask what the rows of a file without amounts are, where it speaks of plans or the like."""
    said = work.ask("rows", "The file has no amounts. What is each row?", _ROWS)
    if said == _ROWS[1]:
        raise NothingRecurringError(work.sample.file, "it has subscriptions without amounts or without a first day")


def _bind_names(work: Work) -> None:
    table = TABLES[work.column_map.table]
    for column in table.columns:
        source = work.roles.get(_role(column, work.roles))
        taken = {name for binding in work.columns.values() for name in binding.columns}
        if source is None or source in taken or column.name in {"until_next", "discounts", "attributes"}:
            continue
        if work.column_map.shape == "snapshots_wide" and column.name in {"date", "mrr"}:
            continue
        work.bind(column.name, Binding(columns=(source,)), f"the column is called {source!r}")
    if work.column_map.shape == "snapshots_wide":
        months = month_columns(work.sample.raw.columns, work.column_map)
        work.reasons["months"] = (
            f"{len(months)} columns are months, {months[0]} to {months[-1]}; a month stands for its last day"
        )


def _role(column: Column, roles: dict[str, str]) -> str:
    if column.name != "amount":
        return column.name
    return next((role for role in AMOUNTS if role in roles), "amount")


def _settle_price(work: Work) -> None:
    """What an amount is for: an MRR is for a month and for all units, whatever the billing interval says."""
    role = next((role for role in AMOUNTS if role in work.roles), None)
    interval = {"mrr": "month", "arr": "year"}.get(role or "")
    if interval:
        name = work.roles[role or ""]
        work.bind(
            "interval", Binding(constant=interval), f"{name!r} is an amount for a {interval}, however it is billed"
        )
        work.drop("quantity", "interval_count")
        work.reasons["quantity"] = f"{name!r} is for all units, so no quantity multiplies it"
    elif role == "amount" and "quantity" in work.columns:
        _ask_quantity(work)
    if role is None:
        _ask_amounts(work)


def _ask_quantity(work: Work) -> None:
    said = work.ask(
        "quantity", f"Is {work.roles['amount']!r} the price of one unit, or of all units together?", _QUANTITY
    )
    if said == _QUANTITY[1]:
        work.drop("quantity")


def _ask_amounts(work: Work) -> None:
    """The price of each plan, where the file names only plans."""
    plan = work.roles["plan"]
    plans = distinct(work.sample.raw, plan)
    if len(plans) > MOST_WORDS:
        raise NothingRecurringError(
            work.sample.file, f"it has no amounts, and {len(plans)} plans whose price it does not say"
        )
    for name, about in _PLAN_QUESTIONS:
        if name in work.columns:
            continue
        given = work.sample.answers.get(name)
        if isinstance(given, str):
            work.bind(name, Binding(constant=given), f"you said {given!r}")
        elif given:
            work.bind(name, Binding(columns=(plan,), words=tuple(given.items())), f"you said so for each {plan!r}")
        else:
            work.questions.append(Question(name, f"What does each {plan!r} {about}?", tuple(plans), is_closed=False))


def _settle_status(work: Work) -> None:
    if "status" not in work.columns:
        if flag := work.roles.get("trial_flag"):
            binding = Binding(columns=(flag,), words=_TRIAL_WORDS)
            work.bind("status", binding, f"{flag!r} says which rows are trials; the others count as active")
        return
    bound = work.columns["status"]
    if not bound.columns or bound.words:  # the owner has said what the status is
        return
    source = bound.columns[0]
    memo = memo_for("subscription_items", "status", Reading("UTC"))
    ended = [text for text in distinct(work.sample.raw, source) if memo[text] == "canceled"]
    if not ended or "ends" not in work.columns:
        return
    about = f"Some rows are {ended[0]!r} and have an end. Is it the status of each row's own days, or of today?"
    if work.ask("status", about, _STATUS) == _STATUS[1]:
        words = tuple((text, "active") for text in ended)
        work.bind(
            "status",
            Binding(columns=(source,), words=words),
            "the status is of today: such rows were active before",
        )


def _settle_identity(work: Work) -> None:
    """Where neither subscription nor item nor plan tells a customer's rows apart, the product does."""
    told = {"subscription", "item", "plan"} & work.columns.keys()
    product = work.columns.get("product")
    if product is not None and not told and "item" in TABLES[work.column_map.table].names:
        work.bind("item", product, f"each {product.columns[0]!r} of a customer is an item of its own")


def _settle_customer(work: Work) -> None:
    """Ask what customers go by, where each row has an id of its own beside the customer's name."""
    own = next((column for column in work.sample.raw.columns if plain(column) == "id"), None)
    named = work.columns["customer"].columns[0] if "customer" in work.columns else None
    if work.column_map.shape != "customers" or own is None or named in {own, None}:
        return
    said = work.ask("customer", "By which column do your other files name a customer?", (own, str(named)))
    if said:
        work.bind("customer", Binding(columns=(said,)), f"you said {said!r}")
    if said == own and "name" not in work.columns:
        work.bind("name", Binding(columns=(str(named),)), f"{named!r} is what people call the customer")


def _settle_last_day(work: Work) -> None:
    """Ask what an end means where some rows would have no days if it were the first day without service."""
    ends, starts = work.columns.get("ends"), work.columns.get("starts")
    if ends is None or starts is None:
        return
    raw = work.sample.raw
    pairs = zip(raw.column(starts.columns[0]) or (), raw.column(ends.columns[0]) or (), strict=True)
    same = sum(bool(start) and start == end for start, end in pairs)
    if not same:
        work.reasons["ends"] += "; it is taken as the first day without service"
        return
    about = f"{same} rows end on the day they start. What is the day in {ends.columns[0]!r}?"
    if work.ask("ends", about, _LAST_DAY) == _LAST_DAY[1]:
        work.bind("ends", replace(ends, last_day=True), "you said it is the last day with service")


def _settle_line(work: Work) -> None:
    """Tell invoice lines apart when nothing numbers them."""
    if work.column_map.shape != "invoice_lines" or "line" in work.columns:
        return
    columns = work.sample.raw.columns
    name = work.ask("line", "Which column tells the lines of an invoice apart?", columns)
    if name:
        work.bind("line", Binding(columns=(name,)), f"you said {name!r}")


def _settle_payment(work: Work) -> None:
    """Payments that name no payment are told apart by their rows' own id."""
    if work.column_map.shape != "payments" or "payment" in work.columns:
        return
    own = next((column for column in work.sample.raw.columns if plain(column) == "id"), None)
    if own:
        work.bind("payment", Binding(columns=(own,)), f"each row has its own {own!r}")


def _ask_for_the_rest(work: Work) -> None:
    """Ask for every required column that neither a name nor a value has settled."""
    table = TABLES[work.column_map.table]
    for column in table.columns:
        needed = column.required or (column.name == "interval" and table.name == "subscription_items")
        by_month = work.column_map.shape == "snapshots_wide" and column.name in {"date", "mrr"}
        asked = any(question.name == column.name for question in work.questions)
        if needed and not by_month and not asked and column.name not in work.columns:
            _ask_for(work, column)


def _ask_for(work: Work, column: Column) -> None:
    if column.name == "interval":
        _ask_interval(work)
        return
    name = work.ask(column.name, f"Which column is {column.about}?", work.sample.raw.columns)
    if name:
        work.bind(column.name, Binding(columns=(name,)), f"you said {name!r}")


def _ask_interval(work: Work) -> None:
    """Ask for the interval of all rows, or for the column that tells it for each, if one could."""
    used = work.column_map.source_columns()
    free = (name for name in work.sample.raw.columns if name not in used and name not in INTERVALS)
    columns = tuple(name for name in free if holds_intervals(work.sample.raw, name))
    about = "For which interval are the amounts?" + (" Or which column says it for each row?" if columns else "")
    said = work.ask("interval", about, (*INTERVALS, *columns))
    if said:
        binding = Binding(columns=(said,)) if said in columns else Binding(constant=said)
        work.bind("interval", binding, f"you said {said!r}")
