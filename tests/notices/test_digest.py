"""The digest: the book's own figures, what moved, links; and where figures are withheld, the reason and no number."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from notices.world import HOOK, at, world
from rollforward.errors import UnknownNameError, UsageError
from rollforward.surfaces.links import Links
from rollforward.surfaces.notices.digest import digest


@pytest.fixture
def here():
    found = world("2026-06-30T12:00")
    found.learn(("acme", "100", "2026-01-01"), ("bolt", "50", "2026-05-03", "2026-06-10"), ("core", "70", "2026-06-20"))
    return found


def told(here, base="https://mrr.example.com", **more):
    made = here.subscribe(**more)
    return digest(here.book, made, Links(base), at("2026-07-01T08:00"))


def block(notice, name):
    found = json.loads(notice.payload("board", "2026-07-01T08:00:00Z"))["data"][name]
    return found["rows"]


def test_a_digest_has_the_figures_of_the_book(here):
    notice = told(here)
    rows = block(notice, "rollforward")
    assert [row["period"] for row in rows] == ["2026-05", "2026-06"]
    assert {name: rows[1][name] for name in ("opening", "new", "churn", "closing")} == {
        "opening": "150.00",
        "new": "70.00",
        "churn": "50.00",
        "closing": "170.00",
    }
    asked = here.book.metrics("mrr", "quick_ratio", start=date(2026, 6, 1), end=date(2026, 6, 30)).to_dicts()[0]
    headline = block(notice, "metrics")[1]
    assert Decimal(headline["mrr"]) == asked["mrr"] == 170
    assert Decimal(headline["quick_ratio"]) == asked["quick_ratio"]
    assert notice.title == "MRR 2026-06: 170.00 EUR (memory)"
    assert str(notice.stamp) in notice.text()


def test_what_moved_most_stands_first_and_leads_to_its_account(here):
    moved = block(told(here), "largest_movements")
    assert [(row["account"], row["mrr"]) for row in moved] == [("core", "70.00"), ("bolt", "-50.00")]
    assert moved[0]["link"] == "https://mrr.example.com/accounts/core"
    assert "<a href='https://mrr.example.com/accounts/core'>" in told(here, name="again").html()


def test_without_an_address_of_the_server_there_are_no_links(here):
    notice = told(here, base="")
    assert "href" not in notice.html()
    assert "http" not in notice.text()


def test_a_digest_of_a_part_is_of_that_part_and_so_are_its_links(here):
    notice = told(here, where=(("plan", ("Basic", "Free & Easy")),))
    assert {row["closing"] for row in block(notice, "rollforward")} == {"0.00"}
    mine = block(told(here, name="stripe", policy="stripe"), "largest_movements")
    assert mine[0]["link"] == "https://mrr.example.com/accounts/core?policy=stripe"
    assert "where=plan%3DBasic&where=plan%3DFree+%26+Easy" in notice.text()


def test_figures_of_a_stale_source_are_withheld_and_never_0():
    here = world("2026-06-01T12:00", stale_after=7)
    here.learn(("acme", "100", "2026-01-01"))
    here.subscribe()
    here.subscribe("hook", HOOK)
    here.run(at("2026-07-01T08:00"))
    ((_, letter),) = here.mail.letters
    assert letter.subject == "MRR 2026-06 is withheld (memory)"
    assert "source billing is good to 2026-06-01" in letter.text
    assert "source billing is good to 2026-06-01" in letter.html
    assert not re.search(r"\b(0|0\.00|100\.00)\b", letter.text)
    ((_, _, body),) = here.hook.got
    data = json.loads(body)["data"]
    assert "good to 2026-06-01" in data["withheld"]
    assert not {"rollforward", "metrics", "largest_movements"} & set(data)


def test_a_period_that_the_sources_cover_is_told_though_they_stopped_since():
    here = world("2026-06-30T12:00", stale_after=0)
    here.learn(("acme", "100", "2026-01-01"))
    here.subscribe()
    here.run(at("2026-07-01T08:00"))
    assert here.mail.subjects == ["MRR 2026-06: 100.00 EUR (memory)"]


def test_an_empty_book_is_told_to_be_empty():
    here = world("2026-06-30T12:00")
    here.subscribe()
    here.run(at("2026-07-01T08:00"))
    assert here.mail.subjects == ["MRR 2026-06 is not known (memory)"]


def test_rows_in_quarantine_are_told_of():
    here = world("2026-06-30T12:00", incomplete_above=Decimal(1))
    here.learn(("acme", "100", "2026-01-01"), ("bolt", "fifty", "2026-01-01"))
    assert "1 row is in quarantine, and so in no figure: https://mrr.example.com/sources." in told(here).text()


def test_a_hostile_name_stays_text(here):
    here.learn(("<img src=x onerror=alert(1)>\r\nBcc: all@example.com", "900", "2026-06-02"))
    notice = told(here)
    assert "<img" not in notice.html()
    assert "&lt;img src=x" in notice.html()
    assert "\nBcc:" not in notice.text()


def test_a_book_of_past_data_tells_of_its_own_last_month():
    here = world("2026-11-24T12:00", today=date(2026, 6, 30))
    here.learn(("acme", "100", "2026-01-01"))
    assert digest(here.book, here.subscribe(), Links(), at("2026-12-01T08:00")).about == "2026-06"


def test_what_the_book_cannot_answer_is_refused_when_somebody_subscribes(here):
    with pytest.raises(UnknownNameError, match="color"):
        here.subscribe(where=(("color", ("red",)),))
    with pytest.raises(UnknownNameError, match="policy"):
        here.subscribe(policy="strpie")
    assert here.keeper.keys("notice") == []
    here.subscribe()
    with pytest.raises(UsageError, match="already"):
        here.subscribe()


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@b", "https://user:pw@example.com/x", "https:///x", "ftp://example.com"]
)
def test_nobody_is_told_who_cannot_be(here, to):
    with pytest.raises(UsageError):
        here.subscribe(to=to)
