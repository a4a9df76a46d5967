"""A content file beside the texts (places, keywords): read anew when it changes, the last good one kept when not."""

from __future__ import annotations

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

    Raises ContentError at the first look when the file is broken and nothing good was read before. Thread-safe: at
    worst two threads read the same change.
    """

    def __init__(self, path: Path, read: Callable[[Path], T], poll_seconds: float = POLL_SECONDS) -> None:
        self._path = path
        self._read = read
        self._poll_seconds = poll_seconds
        self._stamp: tuple[int, int] | None = None
        self._next_look = 0.0
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the file as it is now cannot be used; empty while it can."""
        self.current()
        return self._problem

    def current(self) -> T:
        """What the file says. Looks at it at most every ``poll_seconds``."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + self._poll_seconds
            self._look()
        found: T = _last_good[self._path]
        return found

    def _look(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
        except OSError:
            # An editor replaces a file by removing it first.
            stamp = (0, 0)
        if stamp == self._stamp and self._path in _last_good:
            return
        try:
            _last_good[self._path] = self._read(self._path)
        except ContentError as error:
            self._problem = str(error)
            if self._path not in _last_good:
                self._next_look = 0.0
                raise
        else:
            self._problem = ""
        self._stamp = stamp
