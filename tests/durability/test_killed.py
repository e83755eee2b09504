"""A book that is killed at any moment of import, build and backup is the former or the new one, whole."""

import json
import time
import zipfile
from collections import Counter

import pytest

from durability.world import KILLS, SECOND, import_second, ledger_of, moments, opened, records_of

PARTS = 4
"""Kills are shared out in so many parts to each operation, so that several processes can run them."""

EACH = {"import": 4, "build": 2, "import_and_build": 1, "backup": 1, "close": 1, "exclude": 1}
"""How often each operation is killed, beside the others."""

KILLED = -9


def share(do):
    return max(1, round(KILLS * EACH[do] / sum(EACH.values()) / (PARTS if do == "import" else 1)))


def import_goes_on(path, state, world):
    """The next import, whichever state the last one left: the same book as if nobody had been killed."""
    if state == world.former:
        import_second(path, world, SECOND)
        assert records_of(path) == world.new
    else:
        report = import_second(path, world)
        assert (report.booked, report.unchanged) == (0, 60)
        assert records_of(path) == world.again


def nothing_is_left(path):
    """The next writer clears what a dead one left: nothing but the book stands in the folder."""
    assert {file.name for file in path.iterdir()} - {"book.toml", "book.duckdb", "book.lock", "ledgers"} == set()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_book_killed_while_it_imports_is_the_former_or_the_new_one(world, part):
    seen = Counter()
    for delay in moments(part, share("import"), world.took["import"]):
        path = world.copy("killed")
        ended = world.run("import", path, kill_after=delay)["status"]
        state = records_of(path)
        assert state in {world.former, world.new}, f"half a state after {delay:.4f} s"
        assert ended == KILLED or state == world.new
        import_goes_on(path, state, world)
        nothing_is_left(path)
        seen[ended] += 1
    assert seen[KILLED], "some were killed before they ended"


def test_a_book_killed_while_it_builds_has_a_whole_ledger_or_none(world):
    truth = ledger_of(world.folder / "built")
    seen = Counter()
    for delay in moments("build", share("build"), world.took["build"]):
        path = world.copy("killed", of="built")
        for file in (path / "ledgers").iterdir():
            file.unlink()
        world.run("build", path, kill_after=delay)
        found = ledger_of(path, built=False)
        assert found in {None, truth}, f"half a ledger after {delay:.4f} s"
        assert ledger_of(path) == truth
        assert records_of(path) == world.new, "a build writes no records"
        if found is None:
            nothing_is_left(path)
        seen[found is None] += 1
    assert seen[True], "some were killed before the ledger was there"


def test_a_book_killed_between_import_and_build_never_shows_the_ledger_of_other_records(world):
    of_new = ledger_of(world.folder / "built")
    path = world.copy("first_built")
    of_former = ledger_of(path)
    for delay in moments("both", share("import_and_build"), world.took["import_and_build"]):
        path = world.copy("killed", of="first_built")
        world.run("import_and_build", path, kill_after=delay)
        state = records_of(path)
        assert state in {world.former, world.new}
        assert ledger_of(path) == (of_former if state == world.former else of_new)


def test_a_backup_killed_leaves_the_former_archive_or_the_new_one(world):
    path, archive = world.copy("backed_up"), world.folder / "backup.zip"
    for delay in moments("backup", share("backup"), world.took["backup"]):
        archive.unlink(missing_ok=True)
        world.run("backup", path, kill_after=delay)
        assert records_of(path) == world.former
        if archive.exists():
            with zipfile.ZipFile(archive) as whole:
                assert whole.testzip() is None
                assert "book.duckdb" in json.loads(whole.read("manifest.json"))["files"]
        opened(path).backup(archive, replace=True)
        assert not archive.with_name(f".part-{archive.name}").exists()


@pytest.mark.parametrize("do", ["close", "exclude"])
def test_a_book_killed_while_a_person_closes_or_enters_has_it_whole_or_not(world, do):
    path = world.copy("closed")
    began = time.monotonic()
    assert world.run(do, path)["status"] == 0
    took, done = time.monotonic() - began, records_of(path)
    for delay in moments(do, share(do), took):
        path = world.copy("killed")
        world.run(do, path, kill_after=delay)
        state = records_of(path)
        assert state in {world.former, done}, f"half of it after {delay:.4f} s"
        if state == world.former:
            assert world.run(do, path)["status"] == 0
        assert records_of(path) == done
        nothing_is_left(path)


WORST = [
    ("rollforward.store.database:copy", "before", "former"),
    ("rollforward.store.database:copy", "after", "former"),
    ("rollforward.store.engine:attach_new", "after", "former"),
    ("rollforward.store.engine:finish", "before", "former"),
    ("rollforward.store.engine:finish", "after", "former"),
    ("rollforward.store.database:put_in_place", "before", "former"),
    ("rollforward.store.placing:to_disk", "before", "former"),
    ("rollforward.store.placing:to_disk", "after", "former"),
    ("os:replace", "before", "former"),
    ("os:replace", "after", "new"),
    ("rollforward.store.database:put_in_place", "after", "new"),
]
"""The steps of an import between which a state could be half, and the state that a death there must leave."""


@pytest.mark.parametrize(("where", "when", "left"), WORST)
def test_an_import_that_dies_at_a_step_leaves_the_state_of_that_step(world, where, when, left):
    path = world.copy("killed")
    assert world.run("import", path, dies=[where, when])["status"] == KILLED
    state = records_of(path)
    assert state == {"former": world.former, "new": world.new}[left]
    import_goes_on(path, state, world)
    nothing_is_left(path)


@pytest.mark.parametrize(
    ("where", "when", "is_there"),
    [
        ("rollforward.store.ledgers:sample_days", "before", False),
        ("rollforward.store.ledgers:require", "before", False),
        ("os:replace", "before", False),
        ("os:replace", "after", True),
    ],
)
def test_a_build_that_dies_at_a_step_leaves_a_proved_ledger_or_none(world, where, when, is_there):
    path = world.copy("killed", of="built")
    truth = ledger_of(path)
    for file in (path / "ledgers").iterdir():
        file.unlink()
    assert world.run("build", path, dies=[where, when])["status"] == KILLED
    assert (ledger_of(path, built=False) is not None) == is_there
    assert ledger_of(path) == truth
    opened(path).build()
    nothing_is_left(path)


@pytest.mark.parametrize(
    ("where", "when", "is_there"),
    [
        ("rollforward.store.incremental:sample_days", "before", False),
        ("rollforward.store.incremental:require", "before", False),
        ("rollforward.store.incremental:write_about", "before", False),
        ("rollforward.store.revising:attach", "after", False),
        ("rollforward.store.database:put_in_place", "before", False),
        ("os:replace", "before", False),
        ("os:replace", "after", True),
    ],
)
def test_a_ledger_that_dies_while_it_catches_up_is_the_former_or_the_new_one(world, where, when, is_there):
    path, truth = world.copy("killed", of="behind"), ledger_of(world.copy("truth", of="built"))
    assert world.run("catch_up", path, dies=[where, when])["status"] == KILLED
    assert (ledger_of(path, built=False) is not None) == is_there
    assert records_of(path) == world.late
    assert ledger_of(path) == world.caught_up != truth
    opened(path).build()
    nothing_is_left(path)
    assert ledger_of(path) == world.caught_up


def test_a_ledger_killed_at_any_moment_while_it_catches_up_is_the_former_or_the_new_one(world):
    seen = Counter()
    for delay in moments("catch_up", share("build"), world.took["catch_up"]):
        path = world.copy("killed", of="behind")
        world.run("catch_up", path, kill_after=delay)
        found = ledger_of(path, built=False)
        assert found in {None, world.caught_up}, f"half a ledger after {delay:.4f} s"
        assert ledger_of(path) == world.caught_up
        seen[found is None] += 1
    assert seen[True], "some were killed before the ledger was there"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_restore_that_dies_puts_a_whole_book_in_place_or_none(world, when):
    archive, place = world.folder / "whole.zip", world.folder / f"restored-{when}"
    opened(world.base).backup(archive, replace=True)
    order = {"from": str(archive), "to": str(place)}
    assert world.run("restore", place, dies=["os:replace", when], **order)["status"] == KILLED
    assert place.exists() == (when == "after")
    if when == "before":
        assert world.run("restore", place, **order)["status"] == 0
    assert records_of(place) == world.former
    assert not list(world.folder.glob(".restoring-*"))
