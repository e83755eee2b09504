"""The commands about people: add, list, change, remove, key, sign-out, audit."""

import getpass
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from rollforward.errors import UsageError
from rollforward.surfaces.cli.options import Printed, Shelf, Voice
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.voice import clock, is_conversation, note

if TYPE_CHECKING:
    from rollforward.people import Actor, People
    from rollforward.results import Cell

Name = Annotated[str, Argument(metavar="NAME", help="The name to sign in with, as an e-mail address.")]
Role = Annotated[str, Option(metavar="ROLE", help="viewer, analyst, admin, or restricted, who sees no names.")]

PASSWORD = "ROLLFORWARD_PASSWORD"  # noqa: S105  the name of a variable
"""The variable that holds a password, or with `_FILE` names the file that does."""

_OF_KEYS = ("prefix", "owner", "label", "scope", "made_at", "used_at", "ends_at", "revoked_at")


def add(shelf: Shelf, voice: Voice, name: Name, role: Role = "viewer") -> None:
    """Let somebody in, with a password.

    It is asked for at the terminal. Without one it is taken from ROLLFORWARD_PASSWORD, or from the file that
    ROLLFORWARD_PASSWORD_FILE names. The first user has to be an admin; from then on everybody signs in.
    """
    people = _people(shelf)
    user = people.users.add(name, role, password=_password(), by=_actor())
    put_line(f"{user.name} may come in as {user.role}")
    note(f"Next: rollforward serve{shelf.said}", quiet=voice.quiet)


def list_(
    shelf: Shelf,
    printed: Printed,
    keys: Annotated[bool, Option("--keys", help="The API keys instead.")] = False,
) -> None:
    """Everybody with their roles, or the API keys. Times are UTC."""
    people = _people(shelf)
    if keys:
        _show("keys", _OF_KEYS, people.keys.all(), printed)
    else:
        _show("people", ("name", "role", "active", "made_at", "seen_at"), people.users.all(), printed)


def change(
    shelf: Shelf,
    name: Name,
    role: Annotated[str | None, Option(metavar="ROLE", help="Another role.")] = None,
    password: Annotated[bool, Option("--password", help="Another password, asked for as by `add`.")] = False,
) -> None:
    """Another role or another password for somebody.

    A new password ends every session of theirs.
    """
    if role is None and not password:
        raise UsageError("nothing is to be changed. Say --role ROLE, --password, or both.")
    people = _people(shelf)
    people.users.named(name)
    if role is not None:
        user = people.users.set_role(name, role, by=_actor())
        put_line(f"{user.name} is {user.role} now")
    if password:
        people.users.set_password(name, _password(), by=_actor())
        put_line(f"{name} has another password, and is signed out everywhere")


def remove(shelf: Shelf, name: Name) -> None:
    """Let somebody in no more.

    Their sessions end, and their keys and share links open nothing. The only admin stays.
    """
    _people(shelf).users.remove(name, by=_actor())
    put_line(f"{name} may not come in any more")


def key(
    shelf: Shelf,
    voice: Voice,
    name: Name,
    scope: Annotated[str, Option(metavar="SCOPE", help="read, write or admin; no more than the role holds.")] = "read",
    label: Annotated[str, Option(metavar="TEXT", help="What it is for.")] = "",
    days: Annotated[int | None, Option(metavar="N", help="For how many days; default: until it is revoked.")] = None,
    revoke: Annotated[str | None, Option(metavar="PREFIX", help="Revoke this key instead.")] = None,
) -> None:
    """A new API key of somebody, or one revoked.

    The key is printed this once; only a sum of it is kept.
    """
    people = _people(shelf)
    if revoke is not None:
        people.keys.revoke(revoke, of=people.users.named(name).name, by=_actor())
        put_line(f"{revoke} opens nothing any more")
        return
    made, token = people.keys.make(name, scope, label=label, days=days, by=_actor())
    put_line(token)
    until = f"until {made.ends_at:%Y-%m-%d %H:%M} UTC" if made.ends_at else "until it is revoked"
    note(f"{made.prefix}: {made.scope}, {until}. It is shown this once.", quiet=voice.quiet)


def sign_out(shelf: Shelf, name: Name) -> None:
    """Sign somebody out everywhere."""
    people = _people(shelf)
    ended = people.sessions.end_all(people.users.named(name).name, by=_actor())
    put_line(f"{name} is signed out: {ended} session{'' if ended == 1 else 's'} ended")


def audit(
    shelf: Shelf,
    printed: Printed,
    who: Annotated[str | None, Option(metavar="NAME", help="What this one did alone.")] = None,
    limit: Annotated[int, Option(metavar="N", min=1, help="How many lines.")] = 100,
) -> None:
    """Who did what, when and from where.

    The latest stands first. Times are UTC.
    """
    deeds = _people(shelf).audit.deeds(limit=limit, who=who)
    _show("audit", ("at", "who", "did", "about", "address"), deeds, printed)


def _people(shelf: Shelf) -> "People":
    from rollforward.surfaces.environment import people_of

    return people_of(shelf.open().path, clock)


def _actor() -> "Actor":
    from rollforward.people import Actor

    return Actor(getpass.getuser())


def _password() -> str:
    """A password from the environment, or asked for twice at the terminal."""
    from rollforward.surfaces.environment import told

    if found := told(PASSWORD):
        return found
    if not is_conversation():
        raise UsageError(f"there is no terminal to ask for a password at. Set {PASSWORD}, or {PASSWORD}_FILE.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _show(subject: str, names: tuple[str, ...], things: Iterable[Any], printed: Printed) -> None:
    """Print things as a table with these of their fields."""
    from rollforward.formats import Answer
    from rollforward.results import column

    rows: list[tuple[Cell, ...]] = [tuple(_text(getattr(thing, name)) for name in names) for thing in things]
    printed.show_answer(Answer(subject, tuple(column(name, "text") for name in names), rows))


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    return None if value is None else str(value)


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "add": (add, "rollforward people add ada@acme.example --role admin --book acme"),
    "list": (list_, "rollforward people list --book acme"),
    "change": (change, "rollforward people change ada@acme.example --role analyst --book acme"),
    "remove": (remove, "rollforward people remove ada@acme.example --book acme"),
    "key": (key, "rollforward people key ada@acme.example --scope read --days 90 --book acme"),
    "sign-out": (sign_out, "rollforward people sign-out ada@acme.example --book acme"),
    "audit": (audit, "rollforward people audit --book acme --limit 20"),
}
"""Every command about people, with the example that its help ends with."""
