"""A backup is one state of the book, and only what it says it is comes back."""

import hashlib
import json
import stat
import zipfile

import pytest

from cli.desk import run
from durability.world import import_second, ledger_of, opened, records_of
from rollforward.book import Book
from rollforward.errors import BackupError, BookLockedError, UsageError


@pytest.fixture
def archive(world, tmp_path):
    """A backup of the built book, with a policy of its own."""
    path = world.copy("with_policy", of="built")
    (path / "policies").mkdir()
    (path / "policies" / "ours.toml").write_text('exchange_rate = "none"\n', "utf-8")
    file = tmp_path / "book.zip"
    opened(path).backup(file)
    return file


def changed(archive, to, change, *, manifest=True):
    """A copy of an archive whose files a function changed: a dict of names and bytes, which it may edit."""
    with zipfile.ZipFile(archive) as former:
        files = {name: former.read(name) for name in former.namelist()}
    change(files)
    if manifest:
        said = json.loads(files["manifest.json"])
        said["files"] = {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
            if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(said).encode()
    with zipfile.ZipFile(to, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return to


def test_what_is_backed_up_comes_back_the_same(world, archive, tmp_path):
    manifest = Book.restore(archive, tmp_path / "back")
    back = tmp_path / "back"
    assert records_of(back) == world.new
    assert opened(back).policy("ours").exchange_rate == "none"
    assert not (back / "ledgers").exists(), "ledgers are built anew"
    assert ledger_of(back) == ledger_of(world.folder / "built")
    assert manifest.ledgers == {opened(back).ledger().name: opened(back).ledger().ledger_hash}


def test_ledgers_come_along_when_they_are_asked_for(world, tmp_path):
    opened(world.copy("a", of="built")).backup(tmp_path / "all.zip", with_ledgers=True)
    Book.restore(tmp_path / "all.zip", tmp_path / "back")
    assert ledger_of(tmp_path / "back", built=False) == ledger_of(world.folder / "built")


def test_a_backup_holds_one_state_while_another_writes(world, tmp_path):
    """An import ends after the book's files were opened and before the first byte of the records is read."""
    path = world.copy("a")
    waiting = [lambda: import_second(path, world)]

    def progress(*_):
        if waiting:
            waiting.pop()()

    opened(path).backup(tmp_path / "one.zip", progress=progress)
    assert records_of(path) != world.former
    Book.restore(tmp_path / "one.zip", tmp_path / "back")
    assert records_of(tmp_path / "back") == world.former


def test_a_backup_never_replaces_a_file_unasked(world, archive):
    before = archive.read_bytes()
    ran = run("backup", archive, "--book", world.base)
    assert (ran.status, archive.read_bytes()) == (2, before)
    assert "--yes" in ran.err
    assert run("backup", archive, "--book", world.base, "--yes").status == 0
    assert archive.read_bytes() != before


@pytest.mark.parametrize(("name", "said"), [("inside/b.zip", "not a folder"), ("b.zip", "lies in the book itself")])
def test_a_backup_is_not_written_where_it_would_be_lost(world, name, said):
    path = world.copy("a")
    with pytest.raises(UsageError, match=said):
        opened(path).backup(path / name)


def test_two_backups_to_one_file_do_not_mix(world, tmp_path):
    path, waiting = world.copy("a"), [1]

    def progress(*_):
        if waiting:
            waiting.pop()
            with pytest.raises(BookLockedError, match="makes the same"):
                opened(path).backup(tmp_path / "b.zip")

    opened(path).backup(tmp_path / "b.zip", progress=progress)
    assert not waiting


def test_a_dry_run_writes_nothing(world, archive, tmp_path):
    ran = run("backup", tmp_path / "no.zip", "--book", world.base, "--dry-run")
    assert (ran.status, ran.out.split(" with ")[1]) == (0, "book.toml, book.duckdb\n")
    ran = run("restore", archive, tmp_path / "no", "--dry-run")
    assert ran.status == 0
    assert "is whole" in ran.out
    assert sorted(tmp_path.iterdir()) == [archive]


def test_nothing_is_restored_over_something(world, archive, tmp_path, monkeypatch):
    ran = run("restore", archive, world.base)
    assert ran.status == 2
    assert "is not empty" in ran.err
    (tmp_path / "file").touch()
    assert run("restore", archive, tmp_path / "file").status == 2
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "you stand in it" in run("restore", archive, ".").err
    monkeypatch.chdir(tmp_path)
    assert run("restore", archive, "empty").status == 0


HOSTILE = {
    "an absolute name": lambda files: files.update({"/policies/x.toml": b""}),
    "a way out": lambda files: files.update({"policies/../../x.toml": b""}),
    "a way out of Windows": lambda files: files.update({"policies\\..\\..\\x.toml": b""}),
    "a drive": lambda files: files.update({"C:/policies/x.toml": b""}),
    "a file that no book has": lambda files: files.update({"run-me.sh": b""}),
    "a crooked name": lambda files: files.update({"policies//x.toml": b""}),
    "a folder": lambda files: files.update({"policies/x/": b""}),
    "no records": lambda files: files.pop("book.duckdb"),
    "records that are none": lambda files: files.update({"book.duckdb": b"no database"}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused_though_its_manifest_agrees(archive, tmp_path, what):
    hostile = changed(archive, tmp_path / "hostile.zip", HOSTILE[what])
    ran = run("restore", hostile, tmp_path / "in" / "back")
    assert ran.status in {1, 2}, what
    assert "Traceback" not in ran.err
    assert "Nothing was put in place" in ran.err or "is damaged" in ran.err
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {"book.zip", "hostile.zip"}


DIFFERENT = {
    "a file more": lambda files: files.update({"policies/x.toml": b""}),
    "a file less": lambda files: files.pop("policies/ours.toml"),
    "other bytes": lambda files: files.update({"policies/ours.toml": b'exchange_rate = "spot"\n'}),
    "more bytes": lambda files: files.update({"policies/ours.toml": files["policies/ours.toml"] * 1000}),
    "no manifest": lambda files: files.pop("manifest.json"),
    "a manifest that is none": lambda files: files.update({"manifest.json": b"{"}),
    "a manifest of a list": lambda files: files.update({"manifest.json": b"[]"}),
    "a later layout": lambda files: files.update(
        {"manifest.json": files["manifest.json"].replace(b'"layout": 1', b'"layout": 2')}
    ),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_an_archive_that_differs_from_its_manifest_is_refused(archive, tmp_path, what):
    different = changed(archive, tmp_path / "different.zip", DIFFERENT[what], manifest=False)
    with pytest.raises(BackupError, match="Nothing was put in place"):
        Book.restore(different, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_link_in_an_archive_is_refused(archive, tmp_path):
    with zipfile.ZipFile(archive) as former, zipfile.ZipFile(tmp_path / "link.zip", "w") as made:
        for entry in former.infolist():
            if entry.filename.startswith("policies/"):
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(entry, former.read(entry.filename))
    with pytest.raises(BackupError, match="not a file that a book has"):
        Book.restore(tmp_path / "link.zip", tmp_path / "back")


@pytest.mark.parametrize("part", range(8))
def test_an_archive_that_was_cut_is_refused(archive, tmp_path, part):
    data = archive.read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) * part // 8])
    with pytest.raises(BackupError):
        Book.restore(tmp_path / "cut.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_archive_with_a_wrong_byte_is_refused(archive, tmp_path):
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 0x55
    (tmp_path / "wrong.zip").write_bytes(data)
    with pytest.raises(BackupError):
        Book.restore(tmp_path / "wrong.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()
