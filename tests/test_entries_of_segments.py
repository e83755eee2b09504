"""The entries of a segment of items (a plan, a currency) are the movements that its roll-forward counts."""

from collections import defaultdict
from itertools import pairwise

import pytest

from depth import DEPTH
from rollforward.book import Book, View
from rollforward.book.flows import FLOW_COLUMNS

CUSTOMERS = 120
SEGMENTS = (
    {"plan": "Team"},
    {"plan": ("Team", "Starter")},
    {"currency": "EUR"},
    {"plan": "Team", "country": ("DE", "US", "FR")},
    {"country": "DE"},
)
POLICIES = {
    "as it is": "",
    "by subscription": 'level = "subscription"\n',
    "by month": 'netting = "month"\n',
    "free ones count": 'free = "count"\n',
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segments") / "demo"
    Book.demo(folder, customers=CUSTOMERS).make(lambda *_: None)
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    for number, text in enumerate(POLICIES.values()):
        (policies / f"p{number}.toml").write_text(text, "utf-8")
    made = Book.open(folder)
    first, second = (row[0] for row in made.accounts(where={"country": "DE"}).part(0, 2))
    made.merge(second, into=first, reason="the same company", by="Ada")
    return made


VIEWS = {name: View(policy=f"p{number}") for number, name in enumerate(POLICIES)}
CELLS = [
    (where, name)
    for row, where in enumerate(SEGMENTS)
    for place, name in enumerate(VIEWS)
    if DEPTH > 1 or (row + place) % 2 == 0
]
"""Segments under policies: each with every other one in turn, and all of them in a deep run."""


@pytest.mark.parametrize(("where", "name"), CELLS)
def test_the_entries_of_a_segment_add_up_to_its_rollforward(book, where, name):
    view = VIEWS[name]
    rolled = book.rollforward(where=where, view=view).to_dicts()
    entries = book.movements(where=where, view=view).to_dicts()
    assert entries, "there is something to add up"
    by_cell = defaultdict(int)
    for entry in entries:
        by_cell[f"{entry['day']:%Y-%m}", entry["kind"]] += entry["mrr"]
    for row in rolled:
        for kind, sign in FLOW_COLUMNS.items():
            if kind in row:
                assert abs(by_cell.pop((row["period"], kind), 0) - sign * row[kind]) < 1e-6, (row["period"], kind)
    assert not any(by_cell.values()), "no entry is of a kind that the roll-forward does not show"


@pytest.mark.parametrize(("where", "name"), CELLS)
def test_each_entry_begins_where_the_one_before_it_ended(book, where, name):
    by_unit = defaultdict(list)
    for entry in book.movements(where=where, view=VIEWS[name]).to_dicts():
        assert abs(entry["before"] + entry["mrr"] - entry["after"]) < 1e-8
        by_unit[entry["account"], entry["subscription"]].append(entry)
    for entries in by_unit.values():
        assert entries[0]["before"] == 0
        assert all(one["after"] == other["before"] for one, other in pairwise(entries))


@pytest.mark.parametrize(("where", "name"), CELLS)
def test_accounts_of_a_segment_have_its_closing_mrr(book, where, name):
    view = VIEWS[name]
    (*_, last) = book.rollforward(where=where, view=view).to_dicts()
    accounts = book.accounts(where=where, view=view)
    assert abs(accounts.total("mrr") - last["closing"]) < 1e-6
    (account, *_) = accounts.part(0, 1)[0]
    of_one = book.movements(where=where, account=account, view=view).to_dicts()
    assert of_one == [one for one in book.movements(where=where, view=view).to_dicts() if one["account"] == account]
