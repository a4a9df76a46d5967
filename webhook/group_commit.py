"""SQLite's one writer: transactions that meet are committed together.

A durable commit waits for the disk, up to some milliseconds. Whoever has others waiting behind leaves the commit to the
last of them, so that eight messages at once wait for the disk once. Nobody goes on before the commit has returned, and
a transaction that fails undoes only itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_TOGETHER = 64
"""So that the first of an endless queue is not kept waiting."""


@dataclass
class _Group:
    """Transactions of one commit."""

    size: int = 0
    committed: threading.Event = field(default_factory=threading.Event)
    failed: sqlite3.Error | None = None


class GroupCommit:
    """The connection that writes. Thread-safe."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        """``connect`` opens a connection that begins no transactions by itself; it is called at the first use."""
        self._connect = connect
        self._connection: Any = None
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor, alone with the database; returns when everything is committed, undoes it on an exception."""
        with self._count:
            self._waiting += 1
        with self._turn:
            with self._count:
                self._waiting -= 1
            group = self._joined()
            cursor = self._connection.cursor()
            try:
                cursor.execute("SAVEPOINT one")
                yield cursor
                cursor.execute("RELEASE one")
            except BaseException as error:
                self._undo(cursor, error)
                raise
            finally:
                cursor.close()
                if not self._waiting or group.size >= MOST_TOGETHER:
                    self._commit()
        group.committed.wait()
        if group.failed is not None:
            raise sqlite3.OperationalError("the commit failed") from group.failed

    @contextlib.contextmanager
    def nobody(self) -> Iterator[None]:
        """Keeps writers out, with nothing left to commit."""
        with self._turn:
            self._commit()
            yield

    def close(self) -> None:
        """Gives the connection back. Nobody may be writing."""
        with self.nobody():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _joined(self) -> _Group:
        if self._connection is None:
            self._connection = self._connect()
        if self._group is None:
            self._connection.cursor().execute("BEGIN IMMEDIATE")
            self._group = _Group()
        self._group.size += 1
        return self._group

    def _undo(self, cursor: Any, error: BaseException) -> None:
        try:
            cursor.execute("ROLLBACK TO one")
            cursor.execute("RELEASE one")
        except sqlite3.Error as lost:
            # After a full disk, for one, SQLite has rolled everything back: nobody's words may count as stored.
            self._fail(lost if isinstance(error, sqlite3.Error) else sqlite3.OperationalError("not undone"))

    def _commit(self) -> None:
        if self._group is None:
            return
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            self._fail(error)
            return
        group, self._group = self._group, None
        group.committed.set()

    def _fail(self, error: sqlite3.Error) -> None:
        if self._group is None:
            return
        group, self._group = self._group, None
        with contextlib.suppress(sqlite3.Error):
            self._connection.rollback()
        group.failed = error
        group.committed.set()
