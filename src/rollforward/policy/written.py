"""Policies as people write them: values in TOML and in a line, KEY=VALUE, and the file of a new policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollforward.errors import PolicyError, UnknownNameError
from rollforward.policy.files import check
from rollforward.policy.keys import KEYS, UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollforward.policy.policy import Policy


def toml(value: Any) -> str:
    """A value as a policy file has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{unit} = {toml(value[unit])}" for unit in UNITS if unit in value) + " }"
    return str(value) if isinstance(value, int) else f'"{value_text(value)}"'


def value_text(value: Any) -> str:
    """A value in a line, without quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{unit} {value[unit]}" for unit in UNITS if unit in value)
    return "null" if value is None else str(value)


def settings_of(texts: Sequence[str], where: str) -> dict[str, Any]:
    """The settings of `KEY=VALUE` texts, checked; an interval of `months_per` is written `months_per.week=4`.

    PolicyError for a text without a key and a value, an unknown key, or a value that is not allowed.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise PolicyError(where, text, "there is no key and value. Write KEY=VALUE, such as past_due_days=14.")
        name, _, unit = key.partition(".")
        if name == "months_per" and unit:
            found["months_per"] = {**found.get("months_per", {}), unit: value}
        else:
            found[key] = _value(key, value, where)
    check(found, where)
    return found


def _value(key: str, text: str, where: str) -> Any:
    """The value that a text stands for: itself where the key allows it, else a number or nothing."""
    if key not in KEYS:
        raise PolicyError(where, key, str(UnknownNameError("key", key, list(KEYS))))
    if key == "months_per":
        raise PolicyError(where, key, "write one interval at a time, such as months_per.week=52/12")
    if KEYS[key].check(text) is None:
        return text
    if text == "null":
        return None
    return int(text) if re.fullmatch(r"\d{1,9}", text) else text


def new_file(name: str, extends: str, base: Policy, changes: Mapping[str, Any]) -> str:
    """The file of a new policy: what it extends, and every key with its meaning, set where `changes` has it.

    `base` is the policy that it extends, whose values stand behind the keys that are not set.
    """
    lines = [
        f"# {name}: {extends} with changes of its own.",
        "# A rule without # in front of it is set here; every other one stands as in the policy that this one extends.",
        f'extends = "{extends}"',
    ]
    for key in KEYS.values():
        mark, value = ("", changes[key.name]) if key.name in changes else ("# ", base.settings[key.name])
        lines += ["", f"# {key.about}. Write {key.allowed}.", f"{mark}{key.name} = {toml(value)}"]
    return "\n".join(lines) + "\n"
