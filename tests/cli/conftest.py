"""One small demo book for every test of the command line."""

import pytest

from cli.desk import make_demo, sitting_in


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    assert make_demo(folder).status == 0
    return folder


@pytest.fixture
def demo(demo_folder):
    with sitting_in(demo_folder):
        yield demo_folder


@pytest.fixture
def desk(tmp_path):
    with sitting_in(tmp_path):
        yield tmp_path
