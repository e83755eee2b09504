"""People: who reads a book, and what they leave in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollforward.people.actor import Actor

if TYPE_CHECKING:
    from rollforward.people.people import People

__all__ = ["Actor", "People"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  as Python asks for what a package does not have yet
    """`People`, and with it the database, which takes a while to load, when it is first named."""
    if name != "People":
        raise AttributeError(name)
    from rollforward.people.people import People

    return People
