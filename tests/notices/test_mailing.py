"""Letters through a real mail server on this machine: encrypted, signed in, text and HTML."""

import socket
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from notices.certificates import certificate
from notices.world import at
from rollforward.errors import UsageError
from rollforward.surfaces.notices.mailing import Letter, SmtpMail, UnsentError, mail_of

LETTER = Letter("board@example.com", "msg_1", "MRR 2026-06: 1 €\r\nBcc: all@example.com", "Text ä\n", "<p>Text ä</p>\n")
SECRET = "secret"  # noqa: S105
NOW = at("2026-07-01T08:00")


class Box:
    """Takes letters, but none for nobody@example.com."""

    def __init__(self):
        self.got = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: ARG002, N802
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("later"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002, N802
        self.got.append((session.ssl is not None, session.authenticated, envelope))
        return "250 OK"


def signs_in(server, session, envelope, mechanism, data):  # noqa: ARG001
    return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"secret", handled=False)


@contextmanager
def served(**how):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=signs_in, **how)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


def test_a_letter_comes_as_text_and_html_with_nothing_slipped_in():
    with served() as (box, port):
        SmtpMail("127.0.0.1", port, "none", sender="MRR <mrr@example.com>")(LETTER, NOW)
    ((_, _, envelope),) = box.got
    assert envelope.rcpt_tos == ["board@example.com"]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == "MRR 2026-06: 1 €  Bcc: all@example.com"
    assert message["Bcc"] is None
    assert message["Message-ID"] == "<msg_1@example.com>"
    assert message["Date"] == "Wed, 01 Jul 2026 08:00:00 +0000"
    assert message.get_body(("plain",)).get_content().splitlines() == ["Text ä"]
    assert message.get_body(("html",)).get_content().splitlines() == ["<p>Text ä</p>"]


def test_starttls_with_a_password(tmp_path):
    serving, trusting = certificate(tmp_path, "localhost")
    with served(tls_context=serving, require_starttls=True, auth_required=True) as (box, port):
        mail = SmtpMail("localhost", port, "starttls", "mrr", "secret", "mrr@example.com", trusting)
        mail(LETTER, NOW)
        with pytest.raises(UnsentError, match="535"):
            SmtpMail("localhost", port, "starttls", "mrr", "wrong", "mrr@example.com", trusting)(LETTER, NOW)
        with pytest.raises(UnsentError, match="certificate"):
            SmtpMail("localhost", port, "starttls", "mrr", "secret", "mrr@example.com")(LETTER, NOW)
    assert [(encrypted, signed_in) for encrypted, signed_in, _ in box.got] == [(True, True)]


def test_ssl_from_the_first_byte(tmp_path):
    serving, trusting = certificate(tmp_path, "localhost")
    with served(ssl_context=serving, auth_require_tls=False) as (box, port):
        SmtpMail("localhost", port, "ssl", sender="mrr@example.com", trusted=trusting)(LETTER, NOW)
    assert len(box.got) == 1


def test_a_server_that_does_not_encrypt_is_sent_nothing():
    with served() as (box, port), pytest.raises(UnsentError, match="STARTTLS"):
        SmtpMail("127.0.0.1", port, "starttls", sender="mrr@example.com")(LETTER, NOW)
    assert box.got == []


@pytest.mark.parametrize(("who", "is_final"), [("nobody", True), ("later", False)])
def test_who_is_not_known_is_given_up_and_who_is_busy_is_not(who, is_final):
    with served() as (_, port):
        mail = SmtpMail("127.0.0.1", port, "none", sender="mrr@example.com")
        with pytest.raises(UnsentError) as refused:
            mail(Letter(f"{who}@example.com", "msg_1", "x", "x", "x"), NOW)
    assert refused.value.is_final is is_final


def test_a_server_that_is_not_there_is_tried_again():
    with served() as (_, port):
        pass
    with pytest.raises(UnsentError) as refused:
        SmtpMail("127.0.0.1", port, "none", sender="mrr@example.com")(LETTER, NOW)
    assert not refused.value.is_final


def test_settings_come_from_a_file_and_the_environment_goes_first(tmp_path):
    (tmp_path / "password").write_text("secret\n", "utf-8")
    (tmp_path / "mail.toml").write_text(
        f'host = "mail.example.com"\nuser = "mrr"\nfrom = "m@example.com"\npassword_file = "{tmp_path / "password"}"\n',
        "utf-8",
    )
    found = mail_of(tmp_path, {"ROLLFORWARD_SMTP_PORT": "2525", "ROLLFORWARD_SMTP_USER": "other"})
    assert (found.host, found.port, found.security, found.user) == ("mail.example.com", 2525, "starttls", "other")
    assert found.password == SECRET
    assert mail_of(tmp_path, {"ROLLFORWARD_SMTP_PASSWORD": SECRET * 2}).password == SECRET * 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('password = "x"', "file of its own"),
        ('port = "many"', "not a number"),
        ('security = "tls"', "starttls, ssl, none"),
        ('password_file = "/nowhere"', "cannot be read"),
        ("host = ", "not TOML"),
    ],
)
def test_wrong_settings_say_what_is_allowed(tmp_path, settings, said):
    (tmp_path / "mail.toml").write_text(settings, "utf-8")
    with pytest.raises(UsageError, match=said):
        mail_of(tmp_path, {})


def test_a_password_is_not_sent_unencrypted_over_a_network():
    with pytest.raises(UsageError, match="unencrypted"):
        SmtpMail("mail.example.com", 25, "none", "mrr", "secret", "mrr@example.com")


def test_without_a_server_it_says_how_to_name_one(tmp_path):
    with pytest.raises(UsageError, match="ROLLFORWARD_SMTP_HOST"):
        mail_of(tmp_path, {})(LETTER, NOW)
