"""A disk that is full, a file that is cut, a power that goes out."""

import os
import random
from pathlib import Path

import pytest

from cli.desk import run
from depth import deep
from durability.world import SECOND, import_second, ledger_of, opened, records_of
from rollforward.errors import DamagedError, DiskFullError
from rollforward.store import placing

LIMITS = deep(6)


def largest_files(path, number):
    """Sizes over the whole of what an operation writes, small ones and the last block among them."""
    chance = random.Random(5)
    return [0, 4096, path.stat().st_size - 1, *(chance.randrange(path.stat().st_size) for _ in range(number - 3))]


def test_an_import_that_fills_the_disk_changes_nothing_and_says_so(world):
    for limit in largest_files(world.folder / "built" / "book.duckdb", LIMITS):
        path = world.copy("full")
        ended = world.run("import", path, largest_file=limit)
        assert (ended["status"], ended.get("kind")) == (3, "DiskFullError"), (limit, ended)
        assert "is full" in ended["error"]
        assert "bytes were needed" in ended["error"]
        assert "Nothing was changed" in ended["error"]
        assert records_of(path) == world.former
        assert not (path / "tmp").exists(), "what was begun is gone"


def test_a_build_that_fills_the_disk_keeps_the_former_ledger(world):
    path = world.copy("full", of="built")
    truth = ledger_of(path)
    (file,) = (path / "ledgers").iterdir()
    for limit in largest_files(file, LIMITS):
        ended = world.run("build", path, largest_file=limit)
        assert (ended["status"], ended.get("kind")) == (3, "DiskFullError"), (limit, ended)
        assert ledger_of(path, built=False) == truth
        assert not (path / "tmp").exists()


def test_a_backup_that_fills_the_disk_leaves_no_archive(world):
    path = world.copy("full")
    archive = world.folder / "backup.zip"
    archive.unlink(missing_ok=True)
    ended = world.run("backup", path, largest_file=2_000)
    assert ended["kind"] == "DiskFullError"
    assert not archive.exists()
    assert not archive.with_name(f".part-{archive.name}").exists()


def test_a_disk_without_room_for_the_copy_is_told_before_a_byte_is_written(world, monkeypatch):
    class Full:
        free = 1000

    path = world.copy("full")
    monkeypatch.setattr(placing, "_CLONE", 0)
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda _: Full)
    needed = f"{(path / 'book.duckdb').stat().st_size:,}"
    with pytest.raises(DiskFullError, match=needed):
        import_second(path, world)
    monkeypatch.undo()
    assert records_of(path) == world.former


def test_a_full_disk_shuts_no_reader_out(world):
    path = world.copy("full", of="built")
    truth = ledger_of(path)
    ended = world.run("mrr", path, largest_file=0)
    assert ended["status"] == 0
    assert ended["mrr"]
    assert ledger_of(path, built=False) == truth


def cut(file, size):
    with file.open("r+b") as opened_file:
        opened_file.truncate(size)


@pytest.mark.parametrize("seed", range(deep(2)))
def test_what_a_dead_writer_left_is_swept_however_it_was_cut(world, seed):
    path = world.copy("cut")
    left = path / "tmp" / "0123456789abcdef"
    left.mkdir(parents=True)
    data = (path / "book.duckdb").read_bytes()
    (left / "book.duckdb").write_bytes(data[: random.Random(seed).randrange(len(data))])
    (path / "tmp" / "duckdb_temp_storage.tmp").write_bytes(b"laid aside")
    assert records_of(path) == world.former
    import_second(path, world, SECOND)
    assert records_of(path) == world.new
    assert not (path / "tmp").exists()


REFUSED = "refused: A file in `ledgers` can be deleted"


def read_or_refused(path):
    """The ledger as it is read, or built anew; or that it is refused, with the way out."""
    try:
        return ledger_of(path)
    except DamagedError as error:
        return f"refused: {str(error).split('. ')[1].split(':')[0]}"


@pytest.mark.parametrize("seed", range(deep(3)))
def test_a_ledger_that_was_cut_is_built_anew_or_refused_and_never_read(world, seed):
    path = world.copy("cut", of="built")
    truth = ledger_of(path)
    (file,) = (path / "ledgers").iterdir()
    cut(file, random.Random(seed).randrange(file.stat().st_size))
    assert read_or_refused(path) in {truth, REFUSED}
    opened(path).build()
    assert ledger_of(path, built=False) == truth, "a build mends it"


@pytest.mark.parametrize("seed", range(deep(3)))
def test_a_ledger_with_a_wrong_byte_is_built_anew_or_refused_and_never_read(world, seed):
    path = world.copy("cut", of="built")
    truth = ledger_of(path)
    (file,) = (path / "ledgers").iterdir()
    data = bytearray(file.read_bytes())
    data[random.Random(seed).randrange(len(data))] ^= 0x55
    file.write_bytes(data)
    assert read_or_refused(path) in {truth, REFUSED}
    opened(path).build()
    assert ledger_of(path, built=False) == truth


@pytest.mark.parametrize("seed", range(4 + deep(2)))
def test_records_that_were_cut_are_refused_with_a_way_out(world, seed):
    path = world.copy("cut")
    file = path / "book.duckdb"
    cut(file, [0, 1, 4096, 20_000][seed] if seed < 4 else random.Random(seed).randrange(file.stat().st_size))
    ran = run("mrr", "--book", path)
    assert ran.status == 1
    assert "is damaged" in ran.err
    assert "rollforward restore" in ran.err
    assert "Traceback" not in ran.err


def test_records_that_are_gone_are_refused_with_a_way_out(world):
    path = world.copy("cut")
    (path / "book.duckdb").unlink()
    ran = run("mrr", "--book", path)
    assert ran.status == 1
    assert "it is not there" in ran.err
    assert "rollforward restore" in ran.err


@pytest.fixture
def disk(monkeypatch):
    """What reaches the disk, in order: the bytes of a file, a name in a folder."""
    told = []
    replace, fsync = os.replace, os.fsync

    def replaced(made, place):
        told.append(("renamed", Path(place).name))
        replace(made, place)

    def synced(held):
        told.append(("synced", Path(f"/proc/self/fd/{held}").resolve().name))
        fsync(held)

    monkeypatch.setattr(os, "replace", replaced)
    monkeypatch.setattr(os, "fsync", synced)
    return told


def test_a_file_is_on_the_disk_before_its_name_is_and_its_name_before_the_writer_ends(world, disk):
    path = world.copy("power")
    import_second(path, world)
    assert disk == [("synced", "book.duckdb"), ("renamed", "book.duckdb"), ("synced", "power")]
    disk.clear()
    name = opened(path).build().name + ".duckdb"
    assert disk == [("synced", name), ("renamed", name), ("synced", "ledgers")]


def test_a_backup_and_a_restore_are_on_the_disk_before_they_end(world, disk):
    path, archive, place = world.copy("power"), world.folder / "power.zip", world.folder / "power-restored"
    book = opened(path)
    book.backup(archive, replace=True)
    assert disk == [("synced", ".part-power.zip"), ("renamed", "power.zip"), ("synced", world.folder.name)]
    disk.clear()
    book.restore(archive, place)
    synced = [name for what, name in disk[: disk.index(("renamed", place.name))] if what == "synced"]
    assert {"book.duckdb", "book.toml", ".restoring-power-restored"} <= set(synced)
    assert disk[-1] == ("synced", world.folder.name)
