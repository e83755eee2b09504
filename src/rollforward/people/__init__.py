"""People: who reads a book, and what they leave in it."""

from rollforward.people.audit import Actor
from rollforward.people.people import People

__all__ = ["Actor", "People"]
