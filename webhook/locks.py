"""One thing at a time per conversation: in this process by a lock, across processes by PostgreSQL's advisory locks."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator

from webhook.database import Session, sql

_LOCK = sql("SELECT pg_advisory_lock(:key)")
_UNLOCK = sql("SELECT pg_advisory_unlock(:key)")


class NamedLocks:
    """Locks that exist while somebody holds or awaits them. ``purpose`` keeps two families apart."""

    def __init__(self, purpose: str, across_processes: bool) -> None:
        self._purpose = purpose
        self._across_processes = across_processes
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def held(self, name: str, session: Session) -> Iterator[None]:
        """Waits for the lock called ``name`` and holds it. ``session`` must outlive it."""
        with self._guard:
            lock, users = self._locks.get(name) or (threading.Lock(), 0)
            self._locks[name] = lock, users + 1
        try:
            with lock:
                if not self._across_processes:
                    yield
                    return
                key = advisory_key(f"{self._purpose}:{name}")
                with session.writing() as transaction:
                    transaction.one(_LOCK, key=key)
                try:
                    yield
                finally:
                    with session.writing() as transaction:
                        transaction.one(_UNLOCK, key=key)
        finally:
            with self._guard:
                lock, users = self._locks[name]
                if users == 1:
                    del self._locks[name]
                else:
                    self._locks[name] = lock, users - 1


def advisory_key(name: str) -> int:
    """A signed 64-bit number for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
