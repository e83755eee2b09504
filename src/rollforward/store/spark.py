"""Engines behind Spark Connect as ones that build from record tables: Spark itself, Databricks, Sail."""

from __future__ import annotations

import socket
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from rollforward.errors import EngineError, EngineLacksError, TooLargeError, UsageError
from rollforward.store.plans import PLACE
from rollforward.store.spark_sql import spark_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis import Schema

    from rollforward.store.record_tables import TableFolder

_DEFAULT_PORT = 15002
_SECONDS_TO_CONNECT = 10
_RETRIES = 3
_EXACT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}
"""Settings under which an engine is exact, and fails rather than giving another number."""

_OVERFLOWS = (
    "too large to store",
    "out of range",
    "ARITHMETIC_OVERFLOW",
    "CAST_OVERFLOW",
    "NUMERIC_VALUE_OUT_OF_RANGE",
    "Arithmetic overflow",
)
_GONE = ("UNAVAILABLE", "CANCELLED", "Socket closed", "Connection refused", "RETRIES_EXCEEDED", "Stream removed")

PROBES = {
    "whole quotients over 64 bits": ("CAST(9007199254740993 AS BIGINT) DIV CAST(1 AS BIGINT)", 9007199254740993),
    "products of decimals without loss": (
        (
            "CAST(CAST(0.0000000001 AS DECIMAL(28, 10)) * CAST(0.0000000001 AS DECIMAL(28, 10)) AS STRING) "
            "IN ('0.00000000000000000001', '1E-20')"
        ),
        True,
    ),
    "decimals rounded half away from zero": (
        (
            "CAST(ROUND(CAST(-2.5 AS DECIMAL(38, 20)), 0) AS BIGINT) * 10 "
            "+ CAST(CAST(CAST(0.25 AS DECIMAL(38, 20)) AS DECIMAL(20, 1)) * 10 AS BIGINT)"
        ),
        -27,
    ),
    "the first four digits of MD5": ("SUBSTR(MD5('abc'), 1, 4)", "9001"),
    "months added to days": ("CAST(ADD_MONTHS(DATE '2024-01-31', 1) AS STRING)", "2024-02-29"),
}
"""What a ledger needs and not every engine does in the same way: each with a value and what it has to be."""


@contextmanager
def connected(url: str) -> Iterator[SparkConnect]:
    """An engine at an address `sc://host:port`, until it is let go; EngineError if it cannot be reached."""
    told = _without_secrets(url)
    _knock(url, told)
    engine = SparkConnect(_session(url, told), told)
    try:
        engine.make_exact()
        yield engine
    finally:
        engine.close()


def _without_secrets(url: str) -> str:
    """An address without its parameters, for a token may be among them."""
    return url.partition(";")[0].removesuffix("/")


def _knock(url: str, told: str) -> None:
    """Find out at once whether anybody is there: the client itself would try for minutes."""
    address = urlparse(told)
    try:
        host, port = address.hostname, address.port or (443 if "use_ssl=true" in url else _DEFAULT_PORT)
    except ValueError:
        host, port = None, 0
    if not host:
        raise UsageError(f"engine {told!r} is no address. Write sc://HOST:PORT, such as sc://localhost:15002.")
    try:
        socket.create_connection((host, port), timeout=_SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise EngineError(
            told,
            f"nobody answers at {host}:{port} ({error})",
            "Start the engine there, or name the host and port of its Spark Connect server.",
        ) from error


@contextmanager
def _program_with_a_file() -> Iterator[None]:
    """A program that has a file, as long as the block runs.

    The client takes one that has none, such as `python -c`, for its own doctests, and leaves the program.
    """
    main = sys.modules["__main__"]
    lacks = not hasattr(main, "__file__")
    if lacks:
        main.__file__ = "program"
    try:
        yield
    finally:
        if lacks:
            del main.__file__


def _session(url: str, told: str) -> Any:  # noqa: ANN401  the client is not typed
    try:
        # The client's warnings are about the client itself.
        warnings.filterwarnings("ignore", module=r"pyspark\.")
        with _program_with_a_file():
            import pyspark.sql.connect  # noqa: F401  it looks at the program once, when it is loaded
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "engines behind Spark Connect are reached by a client that is not installed: "
            "`pip install rollforward[spark]`."
        ) from error
    try:
        session = SparkSession.builder.remote(url).create()
        _make_active(session)
        _try_less(session)
        session.sql("SELECT 1").collect()
    except (Exception, SystemExit) as error:
        raise EngineError(
            told, f"it does not speak Spark Connect ({_first_line(error)})", "Name the port of its server."
        ) from error
    return session


def _make_active(session: Any) -> None:  # noqa: ANN401  the client is not typed
    """Have the client ask this session. It goes on with the first one it had, though that may be gone."""
    kind = type(session)
    kind._default_session = kind._active_session.session = session  # noqa: SLF001  no other way in


def _try_less(session: Any) -> None:  # noqa: ANN401  the client is not typed
    """Have the client give up soon on an engine that is gone; by itself it goes on for ten minutes."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session._client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])  # noqa: SLF001  no other way in


class SparkConnect:
    """A session on an engine behind Spark Connect."""

    def __init__(self, session: Any, name: str) -> None:  # noqa: ANN401  the client is not typed
        self._session = session
        self.name = name

    @property
    def written(self) -> Callable[[ir.Table], str]:
        """Writes an expression as Spark SQL."""
        return spark_sql

    def make_exact(self) -> None:
        """Set the session up, and try what a ledger needs; EngineLacksError for what is not there."""
        for name, value in _EXACT.items():
            # A managed engine may refuse to have a setting changed; the probes tell whether it matters.
            with suppress(Exception):
                self._session.conf.set(name, value)
        for about, (expression, expected) in PROBES.items():
            found = self.rows(f"SELECT {expression}", about)[0][0]
            if found != expected:
                raise EngineLacksError(self.name, about, f"{expression} is {found} there, and has to be {expected}")
        self._require_overflow()

    def _require_overflow(self) -> None:
        """A number that does not fit has to be an error: it must neither wrap around nor become null."""
        about = "numbers that do not fit are refused"
        try:
            found = self.rows("SELECT CAST(CAST('1000000000000000000' AS DECIMAL(38, 0)) AS DECIMAL(18, 0))", about)
        except TooLargeError:
            return
        raise EngineLacksError(self.name, about, f"19 digits in 18 became {found[0][0]}")

    def see(self, name: str, table: TableFolder) -> Schema:
        """Give a table in a folder a name: its columns."""
        import ibis
        from ibis.backends.sql.datatypes import PySparkType

        def register() -> Any:  # noqa: ANN401  the client is not typed
            reader = self._session.read.format("delta" if table.is_delta else "parquet")
            frame = reader.load(str(table.path.resolve()))
            frame.createOrReplaceTempView(name)
            return frame.schema

        fields = self._told(register, name).fields
        return ibis.schema({one.name: PySparkType.from_string(one.dataType.simpleString()) for one in fields})

    def call(self, name: str, sql: str, about: str) -> None:
        """Give a query a name."""
        self._told(lambda: self._query(sql).createOrReplaceTempView(name), about)

    def write(self, sql: str, folder: Path, buckets: int | None, about: str) -> None:
        """Write the rows of a query to a new folder, by bucket of their account where that is asked for."""
        if buckets is None:
            self._told(lambda: self._query(sql).write.parquet(str(folder.resolve())), about)
            return
        bucket = f"CAST(CONV(SUBSTR(MD5(account), 1, 4), 16, 10) AS INT) % {buckets}"
        query = f"SELECT *, {bucket} AS bucket FROM ({sql})"

        def write() -> None:
            frame = self._query(query).repartition(buckets, "bucket")
            frame.write.partitionBy("bucket").parquet(str(folder.resolve()))

        self._told(write, about)

    def rows(self, sql: str, about: str) -> list[tuple[Any, ...]]:
        """The rows of a query that has few."""
        return [tuple(row) for row in self._told(lambda: self._query(sql).collect(), about)]

    def close(self) -> None:
        """Let the engine go; it may be gone already."""
        with suppress(Exception):
            self._session.stop()

    def _query(self, sql: str) -> Any:  # noqa: ANN401  the client is not typed
        return self._session.sql(sql.replace(f"`{PLACE}`.", ""))

    def _told(self, run: Callable[[], Any], about: str) -> Any:  # noqa: ANN401  what the call gives
        try:
            return run()
        except Exception as error:
            raise self._error(error, about) from error

    def _error(self, error: Exception, about: str) -> Exception:
        """What the engine says, in our words."""
        said = f"{type(error).__name__} {error}"
        detail = _first_line(error)
        if any(word in said for word in _GONE):
            return EngineError(
                self.name,
                f"it ended, or was cut off, while {about!r} was made ({detail})",
                "See to the engine, and run the same command again.",
            )
        if any(word in said for word in _OVERFLOWS):
            return TooLargeError(about, detail)
        return EngineLacksError(self.name, about, detail)


def _first_line(error: BaseException) -> str:
    """What an error says, in a line."""
    details = getattr(error, "details", None)
    said = str(details()) if callable(details) else str(error)
    return (said.strip().splitlines() or [type(error).__name__])[0][:300]
