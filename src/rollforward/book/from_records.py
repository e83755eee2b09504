"""Building from record tables: on any engine, into a folder of Parquet that opens as a book which is only read."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rollforward import __version__
from rollforward.book.kept import dimensions_of
from rollforward.book.view import Clock, Progress, View, now, quiet
from rollforward.errors import UsageError
from rollforward.store import record_tables, settings
from rollforward.store.build_engine import EMBEDDED, engine_of
from rollforward.store.lake import ABOUT
from rollforward.store.lake_build import Records, build_lake
from rollforward.store.ledgers import LedgerKey
from rollforward.store.placing import full_disk_told, put_folder_in_place
from rollforward.store.policies import FOLDER as POLICIES
from rollforward.store.policies import PolicyShelf
from rollforward.store.settings import Settings
from rollforward.store.workplace import sweep_in, workplace_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollforward.policy.policy import Policy
    from rollforward.store.ledgers import KeptLedger

BUCKETS = 16
"""Into how many folders a stage is cut by account, unless it is said."""

_MOST_BUCKETS = 4096


@dataclass(frozen=True)
class Order:
    """What is to be built: from which record tables, into which folder, on which engine, cut into how many buckets."""

    records: Path
    out: Path
    engine: str = EMBEDDED
    buckets: int = BUCKETS
    replace: bool = False
    threads: int | None = None

    @property
    def timezone(self) -> str:
        """The time zone of the records."""
        there = (self.records / record_tables.SETTINGS).exists()
        return settings.load(self.records, record_tables.SETTINGS).timezone if there else Settings().timezone

    def check(self) -> None:
        """UsageError if it cannot be carried out as it stands."""
        if not 1 <= self.buckets <= _MOST_BUCKETS:
            raise UsageError(f"--buckets {self.buckets} is not a number from 1 to {_MOST_BUCKETS}.")
        if not self.records.is_dir():
            raise UsageError(f"{self.records} is not a folder of record tables.")
        if not self.out.exists() or (self.out.is_dir() and not any(self.out.iterdir())):
            return
        if not (self.out / ABOUT).is_file():
            raise UsageError(f"{self.out} is there, and no build from record tables wrote it. Name another --out.")
        if not self.replace:
            raise UsageError(f"{self.out} holds the result of a build. Add --replace, or name another --out.")


def settings_of(records: Path, currency: str | None, policy: str | None, today: date | None) -> Settings:
    """The settings that come with record tables, as far as nothing else is asked for; UsageError without a currency."""
    chosen = {"currency": currency, "policy": policy, "today": today}
    changes = {name: value for name, value in chosen.items() if value is not None}
    if (records / record_tables.SETTINGS).exists():
        return replace(settings.load(records, record_tables.SETTINGS), **changes)  # type: ignore[arg-type]
    if currency is None:
        raise UsageError(
            f"{records} has no {record_tables.SETTINGS} that says in which currency to report. Add --currency CODE, or "
            f'write there: currency = "USD"'
        )
    return Settings(**changes)  # type: ignore[arg-type]


def build_from_records(
    order: Order, view: View = View(), *, today: date | None = None, clock: Clock = now, progress: Progress = quiet
) -> KeptLedger:
    """Build the ledger of record tables under a view, prove it, and write it to a folder that opens as a book.

    Records and folder have to be seen by the engine and by this process under the same paths. UsageError if the folder
    is there and not to be replaced, RecordTablesError for records that no ledger can be built of, EngineError if the
    engine fails, ReconciliationError if a proof does: nothing is then left in place, and a former result stays.
    """
    order.check()
    built_at = clock()
    name = view.policy if isinstance(view.policy, str) else None
    found = settings_of(order.records, view.currency, name, today)
    policy = view.policy if view.policy is not None and not isinstance(view.policy, str) else None
    policy = policy or PolicyShelf(order.records).find(found.policy)
    local = built_at.replace(tzinfo=UTC).astimezone(ZoneInfo(found.timezone)).date()
    found = replace(found, today=_last_day(found, view, local))
    with _made(order) as made:
        kept = _built(
            order, made, found, policy, LedgerKey(policy.hash, found.currency, view.as_of), built_at, progress
        )
        _write_beside(order.records, made, found)
        progress("putting the result in place")
        put_folder_in_place(made, order.out)
    return kept


def _last_day(found: Settings, view: View, local: date) -> date:
    """The last day that the ledger looks at: that of the settings, of the clock, or of the time it is known at."""
    days = [found.today or local, local]
    if view.as_of is not None:
        days.append(view.as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(found.timezone)).date())
    return min(days)


@contextmanager
def _made(order: Order) -> Iterator[Path]:
    """A folder beside the one that is wanted, gone at the end unless it was put in its place."""
    beside = order.out.resolve().parent
    beside.mkdir(parents=True, exist_ok=True)
    places = beside / f".{order.out.resolve().name}.tmp"
    sweep_in(places)
    with workplace_in(places) as place, full_disk_told(beside, place):
        made = place / "result"
        made.mkdir()
        yield made


def _built(
    order: Order,
    made: Path,
    found: Settings,
    policy: Policy,
    key: LedgerKey,
    built_at: datetime,
    progress: Progress,
) -> KeptLedger:
    from rollforward.ledger.build import BASIS
    from rollforward.ledger.ground import Ground

    counted = BASIS[policy.basis]
    spill = made.parent / "spill"
    with engine_of(order.engine, spill, order.threads) as engine:
        progress(f"opening the records on {engine.name}")
        records = Records(engine, order.records, made, built_at, __version__)
        records.open(counted, f"which policy {policy.name} counts")
        traits = records.traits(counted, found.segments)
        ground = Ground(policy, found.currency, found.today or built_at.date(), traits)
        return build_lake(records, key, ground, dimensions_of(found, ground), order.buckets, progress)


def _write_beside(records: Path, made: Path, found: Settings) -> None:
    """Write the settings, and the policies of the records."""
    if (records / POLICIES).is_dir():
        shutil.copytree(records / POLICIES, made / POLICIES)
    settings.save(made, found)
