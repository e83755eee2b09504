"""Deliveries: tried again with growing pauses, signed, told in a log, and given up in the end."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from notices.world import HOOK, at, world
from rollforward.errors import NotFoundError, UsageError
from rollforward.surfaces.notices import Scheduled, delivering
from rollforward.surfaces.notices.addresses import PrivateAddressError
from rollforward.surfaces.notices.delivering import PAUSES, logged
from rollforward.surfaces.notices.mailing import UnsentError
from rollforward.surfaces.notices.subscriptions import forget, named

DUE = at("2026-07-01T08:00")


@pytest.fixture
def here():
    found = world("2026-06-30T12:00")
    found.learn(("acme", "100", "2026-01-01"))
    return found


def states(here):
    return [here.keeper.get(key)["state"] for key in here.keeper.keys("delivery")]


def test_a_webhook_is_signed_as_standard_webhooks_has_it(here):
    # The package that checks it has a clock of its own, so that the message is of now.
    now = here.clock.now = datetime.utcnow()  # noqa: DTZ003
    made = here.subscribe(to=HOOK)
    here.scheduled.send_now("board", now)
    ((url, headers, body),) = here.hook.got
    assert url == HOOK
    assert made.told.secret.startswith("whsec_")
    found = Webhook(made.told.secret).verify(body, headers)
    assert (found["type"], found["data"]["subscription"]) == ("mrr.digest", "board")
    with pytest.raises(WebhookVerificationError):
        Webhook(made.told.secret).verify(body.replace("mrr.digest", "mrr.other"), headers)


def test_what_is_not_taken_is_tried_again_with_growing_pauses_under_the_same_number(here):
    here.subscribe(to=HOOK)
    here.hook.status = 503
    now, tried = DUE, []
    while now < DUE + timedelta(hours=2):
        before = len(here.hook.got)
        here.run(now)
        tried += [now - DUE] * (len(here.hook.got) - before)
        now += timedelta(minutes=1)
    assert [int(pause.total_seconds() // 60) for pause in tried] == [0, 1, 6, 36]
    here.hook.status = 200
    here.run(DUE + timedelta(hours=3), DUE + timedelta(hours=4))
    assert len({headers["webhook-id"] for _, headers, _ in here.hook.got}) == 1
    assert len({body for _, _, body in here.hook.got}) == 1
    assert len(here.hook.got) == 5
    assert states(here) == ["sent"]


@pytest.mark.parametrize("status", [0, 301, 400, 404, 500])
def test_whatever_is_not_taken_is_given_up_after_a_good_day(here, status):
    here.subscribe(to=HOOK)
    here.hook.status = status
    now = DUE
    for pause in (*PAUSES, timedelta(days=5), timedelta(days=1)):
        here.run(now)
        now += pause
    assert len(here.hook.got) == len(PAUSES) + 1
    assert states(here) == ["failed"]
    assert "given up" in logged(here.keeper, "board")[-1][1]


def test_a_redirect_is_not_followed(here):
    here.subscribe(to=HOOK)
    here.hook.status = 302
    here.run(DUE)
    assert [url for url, _, _ in here.hook.got] == [HOOK]
    assert "a redirect, which is not followed" in logged(here.keeper, "board")[-1][1]


def test_a_webhook_that_is_gone_is_sent_nothing_more(here):
    here.subscribe(to=HOOK)
    here.hook.status = 410
    here.run(DUE, at("2026-08-01T08:00"), at("2026-09-01T08:00"))
    assert len(here.hook.got) == 1
    assert "410" in named(here.keeper, "board").is_off


def test_a_private_address_is_given_up_at_once(here):
    made = here.subscribe(to=HOOK)
    here.scheduled.outbox.keeper.put("sent/board", {"due": "2026-06-01T08:00:00Z"})

    def refused(url, headers, body):
        here.hook.got.append((url, headers, body))
        raise PrivateAddressError("hooks.example.com", "10.0.0.1")

    for now in (DUE, DUE + timedelta(days=1)):
        Scheduled(here.book, here.keeper, here.clock, here.mail, refused).run_due(now)
    assert len(here.hook.got) == 1
    assert states(here) == ["failed"]
    assert made.told.secret not in str(logged(here.keeper, "board"))


def test_a_letter_waits_for_its_server_and_one_that_nobody_takes_does_not(here):
    here.subscribe()
    here.mail.broken = UnsentError("connection refused")
    here.run(DUE)
    assert states(here) == ["waiting"]
    here.mail.broken = None
    here.run(DUE + timedelta(minutes=1))
    assert len(here.mail.letters) == 1
    here.mail.broken = UnsentError("550 no such user", is_final=True)
    here.run(at("2026-08-01T08:00"))
    assert sorted(states(here)) == ["failed", "sent"]


def test_a_mail_server_that_is_not_named_yet_can_be_named_before_the_next_try(here):
    here.subscribe()
    here.mail.broken = UsageError("no mail server is named")
    here.run(DUE)
    here.mail.broken = None
    here.run(DUE + timedelta(minutes=1))
    assert here.mail.subjects == ["MRR 2026-06: 100.00 EUR (memory)"]


def test_a_restart_sends_nothing_twice(here):
    here.subscribe()
    here.run(*(DUE + timedelta(minutes=minute) for minute in range(3)))
    assert len(here.mail.letters) == 1


def test_who_dies_between_keeping_a_digest_and_noting_it_sends_it_once(here, monkeypatch):
    here.subscribe()
    put = here.keeper.put

    def dies(key, value):
        if key.startswith("sent/"):
            raise KeyboardInterrupt
        put(key, value)

    monkeypatch.setattr(here.keeper, "put", dies)
    with pytest.raises(KeyboardInterrupt):
        here.run(DUE)
    monkeypatch.undo()
    here.run(DUE + timedelta(minutes=1), DUE + timedelta(minutes=2))
    assert len(here.mail.letters) == 1


def test_one_that_fails_keeps_no_other_from_being_told(here):
    here.subscribe("a", policy="default")
    here.subscribe("b")
    here.keeper.put("notice/a", here.keeper.get("notice/a") | {"policy": "no-such-policy"})
    here.run(DUE, DUE + timedelta(minutes=1))
    assert here.mail.subjects == ["MRR 2026-06: 100.00 EUR (memory)"]
    lines = logged(here.keeper, "a")
    assert len(lines) == 1, "the same failure is noted once"
    assert "no-such-policy" in lines[0][1]


def test_a_test_is_sent_at_once_and_changes_nothing_of_what_is_due(here):
    here.subscribe()
    _, outcome = here.scheduled.send_now("board", here.clock.now)
    assert outcome.state == "sent"
    here.run(DUE)
    assert [subject[:11] for subject in here.mail.subjects] == ["MRR 2026-05", "MRR 2026-06"]


def test_a_test_that_fails_is_not_tried_again(here):
    here.subscribe(to=HOOK)
    here.hook.status = 500
    _, outcome = here.scheduled.send_now("board", here.clock.now)
    assert (outcome.state, outcome.said) == ("failed", "answered 500: not taken")
    here.run(here.clock.now + timedelta(minutes=5))
    assert len(here.hook.got) == 1


def test_what_is_done_is_forgotten_but_for_the_last(here, monkeypatch):
    monkeypatch.setattr(delivering, "LOGGED", 3)
    here.subscribe(every="day")
    here.run(*(DUE + timedelta(days=day) for day in range(5)))
    assert len(here.mail.letters) == 5
    assert len(here.keeper.keys("delivery")) == 3
    assert len(logged(here.keeper, "board")) == 3
    assert all(here.keeper.get(key)["contents"] is None for key in here.keeper.keys("delivery"))


def test_who_unsubscribes_is_told_nothing_more_not_even_what_waits(here):
    here.subscribe(every="day", over=Decimal(5))
    here.mail.broken = UnsentError("down")
    here.run(DUE)
    here.mail.broken = None
    forget(here.keeper, "board")
    here.run(DUE + timedelta(hours=1))
    assert here.mail.letters == []
    assert [key for kind in ("notice", "sent", "seen", "journal", "delivery") for key in here.keeper.keys(kind)] == []
    with pytest.raises(NotFoundError):
        forget(here.keeper, "board")
