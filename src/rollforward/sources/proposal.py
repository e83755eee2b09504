"""A column map proposed from a file's own names and values, with reasons and open questions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollforward.errors import UnknownNameError, UnreadableFileError, UsageError
from rollforward.sources.column_map import ColumnMap, checked
from rollforward.sources.opening import format_of, opened
from rollforward.sources.proposing import work_out
from rollforward.sources.raw import ReadOptions
from rollforward.sources.reading import files_of, read
from rollforward.sources.translate import translate
from rollforward.sources.work import Question, Sample
from rollforward.sources.workbook import sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rollforward.records.batch import Batch
    from rollforward.sources.raw import RawRows

    Answer = str | Mapping[str, str]

PREVIEWED = 10
"""Rows that are shown as they would be booked."""

_SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A map that is proposed, why, what is still open, and the first rows as they would be booked under it.

    `reasons` has a sentence for each canonical column and setting. Import only once `is_ready`.
    """

    files: tuple[Path, ...]
    timezone: str
    column_map: ColumnMap
    reasons: dict[str, str]
    questions: tuple[Question, ...]
    preview: Batch | None
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether no question is open."""
        return not self.questions


def propose(paths: Iterable[Path | str], *, timezone: str) -> Proposal:
    """The map that some files of one kind suggest. NothingRecurringError if they hold nothing that recurs."""
    return _proposed(tuple(files_of(paths)), timezone, {})


def answer(proposal: Proposal, answers: Mapping[str, Answer]) -> Proposal:
    """The proposal with some questions answered; answers can raise further ones, and can be changed."""
    known = [*(question.name for question in proposal.questions), *proposal.answers]
    for name in answers:
        if name not in known:
            raise UnknownNameError("question", name, known)
    for question in proposal.questions:
        _check_answer(question, answers.get(question.name))
    return _proposed(proposal.files, proposal.timezone, {**proposal.answers, **answers})


def _check_answer(question: Question, given: Answer | None) -> None:
    if isinstance(given, str) and question.is_closed and given not in question.options:
        raise UsageError(f"{question.name}: {given!r} is not one of {', '.join(question.options)}.")


def _proposed(files: tuple[Path, ...], timezone: str, answers: dict[str, Answer]) -> Proposal:
    question = _which_sheet(files[0], answers)
    if question is not None:
        nothing = ColumnMap(shape="terms", columns={})
        return Proposal(files, timezone, nothing, {}, (question,), None, answers)
    sheet = answers.get(_SHEET)
    options = ReadOptions(sheet=sheet if isinstance(sheet, str) else None)
    raw = _sample(files, options)
    found = work_out(Sample(files[0], raw, answers))
    column_map = replace(found.column_map, sheet=options.sheet)
    if not found.questions:
        checked(column_map)
    preview = translate(_first_rows(raw), column_map, source="preview", file=str(files[0]), timezone=timezone)
    return Proposal(files, timezone, column_map, found.reasons, tuple(found.questions), preview, answers)


def _which_sheet(file: Path, answers: Mapping[str, Answer]) -> Question | None:
    if format_of(file) != "xlsx" or _SHEET in answers:
        return None
    with opened(file) as stream:
        names = sheets(stream, file)
    return Question(_SHEET, "Which sheet holds the table?", tuple(names)) if len(names) > 1 else None


def _sample(files: tuple[Path, ...], options: ReadOptions) -> RawRows:
    """The first rows of the first file, once all files are known to have its columns."""
    first, *others = files
    raw = next(read(first, options))
    if not raw.numbers:
        raise UnreadableFileError(first, "has a header and no rows", "There is nothing to import")
    for file in others:
        columns = next(read(file, options)).columns
        if set(columns) != set(raw.columns):
            raise UsageError(
                f"{first} and {file} have different columns. Propose a map for one kind of file at a time."
            )
    return raw


def _first_rows(raw: RawRows) -> RawRows:
    values: tuple[Sequence[str | None], ...] = tuple(column[:PREVIEWED] for column in raw.values)
    numbers = raw.numbers[:PREVIEWED]
    faults = [fault for fault in raw.faults if fault.row <= numbers[-1]]
    return replace(raw, values=values, numbers=numbers, faults=faults)
