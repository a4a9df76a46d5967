"""The database: SQLite on one machine, PostgreSQL beyond. Plain SQL, short transactions."""

from __future__ import annotations

import contextlib
import fcntl
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url

from webhook.errors import OperatorError
from webhook.group_commit import GroupCommit

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_TIMEOUT_S = 15
POOL_CONNECTIONS = 64
MAX_MARKS = 2**30
MIGRATION_LOCK = 0x48414E4B414C49
"""Key of the PostgreSQL advisory lock around a migration ("HANKALI")."""
_NAMED = re.compile(r"(?<![:\w]):(\w+)")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Sql:
    """One statement in both spellings; write it with ``:name`` parameters."""

    sqlite: str
    postgres: str


def sql(statement: str) -> Sql:
    """A statement for both databases. It must not contain ``%`` nor a colon that begins no parameter."""
    return Sql(statement, _NAMED.sub(r"%(\1)s", statement))


class Transaction:
    """Statements on one connection between a begin and a commit."""

    def __init__(self, cursor: Any, sqlite: bool) -> None:
        self._cursor = cursor
        self._sqlite = sqlite

    def run(self, statement: Sql, **values: Any) -> int:
        """Executes; returns the number of rows changed."""
        self._cursor.execute(statement.sqlite if self._sqlite else statement.postgres, values)
        return int(self._cursor.rowcount)

    def one(self, statement: Sql, **values: Any) -> Row | None:
        """The first row, or None."""
        self._cursor.execute(statement.sqlite if self._sqlite else statement.postgres, values)
        row: Row | None = self._cursor.fetchone()
        return row

    def all(self, statement: Sql, **values: Any) -> list[Row]:
        """All rows."""
        self._cursor.execute(statement.sqlite if self._sqlite else statement.postgres, values)
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def mark_freed(self) -> None:
        """Something was deleted for good: the file has to be rewritten (:meth:`Database.compact`).

        The mark stands in the file's header and is committed with the deletion, so that a killed process leaves it.
        """
        if self._sqlite:
            marks = self.one(_MARKS) or (0,)
            self._cursor.execute(f"PRAGMA user_version={int(marks[0]) % MAX_MARKS + 1}")


class Session:
    """One connection, held for as long as a lock on it must last."""

    def __init__(self, database: Database, connection: Any) -> None:
        self._database = database
        self._connection = connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that changes something: committed at the end, rolled back on an exception."""
        if self._database.sqlite:
            with self._database.writer.transaction() as cursor:
                yield Transaction(cursor, sqlite=True)
            return
        cursor = self._connection.cursor()
        try:
            yield Transaction(cursor, sqlite=False)
        except BaseException:
            self._connection.rollback()
            raise
        else:
            self._connection.commit()
        finally:
            cursor.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Statements that change nothing (each sees what is committed by then)."""
        cursor = self._connection.cursor()
        try:
            yield Transaction(cursor, self._database.sqlite)
        finally:
            cursor.close()
            if not self._database.sqlite:
                self._connection.rollback()


class Database:
    """Connections to one database. Thread-safe; make it after a fork."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.engine = _engine(url)
        self._compact_not_before = 0.0
        self.writer = GroupCommit(self.engine.raw_connection)
        """SQLite allows one writer: waiting here is fair and cheap, waiting in SQLite is polling."""

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A connection of one's own."""
        connection = self.engine.raw_connection()
        try:
            yield Session(self, connection)
        except BaseException as error:
            if not self.sqlite and getattr(connection.dbapi_connection, "broken", False):
                connection.invalidate(error)
            raise
        finally:
            connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A session with one changing transaction."""
        if self.sqlite:
            with self.writer.transaction() as cursor:
                yield Transaction(cursor, sqlite=True)
            return
        with self.session() as session, session.writing() as transaction:
            yield transaction

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A session for reading."""
        with self.session() as session, session.reading() as transaction:
            yield transaction

    def forget_freed_bytes(self) -> None:
        """After an erasure, at once: SQLite zeroes freed bytes (``secure_delete``) and its write-ahead log, which
        still holds older pages, is truncated. :meth:`compact` does the rest.

        On PostgreSQL dead rows stay until VACUUM and in WAL and backups: the operator's schedule.
        """
        if self.sqlite:
            with self.writer.nobody(), self.reading() as transaction:
                transaction.all(_TRUNCATE_LOG)

    def compact(self, at_once: bool = True) -> bool:
        """Rewrites a SQLite file from which something was deleted for good; returns whether that was needed.

        ``secure_delete`` is not enough: when SQLite balances its trees it moves rows to other pages and leaves the old
        copies in those pages' free space, where a later deletion does not find them (about one erased row in 300).
        ``at_once`` False: not more than a twentieth of the time is spent on it, however many people erase.
        """
        if not self.sqlite or (not at_once and time.monotonic() < self._compact_not_before):
            return False
        with self.session() as session:
            with session.reading() as transaction:
                marks = transaction.one(_MARKS)
            if not marks or not marks[0]:
                return False
            begun = time.monotonic()
            with self.writer.nobody(), session.reading() as transaction:
                transaction.all(_REWRITE)
            with session.writing() as transaction:
                # Another process may have deleted something meanwhile: then its mark stays.
                if transaction.one(_MARKS) == marks:
                    transaction.all(_UNMARK)
            self._compact_not_before = time.monotonic() + 20 * (time.monotonic() - begun)
        self.forget_freed_bytes()
        return True

    def close(self) -> None:
        """Closes all connections."""
        self.writer.close()
        self.engine.dispose()


_TRUNCATE_LOG = sql("PRAGMA wal_checkpoint(TRUNCATE)")
_REWRITE = sql("VACUUM")
_MARKS = sql("PRAGMA user_version")
_UNMARK = sql("PRAGMA user_version=0")


def sqlite_file(url: str) -> Path:
    """The file of a SQLite URL."""
    return Path(make_url(url).database or "")


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=POOL_CONNECTIONS, max_overflow=16, pool_pre_ping=True)
    file = sqlite_file(url)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        file.touch(mode=0o600)
    engine = create_engine(
        url,
        pool_size=POOL_CONNECTIONS,
        max_overflow=16,
        # Nothing to reset: readers begin no transaction. The last used comes first: few are opened at all.
        pool_reset_on_return=None,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: writers begin IMMEDIATE, readers not at all.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def upgrade(url: str) -> None:
    """Brings the schema up to date, one process at a time (a file lock, or an advisory lock of PostgreSQL)."""
    engine = _engine(url)
    try:
        with _migration_lock(url, engine):
            # A restart must be quick, and loading Alembic is not.
            if _version(engine) != newest_version():
                _run_migrations(engine)
    except OSError as error:
        raise OperatorError(f"HANKALI_DATABASE_URL: the database cannot be opened: {error.strerror}") from error
    finally:
        engine.dispose()


def newest_version() -> str:
    """The last migration's revision, which its file name begins with."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchall()
    return str(versions[0][0]) if len(versions) == 1 else ""


def _run_migrations(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextlib.contextmanager
def _migration_lock(url: str, engine: Engine) -> Iterator[None]:
    if url.startswith("sqlite"):
        with (sqlite_file(url).parent / ".migration.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(%(key)s)", {"key": MIGRATION_LOCK})
        try:
            yield
        finally:
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%(key)s)", {"key": MIGRATION_LOCK})
