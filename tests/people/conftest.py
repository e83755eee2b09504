"""People to open doors for."""

import pytest
from sqlalchemy import create_engine, text

from people.door import DATABASES, Clock, people_in, with_everybody


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
