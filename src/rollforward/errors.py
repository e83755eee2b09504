"""What can go wrong: a fault in the data is a `Problem`, everything else an exception with a way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Severity = Literal["quarantined", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fact that could not be read as it stands, with its source and the way out.

    `severity` is "quarantined" when the row was not booked, "note" when it was booked and someone should look at it.
    `row` is where a person finds it: the line of a text file, the row of a sheet, else the element's number from 1.
    """

    source: str
    table: str
    file: str
    row: int
    field: str
    value: str
    reason: str
    remedy: str
    severity: Severity = "quarantined"
    raw: str = ""


class RollforwardError(Exception):
    """Base of all errors that a user can do something about; the message says what."""

    exit_status: ClassVar[int] = 1


class UsageError(RollforwardError):
    """The request itself cannot be answered: an unknown name, a contradiction, a wrong range."""

    exit_status = 2


class IncompleteError(RollforwardError):
    """The data does not suffice for a true answer."""

    exit_status = 3


class WithheldError(IncompleteError):
    """A figure that depends on a source which is stale, or of which too many rows could not be read."""


class ReconciliationError(RollforwardError):
    """The ledger does not foot, or a case differs."""

    exit_status = 4


class TooLargeError(RollforwardError):
    """An amount is larger than the ledger can hold exactly."""

    def __init__(self, step: str, detail: str) -> None:
        super().__init__(
            f"an account's annual amount is larger than the ledger can hold (1,000,000,000,000 units of its currency), "
            f"found while making {step!r}. Look for a wrong price or quantity. ({detail})"
        )


class NotFoundError(RollforwardError):
    """What was named does not exist."""

    exit_status = 5


class NotABookError(NotFoundError):
    """The folder holds no book."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} is not a book. Make one with `rollforward init {path} --currency USD`, "
            "with the code of the currency you report in, or name another with --book DIR or ROLLFORWARD_BOOK."
        )


class BookExistsError(UsageError):
    """There is a book already where a new one was asked for."""

    def __init__(self, path: object, remedy: str = "Open it, or choose another folder.") -> None:
        super().__init__(f"{path} holds a book already. {remedy}")


class ExtraMissingError(RollforwardError):
    """A package of an extra is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} need more packages. Get them with: pip install "rollforward[{extra}]"')


class BookLockedError(RollforwardError):
    """Another process writes to the book."""

    def __init__(self, path: object, holder: str) -> None:
        super().__init__(
            f"{path} is being written by another process ({holder}). "
            "Nothing was changed. Reading goes on meanwhile; to write, wait for it and try again."
        )


class OpenElsewhereError(RollforwardError):
    """Another program has opened a file of the book for writing, past the book's lock."""

    def __init__(self, file: object, detail: str) -> None:
        super().__init__(f"{file} is open for writing in another program. Close it there and try again. ({detail})")


class DiskFullError(RollforwardError):
    """The disk has no room for what was to be written."""

    def __init__(self, folder: object, reason: str, needed: int) -> None:
        super().__init__(
            f"the disk of {folder} is full ({reason}): at least {needed:,} bytes were needed beside what is there. "
            "Nothing was changed. Make room and try again."
        )


class MemoryTooSmallError(RollforwardError):
    """The engine may not hold as much at a time as it must, with all laid aside that can be."""

    def __init__(self, allowed: int, needed: int, records: int, detail: str) -> None:
        megabytes = -(-needed // 10**6)
        super().__init__(
            f"the memory does not suffice: {allowed / 10**6:,.0f} MB may be held at a time, and a build of {records:,} "
            f"records needs some {megabytes:,} MB. Nothing was kept. Allow more, as in `rollforward build --memory "
            f"{megabytes}MB`. ({detail})"
        )


class DamagedError(RollforwardError):
    """A file of the book is not whole."""

    def __init__(self, file: object, found: str) -> None:
        super().__init__(
            f"{file} is damaged: {found}. A file in `ledgers` can be deleted: it is built anew. Otherwise put the book "
            "back from a backup with `rollforward restore FILE DIR`, or import into a new one what it was made of."
        )


class FormatError(RollforwardError):
    """The book has another format version than this release."""

    def __init__(self, folder: object, found: int, known: int, remedy: str) -> None:
        super().__init__(f"{folder} has format version {found}, and this release writes {known}. {remedy}")


class CloseError(UsageError):
    """A month cannot be closed, or a closed one not reopened."""


class BackupError(UsageError):
    """A backup cannot be restored as it stands."""

    def __init__(self, file: object, reason: str) -> None:
        super().__init__(f"{file} cannot be restored: {reason}. Nothing was put in place.")


class UnreadableFileError(UsageError):
    """A file cannot be read as what it claims to be."""

    def __init__(self, file: object, reason: str, remedy: str) -> None:
        super().__init__(f"{file}: {reason}. {remedy}")


class NothingRecurringError(UsageError):
    """A file holds nothing from which recurring revenue could be read."""

    def __init__(self, file: object, reason: str) -> None:
        super().__init__(
            f"{file}: {reason}. Nothing was booked. See `rollforward import --help` for the shapes it reads."
        )


class MapError(UsageError):
    """A column map is wrong."""

    def __init__(self, where: object, reason: str, remedy: str) -> None:
        super().__init__(f"map {where}: {reason}. {remedy}")


class PolicyError(UsageError):
    """A policy is wrong."""

    def __init__(self, where: object, key: str, reason: str) -> None:
        super().__init__(f"policy {where}: {key}: {reason}")


class EntryError(UsageError):
    """What a person wants to enter cannot be."""


class CaseError(UsageError):
    """A case file breaks the format."""

    def __init__(self, file: object, where: str, reason: str) -> None:
        super().__init__(f"{file}: {where}: {reason}")


class UnknownNameError(UsageError):
    """A name is not in its list; the nearest ones are offered."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        import difflib

        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
        super().__init__(f"unknown {kind} {name!r}. {hint}")


class UnknownVersionError(UnknownNameError):
    """A policy has no such version; those that it has are named."""

    def __init__(self, policy: str, version: int, known: list[int]) -> None:
        there = ", ".join(f"{policy}@{one}" for one in known) or "none yet: the first is noted when it is first used"
        UsageError.__init__(self, f"policy {policy} has no version {version}. There is {there}.")
