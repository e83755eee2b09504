"""An engine that is not there, ends on the way, or lacks something: a plain error, and no half-written ledger."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from engines.conftest import free_port
from engines.desk import DUCKDB, built
from rollforward.book import Book
from rollforward.errors import EngineError, EngineLacksError, ReconciliationError, TooLargeError, UsageError
from rollforward.store import lake_build, spark
from rollforward.store.plans import Plan, Step

ITEM = {"customer": "a", "subscription": "a", "item": "a", "currency": "USD", "interval": "month", "amount": "10"}


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """The records of a small book, as record tables."""
    from rollforward.sources.canonical import translate_records

    folder = tmp_path_factory.mktemp("engines")
    book = Book.create(folder / "book", currency="USD")
    rows = [{**ITEM, "customer": f"c{number}", "starts": "2024-01-01"} for number in range(20)]
    book.take_in([translate_records("subscription_items", rows, source="s", timezone="UTC")], source="s")
    book.write_records(folder / "records")
    return folder / "records"


def nothing_is_left(folder):
    """Neither a result nor what was to become one."""
    return list(folder.iterdir()) == []


def test_an_engine_that_nobody_answers_for_is_named(records, tmp_path):
    url = f"sc://127.0.0.1:{free_port()}"
    with pytest.raises(EngineError, match=rf"{url}: nobody answers at 127.0.0.1:\d+ .*Nothing was kept. Start"):
        built(records, tmp_path / "out", url)
    assert nothing_is_left(tmp_path)


def test_a_port_that_speaks_something_else_is_told(records, tmp_path, monkeypatch):
    monkeypatch.setattr(spark, "_RETRIES", 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        url = f"sc://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EngineError, match="it does not speak Spark Connect"):
            built(records, tmp_path / "out", url)
    assert nothing_is_left(tmp_path)


def _hang_up(server):
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


@pytest.mark.parametrize("name", ["spark", "sc://", "sc:///x", "postgres://localhost", "sc://host:none"])
def test_a_name_that_is_no_engine_is_refused(name, records, tmp_path):
    with pytest.raises(UsageError, match=r"sc://HOST:PORT"):
        built(records, tmp_path / "out", name)
    assert nothing_is_left(tmp_path)


def test_a_token_in_the_address_is_not_repeated(records, tmp_path):
    with pytest.raises(EngineError) as raised:
        built(records, tmp_path / "out", f"sc://127.0.0.1:{free_port()}/;token=secret")
    assert "secret" not in str(raised.value)


def test_an_engine_that_dies_in_the_middle_leaves_no_ledger(records, tmp_path, mortal):
    told = []

    def kill_at_movements(step):
        told.append(step)
        if step == "how MRR moved":
            mortal.kill()

    with pytest.raises(EngineError, match="it ended, or was cut off, while 'how MRR moved' was made"):
        built(records, tmp_path / "out", mortal.url, progress=kill_at_movements)
    assert told[-1] == "how MRR moved"
    assert nothing_is_left(tmp_path)


def test_an_engine_that_dies_leaves_the_former_result(records, tmp_path, mortal):
    former = built(records, tmp_path / "out", mortal.url).ledger().ledger_hash
    mortal.kill()
    with pytest.raises(EngineError):
        built(records, tmp_path / "out", mortal.url, replace=True)
    assert Book.open(tmp_path / "out").ledger().ledger_hash == former
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_engine_that_does_arithmetic_another_way_is_found_out_before_it_builds(records, tmp_path, sail, monkeypatch):
    monkeypatch.setitem(spark.PROBES, "halves rounded to even", ("ROUND(CAST(2.5 AS DECIMAL(3, 1)), 0)", 2))
    with pytest.raises(EngineLacksError, match=r"cannot make 'halves rounded to even' .* is 3 there, and has to be 2"):
        built(records, tmp_path / "out", sail)
    assert nothing_is_left(tmp_path)


def test_a_function_that_an_engine_lacks_is_named_with_the_step(records, tmp_path, sail, monkeypatch):
    monkeypatch.setattr(lake_build, "plan_in", lambda *_: lacking_plan(Step("spans", "what counts", "SELECT fill(1)")))
    with pytest.raises(EngineLacksError, match=r"it cannot make 'what counts' \(.*fill.*\)\. Nothing was kept"):
        built(records, tmp_path / "out", sail)
    assert nothing_is_left(tmp_path)


def lacking_plan(step):
    return Plan([step], [], '{"overlaps": {"record": "int64"}}')


def test_a_proof_that_fails_keeps_nothing_and_leaves_the_former_result(records, tmp_path, engine, monkeypatch):
    former = built(records, tmp_path / "out", DUCKDB).ledger().ledger_hash
    true_plan = lake_build.plan_in

    def refuted(*arguments):
        plan = true_plan(*arguments)
        return Plan(plan.steps, [Step("foots", "before + amount = after", "SELECT 1, 2")], plan.schemas)

    monkeypatch.setattr(lake_build, "plan_in", refuted)
    with pytest.raises(ReconciliationError, match=r"before \+ amount = after. First breach: \(1, 2\)"):
        built(records, tmp_path / "out", engine, replace=True)
    with pytest.raises(ReconciliationError):
        built(records, tmp_path / "other", engine)
    monkeypatch.undo()
    assert Book.open(tmp_path / "out").ledger().ledger_hash == former
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_amount_that_does_not_fit_is_an_error_on_every_engine(engine, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "records"
    (folder / "subscription_items").mkdir(parents=True)
    from datetime import date
    from decimal import Decimal

    rows = pa.table(
        {
            "record": pa.array([1, 2], pa.int64()),
            "customer": ["a", "a"],
            "subscription": ["one", "two"],
            "amount": pa.array([Decimal(60000000000)] * 2, pa.decimal128(28, 10)),
            "currency": ["USD", "USD"],
            "interval": ["month", "month"],
            "starts": pa.array([date(2024, 1, 1)] * 2),
        }
    )
    pq.write_table(rows, folder / "subscription_items" / "a.parquet")
    with pytest.raises(TooLargeError):
        built(folder, tmp_path / "out", engine, currency="USD")
    assert not (tmp_path / "out").exists()


def test_a_build_that_is_killed_leaves_the_former_result_and_the_next_clears_up(records, tmp_path):
    out = tmp_path / "out"
    former = built(records, out, DUCKDB).ledger().ledger_hash
    script = (
        "import sys, time; from rollforward.book import Book\n"
        "def wait(step):\n"
        "    if step == 'proofs': print(step, flush=True); time.sleep(60)\n"
        "Book.build_from_records(sys.argv[1], sys.argv[2], replace=True, progress=wait)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(records), str(out)], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout.readline() == b"proofs\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Book.open(out).ledger().ledger_hash == former
    assert len(list(tmp_path.iterdir())) == 2
    built(records, out, DUCKDB, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_engine_is_given_up_on_soon(records, tmp_path, mortal):
    """Not a matter of speed: by itself the client goes on for ten minutes."""
    begun = time.monotonic()

    def kill(step):
        if step == "proofs":
            mortal.kill()

    with pytest.raises(EngineError):
        built(records, tmp_path / "out", mortal.url, progress=kill)
    assert time.monotonic() - begun < 240


def test_a_folder_that_the_engine_does_not_share_is_told(records, tmp_path, sail, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    true_write = spark.SparkConnect.write

    def write_elsewhere(self, sql, folder, buckets, about):
        true_write(self, sql, elsewhere / folder.name, buckets, about)

    monkeypatch.setattr(spark.SparkConnect, "write", write_elsewhere)
    with pytest.raises(EngineError, match="that is not seen from here"):
        built(records, tmp_path / "out", sail)
    shutil.rmtree(elsewhere)
    assert nothing_is_left(tmp_path)
