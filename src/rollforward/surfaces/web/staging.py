"""Uploads on their way into a book: files put aside under a token until they are booked, given up, or an hour old."""

from __future__ import annotations

import gzip
import secrets
import shutil
import tempfile
import threading
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from rollforward.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from rollforward.book.proposals import Sorted
    from rollforward.book.view import Clock
    from rollforward.sources.proposal import Proposal
    from rollforward.store.intake import ImportReport

KEPT = timedelta(hours=1)
MOST = 20
"""The uploads that wait at a time."""

UNPACKED = 2_000_000_000
"""The bytes that a packed upload may unpack to."""

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", ".ndjson", ".parquet", ".gz")
_LONGEST = 120


@dataclass
class Upload:
    """Files that were uploaded: where they lie, whose they are, and how they could be read."""

    token: str
    folder: Path
    files: list[Path]
    owner: str
    source: str
    at: datetime
    sorted: Sorted | None = None
    proposals: tuple[Proposal, ...] = ()
    booked: list[tuple[str, ImportReport]] = field(default_factory=list)
    """What became of the files, by their names, once they are booked."""


class Staging:
    """Where uploads wait. Nothing is left behind: not of what is refused, given up or forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}

    def take(self, files: Iterable[tuple[str, BinaryIO]], *, owner: str, source: str) -> Upload:
        """Put files aside; UsageError, with nothing left, for a name that is no table's or a file twice."""
        self._sweep()
        folder = Path(tempfile.mkdtemp(prefix="rollforward-upload-"))
        try:
            kept = [_kept(folder, name, content) for name, content in files] or _nothing()
            upload = Upload(secrets.token_urlsafe(18), folder, kept, owner, source, self._clock())
            with self._lock:
                self._uploads[upload.token] = upload
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return upload

    def find(self, token: str, owner: str) -> Upload:
        """The upload of a token; NotFoundError if it is gone or another's."""
        self._sweep()
        with self._lock:
            found = self._uploads.get(token)
        if found is None or found.owner != owner:
            raise NotFoundError("this upload is gone: it was booked, given up, or an hour old. Upload the file again.")
        return found

    def settle(self, upload: Upload, booked: list[tuple[str, ImportReport]]) -> None:
        """Let the files of an upload go that is booked; what became of them can be seen for an hour."""
        upload.booked = booked
        shutil.rmtree(upload.folder, ignore_errors=True)

    def forget(self, upload: Upload) -> None:
        """Let an upload go, with its files."""
        with self._lock:
            self._uploads.pop(upload.token, None)
        shutil.rmtree(upload.folder, ignore_errors=True)

    def close(self) -> None:
        """Let every upload go."""
        for upload in list(self._uploads.values()):
            self.forget(upload)

    def _sweep(self) -> None:
        with self._lock:
            uploads = sorted(self._uploads.values(), key=lambda upload: upload.at)
        old = [upload for upload in uploads if self._clock() - upload.at > KEPT]
        for upload in {id(one): one for one in [*old, *uploads[: max(len(uploads) - MOST + 1, 0)]]}.values():
            self.forget(upload)


def _nothing() -> list[Path]:
    raise UsageError("no file was sent. Choose one or several.")


def _kept(folder: Path, name: str, content: BinaryIO) -> Path:
    """A file written to a folder under the last part of its name."""
    plain = PurePosixPath(PureWindowsPath(name).name).name
    if not plain or plain.startswith(".") or len(plain) > _LONGEST or not plain.isprintable():
        raise UsageError(f"{name[:_LONGEST]!r} is no name for a file that can be imported.")
    if not plain.lower().endswith(ENDINGS):
        raise UsageError(f"{plain} is not a table that is read here. Send one of: {', '.join(ENDINGS)}.")
    path = folder / plain
    if path.exists():
        raise UsageError(f"{plain} was sent twice. Send each file once.")
    with path.open("wb") as target:
        shutil.copyfileobj(content, target)
    _refuse_bomb(path)
    return path


def _refuse_bomb(path: Path) -> None:
    """UsageError for a file that unpacks to more than an upload may hold."""
    unpacked = _unpacked(path)
    if unpacked > UNPACKED:
        raise UsageError(
            f"{path.name} unpacks to more than {UNPACKED:,} bytes. Import it with `rollforward import {path.name}`."
        )


def _unpacked(path: Path) -> int:
    """How many bytes a packed file holds, counted no further than they matter."""
    try:
        if path.suffix.lower() == ".gz":
            read = 0
            with gzip.open(path) as stream:
                while read <= UNPACKED and (part := stream.read(1 << 20)):
                    read += len(part)
            return read
        if path.suffix.lower() == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                return sum(one.file_size for one in archive.infolist())
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise UsageError(f"{path.name} is not whole, or not what its name says ({error}).") from error
    return 0
