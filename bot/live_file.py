"""A content file beside the texts (places, keywords): read anew when it changes, the last good one kept when not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.catalogue import POLL_SECONDS, ContentError

T = TypeVar("T")
_last_good: dict[Path, Any] = {}
"""Per file, what was usable last in this process (or its parent, before a fork)."""


class LiveFile(Generic[T]):
    """``read`` turns the file into what is used and raises ContentError naming file and reason.

    Raises ContentError at the first look when the file is broken and nothing good was read before. Thread-safe: one
    thread reads; the others go on with what is there, and at the first look they wait for it.
    """

    def __init__(self, path: Path, read: Callable[[Path], T], poll_seconds: float = POLL_SECONDS) -> None:
        self._path = path
        self._read = read
        self._poll_seconds = poll_seconds
        self._stamp: tuple[int, int] | None = None
        self._next_look = 0.0
        self._lock = threading.Lock()
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the file as it is now cannot be used; empty while it can."""
        self.current()
        return self._problem

    def current(self) -> T:
        """What the file says. Looks at it at most every ``poll_seconds``."""
        if self._stamp is None:
            with self._lock:
                if self._stamp is None:
                    self._look()
        elif time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        found: T = _last_good[self._path]
        return found

    def _look(self) -> None:
        self._next_look = time.monotonic() + self._poll_seconds
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
        except OSError:
            # An editor replaces a file by removing it first.
            stamp = (0, 0)
        if stamp == self._stamp:
            return
        try:
            _last_good[self._path] = self._read(self._path)
            self._problem = ""
        except Exception as error:
            # Whatever an editor's file does, the last good one goes on.
            if self._path not in _last_good:
                raise
            self._problem = str(error) if isinstance(error, ContentError) else f"{type(error).__name__}: {error}"
        self._stamp = stamp
