"""A demo book to ask, made once; who writes gets a copy."""

import shutil

import pytest

from api.desk import Desk, Ticking, make_book


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api") / "book"
    make_book(folder)
    return folder


@pytest.fixture(scope="session")
def desk(made, tmp_path_factory):
    """A desk that is only read from."""
    folder = tmp_path_factory.mktemp("api-read") / "book"
    shutil.copytree(made, folder)
    return Desk(folder)


@pytest.fixture
def own(made, tmp_path):
    """A desk of one's own, to write at."""
    shutil.copytree(made, tmp_path / "book")
    return Desk(tmp_path / "book", Ticking())
