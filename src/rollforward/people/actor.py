"""Who does something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Who does something, and the address it is done from; empty at the machine itself."""

    name: str
    address: str = ""
