"""What counts: a named set of rules that a ledger is made under."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from rollforward.errors import PolicyError, UnknownNameError
from rollforward.policy.keys import KEYS, MONTHS_PER, UNITS

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class Rounding:
    """Monthly amounts of `level` are rounded to `places` before they are added."""

    level: str
    places: int
    down: bool


@dataclass(frozen=True)
class Policy:
    """The rules, all of them set. `settings` has the keys of `rollforward.policy.keys.KEYS`."""

    name: str
    settings: dict[str, Any]

    def __getattr__(self, key: str) -> Any:
        """The value of a key, as written."""
        try:
            return self.__dict__["settings"][key]
        except KeyError:
            raise AttributeError(key) from None

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any rule."""
        text = json.dumps(self.settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def factors(self) -> dict[str, Fraction]:
        """Annual amounts in one interval's amount, by interval; without the day where it follows the calendar."""
        return {
            unit: Fraction(text) * 12 for unit, text in self.settings["months_per"].items() if text != "days_in_month"
        }

    @property
    def days_in_month(self) -> bool:
        """Whether a daily price counts the days of its calendar month."""
        return bool(self.settings["months_per"]["day"] == "days_in_month")

    @property
    def rounding(self) -> Rounding | None:
        """Which amounts are rounded before adding, if any."""
        if self.settings["round"] == "none":
            return None
        level, places, *down = self.settings["round"].split(":")
        return Rounding(level, int(places), bool(down))

    @property
    def exchange_rule(self) -> str:
        """The exchange rule, without its day."""
        return str(self.settings["exchange_rate"]).split(":")[0]

    @property
    def exchange_day(self) -> date | None:
        """The day of a fixed exchange rate."""
        _, _, day = self.settings["exchange_rate"].partition(":")
        return date.fromisoformat(day) if day else None

    @property
    def ltv_months(self) -> int | None:
        """The months whose churn rate LTV averages; None for the period's own."""
        _, _, months = self.settings["ltv_churn"].partition(":")
        return int(months) if months else None

    def with_settings(self, name: str, changes: dict[str, Any]) -> Policy:
        """Another policy that differs in some keys; PolicyError if one of them is wrong."""
        _check(name, changes)
        settings = {**self.settings, **changes}
        settings["months_per"] = {**self.settings["months_per"], **changes.get("months_per", {})}
        return Policy(name, settings)


def _check(name: str, settings: dict[str, Any]) -> None:
    for key, value in settings.items():
        if key not in KEYS:
            raise PolicyError(name, key, str(UnknownNameError("key", key, list(KEYS))))
        if allowed := KEYS[key].check(value):
            raise PolicyError(name, key, f"{value!r} is not allowed. Write {allowed}.")


DEFAULT = Policy("default", {key.name: key.default for key in KEYS.values()} | {"months_per": dict(MONTHS_PER)})
"""The policy that holds where nobody has decided."""


def preset(name: str) -> Policy:
    """The built-in policy of that name; UnknownNameError with the nearest names if there is none."""
    known = preset_names()
    if name not in known:
        raise UnknownNameError("policy", name, known)
    return load(PRESETS / f"{name}.toml", name)


def preset_names() -> list[str]:
    """The names of the built-in policies."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load(path: Path, name: str) -> Policy:
    """The policy of a TOML file: its keys over those of the preset that it `extends`, by default `default`."""
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(path, "file", f"not TOML: {error}") from error
    base = settings.pop("extends", None)
    return (preset(base) if base else DEFAULT).with_settings(
        name, {key: _null(value) for key, value in settings.items()}
    )


def _null(value: Any) -> Any:
    return None if value == "null" else value


__all__ = ["DEFAULT", "UNITS", "Policy", "Rounding", "load", "preset", "preset_names"]
