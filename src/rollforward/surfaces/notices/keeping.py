"""Keeping: what scheduled work remembers (subscriptions, what was sent, the log), as JSON by key."""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

Kept = dict[str, Any]
"""What is kept under a key: whatever JSON holds, by name."""

KEY = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""A key: a kind, a stroke and a name."""


class Keeper(Protocol):
    """Keeps JSON by key. A value is put whole or not at all; the last one put holds."""

    def get(self, key: str) -> Kept | None:
        """What is kept under a key; None if nothing is."""

    def put(self, key: str, value: Kept) -> None:
        """Keep a value under a key, in place of the one there."""

    def remove(self, key: str) -> None:
        """Keep nothing under a key."""

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, in order."""


class MemoryKeeper:
    """Keeps as long as its object lives."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Kept | None:
        """What is kept under a key; None if nothing is."""
        with self._lock:
            text = self._kept.get(_checked(key))
        return None if text is None else _read(text)

    def put(self, key: str, value: Kept) -> None:
        """Keep a value under a key, in place of the one there."""
        with self._lock:
            self._kept[_checked(key)] = json.dumps(value)

    def remove(self, key: str) -> None:
        """Keep nothing under a key."""
        with self._lock:
            self._kept.pop(_checked(key), None)

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, in order."""
        with self._lock:
            return sorted(key for key in self._kept if key.startswith(f"{kind}/"))


class FolderKeeper:
    """Keeps in a folder, a file a key, that only its owner can read: webhooks have secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Kept | None:
        """What is kept under a key; None if nothing is."""
        try:
            return _read(self._file(key).read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise UsageError(f"{self._file(key)} is not JSON ({error}). Mend it, or delete it.") from error

    def put(self, key: str, value: Kept) -> None:
        """Keep a value under a key, in place of the one there."""
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            place = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(place, "w", encoding="utf-8") as stream:
                json.dump(value, stream, ensure_ascii=False, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Keep nothing under a key."""
        self._file(key).unlink(missing_ok=True)

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, in order."""
        with suppress(FileNotFoundError):
            return sorted(f"{kind}/{file.stem}" for file in (self.folder / kind).glob("[!.]*.json"))
        return []

    def _file(self, key: str) -> Path:
        kind, _, name = _checked(key).partition("/")
        return self.folder / kind / f"{name}.json"


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise UsageError(f"{key.partition('/')[2]!r} is no name. Use letters, digits, dots, dashes and underscores.")
    return key


def _read(text: str) -> Kept:
    found: Kept = json.loads(text)
    return found
