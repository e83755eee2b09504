"""The server: the tools of a book under the Model Context Protocol, over standard input and output."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from rollforward import __version__
from rollforward.errors import ExtraMissingError, RollforwardError, UnknownNameError
from rollforward.surfaces.cli.groups import expanded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mcp.server.mcpserver import MCPServer

    from rollforward.book import Book
    from rollforward.surfaces.links import Links

ABOUT = """Rollforward is the exact, open ledger of a company's Monthly Recurring Revenue (MRR). All tools only read.

Amounts are exact decimals in quotes, in the unit that their column names; ratios are plain numbers (0.1 is 10 %); null
is unknown, and never 0. Losses are negative in movements and positive in roll-forwards. Answers have a stamp (policy,
currency, day, when the data was learned, as known when, hash of the ledger): name it with a figure, and give the link.
Where figures are withheld, say so with the reason, and do not estimate them."""


def server(open_book: Callable[[], Book], clock: Callable[[], datetime], links: Links) -> MCPServer[Any]:
    """The server over a book, which each question opens anew; ExtraMissingError without the extra `mcp`."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp_types import ToolAnnotations
    except ImportError as error:
        raise ExtraMissingError("tools for MCP", "mcp") from error
    from rollforward.surfaces.mcp.tools import Tools

    class Strict(MCPServer[Any]):
        """Refuses arguments that a tool does not have: left aside, they make another answer than was asked for."""

        async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:  # noqa: ANN401
            tool = self._tool_manager.get_tool(name)
            known = list(tool.parameters["properties"]) if tool else []
            for argument in arguments if tool else ():
                if argument not in known:
                    raise ToolError(str(UnknownNameError("argument", argument, known)))
            return await super().call_tool(name, arguments, context)

    made = Strict("rollforward", version=__version__, instructions=ABOUT, log_level="WARNING")
    for tool in Tools(open_book, clock, links).every():
        title = tool.__name__.replace("_", " ").capitalize()
        notes = ToolAnnotations(
            title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        )
        made.add_tool(_told(tool), name=tool.__name__, title=title, annotations=notes)
    return made


def _told(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The tool, whose refusals the asker is told in words."""
    from mcp.server.mcpserver.exceptions import ToolError

    asked = expanded(tool)

    def run(**given: Any) -> dict[str, Any]:  # noqa: ANN401  whatever the tool takes
        try:
            return asked(**given)
        except RollforwardError as error:
            raise ToolError(str(error)) from error

    run.__signature__ = inspect.signature(asked).replace(return_annotation=dict[str, Any])  # type: ignore[attr-defined]
    run.__annotations__ = {**asked.__annotations__, "return": dict[str, Any]}
    run.__name__, run.__doc__ = tool.__name__, tool.__doc__
    return run
