"""The tables of what people are and leave, and the version of their layout.

Times are in UTC without an offset. A secret is never a column: of a password there is an Argon2 hash, of every token a
SHA-256 sum.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

VERSION = 1
"""The version of this layout; `database.py` leads from each to the next."""

METADATA = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of_user(*, index: bool = True) -> Column[int]:
    return Column("user_id", ForeignKey("users.id"), nullable=False, index=index)


ABOUT = Table("about", METADATA, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))
"""The version of the layout, and the secret from which pseudonyms are made."""

USERS = Table(
    "users",
    METADATA,
    _id(),
    Column("name", String(320), nullable=False),
    Column("name_key", String(320), nullable=False, unique=True),
    Column("password", Text),
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("issuer", Text),
    Column("subject", Text),
    Column("made_at", DateTime, nullable=False),
    Column("seen_at", DateTime),
    Index("users_subject", "issuer", "subject", unique=True),
)
"""`name_key` is the name without case, under which it is looked up. Issuer and subject are those of single sign-on."""

SESSIONS = Table(
    "sessions",
    METADATA,
    _id(),
    _of_user(),
    Column("token_sum", String(64), nullable=False, unique=True),
    Column("made_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("ends_at", DateTime, nullable=False),
    Column("address", String(64), nullable=False),
    Column("program", String(200), nullable=False),
)

KEYS = Table(
    "keys",
    METADATA,
    _id(),
    _of_user(),
    Column("label", String(200), nullable=False),
    Column("prefix", String(20), nullable=False, unique=True),
    Column("token_sum", String(64), nullable=False, unique=True),
    Column("scope", String(10), nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("ends_at", DateTime),
    Column("used_at", DateTime),
    Column("revoked_at", DateTime),
)

SHARES = Table(
    "shares",
    METADATA,
    _id(),
    _of_user(),
    Column("token_sum", String(64), nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("label", String(200), nullable=False),
    Column("frozen_at", DateTime),
    Column("personal", Boolean, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("ends_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
)

NOTES = Table(
    "notes",
    METADATA,
    _id(),
    Column("day", Date, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("author", String(320), nullable=False),
    Column("made_at", DateTime, nullable=False),
)

SEGMENTS = Table(
    "segments",
    METADATA,
    Column("name", String(100), primary_key=True),
    Column("filters", JSON, nullable=False),
    Column("author", String(320), nullable=False),
    Column("made_at", DateTime, nullable=False),
)

ANSWERED = Table(
    "answered",
    METADATA,
    Column("reader", String(340), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", Text, nullable=False),
    Column("body_sum", String(64), nullable=False),
    Column("status", Integer),
    Column("media", String(200)),
    Column("answer", LargeBinary),
    Column("ends_at", DateTime, nullable=False, index=True),
)
"""What writes with an idempotency key were answered. Without a status one is still under way."""

ATTEMPTS = Table(
    "attempts",
    METADATA,
    _id(),
    Column("about", String(340), nullable=False, index=True),
    Column("at", DateTime, nullable=False, index=True),
)
"""Sign-ins that were tried and did not succeed, by name and by address."""

FLIGHTS = Table(
    "flights",
    METADATA,
    Column("token_sum", String(64), primary_key=True),
    Column("data", JSON, nullable=False),
    Column("ends_at", DateTime, nullable=False, index=True),
)
"""Single sign-ons that have begun and not come back yet."""

AUDIT = Table(
    "audit",
    METADATA,
    _id(),
    Column("at", DateTime, nullable=False, index=True),
    Column("who", String(320), nullable=False),
    Column("did", String(60), nullable=False),
    Column("about", Text, nullable=False),
    Column("address", String(64), nullable=False),
)

_STAYS = "the audit log is only added to"


def _make_stay(dialect: str, statement: str) -> None:
    event.listen(AUDIT, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


for _change in ("UPDATE", "DELETE"):
    _make_stay(
        "sqlite",
        f"CREATE TRIGGER audit_no_{_change.lower()} BEFORE {_change} ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END",
    )
_make_stay(
    "postgresql",
    f"CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_STAYS}'; END $$",
)
_make_stay(
    "postgresql",
    "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()",
)
