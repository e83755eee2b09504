"""Books of other formats: an older one is brought to this release's, whole all the while; a newer one is refused."""

import duckdb
import pytest

from cli.desk import run
from durability.world import ledger_of, opened, records_of
from rollforward.book import Book
from rollforward.errors import FormatError
from rollforward.store.database import Database
from rollforward.store.migrations import MIGRATIONS
from rollforward.store.schema import FORMAT_VERSION

OF_VERSION_1 = """
CREATE TABLE ledgers (ledger VARCHAR PRIMARY KEY, imports BIGINT);
CREATE SCHEMA ledger_0123456789ab;
CREATE TABLE ledger_0123456789ab.movements AS SELECT range AS amount FROM range(200_000);
INSERT INTO ledgers VALUES ('ledger_0123456789ab', 1);
DROP TABLE entries; DROP TABLE corrections; DROP TABLE closes;
DROP TABLE account_links; DROP TABLE transfers; DROP TABLE exclusions;
ALTER TABLE imports DROP COLUMN removed; ALTER TABLE imports DROP COLUMN complete;
ALTER TABLE imports DROP COLUMN good_to; ALTER TABLE imports DROP COLUMN carried; ALTER TABLE imports DROP COLUMN chain;
UPDATE about SET format_version = 1;
"""
"""What a book of version 1 had besides, all in one file."""


@pytest.fixture
def older(world):
    """A book of version 1 with the records of the world's base."""
    path = world.copy("older")
    with duckdb.connect(str(path / "book.duckdb")) as connection:
        connection.execute(OF_VERSION_1)
    return path


def test_every_older_format_has_its_migration():
    assert sorted(MIGRATIONS) == list(range(1, FORMAT_VERSION))


def test_a_book_of_version_1_is_brought_up_to_date_by_the_next_command_which_says_so(older, world):
    size = (older / "book.duckdb").stat().st_size
    ran = run("mrr", "--book", older)
    assert ran.status == 0
    assert f"format version 1; bringing it to version {FORMAT_VERSION}" in ran.err
    assert "format version" not in run("mrr", "--book", older).err
    assert records_of(older) == world.former
    assert ledger_of(older) == ledger_of(world.copy("as_it_is"))
    assert (older / "book.duckdb").stat().st_size < size, "the room of the former ledgers is given back"


def test_the_numbers_of_records_go_on_after_a_migration(older, world):
    Book.open(older)
    for path in (older, world.copy("as_it_is")):
        import_into = opened(path)
        import_into.import_files([world.second], import_into.load_map(world.map), source="files")
    assert records_of(older) == records_of(path)


def test_a_book_of_version_1_with_a_log_beside_it_loses_nothing(older):
    """As a process of the former release left it that was killed: what it had committed stands in the log."""
    connection = duckdb.connect(str(older / "book.duckdb"))
    connection.execute("SET checkpoint_threshold = '1GB'")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("INSERT INTO problems (reason) VALUES ('stands in the log')")
    connection.close()
    assert (older / "book.duckdb.wal").exists()
    Book.open(older)
    with Database(older).reading() as now:
        assert now.execute("SELECT count(*) FROM problems WHERE reason = 'stands in the log'").fetchall() == [(1,)]
    assert not (older / "book.duckdb.wal").exists()


@pytest.mark.parametrize(
    ("where", "when"),
    [
        ("rollforward.store.database:copy", "after"),
        ("rollforward.store.database:migrate", "after"),
        ("rollforward.store.engine:finish", "after"),
        ("os:replace", "before"),
        ("os:replace", "after"),
    ],
)
def test_a_migration_that_dies_leaves_the_former_book_or_the_new_one(older, world, where, when):
    assert world.run("migrate", older, dies=[where, when])["status"] == -9
    Book.open(older)
    assert records_of(older) == world.former


def test_a_book_that_was_not_brought_up_to_date_is_not_read_wrongly(older):
    with pytest.raises(FormatError, match="format version 1"), Database(older).reading():
        pass


@pytest.mark.parametrize(("version", "remedy"), [(FORMAT_VERSION + 1, "later release"), (0, "restore a backup")])
def test_a_book_of_a_format_that_no_release_knows_is_refused(older, version, remedy):
    with duckdb.connect(str(older / "book.duckdb")) as connection:
        connection.execute("UPDATE about SET format_version = ?", [version])
    before = (older / "book.duckdb").read_bytes()
    for command in (("mrr", "--book", older), ("build", "--book", older)):
        ran = run(*command)
        assert ran.status == 1
        assert f"format version {version}" in ran.err
        assert remedy in ran.err
    assert (older / "book.duckdb").read_bytes() == before
