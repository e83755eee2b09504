"""The command that serves the book to programs that ask in words: mcp."""

from rollforward.surfaces.cli.options import Shelf
from rollforward.surfaces.cli.voice import clock


def mcp(shelf: Shelf) -> None:
    """Answer questions over MCP on standard input and output: twelve read-only tools, each answer with stamp and link.

    For programs such as desktop assistants, which start it themselves. Set ROLLFORWARD_URL to the address of `serve`
    for links that open.
    """
    from rollforward.surfaces.links import links_from_environment
    from rollforward.surfaces.mcp.server import server

    shelf.open()  # A book that is not there is told at once, not at the first question.
    server(shelf.open, clock, links_from_environment()).run("stdio")
