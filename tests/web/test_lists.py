"""Lists on pages: accounts in the order that is asked for, entries from the latest on, and what forms begin with."""

import re

import httpx
import pytest

from rollforward.book import Book
from rollforward.errors import UnknownNameError, UsageError
from web.house import serving

ROWS = {
    "-mrr": lambda row: (-row["mrr"], row["account"]),
    "mrr": lambda row: (row["mrr"], row["account"]),
    "name": lambda row: (row["name"].lower(), row["account"]),
    "country": lambda row: (row["country"].lower(), row["account"]),
    "status": lambda row: (row["status"], row["account"]),
    "since": lambda row: (row["since"], row["account"]),
    "last_moved": lambda row: (row["last_moved"], row["account"]),
}
"""What accounts are sorted by, and how Python sorts them so."""


@pytest.fixture(scope="module")
def book(demo_book):
    return Book.open(demo_book)


def first_cells(text, caption):
    """The first column of the table of a caption on a page."""
    table = text[text.index(f'aria-label="{caption}"') :]
    return re.findall(r'<th scope="row"[^>]*>(?:<a [^>]*>)?([^<]*)', table[: table.index("</table>")])


@pytest.mark.parametrize("sort", ROWS)
def test_accounts_stand_in_the_order_that_is_asked_for_on_each_page_of_them(book, sort):
    listed = book.accounts(sort=sort)
    assert listed.to_dicts() == sorted(book.accounts().to_dicts(), key=ROWS[sort])
    assert [*listed.part(0, 30), *listed.part(30, 200)] == listed.rows


def test_the_other_way_round_is_the_other_way_round(book):
    names = [row["name"] for row in book.accounts(sort="-name").to_dicts()]
    assert names == sorted(names, key=str.lower, reverse=True)


def test_an_order_that_is_none_says_what_there_is(book):
    with pytest.raises(UnknownNameError, match="Known: mrr, account, name, country, status, since, last_moved"):
        book.accounts(sort="x")


@pytest.mark.parametrize("listing", ["accounts", "movements", "scheduled"])
def test_a_list_read_from_its_end_is_the_list_the_other_way_round(book, listing):
    found = getattr(book, listing)()
    assert len(found.rows) > 10
    assert [*found.latest(0, 7), *found.latest(7, len(found.rows))] == found.rows[::-1]
    assert found.last(5) == found.rows[-5:]
    assert found.count() == len(found.rows)
    place = found.names.index("mrr")
    assert found.total("mrr") == sum(row[place] for row in found.rows)


def test_the_head_of_a_column_sorts_by_it_and_then_the_other_way_round(site, visit):
    page = visit(site + "/accounts")
    head = page.get_by_role("columnheader", name="Name")
    assert page.locator("th[aria-sort]").inner_text().startswith("MRR")
    head.get_by_role("link").click()
    page.wait_for_url("**/accounts?sort=name")
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("link").click()
    page.wait_for_url("**/accounts?sort=-name")
    assert head.get_attribute("aria-sort") == "descending"
    page.get_by_role("link", name="the largest first").click()
    page.wait_for_url("**/accounts")


def test_a_download_has_the_order_of_the_page(site):
    rows = httpx.get(site + "/download/accounts.json?sort=name").json()["rows"]
    assert [row["name"] for row in rows] == sorted((row["name"] for row in rows), key=str.lower)
    told = httpx.get(site + "/api/v1/accounts?sort=-since&limit=5").json()["rows"]
    assert [row["since"] for row in told] == sorted((row["since"] for row in told), reverse=True)
    assert httpx.get(site + "/api/v1/accounts?sort=size").status_code == 400


def test_entries_begin_with_the_latest_as_the_periods_do(site, book):
    days = first_cells(httpx.get(site + "/movements").text, "Entries")
    assert days == [str(row[0]) for row in book.movements().rows[::-1][:50]]
    later = first_cells(httpx.get(site + "/movements?after=50").text, "Entries")
    assert later == [str(row[0]) for row in book.movements().rows[::-1][50:100]]


def test_an_account_says_where_it_stands(site, book):
    rows = book.accounts().to_dicts()
    stays, gone = rows[0], next(row for row in rows if row["status"] == "churned")
    said = [httpx.get(f"{site}/accounts/{one['account']}").text for one in (stays, gone)]
    assert f"{stays['mrr']:,.2f} USD MRR since {stays['last_moved']}" in said[0]
    assert f"No MRR since {gone['last_moved']}, when it left with" in said[1]


def test_a_ratio_is_worked_out_above_its_parts(site):
    page = httpx.get(site + "/explain?metric=nrr&period=2026-05").text
    assert re.search(r'<p class="worked">[\d,.]+ / [\d,.]+ = [\d.]+ %</p>', page)
    assert "<h1>NRR of 2026-05: " in page


def test_the_month_to_be_closed_next_stands_in_its_form(own_book):
    with serving(own_book) as site:
        assert 'name="period" required value="2026-06"' in httpx.get(site + "/closes").text
        Book.open(own_book).close("2026-04", by="Ada")
        assert 'name="period" required value="2026-05"' in httpx.get(site + "/closes").text


def test_files_are_not_imported_as_what_people_enter(own_book, tmp_path):
    book = Book.open(own_book)
    book.exclude("c0000001", reason="a test account", by="Ada")
    with serving(own_book) as site:
        assert '<input name="source" value="demo"' in httpx.get(site + "/import").text
    file = tmp_path / "customers.csv"
    file.write_text("customer,name\na,A\n")
    with pytest.raises(UsageError, match="the source 'people' is kept for what people enter"):
        book.import_files([file], book.propose([file]).column_map, source="people")
