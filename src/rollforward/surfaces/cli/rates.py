"""The command `import --ecb`: the European Central Bank's exchange rates for the currencies of the book's records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Exit, Option

from rollforward.errors import IncompleteError, UsageError
from rollforward.surfaces import written as values
from rollforward.surfaces.cli.output import put_line
from rollforward.surfaces.cli.report import show_reports
from rollforward.surfaces.cli.voice import note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollforward.book.ecb_rates import EcbPlan, EcbReport
    from rollforward.surfaces.cli.options import Shelf, Voice


@dataclass(frozen=True)
class Ecb:
    """Which of the ECB's exchange rates."""

    ecb: Annotated[bool, Option("--ecb", help="The ECB's exchange rates that the records need; no files.")] = False
    currency: Annotated[str | None, Option(metavar="CODE", help="With --ecb: rates to this currency too.")] = None
    from_: Annotated[str | None, Option("--from", metavar="DATE", help="With --ecb: rates from this day on too.")] = (
        None
    )

    def refuse_alone(self) -> None:
        """Refuse the options that only say more about --ecb where it is not asked for."""
        if self.currency or self.from_:
            raise UsageError(
                f"{'--currency' if self.currency else '--from'} goes with --ecb. Leave it out, or add --ecb."
            )


def import_ecb(asked: Ecb, shelf: Shelf, voice: Voice, *, dry_run: bool) -> None:
    """Book the ECB's rates and say which currencies it does not quote."""
    done = shelf.open().take_in_ecb(
        currency=asked.currency.upper() if asked.currency else None,
        start=values.first_day(asked.from_, "--from"),
        dry_run=dry_run,
    )
    if done.plan is None:
        put_line(f"nothing to do: no record is in another currency than {_listed(done.to)}")
        return
    _show(done, done.plan, shelf, dry_run=dry_run)
    if done.report is None:
        raise Exit(IncompleteError.exit_status)
    note(
        "Nothing was booked: this was a dry run." if dry_run else f"Next: rollforward mrr{shelf.said}",
        quiet=voice.quiet,
    )


def _show(done: EcbReport, plan: EcbPlan, shelf: Shelf, *, dry_run: bool) -> None:
    unquoted = plan.unquoted
    quoted = [pair for pair in plan.pairs if pair not in unquoted]
    if quoted:
        put_line(f"{_listed(quoted)}, from {plan.first} to {plan.history.last}, the last day that is shipped")
    if done.report:
        show_reports([("ecb", done.report)], shelf, dry_run=dry_run)
    for silence in plan.silences:
        until = f"until {silence.until}" if silence.until else "since"
        put_line(f"not quoted after {silence.after} {until}: {silence.pair}; that day's rate holds meanwhile")
    if unquoted:
        put_line(
            f"not quoted by the ECB from {plan.first} on: {_listed(unquoted)}. "
            "Records that need these rates stay set aside: import exchange_rates of your own."
        )


def _listed(things: Iterable[object]) -> str:
    return ", ".join(map(str, things))
