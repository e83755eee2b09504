"""Completeness: whether the sources behind a figure are new and whole enough for it, and what to do where not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from rollforward.errors import IncompleteError, UsageError, WithheldError
from rollforward.results import column
from rollforward.store import standing
from rollforward.store.entries import SOURCE as PEOPLE
from rollforward.store.readers import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    import duckdb

    from rollforward.results import Cell, ResultColumn
    from rollforward.store.settings import Settings
    from rollforward.store.standing import Counts, Import, Standing

_COUNTED = ("rows_in", "booked", "unchanged", "quarantined", "removed")


@dataclass(frozen=True)
class Sources:
    """The sources of a book as known at a time, beside the table that a policy counts."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    table: str
    known_at: datetime | None
    memory: Memory = field(default_factory=Memory)

    def standing(self) -> list[Standing]:
        """Every source."""
        return standing.sources(self.connection, self.table, self.known_at)

    def lacks(self, last: date) -> list[Lack]:
        """What the sources that feed figures up to a day lack for them. What people enter lacks nothing."""
        # Mostly nothing is missing, and every figure asks: the whole story is read only where a glance shows something.
        quarantined, oldest = self.memory.recall(
            ("glance", self.table, self.known_at),
            lambda: standing.glance(self.connection, self.table, self.known_at),
        )
        if not quarantined and (oldest is None or last <= self._good_for(oldest)):
            return []
        return [lack for source in self.standing() for lack in self.lacks_of(source, last)]

    def _good_for(self, good_to: date) -> date:
        """The last day of figures for which a source suffices that is good to a day."""
        return good_to + timedelta(days=self.settings.stale_after)

    def lacks_of(self, source: Standing, last: date) -> Iterator[Lack]:
        """What one source lacks for figures up to a day."""
        if not source.feeds or source.source == PEOPLE:
            return
        if source.good_to is not None and source.source not in self.settings.ended_sources:
            good_for = self._good_for(source.good_to)
            if last > good_for:
                yield Lack("stale", source, good_for, self.settings)
        if source.waiting_share > Fraction(self.settings.incomplete_above):
            yield Lack("incomplete", source, None, self.settings)


@dataclass(frozen=True)
class Lack:
    """What a source lacks: newer data (`stale`), or rows that are in quarantine (`incomplete`)."""

    state: str
    source: Standing
    good_for: date | None
    settings: Settings

    def __str__(self) -> str:
        name = self.source.source
        if self.state == "stale":
            return f"source {name} good to {self.source.good_to}"
        return f"source {name} with {self.source.waiting:,} of {self.source.read:,} rows in quarantine"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.state == "stale":
            return f"Import newer data with --source {self.source.source}, or name it in ended_sources in book.toml."
        return (
            "See `rollforward problems --severity quarantined`, correct the rows, and import the file again "
            "under its name."
        )

    def why(self, last: date) -> str:
        """Why figures up to a day are withheld."""
        if self.state == "stale":
            return (
                f"source {self.source.source} is good to {self.source.good_to}, which lasts for figures up to "
                f"{self.good_for} (stale_after = {self.settings.stale_after} days), not up to {last}"
            )
        said = f"source {self.source.source} has {self.source.waiting:,} of {self.source.read:,} rows in quarantine"
        return f"{said}, more than the share of {self.settings.incomplete_above} (incomplete_above)"


def stale(sources: Sources, last: date, *, allowed: bool, ends_by: str | None) -> str | None:
    """What a figure up to a day lacks, in words; None if nothing. WithheldError unless it is `allowed` to lack it.

    `ends_by` is the option that names the last day, None for a question that always looks up to today.
    """
    lacks = sources.lacks(last)
    if lacks and not allowed:
        raise WithheldError(_refusal(lacks, last, ends_by))
    return "; ".join(map(str, lacks)) or None


def _refusal(lacks: list[Lack], last: date, ends_by: str | None) -> str:
    whys = "; ".join(lack.why(last) for lack in lacks)
    remedies = " ".join(dict.fromkeys(lack.remedy for lack in lacks))
    ways = []
    if ends_by and all(lack.state == "stale" for lack in lacks):
        ways.append(f"ask for days up to {min(lack.good_for for lack in lacks if lack.good_for)} ({ends_by})")
    names = {"stale": "stale_after", "incomplete": "incomplete_above"}
    keys = " and ".join(dict.fromkeys(names[lack.state] for lack in lacks))
    ways += ["take the figures as they are (--allow-stale)", f"set {keys} in book.toml"]
    return f"the figures are withheld: {whys}. {remedies} Else {', or '.join(ways)}."


def require_known(connection: duckdb.DuckDBPyConnection, as_of: datetime | None, now: datetime) -> None:
    """Refuse a time that is still to come (UsageError), or at which the book knew nothing (IncompleteError)."""
    if as_of is None:
        return
    if as_of > now:
        raise UsageError(f"as known at {_moment(as_of)} UTC is still to come: it is {_moment(now)} UTC.")
    first = standing.first_learned(connection)
    if first is not None and as_of < first:
        raise IncompleteError(
            f"at {_moment(as_of)} UTC the book knew nothing yet. It learned its first facts at {_moment(first)} UTC: "
            "ask as of that time or later. When something happened is another matter: see --to."
        )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


# -- the list of sources ---------------------------------------------------------------------------------------------


def source_columns() -> tuple[ResultColumn, ...]:
    """The columns of a list of sources."""
    columns = [column("source", "text"), column("imports", "count")]
    columns += [column(name, "count") for name in _COUNTED]
    columns += [column("waiting", "count"), column("last_import", "text"), column("good_to", "day")]
    return (*columns, column("state", "text"), column("remedy", "text"))


def source_rows(sources: Sources, today: date) -> list[tuple[Cell, ...]]:
    """Every source: its counts over all imports, the rows that still wait, its state for figures of today."""
    rows: list[tuple[Cell, ...]] = []
    for one in sources.standing():
        state, remedy = _state(sources, one, today)
        last = _moment(one.last_import)
        rows.append((one.source, one.imports, *_numbers(one.counts), one.waiting, last, one.good_to, state, remedy))
    return rows


def _state(sources: Sources, one: Standing, today: date) -> tuple[str, str]:
    if not one.counts.adds_up:
        return DOES_NOT_ADD_UP, "Restore the book from a backup, or make it anew from its files."
    lacks = list(sources.lacks_of(one, today))
    if lacks:
        return " and ".join(lack.state for lack in lacks), " ".join(lack.remedy for lack in lacks)
    ended = one.source in sources.settings.ended_sources
    return "ended" if ended else "ok", ""


DOES_NOT_ADD_UP = "does not add up"


def import_columns() -> tuple[ResultColumn, ...]:
    """The columns of a list of imports."""
    columns = [column("import", "count"), column("source", "text"), column("recorded_at", "text")]
    columns += [column("tables", "text"), column("files", "text")]
    columns += [column(name, "count") for name in _COUNTED]
    return (*columns, column("complete", "text"), column("good_to", "day"), column("state", "text"))


def import_rows(sources: Sources) -> list[tuple[Cell, ...]]:
    """Every import with its counts, and whether they add up."""
    return [_import_row(one) for one in standing.imports(sources.connection, sources.known_at)]


def _import_row(one: Import) -> tuple[Cell, ...]:
    return (
        one.number,
        one.source,
        _moment(one.recorded_at),
        ", ".join(one.carried),
        ", ".join(file for file in one.files if file),
        *_numbers(one.counts),
        "yes" if one.complete else "no",
        one.good_to,
        "ok" if one.counts.adds_up else DOES_NOT_ADD_UP,
    )


def _numbers(counts: Counts) -> tuple[int, ...]:
    return (counts.rows_in, counts.booked, counts.unchanged, counts.quarantined, counts.removed)
