"""Memory that is bounded: what does not fit is laid aside, and where that does not suffice it is said what would."""

import pytest

from rollforward.book import Book
from rollforward.errors import MemoryTooSmallError, UsageError

CUSTOMERS = 3_000


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    made = Book.demo(tmp_path_factory.mktemp("memory") / "demo", customers=CUSTOMERS)
    return made.make(lambda *_: None, replace=False)


def test_a_build_in_little_memory_makes_the_same_ledger(book):
    assert book.build(memory="96MB").ledger_hash == book.build().ledger_hash


def test_too_little_memory_is_told_with_what_is_needed_and_the_former_ledger_stays(book):
    former = book.build()
    (file,) = (book.path / "ledgers").iterdir()
    before = file.read_bytes()
    with pytest.raises(MemoryTooSmallError, match=r"1 MB may be held.* records needs some \d+ MB.*--memory \d+MB"):
        book.build(memory="1MB")
    assert file.read_bytes() == before
    assert not (book.path / "tmp").exists(), "what was begun is gone"
    assert book.ledger() == former


@pytest.mark.parametrize("size", ["", "2", "0GB", "2 gigabytes", "-1GB", "1.5GB"])
def test_what_is_no_size_is_refused_with_what_one_looks_like(book, size):
    with pytest.raises(UsageError, match="such as 2GB"):
        book.build(memory=size)


def test_sizes_are_read_in_any_case_and_with_a_space(book):
    assert book.build(memory="1 gb").ledger_hash
