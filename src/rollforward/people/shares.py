"""Share links: one page to be read by whoever has the link, for a while."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import insert, select, update

from rollforward.errors import NotFoundError, UsageError
from rollforward.people.audit import write_down
from rollforward.people.paths import is_local_path
from rollforward.people.roles import sees_personal_data
from rollforward.people.schema import SHARES, USERS
from rollforward.people.tokens import new_token, sum_of
from rollforward.people.users import name_key

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.engine import RowMapping

    from rollforward.people.actor import Actor
    from rollforward.people.database import Database
    from rollforward.people.users import Users

LONGEST = 365
"""The most days that a share link may live."""

_MOST_TEXT = 4_000


@dataclass(frozen=True)
class Share:
    """A link to one page: `path` with its query. Times are in UTC.

    `frozen_at`: the time as known at which the page is shown, None for what is known when it is read · `personal`:
    whether names and addresses are shown.
    """

    id: int
    path: str
    label: str
    frozen_at: datetime | None
    personal: bool
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    owner: str

    def opens(self, path: str, query: str = "") -> bool:
        """Whether the link is one to this path and query, whatever the order of the query's fields."""
        return _state(self.path) == _state(f"{path}?{query}" if query else path)


class Shares:
    """The share links of all users."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database = database
        self._users = users

    def make(
        self,
        name: str,
        path: str,
        *,
        days: int,
        label: str = "",
        frozen_at: datetime | None = None,
        personal: bool = False,
        by: Actor,
    ) -> tuple[Share, str]:
        """A new link of a user, and its token, which is shown this once.

        UsageError if the path is not one of this server, the days are not from 1 to 365, the time is still to come, or
        personal data would be shown that the user does not see.
        """
        user, now, token = self._users.named(name), self._database.clock(), new_token()
        _check(path, days, frozen_at, now)
        if personal and not sees_personal_data(user.role):
            raise UsageError(f"{user.name} sees no personal data, and a link cannot show more than its user sees.")
        row = {"user_id": user.id, "path": path, "label": label.strip()[:200], "frozen_at": frozen_at, "made_at": now}
        row |= {"personal": personal, "ends_at": now + timedelta(days=days), "token_sum": sum_of(token)}
        with self._database.writing() as connection:
            connection.execute(insert(SHARES), row)
            write_down(connection, now, "shared", f"{path}, for {days} days", by)
            made = connection.execute(_asked().where(SHARES.c.token_sum == row["token_sum"])).mappings().one()
        return _share(made), token

    def find(self, token: str) -> Share | None:
        """The link of a token, if it is neither revoked nor over and its user is still there."""
        asked = _asked().where(SHARES.c.token_sum == sum_of(token), SHARES.c.revoked_at.is_(None), USERS.c.active)
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        found = _share(row) if row else None
        return found if found and found.ends_at > self._database.clock() else None

    def all(self, name: str | None = None) -> list[Share]:
        """Every link, or those of one user, the latest first; also those that are over."""
        asked = _asked().order_by(SHARES.c.id.desc())
        if name is not None:
            asked = asked.where(USERS.c.name_key == name_key(name))
        with self._database.reading() as connection:
            return [_share(row) for row in connection.execute(asked).mappings()]

    def revoke(self, share: int, *, of: str | None = None, by: Actor) -> None:
        """Let a link open nothing any more; NotFoundError if there is none of that id, or it is not of that user."""
        found = [one for one in self.all(of) if one.id == share and one.revoked_at is None]
        if not found:
            raise NotFoundError(f"there is no share link {share} that could be revoked.")
        with self._database.writing() as connection:
            now = self._database.clock()
            connection.execute(update(SHARES).where(SHARES.c.id == share).values(revoked_at=now))
            write_down(connection, now, "revoked share link", f"{share} to {found[0].path}", by)


_NAMES = tuple(field.name for field in fields(Share) if field.name != "owner")


def _asked() -> Select[tuple[object, ...]]:
    return select(*(SHARES.c[name] for name in _NAMES), USERS.c.name.label("owner")).join_from(SHARES, USERS)


def _share(row: RowMapping) -> Share:
    return Share(**row)


def _state(target: str) -> tuple[str, list[tuple[str, str]]]:
    parts = urlsplit(target)
    return parts.path, sorted(parse_qsl(parts.query, keep_blank_values=True))


def _check(path: str, days: int, frozen_at: datetime | None, now: datetime) -> None:
    if not is_local_path(path) or len(path) > _MOST_TEXT or "#" in path:
        raise UsageError(f"{path!r} is not a page to share. Write its path and query, as /movements?every=month.")
    if not 1 <= days <= LONGEST:
        raise UsageError(f"a share link lives from 1 to {LONGEST} days, not {days:,}.")
    if frozen_at is not None and frozen_at > now:
        raise UsageError(f"{frozen_at:%Y-%m-%d %H:%M} UTC is still to come, and a page cannot be frozen there.")
