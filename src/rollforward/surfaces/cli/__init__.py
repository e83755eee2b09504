"""The command line: parse the request, call one method of the book, print its result."""

import sys

INTERRUPTED = 130
"""The exit status of a command that was interrupted."""


def main() -> None:
    """The command `rollforward`: ends the process with its exit status."""
    try:
        from rollforward.surfaces.cli.app import run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(run(sys.argv[1:]))


__all__ = ["INTERRUPTED", "main"]
