"""Whatever a file holds: no row is lost, none is counted twice, and nothing falls over."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rollforward.errors import MapError, UnreadableFileError
from rollforward.records.batch import arrow_schema
from rollforward.records.tables import TABLES
from rollforward.sources.canonical import translate_records
from rollforward.sources.files import read_files
from rollforward.sources.map_file import parse_map
from rollforward.sources.raw import RawRows
from rollforward.sources.translate import translate

COLUMNS = ("customer", "plan", "amount", "quantity", "currency", "interval", "status", "starts", "ends")
MAP = parse_map('shape = "terms"\n[columns]\n' + "".join(f'{name} = "{name}"\n' for name in COLUMNS))

NAMES = ("a.csv", "a.tsv", "a.json", "a.jsonl", "a.xlsx", "a.parquet", "a.csv.gz")

cells = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "c1", "10", "-1", "1,5", "$5", "(3)", "1e999", "NaN", "0.123456789012", "USD", "xyz", "month", "quarterly",
         "fortnight", "active", "gone", "2024-01-01", "2024-02-30", "2024-01-01T23:00:00-05:00", "9999-12-31",
         "NULL", "%s", '"'],
    ),
)  # fmt: skip
values = st.one_of(
    cells, st.booleans(), st.integers(), st.decimals(), st.floats(), st.lists(st.none()), st.dictionaries(cells, cells)
)


def counts_add_up(batch):
    quarantined = [problem for problem in batch.problems if problem.severity == "quarantined"]
    assert batch.rows_in == batch.rows.num_rows + len(quarantined)
    assert batch.rows.schema == arrow_schema(TABLES[batch.table])
    assert all(problem.reason and problem.remedy for problem in batch.problems)
    for name in ("subscription", "item"):
        assert name not in batch.rows.column_names or batch.rows.column(name).null_count == 0
    return True


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(*[cells] * len(COLUMNS)), max_size=8))
def test_every_row_of_a_file_is_booked_or_a_problem(rows):
    texts = [tuple(None if cell is None else cell.encode("utf-8", "replace").decode() for cell in row) for row in rows]
    columns = tuple(zip(*texts, strict=True)) if texts else tuple(() for _ in COLUMNS)
    batch = translate(RawRows(COLUMNS, columns, range(2, 2 + len(rows))), MAP, source="s", file="f", timezone="UTC")
    assert counts_add_up(batch)
    assert batch.rows_in == len(rows)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TABLES)), st.data())
def test_every_record_is_booked_or_a_problem(table, data):
    names = [*TABLES[table].names, "colour"]
    rows = data.draw(st.lists(st.dictionaries(st.sampled_from(names), values), max_size=6))
    batch = translate_records(table, rows, source="s", timezone="Europe/Berlin")
    assert counts_add_up(batch)
    assert batch.rows_in == len(rows)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl", "a.xlsx", "a.parquet", "a.csv.gz"]), st.binary(max_size=200)
)
def test_any_bytes_are_rows_problems_or_an_error_with_a_way_out(name, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        header = ",".join(COLUMNS).encode() + b"\n"
        path.write_bytes(header + content if content[:1] > b"@" else content)
        try:
            batches = list(read_files([path], MAP, source="s", timezone="UTC"))
        except (UnreadableFileError, MapError):
            return
        assert all(map(counts_add_up, batches))
