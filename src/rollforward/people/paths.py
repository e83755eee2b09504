"""Paths of this server, to which people are sent."""

from __future__ import annotations


def is_local_path(path: str) -> bool:
    """Whether a text is a path of this server, and cannot lead to another one."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
