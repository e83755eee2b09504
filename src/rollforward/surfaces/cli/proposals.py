"""A proposed map as people read it: which column is what and why, what is open, and the first rows as booked."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from rollforward.errors import UsageError
from rollforward.surfaces.cli.output import put_bytes, put_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollforward.book import Book
    from rollforward.book.proposals import Refused
    from rollforward.sources.column_map import Binding
    from rollforward.sources.proposal import Answer, Proposal
    from rollforward.sources.work import Question


def answer_all(book: Book, proposals: Sequence[Proposal], texts: Sequence[str]) -> list[Proposal]:
    """The proposals with the answers of `--set`, each of which answers every proposal that asks for it."""
    answered, used = [], set()
    for proposal in proposals:
        meant = {text: own for text in texts if (own := _meant_for(proposal, text))}
        settled, left = _answered(book, proposal, list(meant.values()))
        answered.append(settled)
        used |= {text for text, own in meant.items() if own not in left}
    unused = [text for text in texts if text not in used]
    if unused:
        raise UsageError(_unasked(unused[0], answered))
    return answered


def _meant_for(proposal: Proposal, text: str) -> str | None:
    """`NAME=VALUE`, where `FILE:` in front of it names a file of the proposal, or nothing does; else None."""
    name, equals, _ = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text!r} has no name and value. Write --set NAME=VALUE.")
    file, colon, _ = name.rpartition(":")
    if not colon:
        return text
    named = {label for path in proposal.files for label in (str(path), path.name)}
    return text[len(file) + 1 :] if file in named else None


def _answered(book: Book, proposal: Proposal, waiting: list[str]) -> tuple[Proposal, list[str]]:
    """The proposal with answers, and those that it does not ask for. An answer can raise a question for the next."""
    while now := {name: value for name, value in _answers(waiting, proposal.questions).items() if value}:
        waiting = [text for text in waiting if _question_of(text, proposal.questions) is None]
        proposal = book.answer(proposal, now)
    return proposal, waiting


def _unasked(text: str, proposals: Sequence[Proposal]) -> str:
    known = ", ".join(dict.fromkeys(repr(one.name) for proposal in proposals for one in proposal.questions))
    return f"--set {text!r} answers no question. " + (f"Open: {known}." if known else "No question is open.")


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
    name = text.partition("=")[0]
    exact = next((question for question in questions if question.name == name), None)
    by_word = (question for question in questions if question.is_by_word and name.startswith(f"{question.name}."))
    return exact or next(by_word, None)


def show_proposal(proposal: Proposal) -> None:
    """Print the map with its reasons, what is not read, the open questions, and the first rows as booked."""
    from rollforward.book.proposals import unread

    column_map = proposal.column_map
    if proposal.reasons:
        reason = proposal.reasons.get("shape", "")
        put_line(f"{files_said(proposal.files)} as {column_map.table} ({column_map.shape}): {reason}")
        for name, binding in column_map.columns.items():
            put_line(f"  {name:<16} {_bound(binding):<28} {proposal.reasons.get(name, '')}".rstrip())
        for name, reason in proposal.reasons.items():
            if name not in column_map.columns and name != "shape":
                put_line(f"  {name:<16} {'':<28} {reason}")
        if left := unread(proposal):
            put_line(f"  {'not read':<16} {', '.join(left)}")
    for question in proposal.questions:
        put_line(
            f"? {question.name}: {question.about}" + (f" [{', '.join(question.options)}]" if question.options else "")
        )
    _show_preview(proposal)


def files_said(files: Sequence[Path]) -> str:
    """Files in a word: the first, and how many more there are."""
    first, *others = files
    return f"{first} and {len(others)} more" if others else str(first)


def show_refused(refused: Sequence[Refused]) -> None:
    """Print the files of which nothing is booked, each with its reason."""
    for one in refused:
        put_line(f"refused: {one.file}: {one.reason}")


def how_on(proposals: Sequence[Proposal], refused: Sequence[Refused], paths: Sequence[Path]) -> str:
    """What to do where nothing was booked because something is open, or nobody could be asked."""
    opened = [(proposal, question) for proposal in proposals for question in proposal.questions]
    if not opened:
        without = " What is refused above would stay out." if refused else ""
        ways = "add --yes, or write it with --save-map and pass it with --map FILE"
        return f"nothing was booked, for nobody could be asked. If the proposal is right: {ways}.{without}"
    # The name of the file is only needed where several are asked about.
    several = len(proposals) > 1
    said = (f"{proposal.files[0].name}:{one.name}" if several else one.name for proposal, one in opened)
    command = " ".join([*(quote(str(path)) for path in paths), *(f"--set '{name}=...'" for name in said)])
    are = "is" if len(opened) == 1 else "are"
    return (
        f"{_counted(len(opened), 'question')} {are} open, and nothing was booked. "
        f"Answer: rollforward import {command}\n"
        "or write the map with --save-map FILE, complete it, and pass it with --map FILE."
    )


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _bound(binding: Binding) -> str:
    bound = " + ".join(binding.columns) if binding.columns else f"always {binding.constant}"
    return bound + (" (last day)" if binding.last_day else "")


def _show_preview(proposal: Proposal) -> None:
    from rollforward.book.proposals import preview_of
    from rollforward.formats import table
    from rollforward.surfaces.cli.report import problem_line

    if preview := preview_of(proposal):
        put_line("The first rows as they would be booked:")
        put_bytes(table(preview))
    # While a question is open, a row lacks the answer and not the value.
    for problem in proposal.preview.problems if proposal.preview and proposal.is_ready else ():
        put_line(problem_line(problem))
