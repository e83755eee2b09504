"""The command line: parse the request, call one method of the book, print its result."""

from rollforward.surfaces.cli.app import main

__all__ = ["main"]
