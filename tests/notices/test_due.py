"""When a digest is due: once for each period that is over, at the book's time of day, missed ones once."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.world import at, world
from rollforward.surfaces.notices import Subscription, Told
from rollforward.surfaces.notices.due import is_due, last_due, next_due

EVERY = ("day", "week", "month")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe")
moments = st.datetimes(at("2025-01-01"), at("2027-01-01"))
times = st.times().map(lambda found: found.replace(second=0, microsecond=0))


@given(st.sampled_from(EVERY), times, st.sampled_from(ZONES), moments)
def test_now_lies_between_the_last_time_and_the_next(every, of_day, zone, now):
    last, following = last_due(every, of_day, zone, now), next_due(every, of_day, zone, now)
    assert last <= now < following
    assert last_due(every, of_day, zone, following) == following
    assert next_due(every, of_day, zone, last) == following


@given(st.sampled_from(EVERY), times, st.sampled_from(ZONES), st.lists(moments, min_size=1, max_size=30))
def test_whenever_the_server_runs_each_digest_is_due_once_and_the_last_is_never_missed(every, of_day, zone, ran):
    ran.sort()
    made = Subscription("s", Told("a@example.com"), every, of_day, added_at=ran[0] - timedelta(days=40))
    sent = []
    for now in ran:
        due = is_due(made, zone, sent[-1] if sent else None, now)
        sent += [due] if due else []
        assert sent[-1] == last_due(every, of_day, zone, now)
    assert sent == sorted(set(sent))


@pytest.mark.parametrize(
    ("of_day", "now", "due"),
    [
        ("08:00", "2026-03-29T12:00", "2026-03-29T06:00"),  # the day on which summer time began
        ("08:00", "2026-03-28T12:00", "2026-03-28T07:00"),
        ("02:30", "2026-03-29T12:00", "2026-03-29T01:30"),  # an hour that there was not: it comes later
        ("02:30", "2026-10-25T12:00", "2026-10-25T00:30"),  # an hour that came twice: the first time
    ],
)
def test_the_time_of_day_is_the_books_also_when_the_clocks_change(of_day, now, due):
    assert last_due("day", time.fromisoformat(of_day), "Europe/Berlin", at(now)) == at(due)


def test_a_digest_missed_while_the_server_was_down_is_sent_once_at_its_start():
    here = world("2026-03-15T12:00")
    here.learn(("acme", "100", "2026-01-01"))
    here.subscribe(every="month")
    here.run(at("2026-04-01T08:00"), at("2026-04-01T08:01"))
    assert here.mail.subjects == ["MRR 2026-03: 100.00 EUR (memory)"]
    here.run(at("2026-07-09T03:00"), at("2026-07-09T03:01"), at("2026-07-31T23:59"))
    assert [subject[:11] for subject in here.mail.subjects[1:]] == ["MRR 2026-06"]
    here.run(at("2026-08-01T08:00"))
    assert [subject[:11] for subject in here.mail.subjects[2:]] == ["MRR 2026-07"]


def test_who_subscribes_today_is_not_sent_what_was_due_yesterday():
    here = world("2026-06-30T12:00")
    here.learn(("acme", "100", "2026-01-01"))
    here.subscribe(every="day")
    here.run(at("2026-06-30T12:01"), at("2026-07-01T07:59"))
    assert here.mail.subjects == []
    here.run(at("2026-07-01T08:00"))
    assert here.mail.subjects == ["MRR 2026-06-30: 100.00 EUR (memory)"]


def test_a_week_is_told_of_on_monday_in_the_books_time_zone():
    here = world("2026-06-30T12:00", timezone="America/New_York")
    here.learn(("acme", "100", "2026-01-01"))
    here.subscribe(every="week", at=time(9, 30))
    here.run(at("2026-07-06T13:29"))
    assert here.mail.subjects == []
    here.run(at("2026-07-06T13:30"))
    assert here.mail.subjects == ["MRR 2026-W27: 100.00 EUR (memory)"]
