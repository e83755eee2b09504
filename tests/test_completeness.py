"""What came, what is missing, and how far it reaches: deletions at the source, stale sources, rows that wait."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from rollforward.book import Book, View
from rollforward.book.taking_in import Reach
from rollforward.errors import IncompleteError, UsageError, WithheldError
from rollforward.policy.policy import preset
from rollforward.sources.canonical import translate_records

NOW = datetime(2026, 6, 30, 12)  # noqa: DTZ001
TERMS = {"currency": "EUR", "interval": "month", "starts": "2026-01-01", "amount": "10"}


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return Book.in_memory(clock=clock, currency="EUR")


def item(customer, **said):
    return {**TERMS, "customer": customer, "subscription": customer, "item": customer, **said}


def take_in(book, rows, table="subscription_items", source="billing", file="items.csv", **options):
    batch = translate_records(table, rows, source=source, timezone="UTC", file=file)
    return book.take_in([batch], source=source, **options)


COMPLETE = Reach(complete=True)


def closing(book, **view):
    return book.rollforward(view=View(**view)).rows[-1][-1]


def the_source(book, name="billing", **view):
    return next(row for row in book.sources(view=View(**view)).to_dicts() if row["source"] == name)


# -- deletions at the source -----------------------------------------------------------------------------------------


def test_what_a_complete_file_no_longer_has_is_removed_and_stays_known_as_it_was(book, clock):
    take_in(book, [item("a"), item("b")])
    clock.now = NOW + timedelta(hours=1)
    report = take_in(book, [item("a")], reach=COMPLETE)
    assert (report.booked, report.unchanged, report.removed) == (0, 1, 1)
    assert closing(book) == 10
    assert closing(book, as_of=NOW) == 20


def test_a_file_that_is_not_complete_removes_nothing(book):
    take_in(book, [item("a"), item("b")])
    assert take_in(book, [item("a")]).removed == 0
    assert closing(book) == 20


def test_a_complete_file_removes_nothing_of_other_sources_and_tables(book):
    take_in(book, [item("a")], source="crm")
    take_in(book, [{"customer": "b"}], table="customers")
    assert take_in(book, [item("b")], reach=COMPLETE).removed == 0
    assert closing(book) == 20


def test_what_comes_back_is_booked_again(book):
    take_in(book, [item("a"), item("b")])
    take_in(book, [item("a")], reach=COMPLETE)
    assert take_in(book, [item("a"), item("b")], reach=COMPLETE).booked == 1
    assert closing(book) == 20


def test_a_changed_fact_is_not_a_missing_one(book):
    take_in(book, [item("a"), item("b")])
    report = take_in(book, [item("a"), item("b", amount="30")], reach=COMPLETE)
    assert (report.changed, report.removed) == (1, 0)
    assert closing(book) == 40


def test_with_rows_in_quarantine_a_complete_file_is_refused(book):
    take_in(book, [item("a"), item("b")])
    with pytest.raises(IncompleteError, match=r"1 row could not be read.*'ten'"):
        take_in(book, [item("a"), item("b", amount="ten")], reach=COMPLETE)
    assert closing(book) == 20
    assert len(book.imports()) == 1


def test_an_empty_complete_file_is_refused_unless_it_is_meant(book):
    take_in(book, [item("a")])
    with pytest.raises(UsageError, match="no row of subscription_items"):
        take_in(book, [], reach=COMPLETE)
    assert take_in(book, [], reach=Reach(complete=True, empty_is_meant=True)).removed == 1


def test_several_files_are_complete_together(book):
    take_in(book, [item("a"), item("b"), item("c")])
    batches = [
        translate_records("subscription_items", [item(customer)], source="billing", timezone="UTC", file=customer)
        for customer in "ab"
    ]
    report = book.take_in(batches, source="billing", reach=COMPLETE)
    assert (report.unchanged, report.removed) == (2, 1)


def test_files_of_two_kinds_are_complete_together(book, tmp_path):
    names = {"pro.csv": ("customer", "amount", "starts"), "basic.csv": ("who", "price", "begin")}
    kinds = []
    for name, (customer, amount, starts) in names.items():
        text = f"{customer},{amount},{starts}\n{name},10,2026-01-01\n"
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / "map.toml").write_text(
            f'shape = "terms"\n[columns]\ncustomer = "{customer}"\namount = "{amount}"\nstarts = "{starts}"\n'
            'currency = {constant = "EUR"}\ninterval = {constant = "month"}\n',
            "utf-8",
        )
        kinds.append(([tmp_path / name], book.load_map(tmp_path / "map.toml")))
    book.import_kinds(kinds, source="billing")
    reports = book.import_kinds(kinds, source="billing", reach=COMPLETE)
    assert [report.removed for report in reports] == [0, 0]
    (last,) = book.import_kinds(kinds[:1], source="billing", reach=COMPLETE)
    assert last.removed == 1


def test_after_a_complete_file_what_waited_before_is_gone(book):
    take_in(book, [item("a"), item("b", amount="ten")], file="one.csv")
    assert book.uncounted().quarantined == 1
    take_in(book, [item("a"), item("b")], file="two.csv", reach=COMPLETE)
    assert book.uncounted().quarantined == 0
    assert book.problems().rows == []


# -- how far it reaches ----------------------------------------------------------------------------------------------


def test_figures_wait_for_a_stale_source_and_say_what_to_do(book):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 22)))
    with pytest.raises(WithheldError) as refused:
        book.rollforward()
    said = str(refused.value)
    for part in ("withheld: source billing is good to 2026-06-22", "--source billing", "up to 2026-06-29 (--to)"):
        assert part in said
    for part in ("--allow-stale", "stale_after", "book.toml"):
        assert part in said


def test_figures_of_days_that_the_source_is_good_for_are_there(book):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 22)))
    assert book.rollforward(end=date(2026, 6, 29)).rows[-1][-1] == 10
    with pytest.raises(WithheldError):
        book.rollforward(end=date(2026, 6, 30))


def test_the_way_out_is_one_that_the_question_has(book):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 22)))
    for ask, way in (
        (book.accounts, None),
        (book.cohorts, None),
        (lambda: book.history("a"), "up to 2026-06-29 (--on)"),
        (lambda: book.policy_bridge("default", "stripe"), "up to 2026-06-29 (--on)"),
        (lambda: book.explain("mrr", "2026"), "up to 2026-06-29 (PERIOD)"),
    ):
        with pytest.raises(WithheldError) as refused:
            ask()
        assert "--to" not in str(refused.value)
        assert (way or "Else take the figures as they are") in str(refused.value)


def test_a_history_is_judged_by_the_day_asked_for(book):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 22)))
    assert book.history("a", on=date(2026, 6, 29)).value == 10
    assert book.history("a", month="2026-05")
    with pytest.raises(WithheldError, match="not up to 2026-06-30"):
        book.history("a", on=date(2026, 6, 30))


@pytest.mark.parametrize(
    "ask",
    [
        lambda book, view: book.rollforward(view=view),
        lambda book, view: book.metrics("mrr", view=view),
        lambda book, view: book.movements(view=view),
        lambda book, view: book.causes(view=view),
        lambda book, view: book.accounts(view=view),
        lambda book, view: book.customer_months(view=view),
        lambda book, view: book.cohorts(view=view),
    ],
)
def test_every_figure_is_withheld_and_can_be_taken_as_it_is(book, ask):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 1)))
    with pytest.raises(WithheldError):
        ask(book, View())
    found = ask(book, View(allow_stale=True))
    assert found.stamp.stale == "source billing good to 2026-06-01"
    assert str(found.stamp).endswith(", stale: source billing good to 2026-06-01")
    assert found.stamp.to_dict()["stale"] == found.stamp.stale


def test_a_fresh_figure_has_no_such_stamp(book):
    take_in(book, [item("a")])
    assert book.rollforward(view=View(allow_stale=True)).stamp.stale is None


def test_an_import_is_good_to_its_day_in_the_books_time_zone(clock):
    clock.now = datetime(2026, 6, 30, 22, 30)  # noqa: DTZ001
    book = Book.in_memory(clock=clock, currency="EUR", timezone="Europe/Berlin")
    assert take_in(book, [item("a")]).good_to == date(2026, 7, 1)


def test_the_same_rows_again_make_a_source_fresh(book, clock):
    take_in(book, [item("a")])
    clock.now = NOW + timedelta(days=20)
    with pytest.raises(WithheldError):
        book.rollforward()
    assert take_in(book, [item("a")]).unchanged == 1
    assert closing(book) == 10


def test_a_source_is_as_fresh_as_its_rows_of_what_is_counted(book):
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 6, 1)))
    take_in(book, [{"customer": "a"}], table="customers")
    with pytest.raises(WithheldError):
        book.rollforward()


def test_a_source_that_the_policy_does_not_count_keeps_nothing_back(book):
    take_in(book, [item("a")])
    old = Reach(good_to=date(2026, 1, 31))
    rows = [{"date": "2026-01-31", "customer": "a", "item": "a", "mrr": "10", "currency": "EUR"}]
    take_in(book, rows, table="mrr_snapshots", source="sheet", reach=old)
    assert closing(book) == 10
    with pytest.raises(WithheldError, match="source sheet"):
        book.rollforward(view=View(policy=preset("default").with_settings("sheet", {"basis": "snapshots"})))


def test_what_people_enter_is_never_stale_and_makes_no_source_fresh(book, clock):
    take_in(book, [item("a")])
    clock.now = NOW + timedelta(days=20)
    terms = item("b")
    book.add_contract(terms, reason="signed on paper", by="ann")
    with pytest.raises(WithheldError) as refused:
        book.rollforward()
    assert "people" not in str(refused.value)
    book.correct("subscription_items", {"customer": "a"}, {"amount": "11"}, reason="typo", by="ann")
    with pytest.raises(WithheldError):
        book.rollforward()


def test_an_ended_source_keeps_nothing_back(clock):
    book = Book.in_memory(clock=clock, currency="EUR", ended_sources=("old",))
    take_in(book, [item("a", ends="2026-03-01")], source="old", reach=Reach(good_to=date(2026, 3, 1)))
    take_in(book, [item("b")])
    assert closing(book) == 10
    assert the_source(book, "old")["state"] == "ended"


def test_a_book_of_past_data_is_measured_by_its_today(clock):
    book = Book.in_memory(clock=clock, currency="EUR", today=date(2026, 3, 31))
    take_in(book, [item("a")], reach=Reach(good_to=date(2026, 3, 31)))
    assert closing(book) == 10


def test_rows_cannot_be_good_to_a_day_to_come(book):
    with pytest.raises(UsageError, match="still to come"):
        take_in(book, [item("a")], reach=Reach(good_to=date(2026, 7, 1)))


# -- rows that wait --------------------------------------------------------------------------------------------------


def many(bad):
    return [item(f"c{number}", amount="ten" if number < bad else "10") for number in range(20)]


def test_more_than_a_twentieth_in_quarantine_holds_figures_back(book):
    take_in(book, many(2))
    with pytest.raises(WithheldError, match="2 of 20 rows in quarantine"):
        book.rollforward()
    assert "2 of 20 rows" in str(book.rollforward(view=View(allow_stale=True)).stamp.stale)


def test_a_twentieth_in_quarantine_does_not(book):
    take_in(book, many(1))
    assert closing(book) == 190


def test_once_the_file_is_mended_figures_are_there(book):
    take_in(book, many(2))
    take_in(book, many(0))
    assert closing(book) == 200
    assert the_source(book)["waiting"] == 0


def test_the_share_that_is_put_up_with_is_a_setting(clock):
    book = Book.in_memory(clock=clock, currency="EUR", incomplete_above=Decimal("0.1"))
    take_in(book, many(2))
    assert closing(book) == 180


@pytest.mark.parametrize("wrong", [{"stale_after": -1}, {"stale_after": True}, {"incomplete_above": Decimal(2)}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError):
        Book.in_memory(**wrong)


def test_settings_are_read_exactly_from_the_file(tmp_path):
    made = Book.create(tmp_path / "book", incomplete_above=Decimal("0.1"), ended_sources=("old",))
    found = Book.open(tmp_path / "book").settings
    assert found == made.settings
    assert type(found.incomplete_above) is Decimal


# -- the list of sources ---------------------------------------------------------------------------------------------


def test_every_row_of_a_source_is_accounted_for(book, clock):
    take_in(book, many(1))
    clock.now = NOW + timedelta(days=1)
    take_in(book, [item("c1"), item("new")], file="more.csv")
    row = the_source(book)
    assert row["rows_in"] == row["booked"] + row["unchanged"] + row["quarantined"] == 22
    assert (row["imports"], row["quarantined"], row["waiting"], row["state"]) == (2, 1, 1, "ok")
    assert (row["last_import"], row["good_to"]) == ("2026-07-01 12:00:00", date(2026, 7, 1))


def test_a_source_says_that_it_is_stale_and_what_to_do(book, clock):
    take_in(book, [item("a")])
    clock.now = NOW + timedelta(days=8)
    row = the_source(book)
    assert row["state"] == "stale"
    assert "--source billing" in row["remedy"]


def test_sources_are_told_as_they_were_known(book, clock):
    take_in(book, [item("a")])
    clock.now = NOW + timedelta(days=30)
    take_in(book, [item("b")])
    then = the_source(book, as_of=NOW + timedelta(days=1))
    assert (then["imports"], then["state"], then["good_to"]) == (1, "ok", NOW.date())


def test_an_import_that_does_not_add_up_is_seen(book):
    take_in(book, [item("a")])
    with book._database.writing() as connection:  # noqa: SLF001  what nothing else can do
        connection.execute("UPDATE imports SET rows_in = 5")
    assert the_source(book)["state"] == "does not add up"
    assert book.sources(imports=True).to_dicts()[0]["state"] == "does not add up"


def test_each_import_is_listed(book):
    take_in(book, [item("a")])
    take_in(book, [item("a")], reach=COMPLETE)
    first, second = book.sources(imports=True).to_dicts()
    assert (first["tables"], first["files"], first["complete"]) == ("subscription_items", "items.csv", "no")
    assert (second["unchanged"], second["complete"]) == (1, "yes")


# -- as known at -----------------------------------------------------------------------------------------------------

ASKED = {
    "rollforward": lambda book, view: book.rollforward(view=view),
    "metrics": lambda book, view: book.metrics("mrr", view=view),
    "movements": lambda book, view: book.movements(view=view),
    "causes": lambda book, view: book.causes(view=view),
    "accounts": lambda book, view: book.accounts(view=view),
    "customer months": lambda book, view: book.customer_months(view=view),
    "cohorts": lambda book, view: book.cohorts(view=view),
    "problems": lambda book, view: book.problems(view=view),
    "doctor": lambda book, view: book.doctor(view=view),
    "sources": lambda book, view: book.sources(view=view),
    "imports": lambda book, view: book.sources(imports=True, view=view),
    "build": lambda book, view: book.build(view),
    "planned build": lambda book, view: book.planned_build(view),
    "uncounted": lambda book, view: book.uncounted(view=view),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_time_before_the_first_fact_or_to_come_is_refused(book, name):
    take_in(book, [item("a")])
    with pytest.raises(IncompleteError, match="learned its first facts at 2026-06-30 12:00:00"):
        ASKED[name](book, View(as_of=NOW - timedelta(seconds=1)))
    with pytest.raises(UsageError, match="still to come"):
        ASKED[name](book, View(as_of=NOW + timedelta(seconds=1)))


@pytest.mark.parametrize("name", ["problems", "doctor", "sources", "imports", "rollforward", "accounts", "cohorts"])
def test_what_is_asked_as_known_then_is_what_a_book_said_that_stopped_there(clock, name):
    book, stopped = (Book.in_memory(clock=clock, currency="EUR") for _ in range(2))
    for one in (book, stopped):
        take_in(one, many(1))
    clock.now = later = NOW + timedelta(days=15)
    said = _then(clock, NOW, lambda: ASKED[name](stopped, View()))
    take_in(book, [item("c5", amount="99"), item("x", amount="no")], file="later.csv", recorded_at=later)
    assert ASKED[name](book, View(as_of=NOW)).rows == said


def _then(clock, moment, ask):
    now, clock.now = clock.now, moment
    try:
        return ask().rows
    finally:
        clock.now = now


def test_a_time_with_an_offset_is_the_same_time():
    assert View(as_of=datetime.fromisoformat("2026-06-30T14:00:00+02:00")).as_of == NOW


def test_an_older_book_says_what_its_imports_carried(tmp_path):
    from rollforward.store.migrations import MIGRATIONS
    from rollforward.store.schema import BY_PEOPLE

    book = Book.create(tmp_path / "book", clock=lambda: NOW, currency="EUR")
    take_in(book, [item("a")])
    take_in(book, [item("a")])
    with book._database.writing() as connection:  # noqa: SLF001
        _undo_version_three(connection, BY_PEOPLE)
        MIGRATIONS[2](connection)
        found = connection.execute("SELECT carried, good_to FROM imports").fetchall()
    assert found == [(["subscription_items"], NOW.date())] * 2


def _undo_version_three(connection, by_people):
    from rollforward.records.tables import ENTRIES

    for name in [line.split()[2] for line in by_people.splitlines() if line.startswith("CREATE TABLE")]:
        connection.execute(f"DROP TABLE {name}")
    for table in ENTRIES:
        connection.execute(f"DROP TABLE {table.name}")
    for column in ("removed", "complete", "good_to", "carried", "chain"):
        connection.execute(f"ALTER TABLE imports DROP COLUMN {column}")
