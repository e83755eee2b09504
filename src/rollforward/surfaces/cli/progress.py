"""Progress on stderr: only on a terminal, gone when the work is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str], None]


@contextmanager
def working(about: str, *, quiet: bool = False) -> Iterator[Tell]:
    """A line that says what is being done; the function given is told each stage."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(about, total=None)
        yield lambda stage: bar.update(task, description=f"{about}: {stage}")


@contextmanager
def counting(about: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """A bar over a known or unknown number of things; the function given is told which and how many are done."""
    if quiet or not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(about, total=total)
        yield lambda stage, done: bar.update(task, description=f"{about}: {stage}", completed=done)
