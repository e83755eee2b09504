"""What stands on the charts of some days: notes of people, changes of the policy, restated months, the year before."""

import re
from datetime import date

import httpx

from rollforward.book import Book, View, now
from rollforward.people.actor import Actor
from rollforward.surfaces.environment import people_of


def opened(site, address):
    """The text of a page; it has to be there."""
    answer = httpx.get(site + address, timeout=60)
    assert answer.status_code == 200, (address, answer.text)
    return answer.text


def marks(site, address):
    """The marks of a page's picture: the name of each, and where it leads."""
    page = opened(site, address)
    svg = page[page.index("<svg") : page.index("</svg>")]
    return {
        name: href.replace("&amp;", "&") for href, name in re.findall(r'<a href="([^"]*)" aria-label="([^"]*)"', svg)
    }


def test_a_note_stands_on_the_chart_and_leads_to_its_text(own_site, own_book):
    opened(own_site, "/")
    people_of(own_book, now).notes.add(date(2026, 5, 12), "Prices rose", by=Actor("Ada"))
    address = marks(own_site, "/?from=2026-01")["2026-05-12 note Prices rose"]
    assert address == "/?from=2026-01#notes-title"
    assert 'id="notes-title"' in opened(own_site, address)


def test_a_closed_month_that_is_shown_otherwise_pins_its_restatement(own_site, own_book):
    book = Book.open(own_book)
    book.close("2026-05", by="Ada")
    assert "was reported" not in opened(own_site, "/")
    reported = book.rollforward(start=date(2026, 5, 1), end=date(2026, 5, 31)).to_dicts()[0]["closing"]
    largest = book.accounts().part(0, 1)[0]
    book.exclude(largest[0], reason="a test account", by="Ada")
    (name,) = [name for name in marks(own_site, "/") if "was reported" in name]
    assert name.startswith(f"2026-05-31 restatement 2026-05 was reported as {reported:,.2f}, and is ")
    assert "What changed since" in opened(own_site, marks(own_site, "/")[name])
    assert name.removeprefix("2026-05-31 restatement ") in opened(own_site, "/")


def test_a_change_of_the_policy_pins_itself_and_a_built_in_one_never_changes(own_site, own_book):
    book, ours = Book.open(own_book), View(policy="ours")
    (own_book / "policies").mkdir(exist_ok=True)
    for version, rule in ((1, 'discounts = "all"'), (2, 'discounts = "none"')):
        (own_book / "policies" / "ours.toml").write_text(f"{rule}\n", "utf-8")
        book.metrics("mrr", start=date(2026, 6, 1), view=ours)
        noted = own_book / "policies" / "versions" / f"ours@{version}.toml"
        text = re.sub(r"noted \S+", f"noted 2026-0{version + 2}-15", noted.read_text("utf-8"))
        noted.write_text(text, "utf-8")
    assert book.policy_changes("ours") == [(date(2026, 4, 15), "ours@2")]
    assert book.policy_changes() == []
    found = marks(own_site, "/?policy=ours")
    assert found["2026-04-15 policy The policy became ours@2."] == "/definitions?policy=ours"
    opened(own_site, "/definitions?policy=ours")


def test_what_is_compared_with_a_year_before_is_a_line_whose_points_open(own_site):
    assert not any(name.startswith("compared:") for name in marks(own_site, "/?from=2026-01"))
    found = {name: href for name, href in marks(own_site, "/?from=2026-01&compare=year").items() if "compared:" in name}
    assert len(found) == 6
    assert "compared: 2025-01 to 2025-06" in opened(own_site, "/?from=2026-01&compare=year")
    for name, href in found.items():
        period, value = re.match(r"compared: (\S+) MRR (\S+) USD", name).groups()
        assert f"period={period}" in href
        assert value in opened(own_site, href)


def test_a_book_without_a_year_before_has_no_line_of_it(own_site, own_book):
    first = Book.open(own_book).rollforward().to_dicts()[0]["period"]
    found = marks(own_site, f"/?from={first}&to={first}&compare=year")
    assert found
    assert not any(name.startswith("compared:") for name in found)
