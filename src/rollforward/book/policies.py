"""Policies to be read and made: the list, a policy in words, the file of a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollforward.formats import Answer
from rollforward.policy.files import origins
from rollforward.policy.words import in_words, statuses
from rollforward.policy.written import new_file, settings_of, value_text
from rollforward.results import Cell, ResultColumn, column
from rollforward.store.policies import Broken, Listed, PolicyShelf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollforward.policy.policy import Policy

_LISTED = ("name", "version", "hash", "extends", "basis", "about")
_RULES = ("rule", "value", "from", "in_words")
_STATUSES = ("status", "counts_in_mrr", "counts_as_customer", "starts_past_due_clock")


@dataclass(frozen=True)
class Policies:
    """The policies of a shelf, and the name of the one that holds where none is named."""

    shelf: PolicyShelf
    standing: str = "default"

    def find(self, name: str | None = None) -> Policy:
        """The policy of a name, or the one that holds where none is named; UnknownNameError if there is none."""
        return self.shelf.find(name or self.standing)

    def listed(self) -> Answer:
        """Every policy: name, version, hash, what it extends, basis, and its own first sentence.

        One that cannot be used has only its name and why; `broken` names them.
        """
        rows = [_row(one) for one in self.shelf.listed()]
        columns = tuple(column(name, "count" if name == "version" else "text") for name in _LISTED)
        return Answer("policy list", columns, rows)

    def broken(self) -> list[str]:
        """The names of the policies that cannot be used."""
        return [one.name for one in self.shelf.listed() if isinstance(one, Broken)]

    def rules(self, name: str | None = None) -> Answer:
        """Each rule of a policy: its value, where that comes from, and what it means."""
        policy, came_from = self.find(name), origins(self.shelf.layers(name or self.standing))
        rows: list[tuple[Cell, ...]] = [
            (key, value_text(policy.settings[key]), came_from[key], words) for key, words in in_words(policy)
        ]
        return Answer("policy", _texts(_RULES), rows)

    def statuses(self, name: str | None = None) -> Answer:
        """Each status of a subscription item: in MRR, as a customer, and whether it starts the past-due clock."""
        return Answer("statuses", _texts(_STATUSES), [tuple(one) for one in statuses(self.find(name))])

    def rules_and_statuses(self, name: str | None = None) -> Answer:
        """The rules of a policy, and each status as a rule that follows from them, in one table."""
        rules = self.rules(name)
        follow: list[tuple[Cell, ...]] = [
            (
                f"status {status}",
                in_mrr,
                "the rules",
                f"Counts as a customer: {who}. Starts the past-due clock: {clock}.",
            )
            for status, in_mrr, who, clock in self.statuses(name).rows
        ]
        return Answer("policy", rules.columns, [*rules.rows, *follow])

    def versions(self, name: str | None = None) -> list[str]:
        """The versions of a policy that can be named, such as `ours@1`."""
        policy = self.find(name)
        return [f"{policy.name}@{number}" for number in self.shelf.versions(policy.name)]

    def planned(self, name: str, extends: str, changes: Sequence[str]) -> tuple[Path, str]:
        """The file of a new policy, as `make` would write it: its path and its text.

        `changes` are KEY=VALUE. UsageError if the name is taken, PolicyError if a change is wrong.
        """
        path = self.shelf.path_of_new(name)
        base, settings = self.shelf.find(extends), settings_of(changes, name)
        base.with_settings(name, settings)
        return path, new_file(name, extends, base, settings)

    def make(self, name: str, extends: str, changes: Sequence[str]) -> Path:
        """Write the file of a new policy of the book: its path."""
        _, text = self.planned(name, extends, changes)
        return self.shelf.write_new(name, text)


def built_in() -> Policies:
    """The built-in policies, for where there is no book."""
    return Policies(PolicyShelf(None))


def _row(one: Listed | Broken) -> tuple[Cell, ...]:
    if isinstance(one, Broken):
        return (one.name, None, "", "", "", f"cannot be used: {one.reason}")
    return (one.policy.name, one.policy.version, one.policy.hash, one.extends, one.policy.basis, one.about)


def _texts(names: Sequence[str]) -> tuple[ResultColumn, ...]:
    return tuple(column(name, "text") for name in names)


__all__ = ["Policies", "built_in", "settings_of"]
