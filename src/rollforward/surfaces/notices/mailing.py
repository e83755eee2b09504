"""Mailing: a notice as an e-mail of text and HTML, through the mail server that the settings name."""

from __future__ import annotations

import os
import smtplib
import ssl
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from rollforward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Security = Literal["starttls", "ssl", "none"]
FILE = "mail.toml"
"""The file of a book's folder that may hold the settings."""

_PORTS: dict[str, int] = {"starttls": 587, "ssl": 465, "none": 25}
_SECONDS = 30
_HERE = ("localhost", "127.0.0.1", "::1")
SETTINGS = ("host", "port", "security", "user", "password_file", "from")
"""The settings by name; in the environment each stands after ROLLFORWARD_SMTP_. The password is ..._PASSWORD there."""


@dataclass(frozen=True)
class Letter:
    """An e-mail: `number` is the same each time that it is sent."""

    to: str
    number: str
    subject: str
    text: str
    html: str


class UnsentError(Exception):
    """A mail server that did not take a letter. `is_final` where it never will."""

    def __init__(self, said: str, *, is_final: bool = False) -> None:
        super().__init__(said)
        self.is_final = is_final


class Mail(Protocol):
    """Sends letters."""

    def __call__(self, letter: Letter, at: datetime) -> None:
        """Send a letter at a time in UTC; UnsentError if it is not taken, UsageError if no server is named."""


@dataclass(frozen=True)
class SmtpMail:
    """Sends through a mail server. A server without a certificate that holds is not sent to."""

    host: str = ""
    port: int = 0
    security: Security = "starttls"
    user: str = ""
    password: str = ""
    sender: str = ""
    trusted: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.security not in get_args(Security):
            raise UsageError(f"mail security {self.security!r} is not known. Write one of {', '.join(_PORTS)}.")
        if self.security == "none" and self.password and self.host not in _HERE:
            raise UsageError("a password is not sent to a mail server unencrypted. Write security starttls or ssl.")

    def __call__(self, letter: Letter, at: datetime) -> None:
        """Send a letter."""
        if not self.host or not self.sender:
            raise UsageError(
                "no mail server is named. Set ROLLFORWARD_SMTP_HOST and ROLLFORWARD_SMTP_FROM where the server runs, "
                f"or host and from in {FILE} in the book's folder."
            )
        message = self._message(letter, at)
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise UnsentError(f"{code} {_text(said)}", is_final=code >= 500) from error  # noqa: PLR2004  SMTP's own
        except smtplib.SMTPResponseException as error:
            raise UnsentError(f"{error.smtp_code} {_text(error.smtp_error)}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnsentError(f"{self.host}: {error or type(error).__name__}") from error

    def _message(self, letter: Letter, at: datetime) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = "".join(part if part.isprintable() else " " for part in letter.subject)
        message["From"], message["To"] = self.sender, letter.to
        message["Date"] = format_datetime(at.replace(tzinfo=UTC))
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "rollforward"
        message["Message-ID"] = f"<{letter.number}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message

    def _connected(self) -> smtplib.SMTP:
        port, context = self.port or _PORTS[self.security], self.trusted or ssl.create_default_context()
        if self.security == "ssl":
            return smtplib.SMTP_SSL(self.host, port, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(self.host, port, timeout=_SECONDS)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def mail_of(folder: Path, environment: Mapping[str, str] = os.environ) -> SmtpMail:
    """The way to the mail server that `mail.toml` in a folder and the environment name; the environment goes first."""
    found = _from_file(folder / FILE)
    found |= {
        name: environment[variable]
        for name in SETTINGS
        if environment.get(variable := f"ROLLFORWARD_SMTP_{name.upper()}")
    }
    password = environment.get("ROLLFORWARD_SMTP_PASSWORD", "")
    if not password and found.get("password_file"):
        password = _read(Path(str(found["password_file"])))
    mail = SmtpMail(str(found.get("host", "")), _port(found.get("port", 0)), sender=str(found.get("from", "")))
    security: Any = str(found.get("security", "starttls")).lower()
    return replace(mail, security=security, user=str(found.get("user", "")), password=password)


def _from_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from error
    if unknown := sorted(set(found) - set(SETTINGS)):
        said = " Write the password to a file of its own, and name that." if unknown[0] == "password" else ""
        raise UsageError(f"{file}: unknown setting {unknown[0]!r}. Known: {', '.join(SETTINGS)}.{said}")
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise UsageError(f"the mail server's password_file {file} cannot be read: {error.strerror}.") from error


def _port(said: object) -> int:
    if not str(said).isdecimal():
        raise UsageError(f"the mail server's port {said!r} is not a number.")
    return int(str(said))
