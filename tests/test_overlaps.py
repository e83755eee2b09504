"""Overlapping rows of an item are found by its number, and none is missed where items share one."""

import random
from datetime import date, timedelta

import duckdb
import ibis
import pytest

from rollforward.ledger import faults
from rollforward.store.plans import compiled

COLUMNS = {
    "customer": "string",
    "subscription": "string",
    "item": "string",
    "starts": "date",
    "ends": "date",
    "record": "int64",
    "until_next": "boolean",
}
KINDS = {"string": "VARCHAR", "date": "DATE", "int64": "BIGINT", "boolean": "BOOLEAN"}


def drawn(seed):
    """A few rows of a few items, most of which overlap another row."""
    chance = random.Random(seed)
    for record in range(chance.randint(2, 9)):
        starts = date(2026, 1, 1) + timedelta(days=chance.randint(0, 20))
        ends = starts + timedelta(days=chance.randint(1, 8))
        yield chance.choice("ab"), "s1", chance.choice("xy"), starts, ends, record, False


def found(rows):
    """The records that the engine sets aside."""
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {KINDS[kind]}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE items ({columns})")
        connection.executemany(f"INSERT INTO items VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        items = ibis.table(COLUMNS, name="items")
        suspects = faults.suspects(items)
        connection.execute(f"CREATE TABLE suspects AS {compiled(suspects)}")
        overlaps = faults.overlaps(items, ibis.table(suspects.schema(), name="suspects"))
        return sorted(record for (record,) in connection.execute(compiled(overlaps.select("record"))).fetchall())


def looked_for(rows):
    """The same by looking at each pair."""
    former = {
        row: [one[4] for one in rows if one[:3] == row[:3] and (one[3], one[5]) < (row[3], row[5])] for row in rows
    }
    return [row[5] for row in rows if former[row] and row[3] < max(former[row])]


@pytest.mark.parametrize("numbered", ["apart", "all alike"])
def test_no_overlap_is_missed_whatever_the_numbers_of_items(numbered, monkeypatch):
    if numbered == "all alike":
        monkeypatch.setattr(faults, "_number_of", lambda *_: ibis.literal(7))
    books = [list(drawn(seed)) for seed in range(60)]
    assert [found(rows) for rows in books] == [looked_for(rows) for rows in books]
    assert sum(map(len, map(looked_for, books))) > 40, "many overlap"
