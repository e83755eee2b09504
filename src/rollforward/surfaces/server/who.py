"""Who asks: the reader of a request, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.requests import Request  # noqa: TC002  FastAPI reads the annotation

if TYPE_CHECKING:
    from datetime import datetime


Role = Literal["viewer", "analyst", "admin", "restricted"]


@dataclass(frozen=True)
class Reader:
    """Who asks, by which way, and as what. A share link sees one path, and may be frozen at a time."""

    name: str
    role: Role
    scopes: frozenset[str]
    way: Literal["local", "session", "key", "share"]
    id: str | None = None
    frozen_at: datetime | None = None
    path: str | None = None


LOCAL = Reader("local", "admin", frozenset({"read", "write", "admin"}), "local")


def who(request: Request) -> Reader:
    """The reader of a request."""
    return getattr(request.state, "reader", LOCAL)
