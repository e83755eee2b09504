"""Cases: executable definitions. Records in, numbers out, each difference named."""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollforward.book import Book, View
from rollforward.book.case_format import breach_of
from rollforward.errors import CaseError, IncompleteError, NotFoundError, RollforwardError
from rollforward.money import round_half_up
from rollforward.policy.policy import Policy, preset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_PLACES = 6


@dataclass(frozen=True)
class Difference:
    """What a case expects, and what came out instead."""

    case: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.case}: {self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Verdict:
    """A case and its differences; none when it holds."""

    case: str
    about: str
    file: Path
    differences: tuple[Difference, ...]


def verify(paths: Sequence[Path], progress: Callable[[str], None] = lambda _: None) -> list[Verdict]:
    """Run every case in the files and folders; CaseError where one breaks the format, before any is run."""
    verdicts = []
    for file, case in list(load(paths)):
        verdicts.append(verdict(case, file))
        progress(str(case["id"]))
    return verdicts


def verdict(case: dict[str, Any], file: Path = Path()) -> Verdict:
    """Run one case that is as the format says."""
    return Verdict(case["id"], case.get("about", ""), file, tuple(differences(case)))


def load(paths: Sequence[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The cases of files and folders, in order, each checked. A `.json` file holds one case or a list."""
    files = dict.fromkeys(file for path in paths for file in _files(path))
    if not files:
        raise NotFoundError(f"no .json file in {', '.join(map(str, paths))}")
    for file in files:
        found = _read(file)
        known: set[str] = set()
        for number, case in enumerate(found if isinstance(found, list) else [found]):
            _check(case, file, number, known)
            known.add(case["id"])
            yield file, case


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist")
    return sorted(path.rglob("*.json")) if path.is_dir() else [path]


def _read(file: Path) -> Any:  # noqa: ANN401  whatever a file holds
    try:
        return json.loads(file.read_text("utf-8-sig"), object_pairs_hook=_once_each, parse_constant=_refused)
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(
            file, "file", f"cannot be read as JSON: {error}. Write one case, or a list of cases."
        ) from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _check(case: Any, file: Path, number: int, known: set[str]) -> None:  # noqa: ANN401
    name = case.get("id") if isinstance(case, dict) else None
    where = name if isinstance(name, str) and name.strip() else f"case {number}"
    if breach := breach_of(case):
        raise CaseError(file, where, str(breach))
    if where in known:
        raise CaseError(file, f"case {number}", f"id: {where!r} is the id of a case before it. Give each its own.")


def policy_of(case: dict[str, Any]) -> Policy:
    """The policy of a case."""
    said = case.get("policy", {})
    return preset(said.get("preset", "default")).with_settings("case", said.get("set", {}))


def book_of(case: dict[str, Any]) -> tuple[Book, list[tuple[str, int]]]:
    """A book with the records of a case, and the first records that were not booked: table, row."""
    from rollforward.sources.canonical import translate_records

    today = date.fromisoformat(case["today"])
    zone = case.get("timezone", "UTC")
    clock = datetime.combine(date(2200, 1, 1), time())
    # A case says itself which records are problems.
    book = Book.in_memory(
        clock=lambda: clock,
        currency=case["currency"],
        timezone=zone,
        today=today,
        segments=(),
        incomplete_above=Decimal(1),
    )
    refused = []
    for table, rows in case["records"].items():
        batch = translate_records(table, rows, source="case", timezone=zone)
        report = book.take_in([batch], source="case")
        refused += [(table, problem.row) for problem in report.first_problems if problem.severity == "quarantined"]
    return book, refused


def differences(case: dict[str, Any]) -> Iterator[Difference]:
    """What differs in a case that is as the format says, one by one."""
    try:
        book, _ = book_of(case)
        found = list(_Run(case, book, View(policy=policy_of(case))).differences())
    except RollforwardError as error:
        found = [Difference(case["id"], "the book", "answers", f"none: {error}")]
    if found:
        yield from _nothing_to_count(case)
    yield from found


def _nothing_to_count(case: dict[str, Any]) -> Iterator[Difference]:
    """A case that gives no records of the kind that its policy counts: the likeliest cause of what differs."""
    from rollforward.ledger.build import BASIS

    policy = policy_of(case)
    if not case["records"].get(BASIS[policy.basis]):
        expected = f"rows of {BASIS[policy.basis]}, which the policy counts (basis = {policy.basis})"
        yield Difference(case["id"], "records", expected, "none")


@dataclass(frozen=True)
class _Run:
    case: dict[str, Any]
    book: Book
    view: View

    def differences(self) -> Iterator[Difference]:
        expect = self.case["expect"]
        for name in ("mrr", "arr", "customers"):
            for day, expected in expect.get(name, {}).items():
                yield from self._compare(
                    f"{name} of {day}", expected, self._metric(name, date.fromisoformat(day), "day")
                )
        yield from self._movements(expect.get("movements"))
        for row in expect.get("rollforward", []):
            yield from self._rollforward(row)
        for row in expect.get("metrics", []):
            yield from self._metric_row(row)
        yield from self._problems(expect.get("problems", []))

    def _metric(self, name: str, day: date, every: str, start: date | None = None) -> Fraction | None:
        try:
            found = self.book.metrics(name, every=every, start=start or day, end=day, view=self.view)  # type: ignore[arg-type]
        except IncompleteError:
            return Fraction(0)
        value = found.rows[-1][-1]
        return None if value is None else Fraction(value)  # type: ignore[arg-type]

    def _metric_row(self, row: dict[str, Any]) -> Iterator[Difference]:
        first, last = _month(row["month"])
        start = _month(row["from"])[0] if "from" in row else first
        name = f"{row['metric']} of {row['month']}"
        yield from self._compare(name, row["value"], self._metric(row["metric"], last, "month", start))

    def _rollforward(self, row: dict[str, Any]) -> Iterator[Difference]:
        first, last = _month(row["month"])
        try:
            found = self.book.rollforward(every="month", start=first, end=last, view=self.view).to_dicts()[-1]
        except IncompleteError:
            found = {}
        for name, expected in row.items():
            if name != "month":
                yield from self._compare(f"{name} of {row['month']}", expected, Fraction(found.get(name) or 0))  # type: ignore[arg-type]

    def _movements(self, expected: list[dict[str, Any]] | None) -> Iterator[Difference]:
        if expected is None:
            return
        found = self._moved()
        for row in expected:
            match = next((movement for movement in found if _is_same(row, movement)), None)
            if match is None:
                yield Difference(self.case["id"], "movements", _said(row), "no such movement")
            else:
                found.remove(match)
        for day, customer, kind, amount in found:
            extra = {"date": day, "customer": customer, "kind": kind, "amount": str(_rounded(amount, _PLACES))}
            yield Difference(self.case["id"], "movements", "no such movement", _said(extra))

    def _moved(self) -> list[tuple[str, Any, Any, Fraction]]:
        """Every movement: day, customer, kind, amount. None where no record counts."""
        try:
            listed = self.book.movements(start=date(1, 1, 1), view=self.view).to_dicts()
        except IncompleteError:
            return []
        return [
            (row["day"].isoformat(), row["account"], row["kind"], Fraction(row["mrr"]))  # type: ignore[union-attr, arg-type]
            for row in listed
            if row["mrr"]
        ]

    def _problems(self, expected: list[dict[str, Any]]) -> Iterator[Difference]:
        found = {
            (str(row["table"]), int(row["row"])): str(row["reason"])  # type: ignore[arg-type]
            for row in self.book.problems(view=self.view).to_dicts()
            if row["severity"] in {"quarantined", "set aside"}
        }
        wanted = {(row["table"], row["row"]) for row in expected}
        for table, row in sorted(wanted - found.keys()):
            yield Difference(self.case["id"], "problems", f"{table} row {row}", "no problem")
        for table, row in sorted(found.keys() - wanted):
            yield Difference(self.case["id"], "problems", "no problem", f"{table} row {row} ({found[table, row]})")

    def _compare(self, where: str, expected: Any, found: Fraction | None) -> Iterator[Difference]:  # noqa: ANN401
        if not _agrees(expected, found):
            wanted, places = _wanted(expected)
            shown = "none" if found is None else format(_rounded(found, places).normalize(), "f")
            yield Difference(self.case["id"], where, "none" if wanted is None else str(wanted), shown)


def _wanted(expected: Any) -> tuple[Any, int]:  # noqa: ANN401  a number as text, null, or {value, places}
    """The expected value and the places at which it is compared."""
    if isinstance(expected, dict):
        return expected["value"], expected.get("places", _PLACES)
    return expected, _PLACES


def _agrees(expected: Any, found: Fraction | None) -> bool:  # noqa: ANN401
    wanted, places = _wanted(expected)
    if wanted is None or found is None:
        return wanted is None and found is None
    return _rounded(wanted, places) == _rounded(found, places)


def _is_same(row: dict[str, Any], movement: tuple[str, Any, Any, Fraction]) -> bool:
    return (row["date"], row["customer"], row["kind"]) == movement[:3] and _agrees(row["amount"], movement[3])


def _rounded(value: Any, places: int) -> Decimal:  # noqa: ANN401  text, a number or a fraction
    return round_half_up(Fraction(value), places)


def _said(row: dict[str, Any]) -> str:
    return f"{row['date']} {row['customer']} {row['kind']} {_wanted(row['amount'])[0]}"


def _month(text: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{text}-01")
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
