"""Whether a column is what its name may mean: where a name has several meanings, its values decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollforward.records.tables import LINE_KINDS
from rollforward.sources.evidence import date_orders, distinct
from rollforward.sources.faults import Fault
from rollforward.sources.names import UNSURE, plain
from rollforward.sources.words import KINDS, parse_interval, parse_word

if TYPE_CHECKING:
    from rollforward.sources.raw import RawRows

Roles = dict[str, str]


def fitting_roles(roles: Roles, raw: RawRows) -> Roles:
    """The roles without those that only an unsure name gives and the values do not bear out."""
    return {role: column for role, column in roles.items() if _is_sure(role, column) or _fits(role, roles, raw)}


def _is_sure(role: str, column: str) -> bool:
    return plain(column) not in UNSURE.get(role, ())


def _fits(role: str, roles: Roles, raw: RawRows) -> bool:
    column = roles[role]
    if role == "name":
        return column != roles.get("customer")
    texts = distinct(raw, column)
    if role in {"cancel_requested", "paid"}:
        return date_orders(texts) != []
    if role == "kind":
        return any(not isinstance(parse_word(text, LINE_KINDS, KINDS), Fault) for text in texts)
    return any(not isinstance(parse_interval(text), Fault) for text in texts)


def holds_intervals(raw: RawRows, column: str) -> bool:
    """Whether a column holds billing intervals and nothing else."""
    texts = distinct(raw, column)
    return bool(texts) and not any(isinstance(parse_interval(text), Fault) for text in texts)
