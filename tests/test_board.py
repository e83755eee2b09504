"""The board page: one page of PDF with the book's own figures, in which no name can become markup."""

import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pypdf
import pytest

from cli.desk import NOW, make_demo, run, sitting_in
from rollforward.book import Book, View
from rollforward.errors import WithheldError
from rollforward.formats import answer_of, cells
from rollforward.sources.canonical import translate_records
from rollforward.surfaces.board import pdf
from rollforward.surfaces.links import Links

MOMENT = datetime.fromisoformat(NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("board")
    assert make_demo(made).status == 0
    return made


@pytest.fixture
def book(folder):
    return Book.open(folder / "demo", clock=lambda: MOMENT)


def pages(data):
    return pypdf.PdfReader(io.BytesIO(data)).pages


def text_of(data):
    return "\n".join(page.extract_text() for page in pages(data))


def small(*terms, **chosen):
    """A book of some customers, each with a monthly amount from January on."""
    made = Book.in_memory(clock=lambda: MOMENT, currency="EUR", **chosen)
    rows = [
        {"customer": f"c{number}", "subscription": "s", "item": f"i{number}", "amount": amount, "currency": "EUR"}
        | {"interval": "month", "starts": "2026-05-02"}
        for number, (_, amount) in enumerate(terms)
    ]
    names = [{"customer": f"c{number}", "name": name} for number, (name, _) in enumerate(terms)]
    for table, given in (("subscription_items", rows), ("customers", names)):
        made.take_in([translate_records(table, given, source="x", timezone="UTC", file=f"{table}.csv")], source="x")
    return made


def test_it_is_one_page_with_the_figures_of_the_book(book):
    made = pdf(book, View(), now=MOMENT)
    assert len(pages(made)) == 1
    said = text_of(made)
    flows = book.rollforward(start=date(2025, 6, 1), end=date(2026, 6, 30))
    for cell in cells(answer_of(flows))[-1]:
        assert cell in said
    metrics = book.metrics("mrr", "arr", "customers", "arpa", start=date(2026, 6, 1))
    for cell in cells(answer_of(metrics))[0][1:]:
        assert cell in said
    assert "Monthly Recurring Revenue, 2026-06" in said
    assert flows.stamp.ledger_hash in said.replace("\n", "")


def test_the_same_book_makes_the_same_page(book):
    assert pdf(book, View(), now=MOMENT) == pdf(book, View(), now=MOMENT)


def test_headlines_and_accounts_are_links_once_the_servers_address_is_known(book):
    def links(made):
        found = [note.get_object() for note in pages(made)[0].get("/Annots", [])]
        return [note["/A"]["/URI"] for note in found if "/A" in note]

    there = links(pdf(book, View(policy="stripe"), now=MOMENT, links=Links("https://mrr.example.com")))
    assert "https://mrr.example.com/explain?metric=mrr&period=2026-06&policy=stripe" in there
    assert any(link.startswith("https://mrr.example.com/accounts/c0") for link in there)
    assert links(pdf(book, View(), now=MOMENT)) == []


def test_a_name_is_never_read_as_markup():
    hostile = '#panic("x") *bold* $1/0$ ] } \\ <b> // @a `r` =h'
    said = text_of(pdf(small((hostile, "900"), ("plain", "1")), View(), now=MOMENT)).replace("\n", " ")
    assert '#panic("x") *bold* $1/0$' in said


def test_a_name_in_any_script_or_of_any_length_is_set():
    names = ["株式会社ロボット", "שלום בעמ", "é" * 300, "👩‍💻 GmbH", "a\x00b\x07c", ""]
    made = pdf(small(*((name, "10") for name in names)), View(), now=MOMENT)
    assert len(pages(made)) >= 1


def test_large_amounts_stay_within_the_page():
    said = text_of(pdf(small(("big", "12345678901.25")), View(), now=MOMENT))
    assert "12,345,678,901.25" in said


def test_figures_of_a_stale_source_are_refused_or_marked():
    stale = small(("acme", "10"), stale_after=0)
    later = datetime(2026, 8, 10)  # noqa: DTZ001
    stale._clock = lambda: later  # noqa: SLF001  time goes by
    with pytest.raises(WithheldError):
        pdf(stale, View(), now=later)
    said = text_of(pdf(stale, View(allow_stale=True), now=later))
    assert "These figures come from source x good to 2026-06-30" in said


def test_rows_that_are_in_no_figure_are_told():
    made = small(("acme", "10"), ("bolt", "fifty"), incomplete_above=Decimal(1))
    assert "Records that are in no figure: 1 in quarantine." in text_of(pdf(made, View(), now=MOMENT))


def test_a_fiscal_quarter_and_a_part_are_named(book):
    fiscal = Book.open(book.path, clock=lambda: MOMENT)
    fiscal.settings = replace(book.settings, fiscal_year_start=2)
    said = text_of(pdf(fiscal, View(), now=MOMENT, every="quarter", where={"country": ["DE"]}, end=date(2026, 4, 30)))
    assert "Monthly Recurring Revenue, FY2027-Q1" in said
    assert "country=DE" in said


def test_the_command_writes_it_and_replaces_nothing_unasked(folder):
    with sitting_in(folder):
        assert run("board", "june.pdf", "--book", "demo", "--quiet").out == "wrote june.pdf\n"
        assert (folder / "june.pdf").read_bytes().startswith(b"%PDF")
        again = run("board", "june.pdf", "--book", "demo")
        assert (again.status, "--yes" in again.err) == (2, True)
        other = run("board", "june.png", "--book", "demo")
        assert (other.status, "no PDF" in other.err) == (2, True)
        assert run("board", "may.pdf", "--to", "2026-05", "--book", "demo").status == 0
    assert "Monthly Recurring Revenue, 2026-05" in text_of((folder / "may.pdf").read_bytes())
