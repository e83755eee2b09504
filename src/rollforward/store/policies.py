"""The shelf of a book's policies: its own files, their versions, and the built-in policies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollforward.errors import PolicyError, RollforwardError, UnknownNameError, UnknownVersionError, UsageError
from rollforward.policy import versions
from rollforward.policy.files import Layer, read
from rollforward.policy.policy import Policy, of_layers, preset_file, preset_layers, preset_names
from rollforward.policy.versions import MARK

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FOLDER = "policies"
VERSIONS = "versions"


@dataclass(frozen=True)
class Listed:
    """A policy of the shelf: the policy, what it extends ("preset" for a built-in one that extends none), about it."""

    policy: Policy
    extends: str
    about: str


@dataclass(frozen=True)
class Broken:
    """A policy of the shelf that cannot be used, and why."""

    name: str
    reason: str


class PolicyShelf:
    """The policies of a book by name. A book in memory has no folder, and so only the built-in ones."""

    def __init__(self, book: Path | None) -> None:
        self.folder = book / FOLDER if book else None

    def state(self) -> str:
        """What tells one state of the book's own policies from another."""
        files = sorted(self.folder.glob("*.toml")) if self.folder else []
        return " ".join(f"{file.name}-{file.stat().st_mtime_ns}" for file in files)

    def names(self) -> list[str]:
        """The names of the policies: the book's own and the built-in ones."""
        return sorted({*self._own(), *preset_names()})

    def find(self, name: str) -> Policy:
        """The policy of a name, or of a name and version such as `ours@2`; UnknownNameError if there is none.

        A policy of the book has the number of its last version if its rules are those, else the next one.
        """
        plain, number = versions.split(name)
        layers = self.layers(name)
        policy = of_layers(plain, layers, self._file_of(name), number)
        return policy if number else replace(policy, version=self._version(policy))

    def layers(self, name: str) -> list[Layer]:
        """The settings that make a policy, the lowest first, each with where it comes from."""
        return self._layers(name, ())

    def listed(self) -> list[Listed | Broken]:
        """Every policy: the book's own first, with those that cannot be used."""
        own = self._own()
        return [self._listed(name) for name in sorted(self.names(), key=lambda name: (name not in own, name))]

    def versions(self, name: str) -> list[int]:
        """The versions of a policy that can still be run."""
        if self._is_built_in(name):
            return [preset_file(name).version or 1]
        found = self.folder.glob(f"{VERSIONS}/{name}{MARK}*.toml") if self.folder else []
        numbers = (versions.split(path.stem) for path in found)
        return sorted(number for plain, number in numbers if plain == name and number)

    def noted(self, name: str) -> list[tuple[int, datetime]]:
        """The versions of one of the book's own policies, each with when it was first used, in UTC."""
        if self._is_built_in(name):
            return []
        files = ((number, self._version_file(name, number)) for number in self.versions(name))
        found = [(number, versions.noted_at(file.read_text("utf-8"))) for number, file in files]
        return [(number, at) for number, at in found if at is not None]

    def keep(self, policy: Policy, noted: datetime) -> Policy:
        """A policy of the book that is about to be used, its version noted if it has not been."""
        if self.folder and policy.version and policy.name in self._own():
            file = self._version_file(policy.name, policy.version)
            if not file.exists():
                _write(file, versions.text_of(policy, noted))
        return policy

    def path_of_new(self, name: str) -> Path:
        """Where a new policy of the book is to stand; UsageError if its name is taken or no name."""
        if self.folder is None:
            raise UsageError("a book in memory has no policies of its own. Make a book in a folder.")
        if not name or not all(letter.isalnum() or letter in "-_." for letter in name) or name.startswith("."):
            raise UsageError(f"{name!r} is no name for a policy. Use letters, digits, - and _.")
        if name in self.names():
            where = self._own().get(name)
            taken = f"{where} is there already" if where else f"{name} is a built-in policy"
            raise UsageError(f"{taken}, and nothing is overwritten. Take another name, or change the file.")
        return self.folder / f"{name}.toml"

    def write_new(self, name: str, text: str) -> Path:
        """Write the file of a new policy: its path."""
        path = self.path_of_new(name)
        _write(path, text)
        return path

    # -- within ------------------------------------------------------------------------------------------------------

    def _own(self) -> dict[str, Path]:
        found = {path.stem: path for path in sorted(self.folder.glob("*.toml"))} if self.folder else {}
        if wrong := next((path for name, path in found.items() if MARK in name), None):
            raise PolicyError(wrong, "name", f"{MARK} marks a version. Give the file a name without it.")
        return found

    def _layers(self, name: str, above: tuple[str, ...]) -> list[Layer]:
        plain, number = versions.split(name)
        own = self._own()
        if plain not in own and plain not in preset_names() and not self.versions(plain):
            raise UnknownNameError("policy", name, self.names())
        if number:
            return self._layers_of_version(plain, number)
        if plain in own and plain not in above:
            return self._own_layers(plain, own[plain], above)
        return preset_layers(plain)  # UnknownNameError for a policy whose file is gone; its versions are still there

    def _layers_of_version(self, name: str, number: int) -> list[Layer]:
        if number not in self.versions(name):
            raise UnknownVersionError(name, number, self.versions(name))
        if self._is_built_in(name):
            return preset_layers(name)
        file = self._version_file(name, number)
        return [Layer(f"{name}{MARK}{number}", versions.kept_settings(file.read_text("utf-8"), file, name))]

    def _own_layers(self, name: str, path: Path, above: tuple[str, ...]) -> list[Layer]:
        file = read(path, name)
        if file.version is not None:
            raise PolicyError(path, "version", "the book counts the versions of its own policies. Leave it out.")
        below = self._extended(path, file.extends, (*above, name)) if file.extends else []
        return [*below, Layer(f"{FOLDER}/{path.name}", file.settings)]

    def _extended(self, path: Path, base: str, above: tuple[str, ...]) -> list[Layer]:
        """The layers of what a file extends. Its own name stands for the built-in policy of that name, if any."""
        if base in above and (base != above[-1] or base not in preset_names()):
            raise PolicyError(path, "extends", f"a circle: {' extends '.join([*above, base])}. Extend another policy.")
        try:
            return self._layers(base, above)
        except UnknownNameError as error:
            raise PolicyError(path, "extends", str(error)) from error

    def _version(self, policy: Policy) -> int | None:
        """The number of the last version if it has the same rules, else the next one; a preset's is in its file."""
        if self._is_built_in(policy.name):
            return preset_file(policy.name).version
        kept = self.versions(policy.name)
        if not kept:
            return 1
        same = self.find(f"{policy.name}{MARK}{kept[-1]}").hash == policy.hash
        return kept[-1] if same else kept[-1] + 1

    def _file_of(self, name: str) -> object:
        plain, number = versions.split(name)
        if self._is_built_in(plain):
            return preset_file(plain).path
        return self._version_file(plain, number) if number else self._own()[plain]

    def _is_built_in(self, name: str) -> bool:
        return name not in self._own() and name in preset_names()

    def _version_file(self, name: str, number: int) -> Path:
        if self.folder is None:  # pragma: no cover  a book in memory has no policies of its own
            raise UnknownNameError("policy", name, self.names())
        return self.folder / VERSIONS / versions.file_name(name, number)

    def _listed(self, name: str) -> Listed | Broken:
        try:
            return self._listed_whole(name)
        except PolicyError as error:
            return Broken(name, str(error))

    def _listed_whole(self, name: str) -> Listed:
        own = self._own()
        file = read(own[name], name) if name in own else preset_file(name)
        return Listed(self.find(name), file.extends or ("default" if name in own else "preset"), file.about)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".part-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError as error:
        raise RollforwardError(
            f"{path} cannot be written: {error.strerror}. Check the folder and its rights."
        ) from error
