"""Large movements are told at once, whenever they happened, and each once."""

import json
from decimal import Decimal

import pytest

from notices.world import HOOK, at, world
from rollforward.errors import UsageError
from rollforward.surfaces.notices import large


@pytest.fixture
def here():
    found = world("2026-06-01T12:00")
    found.learn(("acme", "5000", "2026-01-01"))
    found.subscribe("big", over=Decimal(1000))
    return found


def test_what_was_there_before_is_not_told(here):
    here.run(at("2026-06-01T12:01"), at("2026-06-01T12:02"))
    assert here.mail.subjects == []


def test_a_large_movement_is_told_once_and_a_small_one_never(here):
    here.learn(("bolt", "1000", "2026-06-01"), ("core", "999.99", "2026-06-01"), at=at("2026-06-01T13:00"))
    here.run(*(at(f"2026-06-01T13:0{minute}") for minute in range(5)))
    assert here.mail.subjects == ["1 large movement: bolt"]
    ((_, letter),) = here.mail.letters
    assert "https://mrr.example.com/accounts/bolt" in letter.html
    assert "core" not in letter.text


def test_a_movement_of_the_past_that_is_learned_today_is_told_today(here):
    here.learn(("bolt", "3000", "2026-02-01", "2026-03-01"), at=at("2026-06-20T13:00"))
    here.run(at("2026-06-20T13:01"))
    assert here.mail.subjects == ["2 large movements: bolt"]


def test_a_scheduled_loss_is_told_on_its_day(here):
    here.learn(("acme", "5000", "2026-01-01", "2026-06-15"), at=at("2026-06-02T09:00"))
    here.run(at("2026-06-02T09:01"), at("2026-06-14T23:59"))
    assert here.mail.subjects == []
    here.run(at("2026-06-15T00:00"))
    assert here.mail.subjects == ["1 large movement: acme"]


def test_a_movement_that_is_corrected_is_told_as_it_is_now(here):
    here.learn(("bolt", "2000", "2026-06-01"), at=at("2026-06-02T09:00"))
    here.run(at("2026-06-02T09:01"))
    here.learn(("bolt", "2500", "2026-06-01"), at=at("2026-06-02T10:00"))
    here.run(at("2026-06-02T10:01"))
    assert here.mail.subjects == ["1 large movement: bolt"] * 2
    assert "2,500.00" in here.mail.letters[1][1].text
    here.learn(("bolt", "2000", "2026-06-01"), ("core", "3000", "2026-06-01"), at=at("2026-06-02T11:00"))
    here.run(at("2026-06-02T11:01"))
    assert here.mail.subjects[2:] == ["1 large movement: core"], "the first is known already when it comes back"


def test_who_cannot_note_that_it_was_told_tells_it_once_all_the_same(here, monkeypatch):
    here.learn(("bolt", "2000", "2026-06-01"), at=at("2026-06-02T09:00"))
    put = here.keeper.put

    def full(key, value):
        if key == "seen/big":
            raise OSError("the disk is full")
        put(key, value)

    monkeypatch.setattr(here.keeper, "put", full)
    here.run(at("2026-06-02T09:01"), at("2026-06-02T09:02"))
    monkeypatch.undo()
    here.run(at("2026-06-02T09:03"))
    assert here.mail.subjects == ["1 large movement: bolt"]


def test_who_is_interrupted_before_it_is_noted_tells_it_once_all_the_same(here, monkeypatch):
    here.learn(("bolt", "2000", "2026-06-01"), at=at("2026-06-02T09:00"))
    put = here.keeper.put

    def dies(key, value):
        if key == "seen/big":
            raise KeyboardInterrupt
        put(key, value)

    monkeypatch.setattr(here.keeper, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        here.run(at("2026-06-02T09:01"))
    monkeypatch.undo()
    here.run(at("2026-06-02T09:02"), at("2026-06-02T09:03"))
    assert here.mail.subjects == ["1 large movement: bolt"]


def test_a_webhook_is_told_amounts_exactly():
    here = world("2026-06-01T12:00")
    here.learn(("acme", "1", "2026-01-01"))
    here.subscribe("big", HOOK, over=Decimal("1000.5"))
    here.learn(("bolt", "1000.505", "2026-06-01"), at=at("2026-06-01T13:00"))
    here.run(at("2026-06-01T13:01"))
    ((_, _, body),) = here.hook.got
    data = json.loads(body)
    assert data["type"] == "mrr.movements"
    assert data["data"]["over"] == "1000.5"
    assert data["data"]["movements"]["rows"][0]["mrr"] == "1000.505"


def test_large_movements_of_a_stale_book_are_told_with_its_staleness():
    here = world("2026-06-01T12:00", stale_after=0)
    here.learn(("acme", "1", "2026-01-01"))
    here.subscribe("big", over=Decimal(1000))
    here.learn(("bolt", "2000", "2026-06-02"), at=at("2026-06-01T13:00"))
    here.run(at("2026-06-03T09:00"))
    assert "stale: source billing good to 2026-06-01" in here.mail.letters[0][1].text


def test_a_threshold_that_makes_everything_large_is_refused(here, monkeypatch):
    monkeypatch.setattr(large, "MOST", 1)
    here.learn(("bolt", "2000", "2026-06-01"))
    with pytest.raises(UsageError, match="larger --over"):
        here.subscribe("all", over=Decimal("0.01"))
    assert here.keeper.keys("notice") == ["notice/big"]
