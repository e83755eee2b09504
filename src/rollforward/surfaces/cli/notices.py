"""The commands of what a book tells by itself: notices listed, added, removed, and sent at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Exit, Option

from rollforward.errors import RollforwardError, UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.options import Currency, DryRun, Filtered, Printed, Shelf, Voice
from rollforward.surfaces.cli.output import put_bytes, put_line
from rollforward.surfaces.cli.voice import clock, fail, note

if TYPE_CHECKING:
    from rollforward.book import Book
    from rollforward.formats import Answer
    from rollforward.surfaces.notices import Subscription, Watch

Name = Annotated[str, Argument(metavar="NAME", help="Its name.")]


@dataclass(frozen=True)
class Telling:
    """Who is told of what, and when."""

    to: Annotated[str, Option(metavar="ADDRESS", help="An e-mail address, or the https:// of a webhook.")] = ""
    every: Annotated[Literal["day", "week", "month"] | None, Option(help="A digest of each that is over.")] = None
    at: Annotated[str, Option("--at", metavar="HH:MM", help="When, in the book's time zone.")] = "08:00"
    over: Annotated[str | None, Option(metavar="AMOUNT", help="Word at once of movements of this MRR or more.")] = None
    policy: Annotated[str | None, Option(metavar="NAME", help="Under which policy; default: the book's.")] = None
    currency: Currency = None


@dataclass(frozen=True)
class Watching:
    """Which folder is watched, and how its files are read."""

    watch: Annotated[
        Path | None,
        Option(parser=values.folder, metavar="DIR", help="Import files that are new or changed in a folder."),
    ] = None
    source: Annotated[str, Option(metavar="NAME", help="The source of its files.")] = ""
    map_file: Annotated[Path | None, Option("--map", metavar="FILE", help="The map of its files.")] = None
    pattern: Annotated[str, Option(metavar="GLOB", help="Which of its files, as *.csv.")] = "*"
    complete: Annotated[bool, Option("--complete", help="Each file is all that the source has.")] = False


def list_(
    shelf: Shelf,
    printed: Printed,
    log: Annotated[str | None, Option(metavar="NAME", help="What became of one, line by line.")] = None,
) -> None:
    """What the book tells by itself while `serve` runs: to whom, of what, when next, and what became of the last."""
    book = shelf.open()
    printed.show_answer(_logged(book, log) if log else _listed(book))


def add(
    shelf: Shelf,
    telling: Telling,
    watching: Watching,
    filtered: Filtered,
    voice: Voice,
    name: Name,
    dry_run: DryRun = False,
) -> None:
    """Tell somebody of each period that is over and of large movements, or watch a folder for files to import.

    `serve` does it. A webhook is signed as Standard Webhooks has it; its secret is printed once, now.
    """
    from rollforward.surfaces.notices import subscribe
    from rollforward.surfaces.notices.scheduled import check
    from rollforward.surfaces.notices.setting_up import keeper_of

    book = shelf.open()
    made = _watch(name, telling, watching) if watching.watch else _subscription(name, telling, watching, filtered)
    if dry_run:
        check(book, made)
    else:
        subscribe(book, keeper_of(book.path), made)
    put_line(
        f"{'would add' if dry_run else 'added'} {name}: {_what(made)}"
        + (f", to {made.told.to}" if made.told.to else "")
    )
    if made.told.secret and not dry_run:
        put_line(f"secret {made.told.secret}")
        note("Keep the secret where the webhook's messages are checked. It is not shown again.", quiet=voice.quiet)


def remove(shelf: Shelf, name: Name, dry_run: DryRun = False) -> None:
    """Remove one, with all that is remembered of it."""
    from rollforward.surfaces.notices.setting_up import keeper_of
    from rollforward.surfaces.notices.subscriptions import forget, named

    keeper = keeper_of(shelf.open().path)
    named(keeper, name)
    if not dry_run:
        forget(keeper, name)
    put_line(f"{'would remove' if dry_run else 'removed'} {name}")


def send(shelf: Shelf, name: Name, dry_run: DryRun = False) -> None:
    """Send the digest of the last period that is over, now and once, as a test; with --dry-run print it."""
    from rollforward.surfaces.notices.setting_up import scheduled_of

    book = shelf.open()
    scheduled = scheduled_of(book.path, lambda: book, clock)
    if dry_run:
        put_bytes(scheduled.preview(name, clock()).text().encode())
        return
    notice, outcome = scheduled.send_now(name, clock())
    if outcome.state != "sent":
        fail(f"not sent: {outcome.said}")
        raise Exit(RollforwardError.exit_status)
    put_line(f"sent {notice.title}: {outcome.said}")


def _subscription(name: str, telling: Telling, watching: Watching, filtered: Filtered) -> "Subscription":
    from rollforward.surfaces.notices import Subscription, Told
    from rollforward.surfaces.notices.subscriptions import amount, time_of_day

    if watching.source or watching.map_file or watching.complete or watching.pattern != "*":
        raise UsageError("--source, --map, --pattern and --complete are for a folder. Name it with --watch.")
    return Subscription(
        name,
        Told(telling.to).signed(),
        telling.every,
        time_of_day(telling.at),
        amount(telling.over) if telling.over else None,
        tuple((field, tuple(values)) for field, values in filtered.chosen().items()),
        telling.policy,
        telling.currency.upper() if telling.currency else None,
        clock(),
    )


def _watch(name: str, telling: Telling, watching: Watching) -> "Watch":
    from rollforward.surfaces.notices import Told, Watch

    if telling.every or telling.over or telling.policy or telling.currency:
        raise UsageError("a watched folder has no digest of its own. Add one under another name.")
    folder = (watching.watch or Path()).absolute()
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder. Make it first.")
    if watching.map_file is None or not watching.map_file.is_file():
        raise UsageError(
            "a watched folder needs the map of its files, named with --map. "
            "`rollforward import FILE --save-map MAP.toml` writes one."
        )
    told = Told(telling.to).signed()
    return Watch(
        name, folder, watching.source, watching.map_file.absolute(), watching.pattern, watching.complete, told, clock()
    )


def _what(one: "Subscription | Watch") -> str:
    """What a notice is about, in words."""
    from rollforward.surfaces.notices import Watch

    if isinstance(one, Watch):
        files = "" if one.pattern == "*" else f" ({one.pattern})"
        return f"files in {one.folder}{files} as source {one.source}"
    told = [f"a digest of each {one.every} at {one.at:%H:%M}"] if one.every else []
    told += [f"movements of {one.over} or more"] if one.over is not None else []
    where = " and ".join(f"{field}={value}" for field, chosen in one.where for value in chosen)
    return " and ".join(told) + (f" where {where}" if where else "")


def _listed(book: "Book") -> "Answer":
    from rollforward.formats import Answer
    from rollforward.results import column
    from rollforward.surfaces.notices.delivering import logged
    from rollforward.surfaces.notices.setting_up import keeper_of
    from rollforward.surfaces.notices.subscriptions import every_one

    keeper, names = keeper_of(book.path), ("name", "what", "to", "next", "last")
    rows = []
    for one in every_one(keeper):
        lines = logged(keeper, one.name)
        last = f"{_said(lines[-1][0])}: {lines[-1][1]}" if lines else None
        rows.append((one.name, _what(one), one.told.to or None, _next(book, one), last))
    return Answer("notices", tuple(column(name, "text") for name in names), list(rows))


def _next(book: "Book", one: "Subscription | Watch") -> str | None:
    from rollforward.surfaces.notices import Watch
    from rollforward.surfaces.notices.due import next_due

    if isinstance(one, Watch) or one.is_off:
        return None if isinstance(one, Watch) else f"off: {one.is_off}"
    return _said(next_due(one.every, one.at, book.settings.timezone, clock())) if one.every else "at once"


def _logged(book: "Book", name: str) -> "Answer":
    from rollforward.formats import Answer
    from rollforward.results import column
    from rollforward.surfaces.notices.delivering import logged
    from rollforward.surfaces.notices.setting_up import keeper_of
    from rollforward.surfaces.notices.subscriptions import named

    keeper = keeper_of(book.path)
    named(keeper, name)
    rows = [(_said(at), said) for at, said in logged(keeper, name)]
    return Answer("log", (column("at", "text"), column("what", "text")), list(rows))


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_, "rollforward notices list --book acme"),
    "add": (add, "rollforward notices add board --to board@example.com --every month --book acme"),
    "remove": (remove, "rollforward notices remove board --book acme"),
    "send": (send, "rollforward notices send board --book acme --dry-run"),
}
"""The commands of the group, with the example that the help of each ends with."""
