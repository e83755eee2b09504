"""Keepers: whatever keeps what scheduled work remembers, keeps it the same way."""

import threading

import pytest

from rollforward.errors import UsageError
from rollforward.surfaces.notices import FolderKeeper, MemoryKeeper


@pytest.fixture(params=["memory", "folder"])
def keeper(request, tmp_path):
    """A keeper of each kind. Whoever writes another enters it here."""
    return {"memory": MemoryKeeper, "folder": lambda: FolderKeeper(tmp_path / "notices")}[request.param]()


def test_what_is_put_is_there_until_something_else_is_or_it_is_removed(keeper):
    assert keeper.get("notice/board") is None
    keeper.put("notice/board", {"to": "ä", "days": [1, None, True]})
    keeper.put("sent/board", {"due": "x"})
    keeper.put("notice/a.b-c_d", {})
    assert keeper.get("notice/board") == {"to": "ä", "days": [1, None, True]}
    assert keeper.keys("notice") == ["notice/a.b-c_d", "notice/board"]
    keeper.put("notice/board", {"to": "else"})
    assert keeper.get("notice/board") == {"to": "else"}
    keeper.remove("notice/board")
    keeper.remove("notice/board")
    assert keeper.get("notice/board") is None
    assert keeper.keys("notice") == ["notice/a.b-c_d"]
    assert keeper.keys("nothing") == []


def test_what_is_got_can_be_changed_without_changing_what_is_kept(keeper):
    keeper.put("notice/board", {"days": [1]})
    keeper.get("notice/board")["days"].append(2)
    assert keeper.get("notice/board") == {"days": [1]}


@pytest.mark.parametrize(
    "key", ["notice/../../etc", "notice/", "notice/.x", "notice/a/b", "Notice/a", "notice/a b", "x"]
)
def test_a_key_is_a_kind_and_a_name_and_no_path(keeper, key):
    for act in (keeper.get, keeper.remove, lambda key: keeper.put(key, {})):
        with pytest.raises(UsageError):
            act(key)


def test_who_reads_meanwhile_reads_it_whole(keeper):
    texts = [{"text": letter * 50_000} for letter in "ab"]
    keeper.put("seen/big", texts[0])
    writer = threading.Thread(target=lambda: [keeper.put("seen/big", texts[turn % 2]) for turn in range(40)])
    writer.start()
    read = [keeper.get("seen/big") for _ in range(40)]
    writer.join()
    assert all(one in texts for one in read)


def test_only_its_owner_reads_what_is_kept_in_a_folder(tmp_path):
    keeper = FolderKeeper(tmp_path / "notices")
    keeper.put("notice/board", {"secret": "whsec_x"})
    (file,) = (tmp_path / "notices" / "notice").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("{", "utf-8")
    with pytest.raises(UsageError, match=r"board\.json is not JSON"):
        keeper.get("notice/board")
