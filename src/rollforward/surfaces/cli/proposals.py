"""A proposed map as people read it: which column is what and why, what is open, and the first rows as booked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.errors import UsageError
from rollforward.surfaces.cli.output import put_bytes, put_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollforward.records.batch import Batch
    from rollforward.records.tables import Column
    from rollforward.results import ColumnKind
    from rollforward.sources.column_map import Binding
    from rollforward.sources.proposal import Answer, Proposal
    from rollforward.sources.work import Question

_WORD_QUESTIONS = ("amount", "interval", "status")


def is_by_word(question: Question) -> bool:
    """Whether a question wants an answer for each of its options, as when a file names only plans."""
    return not question.is_closed and question.name in _WORD_QUESTIONS


def answered(proposal: Proposal, texts: Iterable[str]) -> Proposal:
    """The proposal with the answers of `--set`; an answer can raise the question that the next one answers."""
    from rollforward.sources.proposal import answer

    waiting = list(texts)
    while waiting:
        now = {name: value for name, value in _answers(waiting, proposal.questions).items() if value}
        if not now:
            raise UsageError(_unasked(waiting, proposal))
        waiting = [text for text in waiting if _question_of(text, proposal.questions) is None]
        proposal = answer(proposal, now)
    return proposal


def _unasked(waiting: list[str], proposal: Proposal) -> str:
    known = ", ".join(repr(question.name) for question in proposal.questions)
    return f"--set {waiting[0]!r} answers no question. " + (f"Open: {known}." if known else "No question is open.")


def _answers(texts: list[str], questions: tuple[Question, ...]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for text in texts:
        question = _question_of(text, questions)
        if question is None:
            continue
        name, _, value = text.partition("=")
        if name == question.name:
            found[name] = value
        else:
            before = found.get(question.name)
            found[question.name] = {
                **(before if isinstance(before, dict) else {}),
                name[len(question.name) + 1 :]: value,
            }
    return found


def _question_of(text: str, questions: tuple[Question, ...]) -> Question | None:
    """The question that `NAME=VALUE` or `NAME.WORD=VALUE` answers."""
    name, equals, _ = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text!r} has no name and value. Write --set NAME=VALUE.")
    exact = next((question for question in questions if question.name == name), None)
    by_word = (question for question in questions if is_by_word(question) and name.startswith(f"{question.name}."))
    return exact or next(by_word, None)


def show_proposal(proposal: Proposal) -> None:
    """Print the map with its reasons, the open questions, and the first rows as they would be booked."""
    column_map = proposal.column_map
    if proposal.reasons:
        put_line(f"{_files(proposal)} as {column_map.table} ({column_map.shape}): {proposal.reasons.get('shape', '')}")
        for name, binding in column_map.columns.items():
            put_line(f"  {name:<16} {_bound(binding):<28} {proposal.reasons.get(name, '')}".rstrip())
        for name, reason in proposal.reasons.items():
            if name not in column_map.columns and name != "shape":
                put_line(f"  {name:<16} {'':<28} {reason}")
    for question in proposal.questions:
        put_line(
            f"? {question.name}: {question.about}" + (f" [{', '.join(question.options)}]" if question.options else "")
        )
    if proposal.preview is not None:
        _show_preview(proposal.preview, is_ready=proposal.is_ready)


def _files(proposal: Proposal) -> str:
    first, *others = proposal.files
    return f"{first} and {len(others)} more" if others else str(first)


def _bound(binding: Binding) -> str:
    bound = " + ".join(binding.columns) if binding.columns else f"always {binding.constant}"
    return bound + (" (last day)" if binding.last_day else "")


def _show_preview(batch: Batch, *, is_ready: bool) -> None:
    from rollforward.formats import Answer, table
    from rollforward.records.tables import TABLES
    from rollforward.results import ResultColumn
    from rollforward.surfaces.cli.report import problem_line

    rows = batch.rows.to_pylist()
    shown = [column for column in TABLES[batch.table].columns if _is_told(column, rows)]
    if rows:
        put_line("The first rows as they would be booked:")
        columns = tuple(ResultColumn(column.name, _kind(column)) for column in shown)
        put_bytes(
            table(Answer("preview", columns, [tuple(_text(row[column.name]) for column in shown) for row in rows]))
        )
    # While a question is open, a row lacks the answer and not the value.
    for problem in batch.problems if is_ready else ():
        put_line(problem_line(problem))


def _is_told(column: Column, rows: list[dict[str, object]]) -> bool:
    """Whether some row says something about a column."""
    return any(row[column.name] not in (None, []) for row in rows) and column.type != "flag"


def _kind(column: Column) -> ColumnKind:
    return "day" if column.type == "day" else "text"


def _text(value: object) -> str | None:
    from decimal import Decimal

    from rollforward.formats import exact_text

    if isinstance(value, Decimal):
        return exact_text(value)
    if isinstance(value, list):
        return ", ".join(_discount(part) if isinstance(part, dict) else "=".join(map(str, part)) for part in value)
    return None if value is None else str(value)


def _discount(discount: dict[str, object]) -> str:
    said = (f"{name} {_text(value)}" for name, value in discount.items() if value is not None)
    return " ".join(said)
