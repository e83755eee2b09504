"""Versions of a book's own policies: each is written whole once, when it is first used, and never changed."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rollforward.errors import PolicyError
from rollforward.policy.files import parsed
from rollforward.policy.keys import KEYS
from rollforward.policy.written import toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollforward.policy.policy import Policy

MARK = "@"
"""What stands between the name of a policy and the number of a version."""


def split(name: str) -> tuple[str, int | None]:
    """The name of a policy and the version asked for, None if it is the one that stands now."""
    found = re.fullmatch(r"(.+)@([1-9]\d{0,8})", name)
    return (found[1], int(found[2])) if found else (name, None)


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that change with any rule, and with nothing else."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def file_name(name: str, version: int) -> str:
    """The file of a version."""
    return f"{name}{MARK}{version}.toml"


def text_of(policy: Policy, noted: datetime) -> str:
    """The file of a version of a policy: when it was noted, its hash, and every rule. `noted` is in UTC."""
    head = [
        f"# {policy.label}, noted {noted:%Y-%m-%d %H:%M:%S} UTC, hash {settings_hash(policy.settings)}.",
        "# Every rule is written out, so that nothing moves it. This file is kept as it is:",
        f"# change policies/{policy.name}.toml, and the next version is noted when it is first used.",
    ]
    rules = [f"{key} = {toml(policy.settings[key])}" for key in KEYS]
    return "\n".join([*head, "", *rules]) + "\n"


def noted_at(text: str) -> datetime | None:
    """When the version of a file was noted, in UTC; None where its first line does not say."""
    found = re.match(r"# .*, noted (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC, hash ", text)
    return datetime.fromisoformat(found[1]) if found else None


def kept_settings(text: str, path: Path, name: str) -> dict[str, Any]:
    """The rules of a version's file; PolicyError if they are not those that were noted."""
    settings = parsed(text, path, name).settings
    noted = re.match(r"# .*, hash ([0-9a-f]{12})\.$", text.partition("\n")[0])
    if noted is None or noted[1] != settings_hash(settings):
        raise PolicyError(
            path,
            "file",
            "it is not as it was noted, and a version never changes. Bring it back from a copy, or remove it: "
            "then what was made under it cannot be made again.",
        )
    return settings
