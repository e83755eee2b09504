"""Small tables joined to a file by a key: the price list beside the subscriptions."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rollforward.errors import MapError
from rollforward.sources.faults import Fault, RowFault
from rollforward.sources.reading import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollforward.sources.column_map import ColumnMap, Lookup
    from rollforward.sources.raw import RawRows

Entries = dict[str, tuple[str | None, ...]]


def with_lookups(raw: RawRows, column_map: ColumnMap) -> tuple[RawRows, list[RowFault]]:
    """The rows with the columns of the map's lookups, and a fault for each value that a lookup does not have."""
    faults: list[RowFault] = []
    for lookup in column_map.lookups:
        keys = raw.column(lookup.on)
        if keys is not None:
            raw, missing = _joined(raw, lookup, keys)
            faults += missing
    return raw, faults


def _joined(raw: RawRows, lookup: Lookup, keys: Sequence[str | None]) -> tuple[RawRows, list[RowFault]]:
    path = (lookup.folder or Path()) / lookup.file
    names, entries = _entries(path, path.stat().st_mtime_ns if path.exists() else 0, lookup.key)
    nothing = (None,) * len(names)
    found = [entries.get((key or "").strip(), nothing) for key in keys]
    added = tuple(zip(*found, strict=True)) if found and names else tuple(() for _ in names)
    fault = Fault(f"has no entry in {lookup.file}", f"Add it to {lookup.file}")
    missing = [
        RowFault(index, lookup.on, key, fault)
        for index, key in enumerate(keys)
        if key and key.strip() and key.strip() not in entries
    ]
    columns = (*raw.columns, *(f"{lookup.name}.{name}" for name in names))
    return replace(raw, columns=columns, values=(*raw.values, *added)), missing


@lru_cache(maxsize=16)
def _entries(path: Path, _changed: int, key: str) -> tuple[tuple[str, ...], Entries]:
    """The columns of a lookup's file, and its rows by key. `_changed` makes an edited file be read again."""
    names: tuple[str, ...] = ()
    entries: Entries = {}
    for raw in read(path):
        names = raw.columns
        keys = raw.column(key)
        if keys is None:
            raise MapError("lookup", f"{path} has no column {key!r}", f"It has: {', '.join(names)}")
        for name, row in zip(keys, zip(*raw.values, strict=True), strict=True):
            if (name or "").strip() in entries:
                raise MapError("lookup", f"{path} has {name!r} twice", "Keep one entry for each key")
            entries[(name or "").strip()] = row
    return names, entries
