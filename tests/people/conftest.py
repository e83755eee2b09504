"""People to open doors for."""

import shutil

import pytest
from sqlalchemy import create_engine, text

from people.door import DATABASES, Clock, people_in, with_everybody
from people.house import served_with
from rollforward.book import Book


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DATABASES, ids=lambda url: url.split(":")[0] if url else "sqlite")
def people(request, tmp_path, clock):
    """A book's people: nobody yet."""
    if request.param:
        with create_engine(request.param).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    made = people_in(tmp_path, clock, request.param)
    yield made
    made.close()


@pytest.fixture
def everybody(people):
    """A book with one user of each role: ada the admin, ann the analyst, vic the viewer, rex who sees no names."""
    return with_everybody(people)


@pytest.fixture(scope="session")
def small_book(tmp_path_factory):
    """A demo book of a few customers."""
    folder = tmp_path_factory.mktemp("small") / "book"
    Book.demo(folder, customers=40, clock=Clock()).make(lambda *_: None).build()
    return folder


@pytest.fixture
def house(small_book, tmp_path, clock):
    """A served book with one user of each role: its application. The book itself is nobody's to change."""
    made = with_everybody(people_in(tmp_path, clock))
    yield served_with(small_book, made, clock)
    made.close()


@pytest.fixture
def own_house(small_book, tmp_path, clock):
    """A served book with one user of each role, to be changed: its application."""
    folder = tmp_path / "book"
    shutil.copytree(small_book, folder)
    made = with_everybody(people_in(folder, clock))
    yield served_with(folder, made, clock)
    made.close()


@pytest.fixture
def open_house(small_book, tmp_path, clock):
    """A served book to which nobody signs in yet: its application."""
    made = people_in(tmp_path, clock)
    yield served_with(small_book, made, clock)
    made.close()
