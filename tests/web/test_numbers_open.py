"""Every number is a link to what it is made of, and that adds up to it."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

CENTS = Decimal("0.03")


def amount(text):
    return Decimal(text.replace(",", "").strip())


class Cells(HTMLParser):
    """The cells of the first table of a page: text and link, by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.tables, self._cell = [], 0, None

    def handle_starttag(self, tag, attrs):
        self.tables += tag == "table"
        if self.tables != 1:
            return
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._cell = ["", None]
        elif tag == "a" and self._cell is not None:
            self._cell[1] = dict(attrs)["href"]

    def handle_data(self, data):
        if self._cell is not None:
            self._cell[0] += data

    def handle_endtag(self, tag):
        if tag in {"td", "th"} and self._cell is not None:
            self.rows[-1].append(tuple(self._cell))
            self._cell = None


def table(site, path):
    parser = Cells()
    parser.feed(httpx.get(site + path, timeout=60).text)
    head, *rows = parser.rows
    return [text for text, _ in head], rows


def entries_total(site, href):
    text = httpx.get(site + href.partition("#")[0], timeout=60).text
    return amount(re.search(r"add up to (-?[\d,.]+) USD", text)[1])


@pytest.mark.parametrize("every", ["month", "quarter"])
def test_every_movement_of_the_rollforward_opens_entries_that_add_up_to_it(site, every):
    names, rows = table(site, f"/movements?from=2026-01&every={every}")
    opened = 0
    for row in rows:
        for name, (text, href) in zip(names, row, strict=True):
            if href and "/movements" in href:
                sign = -1 if name in {"Contraction", "Churn"} else 1
                # The printed row foots: what rounding leaves over, cents at most, stands with its largest movement.
                assert abs(entries_total(site, href) - sign * amount(text)) <= CENTS, (row[0], name)
                opened += 1
    assert opened > 10 if every == "month" else opened > 4


def test_every_bar_of_the_chart_opens_entries_that_add_up_to_it(site):
    text = httpx.get(f"{site}/?from=2026-04", timeout=60).text
    marks = re.findall(r'<a[^>]*href="([^"]+)"[^>]*aria-label="([^"]+)"', text.partition('class="chart"')[2])
    bars = [(href.replace("&amp;", "&"), name) for href, name in marks if "kind=" in href]
    assert len(bars) > 10
    for href, name in bars:
        said = amount(re.search(r"(-?[\d,]+\.\d\d) USD", name)[1])
        assert abs(abs(entries_total(site, href)) - abs(said)) <= CENTS, name


def test_every_cell_of_the_cohorts_opens_the_movements_that_left_it(site):
    text = httpx.get(f"{site}/retention?measure=mrr&from=2026-04", timeout=60).text
    marks = re.findall(r'<a[^>]*href="([^"]+)"[^>]*aria-label="([^"]+)"', text)
    cells = [(href.replace("&amp;", "&"), name) for href, name in marks if "cohort%3D" in href and "movements" in href]
    assert len(cells) > 100
    for href, name in (cells[0], cells[len(cells) // 2], cells[-1]):
        assert httpx.get(site + href, timeout=60).status_code in {200, 409}, name


def test_every_level_opens_its_explanation(site):
    names, rows = table(site, "/movements?from=2026-05")
    for row in rows:
        for name, (text, href) in zip(names, row, strict=True):
            if name in {"Opening", "Closing"}:
                assert (
                    f"<strong>{text}" in httpx.get(site + href, timeout=60).text or text in httpx.get(site + href).text
                )


def test_a_headline_opens_the_explanation_of_its_value(site):
    text = httpx.get(site).text
    tiles = re.findall(r'<span class="value"><a href="([^"]+)">([^<]+)</a>', text)
    assert len(tiles) == 9
    for href, value in tiles:
        opened = httpx.get(site + href.replace("&amp;", "&"), timeout=60)
        assert opened.status_code == 200
        shown = re.search(r"<h1>[^<]*: ([^<]+)</h1>", opened.text)[1]
        assert amount(re.sub(r"[^\d.\-]", "", shown)) == pytest.approx(
            amount(re.sub(r"[^\d.\-]", "", value)), abs=Decimal("0.06")
        )


def test_a_filter_goes_along_into_what_a_number_opens(site):
    names, rows = table(site, "/movements?from=2026-05&where=country%3DUS")
    for name, (text, href) in zip(names, rows[0], strict=True):
        if href and "/movements" in href:
            assert parse_qs(urlsplit(href).query)["where"] == ["country=US"]
            assert abs(abs(entries_total(site, href)) - abs(amount(text))) <= CENTS, name


def test_an_entry_opens_why_it_is_what_it_is(site):
    listed = httpx.get(f"{site}/movements?kind=churn&from=2026-05").text
    href = re.search(r'href="(/explain\?[^"]*account=[^"]+)"', listed)[1].replace("&amp;", "&")
    assert "recorded" in httpx.get(site + href, timeout=60).text or "learned" in httpx.get(site + href, timeout=60).text


@pytest.mark.parametrize("subject", ["rollforward", "metrics", "movements", "accounts", "cohorts", "churn", "segments"])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "json"])
def test_a_table_downloads_as_it_is_shown(site, subject, ending):
    answer = httpx.get(f"{site}/download/{subject}.{ending}?from=2026-05&where=country%3DUS", timeout=60)
    assert answer.status_code == 200
    assert f'filename="{subject}-' in answer.headers["content-disposition"]
    assert len(answer.content) > 100


def test_what_downloads_is_exact_and_the_entries_add_up_to_it(site):
    rows = httpx.get(f"{site}/download/rollforward.json?from=2026-04", timeout=60).json()["rows"]
    for row in rows:
        month = row["period"]
        for kind, sign in (("new", 1), ("churn", -1), ("expansion", 1), ("contraction", -1)):
            query = f"kind={kind}&from={month}&to={month}"
            moved = httpx.get(f"{site}/download/movements.json?{query}", timeout=60).json()["rows"]
            total = sum((Decimal(one["mrr"]) for one in moved), Decimal())
            assert abs(total - sign * Decimal(row[kind])) < Decimal("0.000001"), (month, kind)
