"""The columns and rows of a roll-forward and of its causes: which movements, and with which sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollforward.money import exact, monthly

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollforward.calendar import Period
    from rollforward.results import Cell

FLOW_COLUMNS = {
    "new": 1,
    "expansion": 1,
    "reactivation": 1,
    "contraction": -1,
    "churn": -1,
    "exchange": 1,
    "transfer": 1,
    "restated": 1,
    "entered": 1,
    "left": -1,
}
"""The columns of a roll-forward between opening and closing, with the sign that makes losses positive."""

ENTRY_KINDS = tuple(kind for kind in FLOW_COLUMNS if kind != "restated")
"""The kinds of entries that a list of movements can be narrowed to."""


def flow_columns(*, segmented: bool, placed: bool, restated: bool = False) -> list[str]:
    """The kinds that a roll-forward shows.

    entered and left only under a filter by item, transfer only where MRR changed its place between the parts shown,
    restated only where months are shown as they were reported.
    """
    shown = {"entered": segmented, "left": segmented, "transfer": placed, "restated": restated}
    hidden = {kind for kind, is_shown in shown.items() if not is_shown}
    return [kind for kind in FLOW_COLUMNS if kind not in hidden]


def rollforward_row(figures: Any, kinds: list[str], by: str | None) -> tuple[Cell, ...]:  # noqa: ANN401
    """The row of one period and group: opening, the kinds of movement, closing."""
    amounts = (exact(monthly(FLOW_COLUMNS[kind] * figures.flows.get(kind, 0))) for kind in kinds)
    group = [figures.group] if by else []
    return (figures.period.label, *group, exact(monthly(figures.opening)), *amounts, exact(monthly(figures.closing)))


def cause_rows(found: Iterable[tuple[Any, ...]], periods: Sequence[Period]) -> list[tuple[Cell, ...]]:
    """The rows of causes, by period, then in the order of a roll-forward's kinds, the largest first."""
    order = list(FLOW_COLUMNS)
    ordered = sorted(found, key=lambda row: (row[0], order.index(row[1]), -abs(row[3]), row[2]))
    return [
        (periods[number].label, kind, cause, exact(monthly(int(amount))), int(movements))
        for number, kind, cause, amount, movements in ordered
    ]
