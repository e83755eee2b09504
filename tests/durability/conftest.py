"""One world for all durability tests of a process."""

import pytest

from durability.world import made


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    with made(tmp_path_factory.mktemp("durability")) as one:
        yield one
