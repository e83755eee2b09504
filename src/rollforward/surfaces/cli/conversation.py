"""The conversation about a proposed map: its open questions, then whether to book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from rollforward.errors import UsageError
from rollforward.surfaces.cli.voice import warn

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.sources.proposal import Answer, Proposal
    from rollforward.sources.work import Question


def ask_all(book: Book, proposal: Proposal) -> Proposal:
    """The proposal once every question is answered; an answer can raise another question."""
    while proposal.questions:
        question = proposal.questions[0]
        try:
            proposal = book.answer(proposal, {question.name: _ask(question)})
        except UsageError as error:
            warn(str(error))
    return proposal


def _ask(question: Question) -> Answer:
    typer.echo(f"\n{question.about}", err=True)
    if question.is_by_word:
        return {option: _prompt(f"  {option}") for option in question.options}
    for number, option in enumerate(question.options, start=1):
        typer.echo(f"  {number}  {option}", err=True)
    return _chosen(question, _prompt("Answer, or its number" if question.options else "Answer"))


def _chosen(question: Question, said: str) -> str:
    """The option of that number, or what was said."""
    if said in question.options or not said.isdecimal():
        return said
    return question.options[int(said) - 1] if 1 <= int(said) <= len(question.options) else said


def _prompt(text: str) -> str:
    return str(typer.prompt(text, err=True)).strip()


def confirmed(what: str) -> bool:
    """Whether a person agrees to book."""
    return typer.confirm(f"Book {what}?", err=True)
