"""What counts: a named set of rules that a ledger is made under."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollforward.errors import UnknownNameError
from rollforward.policy.contradictions import refuse_contradictions
from rollforward.policy.files import Layer, PolicyFile, check, merged, read
from rollforward.policy.versions import MARK, settings_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class Rounding:
    """Monthly amounts of `level` are rounded to `places` before they are added."""

    level: str
    places: int
    down: bool


@dataclass(frozen=True)
class Policy:
    """The rules, all of them set. `settings` has the keys of `rollforward.policy.keys.KEYS`.

    `version` numbers what the name has stood for, None where nobody counts: in memory, and for rules put together by a
    program. Neither name nor version is a rule, so the hash has none of them.
    """

    name: str
    settings: dict[str, Any]
    version: int | None = field(default=None, compare=False)

    def __getattr__(self, key: str) -> Any:
        """The value of a key, as written."""
        try:
            return self.__dict__["settings"][key]
        except KeyError:
            raise AttributeError(key) from None

    def __hash__(self) -> int:
        return hash(self.hash)

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any rule."""
        return settings_hash(self.settings)

    @property
    def label(self) -> str:
        """The name, and the version where there is one: `ours@2`."""
        return self.name if self.version is None else f"{self.name}{MARK}{self.version}"

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
        """Another policy that differs in some keys; PolicyError if one of them is wrong, or contradicts another."""
        check(changes, name)
        return of_layers(name, [Layer("", self.settings), Layer("", changes)], name)

    def differing(self, other: Policy) -> list[str]:
        """The keys in which another policy differs, in the order of the keys."""
        return [key for key, value in self.settings.items() if other.settings[key] != value]

    def switched(self, other: Policy, keys: Sequence[str]) -> Policy:
        """This policy with some keys as another one has them. It may contradict itself: it is a step on a way."""
        return Policy(self.name, {**self.settings, **{key: other.settings[key] for key in keys}})


def of_layers(name: str, layers: Sequence[Layer], where: object, version: int | None = None) -> Policy:
    """The policy of layers over the defaults; PolicyError, naming `where` it stands, if it contradicts itself."""
    settings = merged(layers)
    refuse_contradictions(settings, where)
    return Policy(name, settings, version)


DEFAULT = of_layers("default", [], "default")
"""The policy that holds where nobody has decided."""


def preset(name: str) -> Policy:
    """The built-in policy of that name; UnknownNameError with the nearest names if there is none."""
    layers = preset_layers(name)
    file = preset_file(name)
    return of_layers(name, layers, file.path, file.version)


@cache
def preset_file(name: str) -> PolicyFile:
    """The file of a built-in policy, with its version; UnknownNameError with the nearest names if there is none."""
    known = preset_names()
    if name not in known:
        raise UnknownNameError("policy", name, known)
    file = read(PRESETS / f"{name}.toml", name)
    return replace(file, version=file.version or 1)


def preset_layers(name: str) -> list[Layer]:
    """The settings of a built-in policy, on top of those of the one that it extends."""
    file = preset_file(name)
    below = preset_layers(file.extends) if file.extends else []
    return [*below, Layer(f"preset {name}", file.settings)]


def preset_names() -> list[str]:
    """The names of the built-in policies."""
    return list(_preset_names())


@cache
def _preset_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


__all__ = ["DEFAULT", "Policy", "Rounding", "of_layers", "preset", "preset_file", "preset_layers", "preset_names"]
