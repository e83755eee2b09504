"""Delivering: each notice is kept until it was taken, tried again with growing pauses, and noted in a log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from rollforward.errors import RollforwardError
from rollforward.surfaces.notices.addresses import PrivateAddressError
from rollforward.surfaces.notices.mailing import Letter, UnsentError
from rollforward.surfaces.notices.posting import UnansweredError, signed_headers
from rollforward.surfaces.notices.subscriptions import moment, moment_text

if TYPE_CHECKING:
    from datetime import datetime

    from rollforward.surfaces.notices.keeping import Keeper, Kept
    from rollforward.surfaces.notices.mailing import Mail
    from rollforward.surfaces.notices.notice import Notice
    from rollforward.surfaces.notices.posting import Post
    from rollforward.surfaces.notices.subscriptions import Told

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 600))
"""The pauses between tries. After the last, a good day later, a notice is given up."""

LOGGED = 100
"""The lines that the log of one subscription keeps, and the notices that are kept of it once they are done."""

State = Literal["waiting", "sent", "failed", "gone"]
_TAKEN, _REDIRECTED, _GONE = range(200, 300), range(300, 400), 410


@dataclass(frozen=True)
class Outcome:
    """What became of a try. `gone` is what a webhook says that wants no more."""

    state: State
    said: str


@dataclass(frozen=True)
class Outbox:
    """The notices that are under way."""

    keeper: Keeper
    mail: Mail
    post: Post

    def put(self, name: str, told: Told, notice: Notice, now: datetime, salt: str = "") -> str:
        """Keep a notice to be delivered: its number, the same for the same notice, which is put once only."""
        made = delivery_of(name, told, notice, now, salt)
        key = f"delivery/{made['number']}"
        if self.keeper.get(key) is None:
            self.keeper.put(key, made)
        return str(made["number"])

    def waiting(self, now: datetime) -> list[Kept]:
        """The deliveries that are to be tried now, the oldest first."""
        found = [one for one in self._all() if one["state"] == "waiting" and moment(one["next_at"]) <= now]
        return sorted(found, key=lambda one: (one["made_at"], one["number"]))

    def try_now(self, delivery: Kept, told: Told, now: datetime, *, again: bool = True) -> Outcome:
        """Try to deliver: what became of it. Without `again` it is tried this once."""
        outcome = self._tried(delivery, told, now)
        tries = [*delivery["tries"], {"at": moment_text(now), "state": outcome.state, "said": outcome.said}]
        if outcome.state == "waiting" and (not again or len(tries) > len(PAUSES)):
            outcome = Outcome("failed", outcome.said)
        kept = {**delivery, "tries": tries, "state": outcome.state, "next_at": None}
        if outcome.state == "waiting":
            kept["next_at"] = moment_text(now + PAUSES[len(tries) - 1])
        else:
            # What was told is in the book; the log needs only that it was.
            kept["contents"] = None
        self.keeper.put(f"delivery/{delivery['number']}", kept)
        note(self.keeper, delivery["name"], now, _line(kept, outcome))
        self._forget_old(delivery["name"])
        return outcome

    def _tried(self, delivery: Kept, told: Told, now: datetime) -> Outcome:
        try:
            return self._posted(delivery, told, now) if told.is_webhook else self._mailed(delivery, told, now)
        except UnansweredError as error:
            return Outcome("waiting", str(error))
        except UnsentError as error:
            return Outcome("failed" if error.is_final else "waiting", str(error))
        except PrivateAddressError as error:
            return Outcome("failed", str(error))
        except RollforwardError as error:  # What is set up wrongly can be set right before the next try.
            return Outcome("waiting", str(error))

    def _posted(self, delivery: Kept, told: Told, now: datetime) -> Outcome:
        body = delivery["contents"]["payload"]
        status = self.post(told.to, signed_headers(told.secret, delivery["number"], now, body), body.encode())
        if status in _TAKEN:
            return Outcome("sent", f"answered {status}")
        if status == _GONE:
            return Outcome("gone", f"answered {status}: it wants no more")
        said = "a redirect, which is not followed" if status in _REDIRECTED else "not taken"
        return Outcome("waiting", f"answered {status}: {said}")

    def _mailed(self, delivery: Kept, told: Told, now: datetime) -> Outcome:
        contents = delivery["contents"]
        letter = Letter(told.to, delivery["number"], contents["subject"], contents["text"], contents["html"])
        self.mail(letter, now)
        return Outcome("sent", "taken by the mail server")

    def _all(self) -> list[Kept]:
        found = (self.keeper.get(key) for key in self.keeper.keys("delivery"))
        return [one for one in found if one]

    def _forget_old(self, name: str) -> None:
        done = [one for one in self._all() if one["name"] == name and one["state"] != "waiting"]
        for one in sorted(done, key=lambda one: str(one["made_at"]))[:-LOGGED]:
            self.keeper.remove(f"delivery/{one['number']}")


def delivery_of(name: str, told: Told, notice: Notice, now: datetime, salt: str = "") -> Kept:
    """A notice as it is kept until it is taken. `salt` tells it from others that are about the same."""
    at = moment_text(now)
    contents = {"subject": notice.title, "text": notice.text(), "html": notice.html()}
    contents |= {"payload": notice.payload(name, at)}
    number = _number(name, told.to, notice.kind, notice.about, salt)
    kept: Kept = {"number": number, "name": name, "kind": notice.kind, "about": notice.about, "title": notice.title}
    return {**kept, "made_at": at, "state": "waiting", "next_at": at, "tries": [], "contents": contents}


def _number(*parts: str) -> str:
    return "msg_" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:26]


def _line(kept: Kept, outcome: Outcome) -> str:
    again = f"; again at {kept['next_at']}" if kept["next_at"] else ""
    word = {"waiting": "not delivered", "sent": "delivered", "failed": "given up", "gone": "ended"}[outcome.state]
    return f"{kept['kind']}, {kept['title']}: {word}, {outcome.said}{again}"


# -- the log ---------------------------------------------------------------------------------------------------------


def note(keeper: Keeper, name: str, now: datetime, said: str) -> None:
    """Note something in the log of a subscription. What was said last is not said twice in a row."""
    kept: dict[str, Any] = keeper.get(f"journal/{name}") or {"lines": []}
    lines = kept["lines"]
    if not lines or lines[-1]["said"] != said:
        lines = [*lines, {"at": moment_text(now), "said": said}][-LOGGED:]
        keeper.put(f"journal/{name}", {"lines": lines})


def logged(keeper: Keeper, name: str) -> list[tuple[datetime, str]]:
    """The log of a subscription, the latest last."""
    kept: dict[str, Any] = keeper.get(f"journal/{name}") or {"lines": []}
    return [(moment(line["at"]), line["said"]) for line in kept["lines"]]
