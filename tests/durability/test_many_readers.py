"""A book that many threads ask at once, as a server does, while it changes: each answer is of one whole state."""

import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest

from durability.world import import_second, opened
from rollforward.errors import NotFoundError, UsageError
from rollforward.store import ledgers
from rollforward.store.database import Database
from rollforward.store.readers import Memory

THREADS = 8


def built(world, name):
    """A book of the first file, with its ledger."""
    path = world.copy(name)
    opened(path).build()
    return path


def answers_of(book):
    """What a book says of its MRR, its accounts and one of them, which one state of it says together."""
    months = tuple(book.metrics("mrr", "customers").rows[-1])
    footing = tuple(book.rollforward().rows[-1])
    listed = tuple(book.accounts().part(0, 5))
    return months, footing, listed


def states_of(world, name):
    """What the book says before an import and after it."""
    path = built(world, f"{name}_states")
    before = answers_of(opened(path))
    import_second(path, world)
    return before, answers_of(opened(path))


def test_eight_threads_ask_one_book_while_an_import_writes(world):
    before, after = states_of(world, "asked")
    assert before != after
    path = built(world, "asked")
    book, over = opened(path), Event()

    def ask():
        said = []
        while not over.is_set():
            said.append((tuple(book.metrics("mrr", "customers").rows[-1]), tuple(book.accounts().part(0, 5))))
        return said

    with ThreadPoolExecutor(THREADS) as pool:
        asking = [pool.submit(ask) for _ in range(THREADS)]
        try:
            import_second(path, world)
            book.ledger()
        finally:
            over.set()
        said = [answer for one in asking for answer in one.result()]
    assert {months for months, _ in said} <= {before[0], after[0]}
    assert {listed for _, listed in said} <= {before[2], after[2]}
    assert answers_of(book) == after


def test_a_book_that_stays_open_sees_what_another_one_writes(world):
    before, after = states_of(world, "seen")
    path = built(world, "seen")
    book = opened(path)
    assert answers_of(book) == before
    import_second(path, world)
    assert answers_of(book) == after


def test_who_reads_a_listing_goes_on_with_the_ledger_that_it_was_asked_of(world):
    path = built(world, "listed")
    book = opened(path)
    listing = book.accounts()
    count = listing.count()
    for file in (path / "ledgers").iterdir():
        file.unlink()
    with pytest.raises(NotFoundError, match="Ask for them again"):
        listing.count()
    assert book.accounts().count() == count


def test_a_reader_sees_one_state_while_another_gets_the_new_one(world):
    path = built(world, "one_state")
    database = Database(path)
    count = "SELECT count(*) FROM subscription_items"
    with database.sharing() as former:
        seen = former.execute(count).fetchall()
        import_second(path, world)
        with database.sharing() as new:
            assert new.execute(count).fetchall() != seen
        assert former.execute(count).fetchall() == seen


def test_what_is_asked_together_is_of_one_state_and_what_is_asked_after_it_of_the_new_one(world):
    path = built(world, "together")
    book = opened(path)
    with book.together():
        before = book.accounts().count()
        with book.together():
            assert book.accounts().count() == before
        assert book.entries() == []
    import_second(path, world)
    with book.together():
        book.entries()
        # The ledger is built meanwhile: its rows are read from the one that stands then.
        moved = book.movements().rows
        assert book.accounts().count() > before
    assert moved == opened(path).movements().rows


def test_threads_that_find_no_ledger_build_it_once(world, monkeypatch):
    book, builds, build = opened(world.copy("built_once")), [], ledgers.build

    def counted(*arguments):
        builds.append(arguments)
        return build(*arguments)

    monkeypatch.setattr(ledgers, "build", counted)
    with ThreadPoolExecutor(THREADS) as pool:
        hashes = {kept.ledger_hash for kept in pool.map(lambda _: book.ledger(), range(THREADS))}
    assert len(hashes) == 1
    assert len(builds) == 1


def test_an_open_book_leaves_nothing_behind_and_holds_no_file_that_was_replaced(world):
    path = built(world, "let_go")
    book = opened(path)
    answers_of(book)
    assert not (path / "tmp").exists()
    former = (path / "book.duckdb").stat().st_ino
    import_second(path, world)
    answers_of(book)
    gc.collect()
    assert former not in held_inodes()


def held_inodes():
    """The files that this process holds open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(descriptor.stat().st_ino)
    return found


SEGMENTS = (
    ({"customer": ("c1", "c2", "c21")}, None),
    ({"customer": "c30"}, "plan"),
    ({"plan": "Pro", "currency": ("EUR", "USD")}, "country"),
    ({"plan": "what O'Brien's called \ue0000\ue001"}, None),
    ({"cohort": ("2025-01-01", "2025-03-01")}, "cohort"),
)


@pytest.mark.parametrize(("where", "by"), SEGMENTS)
def test_what_is_kept_of_a_segment_says_what_is_worked_out_anew(world, monkeypatch, where, by):
    book = opened(built(world, "segments"))
    kept = book.metrics(where=where, by=by).rows
    again = book.metrics("mrr", "nrr", "grr", "churned_customers", every="quarter", where=where, by=by).rows
    monkeypatch.setattr(Memory, "recall_table", lambda *_: None)
    afresh = opened(book.path)
    assert kept == afresh.metrics(where=where, by=by).rows
    assert again == afresh.metrics("mrr", "nrr", "grr", "churned_customers", every="quarter", where=where, by=by).rows


def test_retention_is_the_same_from_who_moved_and_from_all_accounts(world, monkeypatch):
    book = opened(built(world, "retained"))
    import_second(book.path, world)
    asked = ("nrr", "grr", "customer_retention", "nrr_3m", "grr_12m", "churned_customers")
    by_who_moved = book.metrics(*asked).rows
    monkeypatch.setattr("rollforward.metrics.answers._SHORT_DAYS", 0)
    assert by_who_moved == opened(book.path).metrics(*asked).rows


def test_months_that_were_answered_are_not_looked_for_again_and_say_the_same(world, monkeypatch):
    asked = ("nrr", "grr", "nrr_3m", "churned_customers", "acv")
    book = opened(built(world, "months"))
    months = book.metrics(*asked, where={"country": ("DE", "FR")}, by="plan").rows
    opened_again = opened(book.path)
    for first in (date(2025, 4, 1), date(2025, 2, 1)):
        opened_again.metrics(*asked, start=first, where={"country": ("DE", "FR")}, by="plan")
    looked_for = []
    keep = Memory.keep
    monkeypatch.setattr(Memory, "keep", lambda self, *found: looked_for.append(found) or keep(self, *found))
    assert opened_again.metrics(*asked, where={"country": ("DE", "FR")}, by="plan").rows == months
    assert looked_for, "the months before February are new"
    looked_for.clear()
    assert opened_again.metrics(*asked, where={"country": ("DE", "FR")}, by="plan", every="month").rows == months
    assert not looked_for
    import_second(book.path, world)
    after = opened_again.metrics(*asked, by="plan").rows
    assert after == opened(book.path).metrics(*asked, by="plan").rows, "another state is looked into anew"


def test_the_end_of_a_listing_and_its_sums_say_what_its_rows_say(world):
    book = opened(built(world, "ends"))
    for listing in (
        book.movements(),
        book.movements(kind="churn"),
        book.movements(where={"plan": "Pro"}, start=date(2025, 3, 1)),
        book.movements(account="c30"),
        book.movements(least=Decimal(10**9)),
        book.accounts(),
        book.accounts(search="c2"),
        book.scheduled(),
    ):
        assert listing.last(7) == listing.rows[-7:]
        assert listing.count() == len(listing.rows)
        assert listing.total("mrr") == sum(row["mrr"] for row in listing.to_dicts())


def test_questions_in_little_memory_have_the_same_answers(world):
    book = opened(built(world, "bounded"))
    as_ever = book.metrics().rows, book.cohorts().rows, book.accounts().rows
    book.bound_memory("96MB")
    assert as_ever == (book.metrics().rows, book.cohorts().rows, book.accounts().rows)
    with pytest.raises(UsageError, match="such as 2GB"):
        book.bound_memory("little")
