"""The book: the object that every surface talks to, and what it is made of."""

from rollforward.book.book import Book
from rollforward.book.view import View, now

__all__ = ["Book", "View", "now"]
