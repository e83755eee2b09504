"""Taking in: how batches and files come into a book, several at once in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollforward.book.kept import Kept
from rollforward.errors import UsageError
from rollforward.records.tables import ECB
from rollforward.store.complete import Complete
from rollforward.store.entries import SOURCE as PEOPLE
from rollforward.store.intake import ImportReport, Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from rollforward.book.ecb_rates import EcbReport
    from rollforward.book.proposals import Sorted
    from rollforward.records.batch import Batch
    from rollforward.sources.column_map import ColumnMap
    from rollforward.sources.proposal import Answer, Proposal

    FileProgress = Callable[[str, int], None]
    """Told the file and the rows read from it so far."""


_MEMORY = "384MB"
"""What the engine holds of an import at a time, however long it is."""


@dataclass(frozen=True)
class Delivery:
    """What one import takes in: the batches of some files, and the map under which they were read."""

    batches: Iterable[Batch]
    files: tuple[str, ...] = ()
    column_map: str = ""


@dataclass(frozen=True)
class Reach:
    """How far the rows of an import reach.

    good_to: the last day that they tell of, in the book's time zone; by default the day of the import. complete: they
    are all rows that the source has of their tables, so that what it no longer has is removed. empty_is_meant: even
    where none is left.
    """

    good_to: date | None = None
    complete: bool = False
    empty_is_meant: bool = False


class TakingIn(Kept):
    """The side of a book that takes records in."""

    def take_in(
        self,
        batches: Iterable[Batch],
        *,
        source: str,
        files: Iterable[str] = (),
        column_map: str = "",
        recorded_at: datetime | None = None,
        reach: Reach = Reach(),
        dry_run: bool = False,
    ) -> ImportReport:
        """Book the batches of a source, all or nothing. Importing the same rows again changes nothing.

        With `reach.complete` what the source no longer has is removed: IncompleteError if a row is in quarantine,
        UsageError if no row is left of a table and that is not meant.
        """
        delivery = Delivery(batches, tuple(files), column_map)
        return self._take_in_all([delivery], source, recorded_at, reach=reach, dry_run=dry_run)[0]

    def propose(self, paths: Sequence[Path]) -> Proposal:
        """How files of one kind could be read: a map, its reasons, open questions, and the first rows as booked."""
        from rollforward.sources.proposal import propose

        return propose(paths, timezone=self.settings.timezone)

    def sort_files(self, paths: Sequence[Path]) -> Sorted:
        """Files of any kinds, sorted: a proposal for each kind, and the files that cannot be read, with the reason."""
        from rollforward.book.proposals import sort_files

        return sort_files(paths, timezone=self.settings.timezone)

    @staticmethod
    def in_order(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
        """Proposals in the order in which they are best booked: what others lean on first."""
        from rollforward.book.proposals import in_order

        return in_order(proposals)

    @staticmethod
    def answer(proposal: Proposal, answers: Mapping[str, Answer]) -> Proposal:
        """The proposal with some of its questions answered; an answer can raise another question."""
        from rollforward.sources.proposal import answer

        return answer(proposal, answers)

    @staticmethod
    def load_map(file: str | Path) -> ColumnMap:
        """The column map in a TOML file; MapError if it is wrong."""
        from rollforward.sources.map_file import load_map

        return load_map(file)

    @staticmethod
    def map_text(column_map: ColumnMap) -> str:
        """A column map as a TOML file says it."""
        from rollforward.sources.map_file import dump_map

        return dump_map(column_map)

    def import_files(
        self,
        paths: Sequence[Path],
        column_map: ColumnMap,
        *,
        source: str,
        reach: Reach = Reach(),
        dry_run: bool = False,
        progress: FileProgress | None = None,
    ) -> ImportReport:
        """Book the rows of files, all or nothing. `progress` is told the file and its rows read so far."""
        kinds = [(paths, column_map)]
        return self.import_kinds(kinds, source=source, reach=reach, dry_run=dry_run, progress=progress)[0]

    def import_kinds(
        self,
        kinds: Sequence[tuple[Sequence[Path], ColumnMap]],
        *,
        source: str,
        reach: Reach = Reach(),
        dry_run: bool = False,
        progress: FileProgress | None = None,
    ) -> list[ImportReport]:
        """Book files of several kinds in the order given, an import each, all of them or none."""
        from rollforward.sources.files import read_files

        _require_free(source)
        deliveries = [
            Delivery(
                read_files(paths, column_map, source=source, timezone=self.settings.timezone, progress=progress),
                tuple(map(str, paths)),
                self.map_text(column_map),
            )
            for paths, column_map in kinds
        ]
        return self._take_in_all(deliveries, source, reach=reach, dry_run=dry_run)

    def take_in_ecb(
        self, *, currency: str | None = None, start: date | None = None, dry_run: bool = False
    ) -> EcbReport:
        """Book the exchange rates of the European Central Bank that the book's records need, as the source `ecb`.

        Each currency of the records to the reporting currency, and to `currency` too if one is named: a record for each
        day on which the bank quoted both, from a week before the first day that a record needs (or `start`, if that is
        earlier) to the last day of the history that the installed currency_converter ships. Nothing is fetched.
        Booking them again adds what is new. UsageError if `currency` is no ISO 4217 code.
        """
        from rollforward.book.ecb_rates import EcbReport, planned
        from rollforward.sources import ecb
        from rollforward.store.currencies import first_days

        codes = [self.settings.currency, *([replace(self.settings, currency=currency).currency] if currency else [])]
        to = tuple(dict.fromkeys(codes))
        with self._database.reading() as connection:
            needed = first_days(connection)
        plan = planned(ecb.shipped(), needed, to, start)
        if plan is None or len(plan.unquoted) == len(plan.pairs):
            return EcbReport(to, plan)
        report = self.take_in(plan.batches(), source=ECB, files=[plan.history.file], dry_run=dry_run)
        return EcbReport(to, plan, report)

    def _take_in_all(
        self,
        deliveries: Sequence[Delivery],
        source: str,
        at: datetime | None = None,
        *,
        reach: Reach = Reach(),
        dry_run: bool = False,
    ) -> list[ImportReport]:
        """Book deliveries one after the other in one transaction, which a dry run does not keep."""
        self._refuse_days_to_come(reach.good_to)
        reports: list[ImportReport] = []
        complete = Complete(reach.empty_is_meant) if reach.complete else None
        with self._database.writing(_MEMORY, kept=not dry_run) as connection:
            moment = at or self._clock()
            good_to = reach.good_to or self._day_of(moment)
            for delivery in deliveries:
                first = reports[0].number if reports else None
                intake = Intake(connection, source, moment, first, good_to=good_to, complete=complete)
                for batch in delivery.batches:
                    intake.add(batch)
                is_last = delivery is deliveries[-1]
                reports.append(intake.finish(delivery.files, delivery.column_map, is_last=is_last))
        return reports

    def _refuse_days_to_come(self, good_to: date | None) -> None:
        now = self._day_of(self._clock())
        if good_to is not None and good_to > now:
            raise UsageError(f"rows cannot be good to {good_to}, which is still to come: it is {now}.")


KEPT_APART = (ECB, PEOPLE)
"""The sources that no file is imported under."""


def _require_free(source: str) -> None:
    """UsageError for a source of files that is kept for something else."""
    if source == ECB:
        raise UsageError(
            f"the source {ECB!r} is kept for the European Central Bank, to whose rates a book's own are preferred. "
            "Name another --source; `rollforward import --ecb` books the bank's rates."
        )
    if source == PEOPLE:
        raise UsageError(
            f"the source {PEOPLE!r} is kept for what people enter, such as merges and corrections. "
            "Name another --source."
        )
