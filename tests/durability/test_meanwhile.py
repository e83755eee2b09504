"""One writes, others read: a second writer is told, readers are never shut out, and each sees one whole state."""

import os
import signal

import pytest

from durability.world import at, import_second, ledger_of, opened, records_of
from rollforward.errors import BookLockedError
from rollforward.store.database import LEDGERS_KEPT, Database
from rollforward.store.workplace import sweep, workplace


@pytest.fixture
def held(world):
    """A book in which another process imports until the test ends."""
    path = world.copy("held", of="built")
    world.send("hold", path)
    writer = world.hear()["held"]
    yield path, writer
    os.kill(writer, signal.SIGKILL)
    assert world.hear()["status"] == -9


def test_a_second_writer_is_told_at_once_who_writes_and_since_when(world, held):
    path, writer = held
    with pytest.raises(BookLockedError, match=rf"process {writer}, .*since 20\d\d-.* UTC"):
        import_second(path, world)


def test_readers_answer_with_the_former_state_while_another_process_imports(world, held):
    path, _ = held
    assert records_of(path) == world.new
    assert opened(path).rollforward().to_dicts() == opened(world.folder / "built").rollforward().to_dicts()


def test_a_ledger_can_be_built_while_another_process_imports(held):
    path, _ = held
    before = ledger_of(path)
    opened(path).build()
    assert ledger_of(path, built=False) == before


def test_a_trial_of_an_import_needs_no_lock(world, held):
    path, _ = held
    book = opened(path)
    report = book.import_files([world.second], book.load_map(world.map), source="files", dry_run=True)
    assert report.unchanged == 60
    assert records_of(path) == world.new


def test_the_lock_of_a_killed_writer_is_free(world):
    path = world.copy("freed")
    world.send("hold", path)
    os.kill(world.hear()["held"], signal.SIGKILL)
    assert world.hear()["status"] == -9
    assert (path / "tmp").exists()
    import_second(path, world)
    assert not (path / "tmp").exists()


def test_one_process_reads_on_in_the_former_state_and_next_to_it_in_the_new_one(world):
    path = world.copy("long")
    database = Database(path)
    with database.reading() as former:
        count = former.execute("SELECT count(*) FROM subscription_items").fetchall()
        import_second(path, world)
        opened(path).build()
        assert former.execute("SELECT count(*) FROM subscription_items").fetchall() == count
        with database.reading() as new:
            assert new.execute("SELECT count(*) FROM subscription_items").fetchall() != count


def test_a_dead_mans_workplace_is_swept_and_a_living_ones_is_not(tmp_path):
    (tmp_path / "tmp" / "left").mkdir(parents=True)
    with workplace(tmp_path) as mine:
        sweep(tmp_path)
        assert [folder.name for folder in (tmp_path / "tmp").iterdir()] == [mine.name]
    assert not (tmp_path / "tmp").exists()


def test_who_may_only_read_a_folder_reads(world):
    if os.geteuid() == 0:
        path = world.copy("read_only", of="built")
        (path / "tmp").write_text("in the way of a workplace", "utf-8")
    else:
        path = world.copy("read_only", of="built")
        path.chmod(0o555)
    assert opened(path).rollforward().rows
    path.chmod(0o755)


def test_a_ledger_of_other_records_is_never_taken_for_current(world):
    """As many imports, other facts: what is put back by hand from a copy beside the ledgers of later records."""
    path = world.copy("swapped", of="built")
    former = ledger_of(path)
    other = world.copy("other")
    book = opened(other, "2026-06-02T09:00:00")
    book.import_files([world.folder / "first.csv"], book.load_map(world.map), source="files")
    (path / "book.duckdb").write_bytes((other / "book.duckdb").read_bytes())
    assert ledger_of(path, built=False) is None
    assert ledger_of(path) != former


def test_a_book_keeps_only_the_ledgers_that_were_asked_for_last(world):
    path = world.copy("many")
    for number in range(LEDGERS_KEPT + 2):
        (path / "ledgers").mkdir(exist_ok=True)
        old = path / "ledgers" / f"ledger_{number:012x}.duckdb"
        old.write_bytes(b"")
        os.utime(old, (number, number))
    kept = opened(path).build()
    names = sorted(file.stem for file in (path / "ledgers").iterdir())
    assert len(names) == LEDGERS_KEPT
    assert kept.name in names
    assert "ledger_000000000000" not in names


def test_an_empty_database_that_a_dead_init_left_is_no_book_yet(tmp_path):
    from rollforward.book import Book

    made = Book.create(tmp_path / "book", clock=at("2026-06-01"), currency="EUR")
    (made.path / "book.toml").unlink()
    assert Book.create(tmp_path / "book", currency="USD").settings.currency == "USD"
