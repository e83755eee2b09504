"""A policy as a file: what it extends, what it sets, and what it says about itself."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rollforward.errors import PolicyError, UnknownNameError
from rollforward.policy.keys import KEYS, MONTHS_PER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class PolicyFile:
    """What a file of a policy says. Its keys are known and its values allowed; the whole has yet to be checked."""

    path: Path
    name: str
    extends: str | None
    version: int | None
    about: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Layer:
    """Some settings, and where they come from in words. A later layer of a policy lies over the earlier ones."""

    said: str
    settings: Mapping[str, Any]


def read(path: Path, name: str) -> PolicyFile:
    """The policy file at a path; PolicyError with the file, the key and what is allowed if it is wrong."""
    try:
        return parsed(path.read_text("utf-8"), path, name)
    except UnicodeDecodeError as error:
        raise PolicyError(path, "file", f"not UTF-8 text: {error}") from error


def parsed(text: str, path: Path, name: str) -> PolicyFile:
    """The policy file of a text; PolicyError with the file, the key and what is allowed if it is wrong."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(path, "file", f"not TOML: {error}") from error
    extends, version = said.pop("extends", None), said.pop("version", None)
    if not (extends is None or isinstance(extends, str)):
        raise PolicyError(path, "extends", f"{extends!r} is not allowed. Write the name of a policy in quotes.")
    if not (version is None or (isinstance(version, int) and version > 0)):
        raise PolicyError(path, "version", f"{version!r} is not allowed. Write a number from 1.")
    settings = {key: None if value == "null" else value for key, value in said.items()}
    check(settings, path)
    return PolicyFile(path, name, extends, version, _about(text), settings)


def check(settings: Mapping[str, Any], where: object) -> None:
    """PolicyError if a key is unknown, with the nearest ones, or a value is not allowed, with those that are."""
    for key, value in settings.items():
        if key not in KEYS:
            raise PolicyError(where, key, str(UnknownNameError("key", key, list(KEYS))))
        if allowed := KEYS[key].check(value):
            raise PolicyError(where, key, f"{json.dumps(value, default=str)} is not allowed. Write {allowed}.")


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """The settings of layers over the defaults, all keys set. `months_per` is merged interval by interval."""
    settings = {key.name: key.default for key in KEYS.values()} | {"months_per": dict(MONTHS_PER)}
    for layer in layers:
        months_per = {**settings["months_per"], **layer.settings.get("months_per", {})}
        settings |= {**layer.settings, "months_per": months_per}
    return settings


def origins(layers: Sequence[Layer]) -> dict[str, str]:
    """Where the value of each key comes from: the last layer that sets it, or `default`."""
    return {key: next((one.said for one in reversed(layers) if key in one.settings), "default") for key in KEYS}


def _about(text: str) -> str:
    """The first sentence of the comment that a policy file begins with."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    comment = " ".join(line.lstrip("# ") for line in lines)
    return re.split(r"(?<=\.)\s", comment)[0]
