"""Subscriptions: who is told what of a book, and when; and the folders that are watched for new files."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from rollforward.errors import NotFoundError, UsageError
from rollforward.surfaces.notices.keeping import KEY

if TYPE_CHECKING:
    from rollforward.book import View
    from rollforward.surfaces.notices.keeping import Keeper, Kept

Digested = Literal["day", "week", "month"]
"""The length of the period that a digest is about. It is sent when the period is over."""

_ADDRESS = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+")
KINDS = ("digest", "watch")


@dataclass(frozen=True)
class Told:
    """Who is told: an e-mail address or the address of a webhook, with the secret that signs it."""

    to: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        if self.to and not self.is_webhook and not _ADDRESS.fullmatch(self.to):
            raise UsageError(
                f"{self.to!r} is neither an e-mail address nor the address of a webhook, such as "
                "finance@example.com or https://example.com/hooks/mrr."
            )
        if self.is_webhook:
            _refuse_odd(self.to)

    @property
    def is_webhook(self) -> bool:
        """Whether it is told by a webhook."""
        return self.to.startswith(("https://", "http://"))

    def signed(self) -> Told:
        """The same; a webhook that has no secret gets a new one."""
        return replace(self, secret=new_secret()) if self.is_webhook and not self.secret else self


def _refuse_odd(url: str) -> None:
    """Refuse an address with a password in it, or without a host."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise UsageError(f"{url!r} is no address: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise UsageError("the address of a webhook holds no name and no password. Its messages are signed instead.")
    if not parts.hostname or not port_is_fine or not url.isprintable() or " " in url:
        raise UsageError(f"{url!r} is no address. Write one such as https://example.com/hooks/mrr.")


def new_secret() -> str:
    """A new secret, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Subscription:
    """A digest of each period that is over, or word of every large movement at once, or both.

    every: None for no digest · at: the time of day, in the book's time zone · over: the MRR from which a movement is
    large, in the currency of the subscription; None for no word of movements · where: filters, as the book takes them.
    """

    name: str
    told: Told
    every: Digested | None = None
    at: time = time(8)
    over: Decimal | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    policy: str | None = None
    currency: str | None = None
    added_at: datetime = datetime(2000, 1, 1)  # noqa: DTZ001  times are in UTC without saying so
    is_off: str = ""
    """Why nothing is sent any more; empty while something is."""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not self.told.to:
            raise UsageError("nobody is named to tell. Name an e-mail address or a webhook with --to.")
        if self.every is None and self.over is None:
            raise UsageError("there is nothing to tell of. Name --every for a digest, --over for large movements.")
        if self.every not in (None, *get_args(Digested)):
            raise UsageError(f"a digest is of a {', '.join(get_args(Digested))}, not of a {self.every!r}.")
        if self.over is not None and not (self.over.is_finite() and self.over > 0):
            raise UsageError(f"a movement is large from an amount above 0, not from {self.over}.")

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The filters as the book takes them."""
        return dict(self.where)

    def view(self, *, allow_stale: bool = False) -> View:
        """How the book is looked at."""
        from rollforward.book import View

        return View(self.policy, self.currency, None, allow_stale)

    def to_dict(self) -> Kept:
        """The subscription as JSON."""
        told = asdict(self) | {"kind": "digest", "at": f"{self.at:%H:%M}", "added_at": moment_text(self.added_at)}
        return told | {"over": None if self.over is None else str(self.over)}

    @classmethod
    def from_dict(cls, kept: Kept) -> Subscription:
        """The subscription that JSON says."""
        given = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        given |= {"told": Told(**kept["told"]), "at": time_of_day(kept["at"]), "added_at": moment(kept["added_at"])}
        given |= {"where": tuple((name, tuple(values)) for name, values in kept["where"])}
        return cls(**given | {"over": None if kept["over"] is None else amount(kept["over"])})


@dataclass(frozen=True)
class Watch:
    """A folder that is watched: files that are new or changed there are imported.

    column_map: the file of the map under which they are read · pattern: which files, such as `*.csv` · complete: each
    file is all that the source has · told: who is told of rows in quarantine and of files that are refused.
    """

    name: str
    folder: Path
    source: str
    column_map: Path
    pattern: str = "*"
    complete: bool = False
    told: Told = Told()
    added_at: datetime = datetime(2000, 1, 1)  # noqa: DTZ001  times are in UTC without saying so

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not self.source.strip():
            raise UsageError("the files of a watched folder are of a source. Name it with --source.")
        if not (self.folder.is_absolute() and self.column_map.is_absolute()):
            raise UsageError("a watched folder and its map are named by whole paths.")

    def to_dict(self) -> Kept:
        """The watch as JSON."""
        told = asdict(self) | {"kind": "watch", "added_at": moment_text(self.added_at)}
        return told | {"folder": str(self.folder), "column_map": str(self.column_map)}

    @classmethod
    def from_dict(cls, kept: Kept) -> Watch:
        """The watch that JSON says."""
        given = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        given |= {"folder": Path(kept["folder"]), "column_map": Path(kept["column_map"])}
        return cls(**given | {"told": Told(**kept["told"]), "added_at": moment(kept["added_at"])})


def _check_name(name: str) -> None:
    if not KEY.fullmatch(f"notice/{name}"):
        raise UsageError(f"{name!r} is no name. Use letters, digits, dots, dashes and underscores.")


def time_of_day(text: str) -> time:
    """A time of day such as 08:00."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise UsageError(f"{text!r} is no time of day. Write one such as 08:00.")
    return time.fromisoformat(text)


def amount(text: str) -> Decimal:
    """An amount of money."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise UsageError(f"{text!r} is no amount. Write one such as 1000.") from error


def moment_text(found: datetime) -> str:
    """A time in UTC as JSON has it."""
    return found.isoformat() + "Z"


def moment(text: str) -> datetime:
    """The time in UTC that JSON says."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


# -- where they are kept ---------------------------------------------------------------------------------------------


def every_one(keeper: Keeper) -> list[Subscription | Watch]:
    """Everything that is subscribed to or watched, by name."""
    kept = [cast("Kept", keeper.get(key)) for key in keeper.keys("notice")]
    return [_made(one) for one in kept if one]


def named(keeper: Keeper, name: str) -> Subscription | Watch:
    """The one of a name; NotFoundError if there is none."""
    kept = keeper.get(f"notice/{name}") if KEY.fullmatch(f"notice/{name}") else None
    if kept is None:
        known = ", ".join(one.name for one in every_one(keeper)) or "none yet"
        raise NotFoundError(f"no notice is called {name!r}. There is: {known}.")
    return _made(kept)


def keep(keeper: Keeper, one: Subscription | Watch, *, is_new: bool = False) -> None:
    """Keep one; UsageError where a new one has the name of another."""
    if is_new and keeper.get(f"notice/{one.name}"):
        raise UsageError(f"there is a notice called {one.name!r} already. Remove it first, or take another name.")
    keeper.put(f"notice/{one.name}", one.to_dict())


def forget(keeper: Keeper, name: str) -> None:
    """Remove one and all that is remembered of it; NotFoundError if there is none."""
    named(keeper, name)
    for kind in ("notice", "sent", "seen", "watched", "journal"):
        keeper.remove(f"{kind}/{name}")
    for key in keeper.keys("delivery"):
        found: dict[str, Any] = keeper.get(key) or {}
        if found.get("name") == name:
            keeper.remove(key)


def _made(kept: Kept) -> Subscription | Watch:
    return Watch.from_dict(kept) if kept["kind"] == "watch" else Subscription.from_dict(kept)
