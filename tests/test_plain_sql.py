"""What the benchmark compares a build with makes the same ledger: the same movements and the same cube, row by row."""

import importlib
from pathlib import Path

import duckdb
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def building(tmp_path, monkeypatch):
    """The part of the benchmark that builds, in a folder of its own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found = importlib.import_module("building")
    monkeypatch.setattr(found, "FOLDER", tmp_path)
    return found


def test_plain_sql_makes_the_ledger_of_the_benchmarks_book(building, tmp_path):
    book = building.benchmark_book(tmp_path, 400)
    book.build()
    spans, count = building.spans_in_parquet(book)
    assert count > 1_000
    building.plain_sql(spans)
    building.require_the_same(book)
    with duckdb.connect(str(tmp_path / "reference.duckdb")) as connection:
        kinds = connection.execute("SELECT DISTINCT kind FROM reference_cube WHERE dimension = 'plan'").fetchall()
        assert {"entered", "left", "trial", "usage"} <= {kind for (kind,) in kinds}, (
            "plans are left, and more than paid"
        )
        connection.execute("UPDATE reference_cube SET kind = 'new' WHERE kind = 'entered'")
    with pytest.raises(SystemExit, match="differ in cube"):
        building.require_the_same(book)
