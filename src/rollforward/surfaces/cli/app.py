"""The command `rollforward`: its commands, and how it ends."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from rollforward import __version__
from rollforward.errors import RollforwardError, UsageError
from rollforward.surfaces.cli import (
    INTERRUPTED,
    backups,
    board,
    books,
    checks,
    closes,
    completeness,
    entries,
    explaining,
    exporting,
    figures,
    importing,
    listings,
    mcp,
    notices,
    people,
    policies,
    serving,
)
from rollforward.surfaces.cli.groups import expanded
from rollforward.surfaces.cli.voice import fail, note

COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "demo": (books.demo, "rollforward demo demo --customers 500 --files"),
    "init": (books.init, "rollforward init acme --currency EUR --timezone Europe/Berlin"),
    "import": (importing.import_, "rollforward import subscriptions.csv --book acme --save-map subscriptions.toml"),
    "build": (books.build, "rollforward build --book acme"),
    "mrr": (figures.mrr, "rollforward mrr --book acme --from 2025 --every quarter --where country=DE"),
    "movements": (listings.movements, "rollforward movements --book acme --kind churn --from 2026-01"),
    "metrics": (figures.metrics, "rollforward metrics nrr_12m grr_12m arpa --book acme --by plan --from 2026"),
    "cohorts": (figures.cohorts, "rollforward cohorts --book acme --measure mrr --every quarter"),
    "accounts": (listings.accounts, "rollforward accounts --book acme --search robotics"),
    "explain": (explaining.explain, "rollforward explain churned_mrr 2026-06 --book acme"),
    "history": (explaining.history, "rollforward history c42 --book acme --month 2026-06"),
    "sources": (completeness.sources, "rollforward sources --book acme --imports"),
    "problems": (listings.problems, "rollforward problems --book acme --severity quarantined"),
    "close": (closes.close, "rollforward close 2026-06 --book acme --note 'sent to the board'"),
    "closes": (closes.closes, "rollforward closes --book acme"),
    "restatement": (closes.restatement, "rollforward restatement 2026-06 --book acme"),
    "reopen": (closes.reopen, "rollforward reopen 2026-06 --book acme --reason 'a file was missing'"),
    "verify": (checks.verify, "rollforward verify cases/"),
    "export": (exporting.export, "rollforward export out --book acme --format parquet"),
    "serve": (serving.serve, "rollforward serve --book acme"),
    "board": (board.board, "rollforward board june.pdf --to 2026-06 --book acme"),
    "mcp": (mcp.mcp, "rollforward mcp --book acme"),
    "doctor": (checks.doctor, "rollforward doctor --book acme"),
    "backup": (backups.backup, "rollforward backup acme-2026-07-01.zip --book acme"),
    "restore": (backups.restore, "rollforward restore acme-2026-07-01.zip acme"),
}
"""Every command, with the example that its help ends with."""

GROUPS: dict[str, tuple[str, dict[str, tuple[Callable[..., None], str]]]] = {
    "entry": ("What people enter: merges, transfers, exclusions, contracts, corrections.", entries.COMMANDS),
    "notices": ("What the book tells by itself: digests, large movements, watched folders.", notices.COMMANDS),
    "policy": ("What counts: policies listed, in words, side by side, and new ones.", policies.COMMANDS),
    "people": ("Who may come in: users, roles, API keys, and what they did.", people.COMMANDS),
}
"""Every group of commands: what it is about, and its commands."""

_STATUSES = (
    "Exit status: 0 ok, 1 failed, 2 usage, 3 data incomplete or stale, 4 does not reconcile or a case differs, "
    "5 not found, 130 interrupted."
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rollforward {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The open ledger of Monthly Recurring Revenue: how much, why it changed, and who moved it."""


def make_app() -> typer.Typer:
    """The application with every command."""
    app = typer.Typer(
        name="rollforward",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 110},
    )
    app.callback(epilog=f"Example: rollforward demo demo\n\n{_STATUSES}")(_root)
    for name, (command, example) in COMMANDS.items():
        app.command(name, epilog=f"Example: {example}")(expanded(command))
    for name, (about, commands) in GROUPS.items():
        app.add_typer(_group(name, about, commands))
    return app


def _group(name: str, about: str, commands: dict[str, tuple[Callable[..., None], str]]) -> typer.Typer:
    group = typer.Typer(name=name, help=about, no_args_is_help=True, rich_markup_mode=None)
    for own, (command, example) in commands.items():
        group.command(own, epilog=f"Example: {example}")(expanded(command))
    return group


def every_command() -> list[str]:
    """The names of all commands, those of groups with the group's name in front."""
    return [*COMMANDS, *(f"{group} {name}" for group, (_, commands) in GROUPS.items() for name in commands)]


def run(arguments: list[str]) -> int:
    """Run a command line: its exit status. What goes wrong is one message on stderr, never a traceback."""
    if not arguments or (len(arguments) == 1 and arguments[0] in GROUPS):
        arguments = [*arguments, "--help"]
    if "--no-color" in arguments:
        os.environ["NO_COLOR"] = "1"
    try:
        status = typer.main.get_command(make_app()).main(arguments, "rollforward", standalone_mode=False)
    except SystemExit as error:
        return _left(error)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  here every failure becomes an exit status
        return _status_of(error)
    if status == INTERRUPTED:
        note("Interrupted. Nothing was kept of what was under way.")
    return status if isinstance(status, int) else 0


def _status_of(error: BaseException) -> int:
    if isinstance(error, BrokenPipeError):
        return _stop_writing()
    if isinstance(error, KeyboardInterrupt | typer.Abort) or type(error).__name__ == "InterruptException":
        note("Interrupted. Nothing was kept of what was under way.")
        return INTERRUPTED
    if os.environ.get("ROLLFORWARD_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, RollforwardError):
        fail(str(error))
        return error.exit_status
    if isinstance(error, typer.TyperException):
        fail(_refusal(error))
        return UsageError.exit_status
    return _unforeseen(error)


def _refusal(error: typer.TyperException) -> str:
    """What is wrong with a command line, and whose help says more."""
    said = error.format_message().replace("Value error, ", "").replace("Input should", "it should").rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{said}. See `{context.command_path if context else 'rollforward'} --help`."


def _left(error: SystemExit) -> int:
    """How a command ends that the command line's own library has stopped: it does so when a pipe breaks."""
    if isinstance(error.__context__, BrokenPipeError):
        return _stop_writing()
    return error.code if isinstance(error.code, int) else UsageError.exit_status


def _stop_writing() -> int:
    """The reader of a pipe has left: nobody is there to be told, on stdout or where stderr goes the same way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.isatty():
            os.dup2(nowhere, stream.fileno())
    return 0


def _unforeseen(error: BaseException) -> int:
    if isinstance(error, OSError):
        fail(f"{error.filename or 'the system'}: {error.strerror or error}. Check the path, its rights and free space.")
    else:
        fail(f"{type(error).__name__}: {error}. This is a fault of rollforward: please report it.")
    return RollforwardError.exit_status
