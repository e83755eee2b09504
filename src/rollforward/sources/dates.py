"""Days as people and programs write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rollforward.calendar import add_months
from rollforward.errors import UsageError
from rollforward.sources.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDERS = ("dmy", "mdy", "ymd")
EPOCHS = {"unix": 1, "unix_ms": 1000}
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EARLIEST = 1900

_TIME = r"(?:[T ]\s*(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*([AaPp][Mm])?)?"
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME + r"\s*(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?", re.ASCII)
_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})" + _TIME, re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[-. ]+([A-Za-z]{3,9})[-., ]+(\d{4})", re.ASCII)
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})[. ]+(\d{1,2})(?:,\s*|\s+)(\d{4})", re.ASCII)
_YEAR_MONTH = re.compile(r"(\d{4})[-/.M](\d{1,2})", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
_NAMED_MONTH = re.compile(r"([A-Za-z]{3,9})[-./ ']+(\d{4}|\d{2})", re.ASCII)

_NO_DATE = Fault("not a date", "Write it as YYYY-MM-DD, or say in the map how dates are written (date_format)")
_ORDER_UNKNOWN = Fault(
    "the order of day and month is not known", 'Say it in the map: date_format = "dmy" or "mdy" or a pattern'
)
_SHORT_YEAR = Fault("a year of two digits", 'Give the pattern in the map, such as date_format = "%d/%m/%y"')
_NO_SUCH_DAY = Fault("no such day", "Correct the date, or the date_format of the map")
_TOO_EARLY = Fault(f"a year before {EARLIEST}", "Correct the year")


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; UsageError if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"no time zone is called {name!r}. Use a name such as Europe/Berlin or UTC.") from error


def parse_day(text: str, formats: Sequence[str], book_zone: str, naive_zone: str | None = None) -> date | Fault:
    """The day a text names.

    A timestamp with an offset stands for the day of `book_zone` on which it falls. One without an offset is taken as it
    stands, unless `naive_zone` says where its clock was. Without `formats`, only what has one reading is read.
    """
    try:
        found = _formatted(text, formats) if formats else _plain(text)
    except (ValueError, OverflowError):
        return _NO_SUCH_DAY
    if isinstance(found, datetime):
        found = _day_in_zone(found, book_zone, naive_zone)
    if isinstance(found, date) and found.year < EARLIEST:
        return _TOO_EARLY
    return found


def _day_in_zone(moment: datetime, book_zone: str, naive_zone: str | None) -> date | Fault:
    if moment.tzinfo is None:
        if naive_zone is None:
            return moment.date()
        moment = moment.replace(tzinfo=zone(naive_zone))
    try:
        return moment.astimezone(zone(book_zone)).date()
    except OverflowError:
        return moment.date()


def _plain(text: str) -> date | Fault:
    if match := _ISO.fullmatch(text):
        year, _, month, day, clock, half, offset = match.groups()
        return _moment(date(int(year), int(month), int(day)), clock, half, offset)
    if match := _DAY_FIRST.fullmatch(text):
        return _named(match[1], match[2], match[3])
    if match := _MONTH_FIRST.fullmatch(text):
        return _named(match[2], match[1], match[3])
    return _ORDER_UNKNOWN if _NUMBERS.fullmatch(text) else _NO_DATE


def _named(day: str, month: str, year: str) -> date | Fault:
    number = month_number(month)
    return date(int(year), number, int(day)) if number else _NO_DATE


def _moment(day: date, clock: str | None, half: str | None, offset: str | None) -> date:
    """A day, or the instant when there is a clock: only an instant can fall on another day elsewhere."""
    if clock is None:
        return day
    parts = [int(part) for part in clock.split(":")]
    if half is not None:
        parts[0] = parts[0] % 12 + (12 if half.lower() == "pm" else 0)
    hour, minute, second = (*parts, 0)[:3]
    return datetime(day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=_offset(offset))


def _offset(offset: str | None) -> tzinfo | None:
    if offset is None:
        return None
    return datetime.fromisoformat("2000-01-01T00:00" + ("Z" if offset in "zUTC" else offset)).tzinfo


def _formatted(text: str, formats: Sequence[str]) -> date | Fault:
    fault = Fault(f"not a date of the form {' or '.join(formats)}", "Correct the date, or the date_format of the map")
    for pattern in formats:
        found = _by_format(text, pattern)
        if not isinstance(found, Fault):
            return found
        if found is not _NO_DATE:
            fault = found
    return fault


def _by_format(text: str, pattern: str) -> date | Fault:
    if pattern in EPOCHS:
        return _from_epoch(text, EPOCHS[pattern])
    if pattern in ORDERS:
        return _by_order(text, pattern)
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the pattern decides whether there is an offset
    except ValueError:
        return _NO_DATE


def _from_epoch(text: str, per_second: int) -> date | Fault:
    if not re.fullmatch(r"\d{1,15}(\.\d+)?", text, re.ASCII):
        return _NO_DATE
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text.partition(".")[0]) // per_second)


def _by_order(text: str, order: str) -> date | Fault:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return _NO_DATE
    parts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(parts["y"]) != len("2024"):
        return _SHORT_YEAR
    try:
        return _moment(date(int(parts["y"]), int(parts["m"]), int(parts["d"])), match[5], match[6], None)
    except ValueError:
        return _NO_SUCH_DAY


def month_number(name: str) -> int | None:
    """The number of a month named in English, in full or by its first three letters."""
    short = name[:3].lower()
    full = datetime(2000, MONTH_NAMES.index(short) + 1, 1, tzinfo=UTC).strftime("%B") if short in MONTH_NAMES else ""
    known = full.lower().startswith(name.lower()) or name.lower() == "sept"
    return MONTH_NAMES.index(short) + 1 if full and known else None


def parse_month_end(text: str) -> date | None:
    """The last day of the month that a text names ("2024-01", "Jan 2024", "Jan-24", "01/2024"), or None."""
    if match := _YEAR_MONTH.fullmatch(text):
        return _last_day(int(match[1]), int(match[2]))
    if match := _MONTH_YEAR.fullmatch(text):
        return _last_day(int(match[2]), int(match[1]))
    if match := _NAMED_MONTH.fullmatch(text):
        year = int(match[2]) if len(match[2]) == len("2024") else 2000 + int(match[2])
        return _last_day(year, month_number(match[1]) or 0)
    return None


def _last_day(year: int, month: int) -> date | None:
    if not EARLIEST <= year < date.max.year or not 1 <= month <= len(MONTH_NAMES):
        return None
    return add_months(date(year, month, 1), 1) - timedelta(days=1)


def parse_snapshot_day(text: str, formats: Sequence[str], book_zone: str, naive_zone: str | None) -> date | Fault:
    """The day of a snapshot: a day, or a month, which stands for its last day."""
    found = parse_day(text, formats, book_zone, naive_zone)
    return found if not isinstance(found, Fault) else parse_month_end(text) or found


def orders_that_fit(texts: Sequence[str]) -> list[str]:
    """The orders of day, month and year ("dmy", "mdy", "ymd") in which all texts are dates."""
    return [order for order in ORDERS if texts and all(isinstance(_by_order(text, order), date) for text in texts)]
