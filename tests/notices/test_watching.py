"""Watched folders: whole files that are new or changed are imported once, and what is wrong with them is told."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest

from notices.world import HOOK, MAP, Clock, World, at
from rollforward.book import Book
from rollforward.errors import MapError, NotFoundError, UsageError
from rollforward.store.lock import writers_lock
from rollforward.surfaces.notices import Told, Watch, subscribe
from rollforward.surfaces.notices.delivering import logged
from rollforward.surfaces.notices.subscriptions import named

HEAD = "Customer,Price,Currency,Interval,Start\n"


@pytest.fixture
def here(tmp_path):
    clock = Clock(at("2026-06-30T12:00"))
    found = World(Book.create(tmp_path / "book", clock=clock, currency="EUR"), clock)
    (tmp_path / "in").mkdir()
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    return found


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


def watch(here, folder, to="ops@example.com", **more):
    told = Told(to).signed() if to else Told()
    made = Watch("billing", folder, "billing", folder.parent / "map.toml", told=told, **more)
    subscribe(here.book, here.keeper, made)
    return made


def pass_time(here, minutes=2):
    """The server looks once a minute."""
    for _ in range(minutes):
        here.run(here.clock.now + timedelta(minutes=1))


def put(file, *lines):
    file.write_text(HEAD + "".join(f"{line}\n" for line in lines), "utf-8")
    number = put.number = getattr(put, "number", 0) + 1
    os.utime(file, ns=(number * 10**9, number * 10**9))


def imports(here):
    return [(tuple(one["files"]), one["booked"], one["quarantined"]) for one in here.book.imports()]


def test_a_new_file_is_imported_once_it_is_whole_and_only_once(here, folder):
    watch(here, folder)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    pass_time(here, 1)
    assert imports(here) == []
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01", "bolt,50,EUR,month,2026-02-01")
    pass_time(here, 1)
    assert imports(here) == [], "it was still growing"
    pass_time(here, 4)
    assert imports(here) == [((str(folder / "a.csv"),), 2, 0)]
    assert here.mail.subjects == [], "there was nothing to tell"
    assert logged(here.keeper, "billing")[-1][1] == (
        "a.csv: import 1, 2 rows in = 2 booked + 0 unchanged + 0 quarantined"
    )


def test_a_file_that_changed_is_imported_again(here, folder):
    watch(here, folder)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    pass_time(here)
    put(folder / "a.csv", "acme,120,EUR,month,2026-01-01")
    pass_time(here)
    assert [booked for _, booked, _ in imports(here)] == [1, 1]
    assert here.book.metrics("mrr").rows[-1][-1] == 120


def test_rows_in_quarantine_are_told_once(here, folder):
    watch(here, folder)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01", "bolt,fifty,EUR,month,2026-01-01")
    pass_time(here, 5)
    assert here.mail.subjects == ["a.csv: 1 of 2 rows are in quarantine (book)"]
    assert "fifty" in here.mail.letters[0][1].text


def test_a_file_that_is_refused_is_told_and_tried_again_when_it_changes(here, folder):
    watch(here, folder, HOOK)
    (folder / "a.csv").write_text("Wrong,Head\n1,2\n", "utf-8")
    pass_time(here, 5)
    assert len(here.hook.got) == 1
    assert "could not be imported" in here.hook.got[0][2]
    assert imports(here) == []
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    pass_time(here)
    assert len(imports(here)) == 1


def test_files_that_are_being_written_or_are_none_are_left_alone(here, folder):
    watch(here, folder)
    for name in (".a.csv", "a.csv.part", "~a.csv", "a.csv.tmp"):
        put(folder / name, "acme,100,EUR,month,2026-01-01")
    (folder / "empty.csv").touch()
    (folder / "sub.csv").mkdir()
    pass_time(here, 3)
    assert imports(here) == []


def test_only_files_of_the_pattern_are_read(here, folder):
    watch(here, folder, pattern="terms-*.csv")
    put(folder / "terms-1.csv", "acme,100,EUR,month,2026-01-01")
    put(folder / "other.csv", "bolt,100,EUR,month,2026-01-01")
    pass_time(here, 3)
    assert [files for files, _, _ in imports(here)] == [(str(folder / "terms-1.csv"),)]


def test_files_wait_while_somebody_else_writes_to_the_book(here, folder):
    watch(here, folder)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    with writers_lock(here.book.path):
        pass_time(here, 3)
        assert imports(here) == []
    pass_time(here, 1)
    assert len(imports(here)) == 1


def test_a_complete_file_removes_what_it_no_longer_has(here, folder):
    watch(here, folder, complete=True)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01", "bolt,50,EUR,month,2026-01-01")
    pass_time(here)
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    pass_time(here)
    assert here.book.metrics("mrr").rows[-1][-1] == 100


def test_a_folder_that_is_gone_is_noted_and_does_no_harm(here, folder):
    watch(here, folder)
    folder.rmdir()
    pass_time(here, 3)
    assert [said for _, said in logged(here.keeper, "billing")] == [f"{folder} is no folder that can be read"]


def test_an_import_of_the_folder_is_looked_at_for_large_movements_at_once(here, folder):
    put(folder / "a.csv", "acme,100,EUR,month,2026-01-01")
    watch(here, folder)
    here.subscribe("big", over=Decimal(1000))
    pass_time(here)
    put(folder / "b.csv", "bolt,2000,EUR,month,2026-06-01")
    pass_time(here)
    assert here.mail.subjects == ["1 large movement: bolt"]


def test_a_map_that_is_wrong_is_refused_when_the_folder_is_added(here, folder):
    (folder.parent / "map.toml").write_text("shape = 'nothing'\n", "utf-8")
    with pytest.raises(MapError):
        watch(here, folder)
    with pytest.raises(NotFoundError):
        named(here.keeper, "billing")
    with pytest.raises(UsageError, match="source"):
        Watch("x", folder, " ", folder.parent / "map.toml")
