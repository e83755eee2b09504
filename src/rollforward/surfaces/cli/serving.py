"""The command `serve`: the pages and the API of a book."""

from typing import Annotated

from typer import Option

from rollforward.surfaces.cli.options import Shelf, Voice
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.voice import clock, note


def serve(
    shelf: Shelf,
    voice: Voice,
    host: Annotated[str, Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, metavar="PORT", help="On which port.")] = 8765,
    memory: Annotated[
        str, Option(metavar="SIZE", help="What questions may hold at a time, such as 2GB: more is faster.")
    ] = "512MB",
) -> None:
    """The pages and the API of a book, and its notices, until interrupted.

    Without sign-in it listens on this machine alone.
    """
    from rollforward.surfaces.environment import people_of, several, told
    from rollforward.surfaces.notices.setting_up import scheduled_of
    from rollforward.surfaces.server.app import application
    from rollforward.surfaces.server.drawers import Drawers
    from rollforward.surfaces.server.oidc import provider_of
    from rollforward.surfaces.server.running import run
    from rollforward.surfaces.server.security import is_home, may_bind
    from rollforward.surfaces.server.served import Served
    from rollforward.surfaces.web.warming import Warming

    drawers = Drawers()
    served, provider = Served(shelf.book, clock, memory=memory, drawing=drawers), provider_of()
    # At home nobody has to be known before the first page is asked for, and their database takes a while to load.
    at_home = is_home(host) and not told("ROLLFORWARD_PEOPLE_URL")
    people = people_of(shelf.book, clock) if served.is_there and not at_home else None
    if served.is_there:
        # A book that cannot be opened, or a size that is none, is said now.
        _ = served.book
    if refusal := may_bind(host, people, provider):
        raise refusal
    notices = scheduled_of(shelf.book, lambda: served.book, clock)
    hosts = (host, *several("ROLLFORWARD_HOSTS"))
    app = application(served, people, sign_on=provider, hosts=hosts, works=[drawers, Warming(served), notices])
    put_line(f"http://{host}:{port}/")
    note("Stop it with Ctrl+C.", quiet=voice.quiet)
    run(app, host, port)
