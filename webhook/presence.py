"""Which serving process this is: proof for the others that it lives, and a durable name that nobody shares."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import time
from pathlib import Path
from typing import IO, Any

from webhook.database import Database, Session, Transaction, sql
from webhook.errors import AlreadyServingError
from webhook.locks import advisory_key

MAX_SLOTS = 256
ORPHAN_WAIT_S = 30.0
"""How long the worker of a killed server may take to notice and leave."""
_POLL_S = 0.05
_TRY = sql("SELECT pg_try_advisory_lock(:key)")
_TRY_SHARED = sql("SELECT pg_try_advisory_lock_shared(:key)")
_RELEASE = sql("SELECT pg_advisory_unlock_all()")
_LIVES = sql(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = :high AND objid::bigint = :low"
)


class Presence:
    """Held from start to end of a serving process. ``worker`` marks its inbox rows, ``executor`` its workflows.

    The executor name is reused by whoever comes next and can take its lock: that is how the workflows of a dead
    process are found again. DBOS ran a reminder twice when two processes had one name, hence the lock.
    """

    def __init__(self, database: Database, var: Path, node: str, alone: bool = False) -> None:
        """``alone``: refuse when any other process is present (on SQLite nobody ever is)."""
        self._database = database
        self.worker = secrets.randbits(62)
        self._file: IO[str] | None = None
        self._connection: Any = None
        self.executor = f"{node}:{self._take_file(var) if database.sqlite else self._take_slot(node, alone)}"

    def lives(self, worker: int, transaction: Transaction) -> bool:
        """Whether the process that accepted a row still runs (it will then pick up the answer itself)."""
        if worker == self.worker:
            return True
        if self._database.sqlite:
            return False
        return transaction.one(_LIVES, high=worker >> 32, low=worker & 0xFFFFFFFF) is not None

    def leave(self) -> None:
        """Gives the name back."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            # Said aloud: a server may notice a closed connection only later. A lost one has nothing to release.
            with contextlib.suppress(Exception), Session(self._database, self._connection).writing() as transaction:
                transaction.one(_RELEASE)
            self._connection.invalidate()
        self._file = self._connection = None

    def _take_file(self, var: Path) -> int:
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = (var / "worker-0.lock").open("w")
        deadline = time.monotonic() + ORPHAN_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > deadline:
                    handle.close()
                    raise AlreadyServingError(f"another process serves the state in {var}") from None
                time.sleep(_POLL_S)
            else:
                self._file = handle
                return 0

    def _take_slot(self, node: str, alone: bool) -> int:
        self._connection = self._database.engine.raw_connection()
        session = Session(self._database, self._connection)
        with session.writing() as transaction:
            present = transaction.one(_TRY if alone else _TRY_SHARED, key=advisory_key("present"))
            if not present or not present[0]:
                raise AlreadyServingError("another process uses this database")
            transaction.one(_TRY, key=self.worker)
            for slot in range(MAX_SLOTS):
                row = transaction.one(_TRY, key=advisory_key(f"executor:{node}:{slot}"))
                if row and row[0]:
                    return slot
        raise AlreadyServingError(f"HANKALI_NODE: all {MAX_SLOTS} executor names of '{node}' are taken")
