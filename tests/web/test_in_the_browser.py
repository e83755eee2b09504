"""What a person does with the pages: filters, goes back, uses the keyboard, sees a change come in."""

from __future__ import annotations

import shutil

import httpx

from rollforward.book import Book, View, now
from web.house import serving


def test_a_control_changes_the_address_and_back_undoes_it(site, visit):
    page = visit(f"{site}/movements")
    page.locator("select[name=every]").select_option("quarter")
    page.wait_for_url("**every=quarter**")
    page.get_by_role("rowheader", name="2026-Q2").first.wait_for()
    page.go_back()
    page.wait_for_url(f"{site}/movements")
    page.get_by_role("rowheader", name="2026-06").first.wait_for()


def test_the_address_alone_brings_the_same_page(site, visit):
    page = visit(f"{site}/movements?every=quarter&where=country%3DUS&kind=new")
    first = page.locator("main").inner_text()
    again = visit(page.url)
    assert again.locator("main").inner_text() == first
    assert again.locator("select[name=every]").input_value() == "quarter"


def test_one_click_clears_the_filters(site, visit):
    page = visit(f"{site}/?where=country%3DUS&where=plan%3DBusiness")
    page.get_by_label("Remove country = US").click()
    page.wait_for_url(f"{site}/?where=plan%3DBusiness")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{site}/")


def test_keys_go_to_pages_and_name_themselves(site, visit):
    page = visit(site)
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url(f"{site}/movements")
    page.keyboard.press("/")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/accounts?search=a")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    assert page.evaluate("document.activeElement.id") == "compare"


def test_a_page_is_asked_for_while_the_pointer_rests_on_its_link(site, visit):
    page = visit(f"{site}/accounts")
    link = page.locator("tbody th a").nth(20)
    address = site + link.get_attribute("href")
    with page.expect_response(address) as ahead:
        link.hover()
    assert ahead.value.status == 200
    assert page.url == f"{site}/accounts"
    asked = []
    page.on("request", lambda request: None if "/static/" in request.url else asked.append(request.url))
    for resting in (link, page.get_by_role("link", name="CSV"), page.get_by_role("link", name="Settings"), link):
        resting.hover()
        page.wait_for_timeout(200)
    assert asked == [], "a page that was asked for just now, a download or what is not kept is asked for ahead"
    link.click()
    page.wait_for_url(address)
    assert asked == [address]


def test_everything_is_reached_by_tab_alone(site, visit):
    page = visit(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert {"Movements", "Settings", "from", "policy"} <= reached


def test_controls_work_without_javascript(site, visit):
    page = visit(f"{site}/movements", java_script_enabled=False)
    page.locator("select[name=every]").select_option("year")
    page.get_by_role("button", name="Show").click()
    assert "every=year" in page.url
    assert page.get_by_role("rowheader", name="2026", exact=True).first.is_visible()
    page.get_by_role("link", name="Accounts", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Accounts"


def test_an_open_page_shows_a_change_without_a_reload(own_site, own_book, visit):
    page = visit(own_site)
    before = page.locator("footer").inner_text()
    book = Book.open(own_book, clock=now)
    account = next(iter(book.accounts().part(0, 1)))[0]
    book.exclude(account, reason="a test account", by="ann")
    page.evaluate("window.sameVisit = true")
    page.wait_for_function("before => document.querySelector('footer').innerText !== before", arg=before)
    assert page.evaluate("window.sameVisit"), "the page was swapped, not loaded anew"


def test_an_account_says_why_its_mrr_is_what_it_is_when_that_is_looked_at(site, demo_book, visit):
    account, name = Book.open(demo_book).accounts().part(0, 1)[0][:2]
    page = visit(f"{site}/accounts/{account}")
    why = page.get_by_role("link", name="Why its MRR is what it is")
    why.scroll_into_view_if_needed()
    page.locator("#explained .tree li").first.wait_for()
    found = page.locator("#explained").inner_text()
    why.click()
    page.wait_for_url(f"{site}/explain?account={account}&on=*")
    assert page.get_by_role("heading", level=1).inner_text().startswith(f"MRR of {account} ({name})")
    assert page.locator("#explained").inner_text() == found


def test_a_telephone_shows_which_page_is_open(site, visit):
    page = visit(f"{site}/closes", viewport={"width": 390, "height": 844})
    for name in ("Closes", "Settings"):
        open_now = page.locator("nav a[aria-current]")
        assert open_now.inner_text() == name
        box = open_now.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.get_by_role("link", name="Settings").click()
        page.wait_for_url(f"{site}/settings")


def test_a_file_is_read_shown_and_booked_in_the_browser(tmp_path, visit):
    folder = tmp_path / "book"
    Book.create(folder, currency="EUR", clock=now)
    file = tmp_path / "subscriptions.csv"
    file.write_text(
        "customer,plan,amount,currency,interval,starts,ends\n"
        "acme,Team,100,EUR,month,2026-01-01,\n"
        "brix,Team,120,EUR,month,2026-02-01,2026-04-01\n"
        "cord,Team,much,EUR,month,2026-02-01,\n"
    )
    with serving(folder) as site:
        page = visit(f"{site}/import")
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="See how it is read").click()
        page.get_by_role("heading", name="How it is read").wait_for()
        assert page.get_by_text("3 rows = 2 booked + 0 unchanged + 1 quarantined").is_visible()
        page.get_by_role("button", name="Book it as source").click()
        page.get_by_role("heading", name="Booked", exact=True).wait_for()
        page.get_by_role("link", name="Sources and problems").click()
        page.wait_for_url(f"{site}/sources")
        page.get_by_role("cell", name="much", exact=True).first.wait_for()
        assert "much" in httpx.get(f"{site}/sources", timeout=60).text
        page.close()  # An open page would ask a server that is gone what changed.
    assert Book.open(folder).rollforward(view=View(allow_stale=True)).rows[-1][-1] == 100


def test_the_first_run_offers_the_demo_and_a_book_of_ones_own(tmp_path, visit):
    with serving(tmp_path / "new") as site:
        page = visit(site)
        assert page.url == f"{site}/start"
        page.get_by_label("The currency you report in").fill("eur")
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("heading", name="Import").wait_for()
        page.goto(site)
        assert "Import" in page.locator("main").inner_text()
    assert Book.open(tmp_path / "new").settings.currency == "EUR"
    shutil.rmtree(tmp_path / "new")
