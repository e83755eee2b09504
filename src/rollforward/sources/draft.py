"""Rows in the making: a table's columns as arrays, and the faults found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollforward.errors import Problem
from rollforward.records.batch import Batch, arrow_schema, arrow_type
from rollforward.sources.faults import Fault, RowFault
from rollforward.sources.parsers import Reading, memo_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollforward.errors import Severity
    from rollforward.records.tables import Column, Table
    from rollforward.sources.faults import Memo

_DEFAULTS = Reading(timezone="UTC", strict=True)


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of one canonical column as text, what its owner calls the column, and how to read them.

    `fields` names the column row by row where it differs (a table with a column a month).
    """

    field: str
    values: Sequence[str | None]
    reading: Reading
    fields: Sequence[str] | None = None

    def field_at(self, index: int) -> str:
        """What the owner calls the column in that row."""
        return self.fields[index] if self.fields is not None else self.field


@dataclass(slots=True)
class Draft:
    """The rows of one batch while they are read and checked."""

    table: Table
    cells: dict[str, Cells]
    numbers: Sequence[int]
    raw: list[str]
    arrays: dict[str, Any] = field(default_factory=dict)
    faults: list[RowFault] = field(default_factory=list)
    faulty: set[tuple[int, str]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.numbers)

    def add_fault(self, index: int, column: str, fault: Fault, severity: Severity = "quarantined") -> None:
        """Note a fault, unless that cell has one already: what could not be read cannot be wrong in a second way."""
        if (index, column) in self.faulty:
            return
        cells = self.cells.get(column)
        name = cells.field_at(index) if cells else column
        value = (cells.values[index] if cells else None) or ""
        self.add(RowFault(index, name, value, fault, severity), column)

    def add(self, fault: RowFault, column: str) -> None:
        """Note a fault of a column."""
        self.faulty.add((fault.index, column))
        self.faults.append(fault)


def parse_columns(draft: Draft) -> None:
    """Read every column of the table into its array, missing ones as their defaults."""
    for column in draft.table.columns:
        if column.type not in {"discounts", "attributes"}:
            _parse_column(draft, column)


def _parse_column(draft: Draft, column: Column) -> None:

    cells = draft.cells.get(column.name)
    if cells is None:
        draft.arrays.setdefault(column.name, _default_array(draft.table, column, len(draft)))
        return
    if column.type == "text" and not cells.reading.words and cells.reading.default is None:
        draft.arrays[column.name] = _trimmed(cells)
        return
    column_read = _read(memo_for(draft.table.name, column.name, cells.reading), cells.values)
    for index, fault in column_read.faults():
        draft.add_fault(index, column.name, fault)
    if column.name == "interval":
        _split_intervals(draft, column_read)
        return
    array = column_read.array(column_read.meanings, arrow_type(column.type))
    if column.default is not None and array.null_count:
        array = array.fill_null(_default(draft.table, column))
    draft.arrays[column.name] = array


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in which each different text was read once: `places` says for each row which meaning it has."""

    meanings: list[object]
    places: Any

    def faults(self) -> list[tuple[int, Fault]]:
        """The rows whose text cannot be read, and why."""
        import pyarrow as pa
        import pyarrow.compute as pc

        faults = {place: value for place, value in enumerate(self.meanings) if isinstance(value, Fault)}
        if not faults:
            return []
        indexes = pc.indices_nonzero(pc.is_in(self.places, pa.array(list(faults), pa.int32()))).to_pylist()
        return [(index, faults[self.places[index].as_py()]) for index in indexes]

    def array(self, meanings: list[object], data_type: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        """The value of each row, None where its text cannot be read."""
        import pyarrow as pa

        values = [None if isinstance(value, Fault) else value for value in meanings]
        return pa.array(values, data_type).take(self.places)


def _read(memo: Memo, values: Sequence[str | None]) -> _Column:
    """The column, read. To know equal texts as equal first is quicker than to look each of a million up."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(pa.array(values, pa.string()), null_encoding="encode")
    return _Column([memo[text] for text in encoded.dictionary.to_pylist()], encoded.indices)


def _trimmed(cells: Cells) -> object:
    """A column of plain texts, such as ids, of which a file may have millions: no memory of them is worth its price."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(pa.array(cells.values, pa.string()))
    nulls = pc.is_in(texts, pa.array(sorted(cells.reading.empty), pa.string()))
    return pc.if_else(nulls, pa.scalar(None, pa.string()), texts)


def _split_intervals(draft: Draft, column: _Column) -> None:
    """The intervals by their canonical names. A word such as quarterly also says how many, unless a column does."""
    meanings = column.meanings
    names = [value[0] if isinstance(value, tuple) else value for value in meanings]
    counts = [value[1] if isinstance(value, tuple) else 1 for value in meanings]
    draft.arrays["interval"] = column.array(names, arrow_type("word"))
    if any(count != 1 for count in counts):
        _settle_counts(draft, column.array([*counts], arrow_type("count")))


def _settle_counts(draft: Draft, counts: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.compute as pc

    if "interval_count" in draft.cells:
        _forbid_two_counts(draft, pc.indices_nonzero(pc.not_equal(counts, 1)).to_pylist())
    else:
        draft.arrays["interval_count"] = counts


def _forbid_two_counts(draft: Draft, indexes: list[int]) -> None:
    fault = Fault("says how many intervals, and so does interval_count", "Say in the map what it stands for (words)")
    for index in indexes:
        draft.add_fault(index, "interval", fault)


def _default(table: Table, column: Column) -> object:
    import pyarrow as pa

    value = memo_for(table.name, column.name, _DEFAULTS)[column.default]
    return pa.scalar(value, arrow_type(column.type))


def _default_array(table: Table, column: Column, size: int) -> object:
    import pyarrow as pa

    if column.default is None:
        return pa.nulls(size, arrow_type(column.type))
    return pa.repeat(_default(table, column), size)


def finished(draft: Draft, source: str, file: str, raw_problems: Iterable[Problem] = ()) -> Batch:
    """The batch: rows without a fault that keeps them out, and one problem for each row that is kept out."""
    import pyarrow as pa

    problems = [*raw_problems, *_problems(draft, source, file)]
    problems.sort(key=lambda problem: problem.row)
    size = len(draft)
    arrays = [draft.arrays[column.name] for column in draft.table.columns]
    provenance = [
        pa.repeat(pa.scalar(file, pa.string()), size),
        pa.array(draft.numbers, pa.int64()),
        pa.array(draft.raw, pa.string()),
    ]
    rows = pa.Table.from_arrays([*arrays, *provenance], schema=arrow_schema(draft.table))
    out = _kept_out(draft.faults)
    if out:
        rows = rows.filter(pa.array([index not in out for index in range(size)], pa.bool_()))
    kept_out = sum(problem.severity == "quarantined" for problem in problems)
    return Batch(draft.table.name, rows, rows.num_rows + kept_out, problems)


def _kept_out(faults: list[RowFault]) -> set[int]:
    return {fault.index for fault in faults if fault.severity == "quarantined"}


def _problems(draft: Draft, source: str, file: str) -> list[Problem]:
    """One problem a row that is kept out, its first fault before the others; each note of a row that stays."""
    out = _kept_out(draft.faults)
    by_row: dict[int, list[RowFault]] = {}
    for fault in draft.faults:
        if fault.severity == "quarantined":
            by_row.setdefault(fault.index, []).append(fault)
    found = [_problem(draft, source, file, faults) for faults in by_row.values()]
    notes = (fault for fault in draft.faults if fault.severity == "note" and fault.index not in out)
    return [*found, *(_problem(draft, source, file, [note]) for note in notes)]


def _problem(draft: Draft, source: str, file: str, faults: list[RowFault]) -> Problem:
    first, *others = faults
    also = "".join(f"; also {other.field}: {other.fault.reason}" for other in others)
    return Problem(
        source=source,
        table=draft.table.name,
        file=file,
        row=draft.numbers[first.index],
        field=first.field,
        value=first.value,
        reason=first.fault.reason + also,
        remedy=first.fault.remedy,
        severity=first.severity,
        raw=draft.raw[first.index],
    )
