"""Rows that are in no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.store import problems

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


@dataclass(frozen=True)
class Uncounted:
    """Rows that are in no figure: those in quarantine, and those that the build of a ledger set aside."""

    quarantined: int
    set_aside: int


def uncounted(connection: duckdb.DuckDBPyConnection, ledger: str, known_at: datetime | None = None) -> Uncounted:
    """How many rows of the book, as known at a time, are in no figure of a ledger."""
    set_aside = connection.execute(f"SELECT count(DISTINCT record) FROM {ledger}.set_aside").fetchall()
    return Uncounted(problems.counted(connection, "quarantined", known_at), int(set_aside[0][0]))
