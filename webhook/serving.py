"""One server per state: a second ``serve`` (or a ``rekey``) on the same files is refused."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from webhook.database import sqlite_file
from webhook.errors import AlreadyServingError
from webhook.settings import Settings

_WAIT_S = 3.0
_POLL_S = 0.05


@contextlib.contextmanager
def sole(settings: Settings) -> Iterator[list[IO[str]]]:
    """Holds the state's lock files (HANKALI_VAR's, and beside the SQLite file). Yields them, for a child to close.

    Raises AlreadyServingError when another process holds one.
    """
    folders = {settings.var}
    if settings.sqlite:
        folders.add(sqlite_file(settings.database_url).parent.absolute())
    held: list[IO[str]] = []
    try:
        for folder in sorted(folders):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            held.append(_lock(folder / "serve.lock"))
        yield held
    finally:
        for handle in held:
            handle.close()


def _lock(path: Path) -> IO[str]:
    handle = path.open("w")
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                handle.close()
                raise AlreadyServingError(f"another hankali serves the state in {path.parent}") from None
            time.sleep(_POLL_S)
        else:
            return handle
