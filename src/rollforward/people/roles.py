"""Roles and scopes: who may do what. One table, from which every check follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from rollforward.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable

Role = Literal["viewer", "analyst", "admin", "restricted"]
Scope = Literal["read", "write", "admin"]

ROLES: dict[str, str] = {
    "viewer": "sees everything and changes nothing",
    "analyst": "also imports, enters, closes months, and leaves notes, saved segments and share links",
    "admin": "also decides who may come in, and sees the audit log",
    "restricted": "as a viewer, without names, e-mail addresses and raw rows",
}
"""Every role, and what it is."""

SCOPES: dict[str, str] = {
    "read": "see figures",
    "write": "change what the book holds, and what is left in it",
    "admin": "decide who may come in",
}
"""Every scope, and what it allows. Each holds the ones before it."""

_SCOPES_OF: dict[Role, Scope] = {"viewer": "read", "analyst": "write", "admin": "admin", "restricted": "read"}


def role_named(text: str) -> Role:
    """The role of a name; UnknownNameError if there is none."""
    for role in get_args(Role):
        if role == text:
            return role  # type: ignore[no-any-return]
    raise UnknownNameError("role", text, list(ROLES))


def held(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes that are held with these: write holds read, admin holds both. UnknownNameError if there is no such."""
    order = list(SCOPES)
    highest = -1
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownNameError("scope", scope, order)
        highest = max(highest, order.index(scope))
    return frozenset(order[: highest + 1])


def scopes_of(role: Role) -> frozenset[str]:
    """The scopes that a role holds."""
    return held([_SCOPES_OF[role]])


def sees_personal_data(role: Role) -> bool:
    """Whether a role sees the names and addresses of the book's customers."""
    return role != "restricted"
